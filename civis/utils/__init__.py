"""Jobs and templates in one call each: run them, and follow their logs."""

from civis.utils._job_logs import job_logs
from civis.utils._jobs import run_job, run_template

__all__ = ["job_logs", "run_job", "run_template"]

"""What scripts do again and again: find and run jobs, follow their logs, hand on results, read all pages."""

from civis.utils._finding import all_pages, find_job
from civis.utils._job_logs import job_logs
from civis.utils._jobs import run_job, run_template
from civis.utils._outputs import post_run_output
from civis.utils._scripts import run_script

__all__ = [
    "all_pages",
    "find_job",
    "job_logs",
    "post_run_output",
    "run_job",
    "run_script",
    "run_template",
]

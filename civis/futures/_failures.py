"""What a failed run raises: the platform's own words, or the end of the run's log where it said none.

It reads answers that were already received; the only request it can make is the one for the log.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from civis._errors import CivisClientError, CivisJobFailure

if TYPE_CHECKING:
    from civis.client import APIClient

logger = logging.getLogger(__name__)

#: How many of a log's last lines stand in for a missing error.
LOG_TAIL_LINES = 10
#: Entries that the platform gives at a time, and how often it is asked for more.
LOG_PAGE = 10_000
MOST_LOG_PAGES = 100
#: Stands in for the error of a failed run whose log nobody wanted yet.
LOG_UNREAD = "the run failed without an error, and its log has not been read"
OUT_OF_MEMORY = re.compile(r"Process ran out of its .*memory")


class CivisPollingError(CivisClientError, TimeoutError):
    """The platform could not be asked about a job for so long that the future gave up.

    The job itself may well go on or have succeeded: attach to it again with
    ``CivisFuture.attach(job_id, run_id)`` when the platform answers again.
    """


class CivisWarning(RuntimeWarning):
    """Something about jobs that a program should know, and that is no error of a call.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore", CivisWarning)  # doctest: +SKIP
    """


class UnseenFailureWarning(CivisWarning):
    """A job failed, and the program never asked its future for the result."""


class UnfinishedJobWarning(CivisWarning):
    """The program ends while a job that it started and never asked about is still running."""


def job_failure(
    response: object, job_id: int | None, run_id: int | None, log_lines: list[str] | None
) -> CivisJobFailure | MemoryError:
    """Give the exception for a failed run: its error or its log's end; `MemoryError` where it lacked that.

    `log_lines` is None where the log has not been read.
    """
    error = error_text(response)
    for line in [error, *reversed(log_lines or [])]:
        if OUT_OF_MEMORY.search(line):
            return MemoryError(f"(From job {job_id} / run {run_id}) {line}")
    message = error or LOG_UNREAD
    if not error and log_lines is not None:
        message = "\n".join(log_lines[-LOG_TAIL_LINES:]) or "the run failed without an error or a log"
    return CivisJobFailure(message, response, job_id, run_id)


def read_log(client: APIClient, job_id: int, run_id: int) -> list[str]:
    """Give the last lines of a run's log, oldest first; none where they cannot be read."""
    lines: deque[str] = deque(maxlen=LOG_TAIL_LINES)
    last_id = 0
    try:
        for _ in range(MOST_LOG_PAGES):
            # After an ID the platform sorts by ID, so that the end of a long log is really its end.
            entries = sorted(client.jobs.list_runs_logs(job_id, run_id, last_id=last_id), key=_entry_id)
            lines.extend(str(entry.message) for entry in entries)
            if len(entries) < LOG_PAGE:
                break
            last_id = _entry_id(entries[-1])
    except Exception:
        logger.debug("the log of job %s, run %s cannot be read", job_id, run_id, exc_info=True)
    return list(lines)


def last_log_line(client: APIClient, job_id: int, run_id: int, last_id: int, known: str) -> tuple[int, str]:
    """Give the ID and the text of the last line of a run's log, by what came after a known one."""
    try:
        entries = list(client.jobs.list_runs_logs(job_id, run_id, last_id=last_id))
    except Exception:
        logger.debug("the log of job %s, run %s cannot be read", job_id, run_id, exc_info=True)
        entries = []
    if not entries:
        return last_id, known
    last = max(entries, key=_entry_id)
    return _entry_id(last), str(last.message).strip()


def _entry_id(entry: Any) -> int:
    """Give the ID of a log entry, which grows with time."""
    return int(entry.id)


def error_text(response: object) -> str:
    """Give the error that an answer reports, as text; empty where it reports none."""
    error = getattr(response, "error", None)
    return str(error).strip() if error else ""

"""Which runs go on, by the platform's list of jobs that are queued or running: one question for 50 of them.

A run that is not in the list has ended, or the list does not show it: that is asked about by itself.
"""

from __future__ import annotations

import enum
import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from civis.client import APIClient

logger = logging.getLogger(__name__)

#: Jobs a page: the most that the platform gives.
PAGE = 50
#: Pages at most, so that the jobs of a large organization do not take the place of the few waited for.
MOST_PAGES = 400
#: Seconds for which the list counts as current; longer where reading it takes longer.
CURRENT_FOR = 1.0
#: Seconds for which no list is asked for after one could not be read.
PAUSE = 60.0


class Known(enum.Enum):
    """What the list says of a run."""

    RUNNING = "running"
    #: It is being read; ask again soon.
    LATER = "later"
    NOTHING = "nothing"


class JobList:
    """The list as it was read last; whoever needs it first reads it, and nobody waits for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: frozenset[tuple[int, int]] = frozenset()
        self._expires = 0.0
        self._pause_until = 0.0
        self._is_reading = False

    def look_up(self, client: APIClient, job_id: int, run_id: int) -> Known:
        """Tell what the list says of a run, and read it anew if it is too old."""
        now = time.monotonic()
        with self._lock:
            if now < self._pause_until:
                return Known.NOTHING
            if now < self._expires:
                return Known.RUNNING if (job_id, run_id) in self._running else Known.NOTHING
            if self._is_reading:
                return Known.LATER
            self._is_reading = True
        try:
            self._read(client, now)
        finally:
            self._is_reading = False
        return Known.RUNNING if (job_id, run_id) in self._running else Known.NOTHING

    def _read(self, client: APIClient, start: float) -> None:
        """Read the list; where that is not possible, none is for a while."""
        try:
            self._running = frozenset(_runs(client, False) | _runs(client, True))
        except Exception:
            logger.debug("the list of jobs cannot be read", exc_info=True)
            self._running = frozenset()
            self._pause_until = time.monotonic() + PAUSE
        end = time.monotonic()
        self._expires = end + max(CURRENT_FOR, end - start)


def _runs(client: APIClient, hidden: bool) -> set[tuple[int, int]]:
    """List job and run of what is queued or running."""
    found = set()
    for number in range(1, MOST_PAGES + 1):
        jobs = client.jobs.list(state="queued,running", hidden=hidden, limit=PAGE, page_num=number)
        for job in jobs:
            if job.last_run is not None and job.last_run.id is not None:
                found.add((int(job.id), int(job.last_run.id)))
        if len(jobs) < PAGE:
            break
    return found

"""Which runs go on, by the platform's list of jobs that are queued or running: one question for 50 of them.

A run that is not in the list has ended, or the list does not show it: that is asked about by itself.
"""

from __future__ import annotations

import enum
import logging
import random
import threading
import time
from collections.abc import Iterator
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
#: Seconds for which a thread reads at a time; a long list is read bit by bit, so that others are polled too.
TURN = 0.5
#: Seconds after which a future looks again at a list that is being read, at least.
LOOK_AGAIN = 0.2


class Known(enum.Enum):
    """What the list says of a run."""

    RUNNING = "running"
    #: It is being read; look again.
    LATER = "later"
    #: It was in the list before, and is no longer.
    GONE = "gone"
    NOTHING = "nothing"


class JobList:
    """The list as it was read last; whoever needs it first reads it, and nobody waits for that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, int] = {}
        self._earlier: dict[int, int] = {}
        self._expires = 0.0
        self._pause_until = 0.0
        self._is_reading = False
        self._reading: Iterator[dict[int, int] | None] | None = None
        #: When the reading that is under way began, and the one by which the list is known.
        self._begun_at = 0.0
        self._known_from = 0.0
        self._took = 0.0

    def look_up(self, client: APIClient, job_id: int, run_id: int) -> tuple[Known, float]:
        """Tell what the list says of a run, and when to look again if that is `LATER`, in seconds from now.

        If the list is too old, some of it is read anew.
        """
        now = time.monotonic()
        with self._lock:
            if now < self._pause_until:
                return Known.NOTHING, 0.0
            if now < self._expires:
                return self.tell(job_id, run_id), 0.0
        delay = self._read_on(client, now)
        return (self.tell(job_id, run_id), 0.0) if delay is None else (Known.LATER, delay)

    def read_anew(self, client: APIClient, since: float) -> float | None:
        """Read some of the list unless all of it was read after a time, by the monotonic clock.

        The seconds until it should be called again; None when there is a list.
        """
        now = time.monotonic()
        if now < self._pause_until or self._known_from >= since:
            return None
        delay = self._read_on(client, now)
        return 0.0 if delay is None and self._known_from < since else delay

    def _read_on(self, client: APIClient, now: float) -> float | None:
        """Read on, unless another thread does; the seconds until there is more, None if that is all."""
        with self._lock:
            if self._is_reading:
                return self._look_again(now)
            self._is_reading = True
            if self._reading is None:
                self._begun_at = now
        try:
            return None if self._read(client, now) else 0.0
        finally:
            self._is_reading = False

    def tell(self, job_id: int | None, run_id: int | None) -> Known:
        """Tell what the list says of a run, however old it is."""
        if job_id is None or run_id is None:
            return Known.NOTHING
        if self._running.get(job_id) == run_id:
            return Known.RUNNING
        return Known.GONE if self._earlier.get(job_id) == run_id else Known.NOTHING

    def _look_again(self, now: float) -> float:
        """Seconds until the list should be read; those who wait do not all come at once."""
        since = now - self._begun_at
        left = self._took - since if self._took > since else since
        return max(LOOK_AGAIN, left) * random.uniform(1.0, 1.5)  # noqa: S311 - no secret

    def _read(self, client: APIClient, start: float) -> bool:
        """Read on for a while; whether all is read. Where that is not possible, none is for a while."""
        try:
            if self._reading is None:
                self._reading = _read_pages(client)
            for found in self._reading:
                if found is None and time.monotonic() - start < TURN:
                    continue
                if found is None:
                    return False
                self._earlier, self._running = self._running, found
        except Exception:
            logger.debug("the list of jobs cannot be read", exc_info=True)
            self._earlier, self._running = {}, {}
            self._pause_until = time.monotonic() + PAUSE
        end = time.monotonic()
        self._reading, self._took = None, end - self._begun_at
        self._known_from = self._begun_at
        self._expires = end + max(CURRENT_FOR, self._took)
        return True


def _read_pages(client: APIClient) -> Iterator[dict[int, int] | None]:
    """Read job and run of what is queued or running; give None after every page, and all in the end."""
    found: dict[int, int] = {}
    for hidden in (False, True):
        for number in range(1, MOST_PAGES + 1):
            jobs = client.jobs.list(state="queued,running", hidden=hidden, limit=PAGE, page_num=number)
            for job in jobs:
                if job.last_run is not None and job.last_run.id is not None:
                    found[int(job.id)] = int(job.last_run.id)
            if len(jobs) < PAGE:
                break
            yield None
    yield found

"""A future that follows a run of a job: by polls, by polls for several runs at once, and by pushed notices.

How a run is cancelled, started again or found is for `_civis_future` to know.
"""

from __future__ import annotations

import logging
import random
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis.futures._failures import error_text, job_failure, last_log_line, read_log
from civis.futures._job_list import Known
from civis.futures._policy import FIRST_DELAY, PUSHED_DELAY, jittered, poll_delay
from civis.futures._pollable import PollableResult
from civis.futures._runs import as_id, page_url
from civis.futures._scheduler import current_scheduler
from civis.futures._sharing import sharing_of

if TYPE_CHECKING:
    from civis.client import APIClient

logger = logging.getLogger(__name__)

#: How often a failed run without an error and without a log is asked about again: its log may be on the way.
LOG_ATTEMPTS = 2
#: Seconds between those questions.
LOG_DELAY = 0.5


class FollowedRun(PollableResult):
    """A future that knows which run it waits for, and the other futures of its client."""

    __slots__ = (
        "_asked_at",
        "_has_joined",
        "_is_log_unread",
        "_is_urgent",
        "_job_id",
        "_log_attempts",
        "_run_id",
        "_sharing",
        "_shown_log_line",
    )

    def __init__(
        self,
        poller: Callable[..., Any],
        poller_args: Sequence[Any],
        polling_interval: float | None = None,
        client: APIClient | None = None,
        poll_on_creation: bool = True,
    ) -> None:
        self._job_id, self._run_id = _ids_of(tuple(poller_args))
        self._sharing = sharing_of(client)
        self._has_joined = self._is_log_unread = self._is_urgent = False
        self._log_attempts = 0
        self._asked_at = 0.0
        self._shown_log_line = (0, "")
        super().__init__(poller, poller_args, polling_interval, client, poll_on_creation)
        self._join(is_long=False)

    def _begin_run(self) -> None:
        """Know nothing yet of the run that is followed from now on."""
        self._poll_count = self._log_attempts = 0
        self._is_urgent = False
        self._asked_at = 0.0
        self._shown_log_line = (0, "")

    # What it is about

    @property
    def client(self) -> APIClient:
        """The client that is used, made from the environment if there was none."""
        if self._client is None:
            self._client = make_client()
        return self._client

    @property
    def job_id(self) -> int | None:
        """The ID of the job, None when what is polled is no job."""
        return self._job_id

    @property
    def run_id(self) -> int | None:
        """The ID of the run, None when only a job is polled; another one after a run was started again."""
        return self._run_id

    @property
    def job_url(self) -> str | None:
        """The address of the job's page."""
        return page_url(self._client, self.job_id)

    @property
    def job_run_url(self) -> str | None:
        """The address of the run's page; the job's where no run is known."""
        return page_url(self._client, self.job_id, self.run_id)

    def _describe(self) -> str:
        """Give what the future is about, for a message."""
        if self._job_id is None:
            return super()._describe()
        return f"job {self._job_id}" + ("" if self._run_id is None else f" / run {self._run_id}")

    def _page(self) -> str:
        """Give the address of the run's page, for a message."""
        about = self._describe()
        return about if self._job_id is None else f"{about} ({self.job_run_url})"

    # How it asks

    def _ask(self) -> float | None:
        """Ask once; not for this run alone where many are waited for and the list of jobs tells."""
        self._asked_at = time.monotonic()
        if not self._is_urgent and self._is_run() and self._run_id is not None:
            known, look_again = self._sharing.look_up(self._job_id, self._run_id)
            if known is Known.LATER:
                return look_again
            if known is Known.RUNNING:
                return self._take_running()
        return super()._ask()

    def _take_running(self) -> float:
        """Draw the consequence of a run that goes on."""
        self._poll_count += 1
        self._error_count = 0
        self._failing_since = None
        return self._next_delay()

    def _next_delay(self) -> float:
        """Seconds until the next poll: long where the end will be pushed, longer where calls are scarce."""
        delay = poll_delay(self._poll_count, self._interval)
        if self._interval is None and self._sharing.is_crowded():
            delay = max(delay, FIRST_DELAY)
        if delay >= FIRST_DELAY:
            self._join(is_long=True)
        connected_at = self._sharing.connected_at
        is_pushed = connected_at is not None and self._asked_at >= connected_at and self._is_run()
        if is_pushed and self._interval is None and not self._is_urgent:
            delay = PUSHED_DELAY
        return jittered(delay * self._sharing.pace.factor)

    def _is_run(self) -> bool:
        """Whether it is a run of a job, which notices are about; executions of workflows are none."""
        return self._job_id is not None and getattr(self._poller, "__name__", "") != "get_executions"

    def _nudge(self) -> None:
        """Ask at once, and soon again: the run has ended, by what was pushed."""
        if self._settling or self._is_urgent:
            return
        self._is_urgent = True
        self._poll_count = 0
        current_scheduler().watch(self, 0.0)

    def _plan_again(self) -> None:
        """Ask within the usual delay: what would have been pushed may not come."""
        if not (self._settling or self._is_urgent or self._interval is not None):
            delay = poll_delay(self._poll_count, None)
            current_scheduler().watch(self, delay * random.uniform(0.1, 1.0))  # noqa: S311 - no secret

    def _join(self, is_long: bool) -> None:
        """Have the other futures of the client know it; `is_long` where it is worth subscribing for."""
        if not self._is_run():
            return
        with self._condition:
            is_new = not (self._has_joined or self._settling)
            self._has_joined = self._has_joined or is_new
        if is_new:
            self._sharing.join(self)
        if is_long:
            self._sharing.subscribe()

    def _forget(self) -> None:
        """Have the other futures of the client know it no longer."""
        # One whose construction failed lacks the attribute.
        if getattr(self, "_has_joined", False):
            self._has_joined = False
            self._sharing.leave(self)

    def _take_answer(self, response: Any) -> float | None:
        """Draw the consequence of an answer, of which the other futures learn how many calls remain."""
        self._sharing.pace.note(response)
        return super()._take_answer(response)

    # Why it failed

    def _on_failure(self, response: Any) -> float | None:
        """End with the run's error, or with its log if that is all there is and somebody waits."""
        lines: list[str] | None = None
        if not error_text(response) and self._seen and self._job_id is not None and self._run_id is not None:
            lines = read_log(self.client, self._job_id, self._run_id)
            if not lines and self._log_attempts < LOG_ATTEMPTS:
                self._log_attempts += 1
                return LOG_DELAY
        self._is_log_unread = lines is None and not error_text(response)
        self._settle_failed(job_failure(response, self._job_id, self._run_id, lines))
        return None

    def _complete_failure(self) -> None:
        """Read the log of a run that failed while nobody waited; but not in an event loop."""
        if not self._is_log_unread or self._job_id is None or self._run_id is None:
            return
        if not is_event_loop_running():
            lines = read_log(self.client, self._job_id, self._run_id)
            failure = job_failure(self._last_response, self._job_id, self._run_id, lines)
            with self._condition:
                if self._is_log_unread:
                    self._exception = failure
                    self._is_log_unread = False

    def _last_log_line(self) -> str:
        """Give the last line of the run's log; nothing where it cannot be read."""
        if self._job_id is not None and self._run_id is not None:
            self._shown_log_line = last_log_line(
                self.client, self._job_id, self._run_id, *self._shown_log_line
            )
        return self._shown_log_line[1]

    def _start_over_in_child(self) -> None:
        """Know no other futures: those and the pushed notices are the parent's."""
        self._has_joined = False
        super()._start_over_in_child()


def _ids_of(poller_args: tuple[Any, ...]) -> tuple[int | None, int | None]:
    """Give the job's and the run's ID among the arguments of a poller."""
    job_id = as_id(poller_args[0]) if poller_args else None
    run_id = as_id(poller_args[1]) if len(poller_args) > 1 else None
    return job_id, run_id if job_id is not None else None


def is_event_loop_running() -> bool:
    """Tell whether this thread runs an event loop, which must not be held up; loads no asyncio."""
    asyncio = sys.modules.get("asyncio")
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False

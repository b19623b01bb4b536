"""A future whose result is found by asking again and again: the part that knows no job and no client."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from civis._clock import SYSTEM_CLOCK, Clock
from civis.futures import _lifetimes
from civis.futures._condition import LightCondition
from civis.futures._ending import EndsOnce, call_back
from civis.futures._failures import CivisPollingError, job_failure
from civis.futures._policy import (
    EARLY_DELAYS,
    OUTAGE_LIMIT,
    Verdict,
    check_interval,
    is_passing,
    jittered,
    outage_delay,
    poll_delay,
    read_verdict,
)
from civis.futures._progress import ProgressLine, find_screen, progress_text
from civis.futures._scheduler import current_scheduler

if TYPE_CHECKING:
    from civis.client import APIClient


class PollableResult(EndsOnce):
    """A `concurrent.futures.Future` whose result is found by polling.

    Polls happen on a few threads that all futures of the process share: making a future sends nothing,
    `done` and its like answer from memory, and a future that nobody holds any more stops being polled.
    `concurrent.futures.wait` and `as_completed` understand it.

    Parameters
    ----------
    poller : callable
        Returns an object with an attribute `state`, or None while nothing is known.
    poller_args : sequence
        The arguments to call it with.
    polling_interval : int or float, optional
        Seconds between polls. By default the interval starts at one second and grows by the factor 1.2 to
        at most 15 seconds; before that the poller is called eight times within 1.8 seconds, because quick
        jobs are over by then.
    client : civis.APIClient, optional
        The client that the poller belongs to.
    poll_on_creation : bool, optional
        Poll soon after creation, and at once when the result is asked for (the default). If False, the
        first poll comes one interval after creation.

    Raises
    ------
    ValueError
        When the polling interval is not greater than 0.

    Examples
    --------
    >>> import civis
    >>> client = civis.APIClient()  # doctest: +SKIP
    >>> future = PollableResult(client.queries.get, (2540,))  # doctest: +SKIP
    >>> future.result(timeout=60).result_rows  # doctest: +SKIP
    [['1']]
    """

    #: Seconds for which polls may fail without a break before the future ends with `CivisPollingError`; may
    #: be set on a class or a future.
    outage_limit: float = OUTAGE_LIMIT
    #: Where outages take their time from.
    _clock: Clock = SYSTEM_CLOCK

    __slots__ = (
        "_acts_when_done",
        "_client",
        "_error_count",
        "_failing_since",
        "_interval",
        "_is_polling",
        "_last_response",
        "_must_poll_again",
        "_poll_count",
        "_poll_on_creation",
        "_poller",
        "_poller_args",
        "_watched_by",
    )

    def __init__(
        self,
        poller: Callable[..., Any],
        poller_args: Sequence[Any],
        polling_interval: float | None = None,
        client: APIClient | None = None,
        poll_on_creation: bool = True,
    ) -> None:
        super().__init__()
        self._interval = check_interval(polling_interval)
        self._poller = poller
        self._poller_args = tuple(poller_args)
        self._client = client
        self._poll_on_creation = poll_on_creation
        # Whether something happens on success besides ending; only the process that made the future does it.
        self._acts_when_done = False
        self._poll_count = self._error_count = 0
        self._failing_since: float | None = None
        self._is_polling = self._must_poll_again = False
        self._last_response: Any = None
        self._watched_by = current_scheduler()
        first = poll_delay(0, self._interval)
        self._watched_by.watch(self, jittered(min(first, EARLY_DELAYS[0]) if poll_on_creation else first))
        _lifetimes.enter(self)

    # What a user asks

    @property
    def polling_interval(self) -> float | None:
        """Seconds between polls; None where the growing default holds."""
        return self._interval

    @property
    def state(self) -> str:
        """The platform's state as of the last poll; "running" before the first."""
        if self.cancelled():
            return "cancelled"
        return str(getattr(self._last_response, "state", None) or "running")

    def running(self) -> bool:
        """Whether the result is not known yet; no request is made.

        Returns
        -------
        bool
        """
        return not self.done()

    def succeeded(self) -> bool:
        """Whether the job is known to have succeeded; no request is made.

        Returns
        -------
        bool
        """
        return self.done() and not self.cancelled() and self._peek_exception() is None

    def failed(self) -> bool:
        """Whether the job is known to have failed; no request is made.

        Returns
        -------
        bool
        """
        return self.done() and not self.cancelled() and self._peek_exception() is not None

    def result(self, timeout: float | None = None, *, progress: bool = False) -> Any:
        """Wait for the job and return what the platform said last.

        Parameters
        ----------
        timeout : int or float, optional
            Seconds to wait at most. By default as long as it takes.
        progress : bool, optional
            Show state, elapsed time and the log's last line while waiting, where there is a terminal or a
            notebook to show them. By default nothing is shown.

        Returns
        -------
        civis.Response

        Raises
        ------
        civis.base.CivisJobFailure
            When the run failed.
        MemoryError
            When the run ran out of memory.
        concurrent.futures.CancelledError
            When the run was cancelled.
        TimeoutError
            When it is not known within `timeout`.
        """
        line = self._open_progress() if progress else None
        try:
            self._await_settled(timeout)
        finally:
            if line is not None:
                line.close()
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the job and return what `result` would raise, or None.

        Parameters
        ----------
        timeout : int or float, optional
            Seconds to wait at most. By default as long as it takes.

        Returns
        -------
        BaseException or None

        Raises
        ------
        concurrent.futures.CancelledError
            When the run was cancelled.
        TimeoutError
            When it is not known within `timeout`.
        """
        try:
            self._await_settled(timeout)
        except concurrent.futures.CancelledError:
            raise
        except Exception as error:
            if error is self._callback_error:
                return error
            raise
        return super().exception(0)

    def cancel(self) -> bool:
        """Stop waiting for the result.

        Returns
        -------
        bool
            Whether the future is cancelled; False when the result was known before.
        """
        self._settle_cancelled()
        return self.cancelled()

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        """Have a function called with this future when it is done, at once if it is already.

        The function may ask for the result. An exception that it raises is raised by `result` and
        `exception`.

        Parameters
        ----------
        fn : callable
            Takes the future.
        """
        self._mark_seen()
        # Who asks to be called must be called, also when nobody holds the future any more.
        self._keep()
        super().add_done_callback(partial(call_back, fn))

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait in an event loop, without holding it up: ``await future``."""
        import asyncio  # noqa: PLC0415 - takes long to load, and who awaits has loaded it

        return asyncio.wrap_future(self).__await__()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x} state={self.state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a poller and IDs: the receiver polls for itself, with the key of its own environment.

        What is to be done when the result is known (starting a run again, callbacks) stays with this process.
        """
        rebuild = partial(
            type(self),
            self._poller,
            self._poller_args,
            polling_interval=self._interval,
            client=self._client,
            poll_on_creation=self._poll_on_creation,
        )
        return rebuild, ()

    def __del__(self) -> None:
        self._warn_unseen()
        self._forget()

    # What the scheduler does

    def _poll(self) -> float | None:
        """Ask once; the seconds until the next poll, or None when the result is known."""
        with self._condition:
            if self._settling or self._is_polling:
                # What is to be learned may have happened after the question that is under way was put.
                self._must_poll_again = self._is_polling
                return None
            self._is_polling, self._must_poll_again = True, False
        delay: float | None = None
        try:
            delay = self._ask()
        except Exception as error:
            self._settle_failed(error)
        finally:
            with self._condition:
                self._is_polling = False
                is_urgent = self._must_poll_again and delay is not None
        return 0.0 if is_urgent else delay

    def _ask(self) -> float | None:
        """Call the poller and draw the consequence."""
        try:
            response = self._poller(*self._poller_args)
        except Exception as error:
            return self._take_error(error)
        return self._take_answer(response)

    def _take_answer(self, response: Any) -> float | None:
        """Draw the consequence of an answer."""
        self._poll_count += 1
        self._error_count = 0
        self._failing_since = None
        if response is not None:
            self._last_response = response
        verdict = read_verdict(getattr(response, "state", None))
        if verdict is Verdict.SUCCEEDED:
            self._on_success(response)
        elif verdict is Verdict.CANCELLED:
            self._settle_cancelled()
        elif verdict is Verdict.FAILED:
            return self._on_failure(response)
        return self._next_delay() if verdict is Verdict.RUNNING else None

    def _next_delay(self) -> float:
        """Seconds until a job that is running is asked about again."""
        return jittered(poll_delay(self._poll_count, self._interval))

    def _take_error(self, error: Exception) -> float | None:
        """Draw the consequence of a poll that failed: a line that is down says nothing about the job."""
        if not is_passing(error):
            self._settle_failed(error)
            return None
        self._error_count += 1
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since > self.outage_limit:
            self._settle_failed(self._outage(error))
            return None
        return jittered(outage_delay(self._error_count, self._interval))

    def _outage(self, error: Exception) -> CivisPollingError:
        """Give the error of a future that could not ask for too long."""
        outage = CivisPollingError(
            f"the platform could not be asked for {self.outage_limit:.0f} seconds; "
            f"the job may still be running. The last attempt failed with {type(error).__name__}: {error}"
        )
        outage.__cause__ = error
        return outage

    def _on_success(self, response: Any) -> None:
        """Give the job succeeded."""
        self._settle_result(response)

    def _on_failure(self, response: Any) -> float | None:
        """Give the job failed; the seconds until the next poll where there is to be one after all."""
        self._settle_failed(job_failure(response, None, None, []))
        return None

    def _after_end(self) -> None:
        """Stop the polls, and let go of all that knows the future."""
        current_scheduler().unwatch(self)
        self._forget()
        _lifetimes.let_go(self)

    def _forget(self) -> None:
        """Let go of what knows the future for as long as it is not done."""

    def _open_progress(self) -> ProgressLine | None:
        """Show how the job goes on, if there is where."""
        screen = None if self.done() else find_screen()
        if screen is None:
            return None

        def describe(seconds: float) -> str:
            return progress_text(self._describe(), self.state, seconds, self._last_log_line())

        line = ProgressLine(screen, describe)
        current_scheduler().watch(line, 0.0)
        return line

    def _last_log_line(self) -> str:
        """Give the last line of the job's log as far as it is known."""
        return ""

    def _watch_again(self) -> None:
        """Poll at once if that was promised for the first question; in a forked child, poll at all."""
        scheduler = current_scheduler()
        if self._poll_on_creation and not self._poll_count and not self._error_count:
            scheduler.watch(self, 0.0)
        elif self._watched_by is not scheduler:
            scheduler.watch(self, poll_delay(self._poll_count, self._interval))
        self._watched_by = scheduler

    def _keep(self) -> None:
        """Stay alive and polled until done, though nobody holds the future: something is to be done then."""
        with self._condition:
            if not self._settling:
                _lifetimes.keep(self)

    def _describe(self) -> str:
        """Give what the future is about, for a message."""
        return f"what {getattr(self._poller, '__qualname__', self._poller)!s}{self._poller_args} polls"

    def _page(self) -> str:
        """Give where a person finds it, for a message."""
        return self._describe()

    def _is_forgotten(self) -> bool:
        """Whether the job goes on, for all that is known, and nobody ever asked for its result."""
        return not (self.done() or self._seen)

    def _start_over_in_child(self) -> None:
        """After a fork: no lock that a thread of the parent may hold, no waiter of the parent."""
        self._condition = LightCondition()  # type: ignore[assignment]  # has what is called
        self._waiters: list[Any] = []
        # What is called when it is done is called once, and by the process that asked for it.
        self._done_callbacks: list[Any] = []
        self._is_polling = self._must_poll_again = False
        self._calling_back = None
        self._settling = self.done()
        if not self._settling and not self._acts_when_done:
            self._watched_by = current_scheduler()
            self._watched_by.watch(self, poll_delay(self._poll_count, self._interval))

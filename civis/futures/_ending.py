"""How a future ends: once, whoever brings the outcome, and what those who wait for it learn.

It knows no polls: what is to happen before a wait is said by a method that polling futures have.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from civis._errors import CivisClosedError
from civis.base import CivisAsyncResultBase
from civis.futures._condition import LightCondition
from civis.futures._failures import UnseenFailureWarning


class EndsOnce(CivisAsyncResultBase):
    """A future that ends once, warns of a failure that nobody saw, and raises what its callbacks raised."""

    # Slots, also for what `concurrent.futures.Future` sets, so that a future needs no dict: thousands may be
    # open. Classes that users derive, and their instances, take further attributes as ever.
    __slots__ = (
        "_callback_error",
        "_calling_back",
        "_condition",
        "_done_callbacks",
        "_exception",
        "_failed_unseen",
        "_result",
        "_seen",
        "_settling",
        "_state",
        "_waiters",
    )

    def __init__(self) -> None:
        super().__init__()
        self._condition = LightCondition()  # type: ignore[assignment]  # has what is called
        self._seen = self._failed_unseen = self._settling = False
        self._calling_back: int | None = None
        self._callback_error: BaseException | None = None

    def _settle_result(self, response: Any) -> None:
        """End with a result."""
        self._settle(lambda: concurrent.futures.Future.set_result(self, response))

    def _settle_failed(self, error: BaseException) -> None:
        """End with an exception."""
        # Who closes a client has the job go on unwatched: that is no failure of the job.
        self._failed_unseen = not self._seen and not isinstance(error, CivisClosedError)
        self._settle(lambda: concurrent.futures.Future.set_exception(self, error))

    def _settle_cancelled(self) -> None:
        """End as cancelled, and tell those who wait by `concurrent.futures.wait` as an executor would."""

        def end() -> None:
            # Not `cancel` of the classes between: those ask the platform.
            concurrent.futures.Future.cancel(self)
            self.set_running_or_notify_cancel()

        self._settle(end)

    def _settle(self, end: Callable[[], None]) -> None:
        """End once: who comes second finds the matter settled. Callbacks run here, without a lock."""
        with self._condition:
            if self._settling:
                return
            self._settling = True
            self._calling_back = threading.get_ident()
        try:
            end()
        finally:
            with self._condition:
                self._calling_back = None
                self._condition.notify_all()
            self._after_end()

    def _await_settled(self, timeout: float | None) -> None:
        """Wait until the future is done and its callbacks have run; raise what a callback raised."""
        self._mark_seen()
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self.done():
            self._watch_again()
            super().exception(timeout)
        with self._condition:
            if self._calling_back != threading.get_ident():
                remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
                self._condition.wait_for(lambda: self._calling_back is None, remaining)
                if self._callback_error is not None:
                    raise self._callback_error
        self._complete_failure()

    def _complete_failure(self) -> None:
        """Find out the rest of why the job failed, which is worth a request once somebody asks."""

    def _after_end(self) -> None:
        """Do what is to be done when the outcome is known and the callbacks have run."""

    def _watch_again(self) -> None:
        """Have somebody find out the outcome, now that it is waited for."""

    def _peek_exception(self) -> BaseException | None:
        """Give the exception of a future that is done, seen by the program from now on."""
        self._mark_seen()
        return self._exception

    def _mark_seen(self) -> None:
        """Give the program looked at the outcome, so there is nothing to warn about."""
        self._seen = True
        self._failed_unseen = False

    def _page(self) -> str:
        """Give where a person finds it, for a message."""
        return repr(self)

    def _warn_unseen(self) -> None:
        """Say once that a failure was never looked at."""
        # One whose construction failed lacks the attribute.
        if getattr(self, "_failed_unseen", False):
            self._failed_unseen = False
            warnings.warn(
                f"{self._page()} failed, and nobody asked for its result: {self._exception}",
                UnseenFailureWarning,
                stacklevel=3,
            )


def call_back(fn: Callable[[Any], object], future: EndsOnce) -> None:
    """Run a callback and keep what it raises for whoever asks for the result."""
    try:
        fn(future)
    except Exception as error:
        future._callback_error = error

"""One thread for all that has to be done at some time: schedules, waits and retries of workflows, notices.

Those who have something to do (keepers) say when; a thread a keeper, or a timer a schedule, is not needed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from civis._clock import Clock

__all__ = ["Agenda", "Keeper"]

_LOGGER = logging.getLogger(__name__)
#: Seconds after which a keeper is asked again that something went wrong for.
_AFTER_ERROR = 5.0


class Keeper(Protocol):
    """Somebody with things to do."""

    def turn(self) -> float | None:
        """Do what is due; give the time at which the next thing is, or None."""
        ...


class Agenda:
    """Asks keepers, one after the other, when something is due or when it is woken.

    Parameters
    ----------
    keepers : sequence of Keeper
    clock : Clock
    name : str
        What the thread is called behind ``civis-platform-``.
    """

    def __init__(self, keepers: Sequence[Keeper], clock: Clock, name: str) -> None:
        self._keepers, self._clock, self._name = list(keepers), clock, name
        self._changed = threading.Condition()
        self._is_called = True
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work on a thread."""
        self._is_stopping, self._is_called = False, True
        self._thread = threading.Thread(target=self._work, name=f"civis-platform-{self._name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it is doing."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    def wake(self) -> None:
        """Have the keepers asked soon: something has changed. From any thread; does nothing when stopped."""
        with self._changed:
            self._is_called = True
            self._changed.notify_all()

    def turn(self) -> float | None:
        """Ask all keepers now, on this thread; give when the next thing is due."""
        times = [self._ask(keeper) for keeper in self._keepers]
        return min((time for time in times if time is not None), default=None)

    def _ask(self, keeper: Keeper) -> float | None:
        """Ask one keeper; what goes wrong for it keeps nobody else from working."""
        if self._is_stopping:
            return None
        try:
            return keeper.turn()
        except Exception:
            if not self._is_stopping:
                _LOGGER.exception("%s of the local platform could not do what is due", type(keeper).__name__)
            return self._clock.time() + _AFTER_ERROR

    def _work(self) -> None:
        """Ask and wait: the life of the thread."""
        while True:
            with self._changed:
                if self._is_stopping:
                    return
                self._is_called = False
            due = self.turn()
            seconds = None if due is None else max(0.0, due - self._clock.time())
            with self._changed:
                self._changed.wait_for(lambda: self._is_called or self._is_stopping, seconds)

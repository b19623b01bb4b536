"""One thread does what several want done, and the others wait for it; no lock is held meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Turn(Generic[Value]):
    """A piece of work that is done by one thread at a time.

    Examples
    --------
    >>> kept = []
    >>> Turn[int]().take(lambda: kept[0] if kept else None, lambda: len(kept) + 1)
    1
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Future[Value] | None = None

    def take(self, known: Callable[[], Value | None], make: Callable[[], Value]) -> Value:
        """Give what is known, or what another thread is making, or make it; `make` keeps what it makes."""
        with self._lock:
            value = known()
            if value is not None:
                return value
            running = self._running
            mine: Future[Value] = Future()
            if running is None:
                self._running = mine
        if running is not None:
            return running.result()
        try:
            value = make()
        except BaseException as error:
            self._running = None
            mine.set_exception(error)
            raise
        self._running = None
        mine.set_result(value)
        return value

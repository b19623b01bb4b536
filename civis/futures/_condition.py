"""A lock that can be waited at, as `threading.Condition`, in a tenth of its memory.

Every future has one, also those of which thousands are open and nobody waits at each. It knows no future.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class LightCondition:
    """Has the methods of `threading.Condition` that `concurrent.futures` calls.

    What waiting takes, a queue above all (1.2 kB together), is made by the first who waits. That is safe, as
    waiting and waking are both done with the lock held.
    """

    __slots__ = ("_lock", "_waited_at")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waited_at: threading.Condition | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock."""
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def __enter__(self) -> bool:
        return self._lock.__enter__()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, without the lock, to be woken; whether that came within so many seconds."""
        return self._make().wait(timeout)

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait, without the lock, until something holds; whether it does after so many seconds at most."""
        return self._make().wait_for(predicate, timeout)

    def notify(self, n: int = 1) -> None:
        """Wake so many of those who wait."""
        if self._waited_at is not None:
            self._waited_at.notify(n)

    def notify_all(self) -> None:
        """Wake all who wait."""
        if self._waited_at is not None:
            self._waited_at.notify_all()

    def _make(self) -> threading.Condition:
        """Give what is waited at; the lock must be held."""
        if self._waited_at is None:
            self._waited_at = threading.Condition(self._lock)
        return self._waited_at

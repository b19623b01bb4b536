"""How many containers there may be at once, over everything that one factory starts."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["WorkerLimit", "nested_share"]


class WorkerLimit:
    """Counts containers. Whoever finds none free is called when one is.

    Parameters
    ----------
    most : int
        How many there may be at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._taken = 0
        self._waiting: list[Callable[[], None]] = []

    def take(self, waiter: Callable[[], None]) -> bool:
        """Take one, or be called once when one is free."""
        with self._lock:
            if self._taken < self.most:
                self._taken += 1
                return True
            if waiter not in self._waiting:
                self._waiting.append(waiter)
            return False

    def give_back(self) -> None:
        """Give one back."""
        with self._lock:
            self._taken -= 1
            waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter()


def nested_share(most: int, n_jobs: int) -> int:
    """Give how many further containers each of `n_jobs` containers may start, so that all are at most `most`.

    Examples
    --------
    >>> nested_share(12, 3), nested_share(5, 5)
    (3, 0)
    """
    n_jobs = min(n_jobs, most)
    return (most - n_jobs) // n_jobs

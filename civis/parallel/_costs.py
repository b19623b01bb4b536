"""How many calls one container is worth: rules fed by measurements. No clock, no thread, no request."""

from __future__ import annotations

import threading

__all__ = ["Costs"]

#: A container should compute for at least as many seconds as it costs to have one, times this.
WORTH = 1.0
#: … but for at least so many seconds, and for at most so many.
LEAST_SECONDS, MOST_SECONDS = 0.2, 120.0
#: How fast batches grow: small ones show what a call costs before large ones rely on it.
GROWTH = 8
#: The weight of a new measurement beside the earlier ones.
WEIGHT = 0.5


class Costs:
    """What was measured: seconds a call of each function, and seconds that a container costs besides."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}
        self._overhead: float | None = None

    def note_call(self, function: str, seconds: float) -> None:
        """Learn what a call of a function took."""
        with self._lock:
            before = self._seconds.get(function, seconds)
            self._seconds[function] = (1 - WEIGHT) * before + WEIGHT * max(seconds, 1e-6)

    def note_overhead(self, seconds: float) -> None:
        """Learn what a container took besides its calls."""
        with self._lock:
            before = seconds if self._overhead is None else self._overhead
            self._overhead = (1 - WEIGHT) * before + WEIGHT * max(seconds, 0.0)

    def seconds_of(self, function: str) -> float | None:
        """Give what a call of a function takes; None if none was seen."""
        with self._lock:
            return self._seconds.get(function)

    def worth(self) -> float:
        """Seconds for which a container should compute."""
        with self._lock:
            overhead = self._overhead or 0.0
        return min(MOST_SECONDS, max(LEAST_SECONDS, WORTH * overhead))

    def batch_size(self, function: str | None, last: int, remaining: int | None, slots: int) -> int:
        """How many calls should travel together.

        Parameters
        ----------
        function : str or None
            Which one is called.
        last : int
            How many travelled together until now.
        remaining : int or None
            How many calls are left, where that is known: no container is to idle while another has many.
        slots : int
            How many containers there may be at once.

        Returns
        -------
        int
            1 where nothing was measured.
        """
        seconds = None if function is None else self.seconds_of(function)
        if seconds is None:
            return 1
        size = min(int(self.worth() / seconds), last * GROWTH)
        if remaining is not None:
            size = min(size, -(-remaining // slots))
        return max(1, size)

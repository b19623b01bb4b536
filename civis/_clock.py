"""Time as something that can be handed in, so that what waits can be tested without waiting."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "FakeClock", "SystemClock"]


class Clock(Protocol):
    """What knows the time and can let it pass."""

    def time(self) -> float:
        """Give the seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Give seconds that only ever grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


class SystemClock:
    """The machine's own time."""

    def time(self) -> float:
        """Give the seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Give seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


class FakeClock:
    """A time that passes only when told to.

    Parameters
    ----------
    start : float, default 0.0
        Seconds that it begins at.

    Examples
    --------
    >>> clock = FakeClock()
    >>> clock.sleep(2.5)
    >>> clock.monotonic(), clock.slept
    (2.5, [2.5])
    """

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        self.slept: list[float] = []

    def time(self) -> float:
        """Give the seconds since the epoch."""
        return self.now

    def monotonic(self) -> float:
        """Give seconds that only ever grow."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move on at once, and remember that it was asked for."""
        self.slept.append(seconds)
        self.now += seconds

    def advance(self, seconds: float) -> None:
        """Move on without anybody having slept."""
        self.now += seconds


SYSTEM_CLOCK = SystemClock()

"""Whether a deployment is in use: looked at, or at work by itself; by the platform's clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from civis._clock import Clock
from civis.local.deployments.plans import Plan

__all__ = ["Use"]

_ASK_SECONDS = 60.0  # how often a program is asked whether it is at work
_MOST_SILENT = 5  # so often it may have no answer, for example because the machine has no time for it


class Use:
    """When a deployment was last in use, and so whether it is to be on.

    Parameters
    ----------
    plan : Plan
    clock : Clock

    Attributes
    ----------
    changed : threading.Event
        Set when somebody has looked at it, or it is to end: whoever waits for that looks again.
    """

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.plan, self._clock = plan, clock
        self.changed = threading.Event()
        self._used_at = clock.time()
        self._looking = 0  # how many look at it now
        self._asked_at = float("-inf")
        self._seen: object = None
        self._silent = 0

    def note(self) -> None:
        """Note that somebody looks at it."""
        self._used_at = self._clock.time()
        self.changed.set()

    @contextmanager
    def looked_at(self) -> Iterator[None]:
        """While the block goes on, somebody looks at it; entered and left in one thread only."""
        self._looking += 1
        try:
            yield
        finally:
            self.note()
            self._looking -= 1

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody looks at it now."""
        return self._looking > 0

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be on now."""
        return self._is_on(self._clock.time())

    def _is_on(self, now: float) -> bool:
        """Tell whether it is to be on."""
        return self.plan.is_on(now, now if self.is_looked_at else self._used_at)

    def is_going_on(self, activity: Callable[[], object] | None) -> bool:
        """Tell whether a program is to go on; it is asked for what changes while it is at work.

        Parameters
        ----------
        activity : callable, optional
            Gives something that is another thing when the program has been at work; None if it cannot say.
        """
        now = self._clock.time()
        if activity is not None and (now - self._asked_at >= _ASK_SECONDS or not self._is_on(now)):
            is_first, self._asked_at = self._asked_at == float("-inf"), now
            found = activity()
            self._silent = 0 if found is not None else self._silent + 1
            if 0 < self._silent < _MOST_SILENT:
                return True
            if found is not None and found != self._seen:
                self._seen = found
                if not is_first:
                    self._used_at = now
        return self._is_on(now)

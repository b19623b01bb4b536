"""A scheduler of futures on a clock that passes only when told to, so that hours of polling take no time."""

from __future__ import annotations

from civis._clock import FakeClock
from civis.futures._due import DueTimes
from civis.futures._scheduler import Pollable, Scheduler


class FakeScheduler(Scheduler):
    """Polls what is due in the calling thread."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.due: DueTimes[Pollable] = DueTimes()
        self.poll_count = 0

    def watch(self, pollable: Pollable, delay: float) -> None:
        """Poll something after some seconds of the clock."""
        self.due.add(pollable, self.clock.now + delay)

    def unwatch(self, pollable: Pollable) -> None:
        """Stop polling something."""
        self.due.discard(pollable)

    def run(self, seconds: float) -> None:
        """Let time pass, and poll on the way."""
        end = self.clock.now + seconds
        while (due := self.due.next_due()) is not None and due <= end:
            self.clock.now = max(self.clock.now, due)
            for pollable in self.due.pop_due(self.clock.now):
                self.poll_count += 1
                delay = pollable._poll()
                if delay is not None and pollable not in self.due:
                    self.watch(pollable, delay)
        self.clock.now = end

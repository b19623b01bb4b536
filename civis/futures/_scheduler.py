"""The one thread of the process that knows when futures are due, and the few that poll them.

It knows nothing of the platform: it polls what is due, and again after as many seconds as the poll says.
No lock is held while something is polled, and nothing is kept alive by being watched.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from civis.futures._due import DueTimes

#: Threads that poll. Two are enough for thousands of futures, since a poll takes milliseconds.
POLLERS = 2
#: Pollers at most while some are held up, so that a server that stalls does not stop the futures of another.
MOST_POLLERS = 16
#: A poll that takes longer than this many seconds is held up.
HELD_UP_AFTER = 1.0
#: From so many things to watch on, the scheduler waits so many seconds at least, and so finds several due.
MANY, TICK = 100, 0.01
#: Seconds after which a poller with nothing to do ends.
IDLE_LIFETIME = 10.0
#: How the name of every lasting thread starts.
THREAD_NAME = "civis-futures"


class Pollable(Protocol):
    """What the scheduler can watch."""

    def _poll(self) -> float | None:
        """Poll once, never raising; return the seconds until the next poll, None when all is known."""


class Sleeper(Protocol):
    """Something else to do for the thread that waits for the next due time, such as running an event loop."""

    def sleep(self, timeout: float | None) -> None:
        """Do it for so many seconds, or until woken."""

    def wake(self) -> None:
        """End the sleep, or the next one if there is none; called by any thread."""


class Scheduler:
    """Polls what is due. Its threads start with the first thing to watch and are daemons."""

    def __init__(self) -> None:
        # Re-entrant, because collecting garbage under the lock may run a destructor that comes back here.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._work = threading.Condition(self._lock)
        self._due: DueTimes[Pollable] = DueTimes()
        self._ready: deque[Pollable] = deque()
        self._thread: threading.Thread | None = None
        self._asleep_until = 0.0
        self._sleeper: Sleeper | None = None
        self._busy_since: dict[int, float] = {}
        self._poller_count = 0
        self._idle_count = 0

    def watch(self, pollable: Pollable, delay: float) -> None:
        """Poll something after some seconds, in place of the time set for it before."""
        now = time.monotonic()
        due = now + delay
        with self._lock:
            if delay <= 0 and self._thread is not None:
                self._hand_over_at_once(pollable, now)
                return
            self._due.add(pollable, due)
            if due < self._asleep_until:
                self._wake()
            self._start()

    def _hand_over_at_once(self, pollable: Pollable, now: float) -> None:
        """Give something to a poller; the scheduler's thread sleeps on where it is not needed for that."""
        self._due.discard(pollable)
        self._enqueue(pollable)
        if len(self._ready) <= self._idle_count:
            self._work.notify()
        elif self._poller_count < POLLERS or self._asleep_until > now + HELD_UP_AFTER:
            self._wake()

    def sleep_by(self, sleeper: Sleeper) -> None:
        """Have the thread sleep in another way from now on."""
        with self._lock:
            self._wake()
            self._sleeper = sleeper
            self._start()

    def sleep_as_usual(self, sleeper: Sleeper) -> None:
        """Have the thread sleep no longer in one way."""
        with self._lock:
            if self._sleeper is sleeper:
                self._wake()
                self._sleeper = None

    def _start(self) -> None:
        """Start the thread if there is none yet."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
            self._thread.start()

    def _wake(self) -> None:
        """Have the thread look what is due, once."""
        self._asleep_until = 0.0
        if self._sleeper is None:
            self._changed.notify()
        else:
            self._sleeper.wake()

    def unwatch(self, pollable: Pollable) -> None:
        """Stop polling something."""
        with self._lock:
            self._due.discard(pollable)

    def _run(self) -> None:
        """Hand over what is due, then sleep until the next time or a change, for ever."""
        with self._lock:
            while True:
                timeout = self._hand_over(time.monotonic())
                self._asleep_until = time.monotonic() + (
                    threading.TIMEOUT_MAX if timeout is None else timeout
                )
                self._sleep(timeout)
                self._asleep_until = 0.0

    def _sleep(self, timeout: float | None) -> None:
        """Wait for the next due time or a change, with the lock given back."""
        sleeper = self._sleeper
        if sleeper is None:
            self._changed.wait(timeout)
            return
        self._lock.release()
        try:
            sleeper.sleep(timeout)
        finally:
            self._lock.acquire()

    def _hand_over(self, now: float) -> float | None:
        """Give what is due to the pollers; return the seconds until there is more to do, if known."""
        for pollable in self._due.pop_due(now):
            self._enqueue(pollable)
        self._work.notify(min(len(self._ready), self._idle_count))
        for _ in range(self._missing_pollers(now)):
            self._poller_count += 1
            threading.Thread(target=self._run_poller, name=f"{THREAD_NAME}-poller", daemon=True).start()
        next_due = self._due.next_due()
        shortest = TICK if len(self._due) >= MANY else 0.0
        timeout = None if next_due is None else max(shortest, next_due - now)
        if len(self._ready) > self._idle_count:
            # Work waits for busy pollers: look again whether they are held up.
            timeout = HELD_UP_AFTER if timeout is None else min(timeout, HELD_UP_AFTER)
        return timeout

    def _enqueue(self, pollable: Pollable) -> None:
        """Have something polled after what waits already; before it, where it says so of itself."""
        if getattr(pollable, "goes_first", False):
            self._ready.appendleft(pollable)
        else:
            self._ready.append(pollable)

    def _missing_pollers(self, now: float) -> int:
        """How many pollers to start: as many as work waits for, within the limits."""
        held_up = sum(1 for since in self._busy_since.values() if now - since > HELD_UP_AFTER)
        limit = min(MOST_POLLERS, POLLERS + held_up)
        return max(0, min(len(self._ready) - self._idle_count, limit - self._poller_count))

    def _run_poller(self) -> None:
        """Poll what is ready until there is nothing for a while."""
        while self._serve_one():
            pass

    def _serve_one(self) -> bool:
        """Poll one thing. It is a function of its own so that no reference outlives the poll."""
        pollable = self._take()
        if pollable is None:
            return False
        delay = pollable._poll()
        with self._lock:
            del self._busy_since[threading.get_ident()]
            if delay is not None and pollable not in self._due:
                self.watch(pollable, delay)
        return True

    def _take(self) -> Pollable | None:
        """Wait for something to poll; None after a while without."""
        with self._lock:
            self._idle_count += 1
            found = self._work.wait_for(lambda: bool(self._ready), IDLE_LIFETIME)
            self._idle_count -= 1
            if not found:
                self._poller_count -= 1
                return None
            self._busy_since[threading.get_ident()] = time.monotonic()
            return self._ready.popleft()


_scheduler = Scheduler()
_after_fork: list[Callable[[], None]] = []


def current_scheduler() -> Scheduler:
    """Give the scheduler of this process."""
    return _scheduler


@contextmanager
def scheduling_by(scheduler: Scheduler) -> Iterator[None]:
    """Have futures that are made in the block watched by another scheduler, such as one on a fake clock."""
    global _scheduler
    before, _scheduler = _scheduler, scheduler
    try:
        yield
    finally:
        _scheduler = before


def call_after_fork(action: Callable[[], None]) -> None:
    """Have something done in a forked child once its scheduler is new."""
    _after_fork.append(action)


def _start_over_in_child() -> None:
    """Replace the scheduler: its threads stayed in the parent, and its locks may be held by one of them."""
    global _scheduler
    _scheduler = Scheduler()
    for action in _after_fork:
        action()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over_in_child)

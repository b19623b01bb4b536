"""Which queued run starts next: a pure data structure that knows no clock, thread, process or database.

Fair between users: the next run is one of the user who has the fewest running; among equals, of the one who
waited longest for a turn. Within a user the order is that of queuing, but runs that take nothing of the
machine do not wait behind those that do.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["NOTHING", "Board", "Entry", "Needs"]

_MOST_PASSES = 16
"""How many runs may overtake one for which there is no room; then room is kept for it."""


@dataclass(frozen=True)
class Needs:
    """What a run takes of the machine.

    Parameters
    ----------
    cpu : int, default 0
        In thousandths of a processor.
    memory : int, default 0
        In MB.
    """

    cpu: int = 0
    memory: int = 0

    def __add__(self, other: Needs) -> Needs:
        return Needs(self.cpu + other.cpu, self.memory + other.memory)

    def fits(self, room: Needs) -> bool:
        """Tell whether there is room for it."""
        return self.cpu <= room.cpu and self.memory <= room.memory


NOTHING = Needs()


@dataclass(frozen=True)
class Entry:
    """A run on the board.

    Parameters
    ----------
    run_id : int
    job_id : int
    user_id : int, optional
        For whom it works.
    needs : Needs
    parent : int, optional
        The ID of the run that queued it, and probably waits for it.
    """

    run_id: int
    job_id: int
    user_id: int | None = None
    needs: Needs = NOTHING
    parent: int | None = None


@dataclass
class _Line:
    """What one user has waiting, and since when the user waits for a turn."""

    light: deque[Entry] = field(default_factory=deque)
    heavy: deque[Entry] = field(default_factory=deque)
    turn: int = 0


class Board:
    """Runs that wait, and runs that go on.

    Parameters
    ----------
    places : int
        How many may go on at once. A run that has queued runs takes no place and no room until those are
        over, for which it waits: jobs that start jobs could keep each other from going on for ever.
    room : Needs
        What there is of the machine. A run that needs more than that starts when it is the only one.

    Examples
    --------
    >>> board = Board(1, Needs(cpu=4000, memory=8000))
    >>> for run_id, user_id in [(1, 7), (2, 7), (3, 8)]:
    ...     board.add(Entry(run_id, job_id=run_id, user_id=user_id))
    >>> started = []
    >>> while (entry := board.take()) is not None:
    ...     started.append(entry.run_id)
    ...     board.end(entry.run_id)
    >>> started
    [1, 3, 2]
    """

    def __init__(self, places: int, room: Needs) -> None:
        self._places, self._room = places, room
        self._lines: dict[int | None, _Line] = {}
        self._waiting: dict[int, Entry] = {}
        self._running: dict[int, Entry] = {}
        self._ancestors: dict[int, list[int]] = {}  # of a run: the running ones that queued it, and so on
        self._children: Counter[int] = Counter()  # how many runs there are that a run has queued, and so on
        self._turns = 0
        self._passed: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many runs go on."""
        return len(self._running)

    def add(self, entry: Entry) -> None:
        """Let a run wait; one that is on the board already stays as it is."""
        if entry.run_id in self._waiting or entry.run_id in self._running:
            return
        self._waiting[entry.run_id] = entry
        self._ancestors[entry.run_id] = self._ancestors_of(entry)
        self._children.update(self._ancestors[entry.run_id])
        # Before those who had the last turn, after all who wait for theirs.
        line = self._lines.setdefault(entry.user_id, _Line(turn=self._turns - 1))
        (line.light if entry.needs == NOTHING else line.heavy).append(entry)

    def discard(self, run_id: int) -> None:
        """Forget a run that waits, because it was cancelled."""
        entry = self._waiting.pop(run_id, None)
        if entry is not None:
            line = self._lines[entry.user_id]
            (line.light if entry.needs == NOTHING else line.heavy).remove(entry)
            self._forget(run_id)

    def take(self) -> Entry | None:
        """Start the next run; None if none waits or there is no place for any."""
        counted = [each for id, each in self._running.items() if not self._children[id]]
        if len(counted) >= self._places:
            return None
        entry = self._choose(counted)
        if entry is None:
            return None
        line = self._lines[entry.user_id]
        (line.light if entry.needs == NOTHING else line.heavy).popleft()
        self._turns += 2
        line.turn = self._turns
        del self._waiting[entry.run_id]
        self._passed.pop(entry.run_id, None)
        self._running[entry.run_id] = entry
        return entry

    def end(self, run_id: int) -> None:
        """Take a run that is over off the board."""
        if self._running.pop(run_id, None) is not None:
            self._forget(run_id)

    def _choose(self, counted: list[Entry]) -> Entry | None:
        """Find the run that starts next."""
        busy = Counter(each.user_id for each in counted)
        used = sum((each.needs for each in counted), NOTHING)
        has_heavy = any(each.needs != NOTHING for each in counted)
        left = Needs(self._room.cpu - used.cpu, self._room.memory - used.memory)
        overtaken: list[Entry] = []
        for entry in self._candidates(busy):
            if entry.needs == NOTHING:
                return entry
            is_kept_out = any(self._passed[each.run_id] >= _MOST_PASSES for each in overtaken)
            if not is_kept_out and (not has_heavy or entry.needs.fits(left)):
                self._passed.update(each.run_id for each in overtaken)
                return entry
            overtaken.append(entry)
        return None

    def _candidates(self, busy: Counter[int | None]) -> Iterator[Entry]:
        """Give the first runs of each user, the user whose turn it is first."""
        waiting = [(id, line) for id, line in self._lines.items() if line.light or line.heavy]
        for _, line in sorted(waiting, key=lambda each: (busy[each[0]], each[1].turn)):
            heads = [queue[0] for queue in (line.light, line.heavy) if queue]
            yield from sorted(heads, key=lambda entry: entry.run_id)

    def _ancestors_of(self, entry: Entry) -> list[int]:
        """List the running runs of which one queued the next and the last this one."""
        found: list[int] = []
        parent = entry.parent
        while parent is not None and parent in self._running and parent not in found:
            found.append(parent)
            parent = self._running[parent].parent
        return found

    def _forget(self, run_id: int) -> None:
        """Note that a run is neither waiting nor going on any more."""
        self._passed.pop(run_id, None)
        self._children.pop(run_id, None)
        for each in self._ancestors.pop(run_id):
            if each in self._running:
                self._children[each] -= 1

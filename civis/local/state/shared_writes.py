"""Short writes of several threads in one transaction: they share its turn, its commit, its wait for the disk.

While a transaction is under way, those who want to write gather; the first of them then writes for all. Each
one's part is undone alone when it fails. It knows nothing of what is written.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy.engine import Connection

from civis.local.state.database import State, after_commit, is_open, part_of

__all__ = ["SharedWrites"]

Value = TypeVar("Value")

_LOGGER = logging.getLogger(__name__)
_MOST = 32
"""How many write in one transaction at most, so that a request does not wait long for its turn."""


@dataclass(eq=False)
class _Part:
    """What one thread wants written, and what came of it."""

    write: Callable[[Connection], Any]
    is_lasting: bool
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    asleep: threading.Lock = field(default_factory=threading.Lock)
    is_done: bool = False
    result: Any = None
    error: BaseException | None = None

    def perform(self, connection: Connection) -> None:
        """Write as one of several; what goes wrong is kept for the thread that wants it."""
        try:
            with part_of(connection):
                self.result = self.context.run(self.write, connection)
        except BaseException as error:  # raised again on the thread that it belongs to
            self.error = error
            if not is_open(connection):
                raise RuntimeError(
                    "The database has undone the whole transaction, with all its parts."
                ) from error


class SharedWrites:
    """Writes for threads that would otherwise wait for each other.

    Parameters
    ----------
    state : State

    Notes
    -----
    Not for a thread that has a write transaction open: the others would wait for it, and it for them.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from civis.local.state import State, objects
    >>> with TemporaryDirectory() as folder:
    ...     state = State(f"sqlite:///{Path(folder) / 'state.db'}")
    ...     writes = SharedWrites(state)
    ...     stored = writes.write(lambda connection: objects.insert(connection, "note", {}, now=0.0))
    ...     state.close()
    >>> stored.id
    1
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._waiting: list[_Part] = []
        self._is_led = False  # whether a thread writes for the others, or is about to

    @property
    def waiting(self) -> int:
        """How many parts nobody has begun to write."""
        return len(self._waiting)

    def write(self, do: Callable[[Connection], Value], *, is_lasting: bool = True) -> Value:
        """Write something; it is committed when this returns.

        Parameters
        ----------
        do : callable
            Writes with the connection that it is given, perhaps on another thread; what it gives is returned.
            What it raises undoes what it wrote, and is raised here.
        is_lasting : bool, default True
            As for :meth:`State.begin`; a transaction is lasting when one of its parts is.
        """
        part = _Part(do, is_lasting)
        part.asleep.acquire()
        with self._lock:
            self._waiting.append(part)
            is_follower, self._is_led = self._is_led, True
        if is_follower:
            part.asleep.acquire()  # until another thread has written this part, or has this one lead
        if not part.is_done:
            self._lead(part)
        if part.error is not None:
            raise part.error
        return cast("Value", part.result)

    def _lead(self, own: _Part) -> None:
        """Write for all who wait until one's own part is written; then have another thread go on."""
        while not own.is_done:  # more may have gathered than one transaction takes
            for each in self._write_some():
                each.is_done = True
                if each is not own:
                    each.asleep.release()
        with self._lock:
            self._is_led = bool(self._waiting)
            following = self._waiting[0] if self._waiting else None
        if following is not None:
            following.asleep.release()

    def _write_some(self) -> list[_Part]:
        """Write for those who wait, in one transaction.

        When that fails itself, each that did no harm to it is written once more, alone.
        """
        parts: list[_Part] = []
        committed: list[bool] = []
        with self._lock:
            is_lasting = any(each.is_lasting for each in self._waiting[:_MOST])
        try:
            with self._state.begin(is_lasting=is_lasting) as connection:
                after_commit(connection, lambda: committed.append(True))
                parts = self._take(is_lasting=is_lasting)
                if len(parts) == 1:  # whose failure undoes the transaction
                    parts[0].result = parts[0].context.run(parts[0].write, connection)
                else:
                    for each in parts:
                        each.perform(connection)
        except BaseException as error:
            if committed:
                _LOGGER.exception("What follows a commit failed; what was committed stays")
                return parts
            if not parts:  # no transaction began
                parts = self._take(is_lasting=is_lasting)
                for each in parts:
                    each.error = error
            elif len(parts) == 1:
                parts[0].error = error
            for each in parts:
                if each.error is None:
                    self._write_alone(each)
        return parts

    def _write_alone(self, part: _Part) -> None:
        """Write one part in a transaction of its own."""
        try:
            with self._state.begin(is_lasting=part.is_lasting) as connection:
                part.result = part.context.run(part.write, connection)
        except BaseException as error:  # raised again on the thread that it belongs to
            part.error = error

    def _take(self, *, is_lasting: bool) -> list[_Part]:
        """Take those who wait, as many as one transaction is for."""
        with self._lock:
            fitting = [each for each in self._waiting if is_lasting or not each.is_lasting][:_MOST]
            self._waiting = [each for each in self._waiting if each not in fitting]
            return fitting

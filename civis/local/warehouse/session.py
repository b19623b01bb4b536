"""One call's connection: its transaction, its interruption, and the engine's errors turned into ours.

It knows the engine's Python interface; nothing of Redshift's dialect.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

import duckdb

from civis.local.warehouse.catalogue import list_tables
from civis.local.warehouse.errors import Interrupted, SqlError, WarehouseError
from civis.local.warehouse.interface import Interruption
from civis.local.warehouse.messages import explain

__all__ = ["Session", "WriteTurn"]


class WriteTurn:
    """Lets one call write at a time, as the engine would refuse what two change at once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._taken = False

    def acquire(self, interruption: Interruption) -> None:
        """Wait for the turn; :exc:`Interrupted` if the call is cancelled meanwhile."""
        interruption.attach(self._wake)
        try:
            with self._condition:
                self._condition.wait_for(lambda: not self._taken or interruption.is_interrupted)
                if interruption.is_interrupted:
                    raise Interrupted("the call was cancelled before it began")
                self._taken = True
        finally:
            interruption.detach(self._wake)

    def release(self) -> None:
        """Hand the turn on."""
        with self._condition:
            self._taken = False
            self._condition.notify_all()

    def _wake(self) -> None:
        """Have those who wait look again."""
        with self._condition:
            self._condition.notify_all()


class Session:
    """A connection for one call; leaving it with an exception undoes everything.

    Parameters
    ----------
    connect : callable
        Opens a connection of the session's own.
    turn : WriteTurn or None
        Taken for the length of the call if it writes.
    interruption : Interruption or None
        Ends the call from another thread.
    """

    def __init__(
        self,
        connect: Callable[[], duckdb.DuckDBPyConnection],
        turn: WriteTurn | None,
        interruption: Interruption | None,
    ) -> None:
        self._interruption = interruption or Interruption()
        self._turn = turn
        if turn is not None:
            turn.acquire(self._interruption)
        try:
            self.cursor = connect()
        except BaseException:
            if turn is not None:
                turn.release()
            raise
        self.is_fatal = False
        self._is_open = False
        self._is_explicit = False

    def __enter__(self) -> Session:
        self._interruption.attach(self._interrupt)
        try:
            with self.errors():
                self.check()
                self.cursor.execute("set search_path = 'public'")
                self.begin()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interruption.detach(self._interrupt)
        try:
            # A BEGIN without COMMIT ends with its session: undone, as on Redshift.
            if kind is None and self._is_open and not self._is_explicit:
                with self.errors():
                    self.commit()
        finally:
            if self._is_open:
                self.rollback()
            self.cursor.close()
            if self._turn is not None:
                self._turn.release()

    def run(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run one statement of the engine's, in a transaction."""
        if not self._is_open:
            self.begin()
        self.check()
        return self.cursor.execute(sql, parameters)

    def check(self) -> None:
        """Raise :exc:`Interrupted` if the call was cancelled."""
        if self._interruption.is_interrupted:
            raise Interrupted("the call was cancelled; what it did is undone")

    def begin(self, *, explicit: bool = False, read_only: bool = False) -> None:
        """Open a transaction; an explicit one takes the place of the one that every call has."""
        if self._is_open:
            if explicit and self._is_explicit:
                return  # Redshift warns only
            self.commit()
        self.cursor.execute("begin transaction read only" if read_only else "begin transaction")
        self._is_open, self._is_explicit = True, explicit

    def commit(self) -> None:
        """Make lasting what was done."""
        if self._is_open:
            self.cursor.execute("commit")
        self._is_open = self._is_explicit = False

    def rollback(self) -> None:
        """Undo what was done since the transaction began."""
        if self._is_open:
            with suppress(duckdb.Error):  # the engine may have ended it already
                self.cursor.execute("rollback")
        self._is_open = self._is_explicit = False

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the engine's errors into ours."""
        try:
            yield
        except WarehouseError:
            raise
        except duckdb.Error as error:
            self.is_fatal = isinstance(error, (duckdb.InternalException, duckdb.FatalException))
            if isinstance(error, duckdb.InterruptException) or self._interruption.is_interrupted:
                raise Interrupted("the call was cancelled; what it did is undone") from None
            raise SqlError(explain(str(error), self._table_names)) from None

    def _interrupt(self) -> None:
        """End what the engine is doing for this session."""
        self.cursor.interrupt()

    def _table_names(self) -> list[str]:
        """List what tables there are, for a hint; none if even that fails."""
        with suppress(duckdb.Error):
            self.rollback()
            return [name for table in list_tables(self.cursor, None) for name in (table.name,)]
        return []

"""One call's connection: its transaction, its interruption, and the engine's errors turned into ours.

It knows the engine's Python interface; nothing of Redshift's dialect.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

import duckdb

from civis.local.warehouse.catalogue import columns_of, list_tables
from civis.local.warehouse.errors import Disturbed, Interrupted, SqlError, WarehouseError
from civis.local.warehouse.insisting import Insistence
from civis.local.warehouse.interface import Interruption
from civis.local.warehouse.memory import is_out_of_memory
from civis.local.warehouse.messages import explain
from civis.local.warehouse.opened import OpenedFile, is_fatal, is_of_another_call
from civis.local.warehouse.script import Name

__all__ = ["Session", "WriteTurn"]

_STARVED = "the database engine was short of memory, and what the statement did is undone; run it again"
_DISTURBED = "the database engine broke in another statement, and what this one did is undone; run it again"


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
    file : OpenedFile
        Gives a connection of the session's own.
    turn : WriteTurn or None
        Taken for the length of the call if it writes.
    interruption : Interruption or None
        Ends the call from another thread.
    with_all_memory : bool, default False
        Whether the engine may take all the memory there is, and not what it usually may.
    """

    def __init__(
        self,
        file: OpenedFile,
        turn: WriteTurn | None,
        interruption: Interruption | None,
        *,
        with_all_memory: bool = False,
    ) -> None:
        self._interruption = interruption or Interruption()
        self._turn = turn
        self._file = file
        self.is_fatal = self.has_committed = False
        self._is_open = self._is_explicit = False
        self.statement = ""
        if turn is not None:
            turn.acquire(self._interruption)
        try:
            with self.errors():
                self.cursor = file.connect(with_all_memory=with_all_memory)
                self._has_all_memory = file.is_unlimited  # as long as this one works
                self._insistence = Insistence(self.cursor)
        except BaseException:
            if turn is not None:
                turn.release()
            raise

    def __enter__(self) -> Session:
        self._interruption.attach(self._insistence.start)
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
        self._interruption.detach(self._insistence.start)
        self._insistence.end()
        try:
            # A BEGIN without COMMIT ends with its session: undone, as on Redshift.
            if kind is None and self._is_open and not self._is_explicit:
                with self.errors():
                    self.commit()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Undo what is open and hand back connection and turn, whatever state the engine is in."""
        try:
            if self._is_open:
                self.rollback()
        finally:
            try:
                self._file.release(self.cursor, is_broken=self.is_fatal)
            finally:
                if self._turn is not None:
                    self._turn.release()

    def run(self, sql: str, parameters: Any = None) -> duckdb.DuckDBPyConnection:
        """Run one statement of the engine's, in a transaction."""
        if not self._is_open:
            self.begin()
        self.check()
        self.statement = sql
        return self.cursor.execute(sql, parameters)

    def understand(self, query: str) -> duckdb.DuckDBPyRelation:
        """Have the engine understand a query, in a transaction; its rows are read when they are asked for.

        Takes a quarter of what a DESCRIBE does, which is planned and run as a statement of its own.
        """
        if not self._is_open:
            self.begin()
        self.check()
        self.statement = query
        return self.cursor.sql(query)

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
            self.has_committed = self.has_committed or self.statement != ""  # nothing is before a first BEGIN
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
            # A statement that another call's breaking of the engine interrupts is not cancelled by its user.
            is_disturbed = self._file.is_broken or is_of_another_call(error)
            self.is_fatal = self.is_fatal or is_fatal(error)
            if self._interruption.is_interrupted:
                raise Interrupted("the call was cancelled; what it did is undone") from None
            if is_disturbed:
                raise Disturbed(_DISTURBED, has_committed=self.has_committed) from None
            if isinstance(error, duckdb.InterruptException):
                raise Interrupted("the call was cancelled; what it did is undone") from None
            # After what the engine does not outlive, nobody knows what of the call is undone.
            if is_out_of_memory(error) and not (self._has_all_memory or self.is_fatal):
                raise Disturbed(_STARVED, has_committed=self.has_committed, is_starved=True) from None
            raise SqlError(explain(str(error), self._tables, self._columns, self.statement)) from None

    def _tables(self) -> list[tuple[str, str]]:
        """List schema and name of what tables there are, for a hint; none if even that fails."""
        with suppress(duckdb.Error):
            self.rollback()
            return [(table.schema, table.name) for table in list_tables(self.cursor, None)]
        return []

    def _columns(self) -> list[str]:
        """List the columns of the tables that the statement names, for a hint; none if even that fails."""
        words = {each.lower() for each in re.findall(r"\w+", self.statement)}
        with suppress(duckdb.Error):
            self.rollback()
            named = [
                (each.schema, each.name) for each in list_tables(self.cursor, None) if each.name in words
            ]
            return [column.name for place in named for column in columns_of(self.cursor, Name(*place))]
        return []

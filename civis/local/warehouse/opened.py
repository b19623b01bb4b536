"""A database file held open, opened anew after an error that the engine does not outlive, and its memory.

It knows connections; nothing of statements and transactions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import duckdb

from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.memory import limit_memory, unlimit_memory

__all__ = ["OpenedFile", "is_fatal", "is_of_another_call"]

PATIENCE_SECONDS = 60.0
"""How long calls that were interrupted because the engine broke may take to end, in seconds."""

_FATAL_WORDS = ("INTERNAL Error", "FATAL Error", "database has been invalidated")


def is_fatal(error: BaseException) -> bool:
    """Tell whether the engine refuses all further work after an error; some come as plain text only."""
    if isinstance(error, (duckdb.InternalException, duckdb.FatalException)):
        return True
    return isinstance(error, duckdb.Error) and str(error).startswith(_FATAL_WORDS)


def is_of_another_call(error: BaseException) -> bool:
    """Tell whether a call fails only because the engine broke in another one."""
    return "invalidated because of a previous fatal error" in str(error)


class OpenedFile:
    """One file, and the connections to it.

    The engine hands out the same broken database as long as any connection to it is left, so a new one waits
    until the others have ended.

    Parameters
    ----------
    open_file : callable
        Opens the file.

    Attributes
    ----------
    is_unlimited : bool
        Whether the engine may take all the memory there is.
    """

    def __init__(self, open_file: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._open_file = open_file
        self._changed = threading.Condition()
        self._given: list[duckdb.DuckDBPyConnection] = []
        self._is_broken = False
        self.is_unlimited = False
        self._connection = open_file()

    def connect(self, *, with_all_memory: bool = False) -> duckdb.DuckDBPyConnection:
        """Give a connection; the caller hands it back to :meth:`release`.

        Until nobody has one any more, the engine may take all the memory there is, if this one is to.
        """
        with self._changed:
            if self._is_broken:
                self._reopen()
            if with_all_memory and not self.is_unlimited:
                with suppress(duckdb.Error):  # an older engine has that already
                    unlimit_memory(self._connection.cursor())
                self.is_unlimited = True
            cursor = self._connection.cursor()
            self._given.append(cursor)
            return cursor

    def release(self, cursor: duckdb.DuckDBPyConnection, *, is_broken: bool) -> None:
        """Take a connection back; the file is opened anew before the next one if the engine broke."""
        with self._changed:
            if is_broken and not self._is_broken:
                self._is_broken = True
                for other in self._given:
                    other.interrupt()  # their work is lost; they shall not go on until they notice
            try:
                with suppress(duckdb.Error):
                    cursor.close()
            finally:
                self._given = [each for each in self._given if each is not cursor]
                self._limit_again()
                self._changed.notify_all()

    def _limit_again(self) -> None:
        """Set the usual limit once nobody works; the lock is held."""
        if self.is_unlimited and not (self._given or self._is_broken):
            with suppress(duckdb.Error):
                limit_memory(self._connection.cursor())
                self.is_unlimited = False

    @property
    def is_broken(self) -> bool:
        """Whether the engine broke and the file was not opened anew yet."""
        return self._is_broken

    def close(self) -> None:
        """Close the file; calls that run are ended by the engine."""
        self._connection.close()

    def _reopen(self) -> None:
        """Open the file anew once all connections to the broken engine are gone."""
        if not self._changed.wait_for(lambda: not (self._given and self._is_broken), PATIENCE_SECONDS):
            raise SqlError("the database engine broke, and statements that were running have not ended yet")
        if not self._is_broken:
            return  # another thread was faster
        with suppress(duckdb.Error):
            self._connection.close()
        self._connection = self._open_file()
        self._is_broken = self.is_unlimited = False

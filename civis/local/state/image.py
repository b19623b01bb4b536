"""A copy of a whole state in memory, to go back to in milliseconds; for a state on SQLite only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from civis.local.state.database import State, note_account_change

__all__ = ["StateImage"]


class StateImage:
    """What a state was when this was made.

    Parameters
    ----------
    state : State
        On SQLite.
    """

    def __init__(self, state: State) -> None:
        # Several threads may reset a platform, one after the other.
        self._copy = sqlite3.connect(":memory:", check_same_thread=False)
        with _connection_of(state) as connection:
            connection.backup(self._copy)

    def restore(self, state: State) -> None:
        """Make a state again what it was; nobody else may be at work on it."""
        with _connection_of(state) as connection:
            self._copy.backup(connection)
        # A commit, so that nobody takes what was read before for current.
        with state.begin(is_lasting=False) as connection:
            note_account_change(connection)

    def close(self) -> None:
        """Let go of the memory."""
        self._copy.close()


@contextmanager
def _connection_of(state: State) -> Iterator[sqlite3.Connection]:
    """Give a connection of the driver's own."""
    pooled = state.engine.raw_connection()
    try:
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        yield connection
    finally:
        pooled.close()

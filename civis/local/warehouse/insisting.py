"""An interrupt that the engine cannot miss.

The engine forgets an interrupt that reaches a connection between two statements: the next statement starts as
if nobody had asked for its end. So it is repeated until the call is over. Knows nothing of SQL.
"""

from __future__ import annotations

import threading

import duckdb

__all__ = ["Insistence"]

REPEAT_SECONDS = 0.05
"""Time between two interrupts of one connection."""


class Insistence:
    """Interrupts a connection until its call is over.

    Parameters
    ----------
    cursor : duckdb.DuckDBPyConnection
        The call's connection.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Interrupt the connection from now on; it does nothing once the call is over."""
        with self._lock:
            if self._ended.is_set() or self._thread is not None:
                return
            self._thread = threading.Thread(target=self._repeat, name="civis-interrupt", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Interrupt no more: after this the connection is the caller's alone."""
        with self._lock:
            self._ended.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _repeat(self) -> None:
        """Interrupt until the call has noticed."""
        while not self._ended.is_set():
            self._cursor.interrupt()
            self._ended.wait(REPEAT_SECONDS)

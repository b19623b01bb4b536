"""An interrupt that arrives while nothing runs still ends what is run next."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import duckdb
import pytest

from civis.local.warehouse.insisting import Insistence

#: Takes far longer than any test waits.
LONG_SQL = (
    "select count(*) from range(100000) a, range(100000) b, range(100000) c where a.range + b.range = c.range"
)


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    yield connection
    connection.close()


def test_an_interrupt_between_two_statements_ends_the_second(cursor: duckdb.DuckDBPyConnection) -> None:
    insistence = Insistence(cursor)
    cursor.execute("select 1")
    insistence.start()  # the engine alone would have forgotten it when the next statement begins
    with pytest.raises(duckdb.InterruptException):
        cursor.execute(LONG_SQL)
    insistence.end()
    assert cursor.execute("select 2").fetchall() == [(2,)]


def test_nothing_is_interrupted_once_the_call_is_over(cursor: duckdb.DuckDBPyConnection) -> None:
    insistence = Insistence(cursor)
    insistence.end()
    cursor.close()
    insistence.start()  # a late request for the end of a call whose connection is gone
    assert "civis-interrupt" not in {thread.name for thread in threading.enumerate()}


def test_many_requests_are_one(cursor: duckdb.DuckDBPyConnection) -> None:
    insistence = Insistence(cursor)
    for _ in range(5):
        insistence.start()
    names = [thread.name for thread in threading.enumerate()]
    insistence.end()
    assert names.count("civis-interrupt") == 1

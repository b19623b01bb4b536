"""An error that the engine does not outlive ends its own call; the file is opened anew for all others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from civis.local.warehouse import Database, SqlError, TableLoad
from civis.local.warehouse.opened import OpenedFile, is_fatal
from tests.local.warehouse.conftest import Rows

#: A flaw of DuckDB 1.x and 2.0: sorting by the row's number after a QUALIFY mixes up columns.
BREAKING = (
    "create temp table a (id int, v varchar, d date); insert into a values (2, 'b', '2024-01-01');"
    "select a.* from a qualify row_number() over (order by rowid) = 1 order by rowid"
)
INTERNAL = duckdb.InternalException("INTERNAL Error: a flaw of the engine's\n\nStack Trace: …")


def break_engine(database: Database) -> str:
    """Have the engine break in a session; give the error's text."""
    session = database._session(None, None)  # type: ignore[attr-defined] # no SQL breaks every version
    with pytest.raises(SqlError) as caught, session, session.errors():
        raise INTERNAL
    return str(caught.value)


def test_a_broken_engine_is_opened_anew(database: Database, rows: Rows) -> None:
    database.execute("create table t (a int); insert into t values (1)", user="ann")
    before = vars(database)["_file"]._connection
    assert break_engine(database) == "a flaw of the engine's"
    assert rows("select a from t") == ((1,),)
    assert vars(database)["_file"]._connection is not before


def test_a_statement_that_breaks_the_engine_fails_with_its_words(database: Database, rows: Rows) -> None:
    database.execute("create table t (a int)", user="ann")
    with suppress(SqlError):  # other versions of the engine do not break
        database.execute(BREAKING, user="ann")
    database.execute("insert into t values (1)", user="ann")
    assert rows("select a from t") == ((1,),)


def test_calls_beside_a_breaking_one_are_made_again(
    database: Database, rows: Rows, write: Callable[..., Path]
) -> None:
    database.execute("create table t (a int)", user="ann")
    path = write("a\n1000\n")

    def call(number: int) -> Any:
        if number % 10 == 5:
            with suppress(SqlError):
                database.execute(BREAKING, user="ann")
        elif number % 10 == 7:
            break_engine(database)
        elif number % 10 == 8:
            database.load_csv([path], "public", "t", TableLoad("append"), user="ann")
        else:
            database.execute(f"insert into t values ({number})", user="ann")

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(call, number) for number in range(50)]:
            each.result()
    assert rows("select count(*), count(distinct a) from t") == ((40, 36),)


FATAL = {
    "internal": (INTERNAL, True),
    "invalidated": (duckdb.FatalException("FATAL Error: Failed: database has been invalidated"), True),
    "by way of a stream": (duckdb.Error("INTERNAL Error: Attempted to access index 1"), True),
    "a mistake in SQL": (duckdb.BinderException("Binder Error: no INTERNAL Error"), False),
    "another library's": (RuntimeError("FATAL Error"), False),
}


@pytest.mark.parametrize("case", FATAL)
def test_which_errors_are_fatal(case: str) -> None:
    error, expected = FATAL[case]
    assert is_fatal(error) is expected


def test_a_new_connection_waits_for_those_to_the_broken_engine(tmp_path: Path) -> None:
    file = OpenedFile(lambda: duckdb.connect(str(tmp_path / "file")))
    broken, other = file.connect(), file.connect()
    file.release(broken, is_broken=True)
    is_open = threading.Event()

    def connect() -> None:
        fresh = file.connect()
        is_open.set()
        file.release(fresh, is_broken=False)

    thread = threading.Thread(target=connect)
    thread.start()
    assert file.is_broken
    assert not is_open.is_set()
    file.release(other, is_broken=False)
    thread.join()
    assert is_open.is_set()
    assert not file.is_broken
    file.close()


def test_a_call_whose_connection_fails_hands_its_turn_on(database: Database, rows: Rows) -> None:
    opened = vars(database)["_file"]
    opened.close()  # as if the file had gone away
    with pytest.raises(SqlError):
        database.execute("create table t (a int)", user="ann")
    opened._is_broken = True
    database.execute("create table t (a int)", user="ann")
    assert rows("select count(*) from t") == ((0,),)

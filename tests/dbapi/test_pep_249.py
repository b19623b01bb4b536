"""What PEP 249 asks for, point by point."""

from __future__ import annotations

import datetime
import inspect
from typing import Any

import pytest

from civis import dbapi
from civis.client import APIClient

THREE = "SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, NULL)) AS t (number, letter) ORDER BY number"
ERRORS = {
    "Warning": Exception,
    "Error": Exception,
    "InterfaceError": dbapi.Error,
    "DatabaseError": dbapi.Error,
    "DataError": dbapi.DatabaseError,
    "OperationalError": dbapi.DatabaseError,
    "IntegrityError": dbapi.DatabaseError,
    "InternalError": dbapi.DatabaseError,
    "ProgrammingError": dbapi.DatabaseError,
    "NotSupportedError": dbapi.DatabaseError,
}


def test_globals() -> None:
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "qmark")
    assert next(iter(inspect.signature(dbapi.connect).parameters)) == "database"


@pytest.mark.parametrize("name", ERRORS)
def test_errors_and_their_bases(name: str) -> None:
    error = getattr(dbapi, name)
    assert error.__bases__ == (ERRORS[name],)
    assert getattr(dbapi.Connection, name) is error


@pytest.mark.parametrize("name", ["close", "commit", "rollback", "cursor"])
def test_methods_of_a_connection(name: str) -> None:
    assert callable(getattr(dbapi.Connection, name))


@pytest.mark.parametrize(
    "name",
    [
        "close",
        "execute",
        "executemany",
        "fetchone",
        "fetchmany",
        "fetchall",
        "setinputsizes",
        "setoutputsize",
    ],
)
def test_methods_of_a_cursor(name: str) -> None:
    assert callable(getattr(dbapi.Cursor, name))


def test_before_anything_was_run(cursor: dbapi.Cursor, connection: dbapi.Connection) -> None:
    assert (cursor.description, cursor.rowcount, cursor.arraysize) == (None, -1, 1)
    assert cursor.connection is connection
    cursor.setinputsizes([None])
    cursor.setoutputsize(100)
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall, cursor.fetch_arrow_table):
        with pytest.raises(dbapi.ProgrammingError, match="execute a query"):
            fetch()


def test_rows_one_by_one_several_and_all(cursor: dbapi.Cursor) -> None:
    assert cursor.execute(THREE) is cursor
    assert cursor.rowcount == -1
    assert cursor.fetchone() == (1, "a")
    assert cursor.fetchmany() == [(2, "b")]
    assert cursor.fetchmany(5) == [(3, None)]
    assert (cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall()) == (None, [], [])
    assert cursor.rowcount == 3
    assert list(cursor.execute(THREE)) == [(1, "a"), (2, "b"), (3, None)]
    cursor.arraysize = 2
    assert len(cursor.execute(THREE).fetchmany()) == 2
    assert cursor.fetchall() == [(3, None)]


def test_description(cursor: dbapi.Cursor) -> None:
    cursor.execute(
        "SELECT 1 AS i, 'x' AS s, 0.5::float8 AS f, true AS b, DATE '2020-01-02' AS d, "
        "TIMESTAMP '2020-01-02 03:04:05' AS t, 12345678901234567890.25::numeric(30, 2) AS n, 1 AS i"
    )
    assert cursor.description is not None
    assert [column[0] for column in cursor.description] == ["i", "s", "f", "b", "d", "t", "n", "i"]
    assert {len(column) for column in cursor.description} == {7}
    kinds = ["NUMBER", "STRING", "NUMBER", "NUMBER", "DATETIME", "DATETIME", "NUMBER", "NUMBER"]
    for column, kind in zip(cursor.description, kinds, strict=True):
        equal = [name for name in ("STRING", "BINARY", "NUMBER", "DATETIME", "ROWID")
                 if column[1] == getattr(dbapi, name)]  # fmt: skip
        assert equal == [kind], column
    assert cursor.description[6][4:6] == (30, 2)


def test_a_result_without_rows_has_columns(cursor: dbapi.Cursor) -> None:
    cursor.execute("SELECT 1 AS one, name FROM (SELECT 'x' AS name) AS t WHERE name = ? -- none", ["y"])
    assert cursor.description is not None
    assert [(column[0], column[1]) for column in cursor.description] == [("one", "int32"), ("name", "string")]
    assert (cursor.rowcount, cursor.fetchall(), cursor.fetchone()) == (0, [], None)


def test_statements_without_a_result(cursor: dbapi.Cursor, client: APIClient) -> None:
    cursor.execute(THREE)
    cursor.execute("CREATE TABLE public.pep (a int)")
    assert (cursor.description, cursor.rowcount) == (None, -1)
    with pytest.raises(dbapi.ProgrammingError, match="execute a query"):
        cursor.fetchall()
    before = len(client.jobs.list(hidden=True, iterator=False))
    assert cursor.execute("INSERT INTO public.pep VALUES (?)", [5]).description is None
    assert len(client.jobs.list(hidden=True, iterator=False)) in (
        before + 1,
        before,
    )  # one job, or a full page
    cursor.executemany("INSERT INTO public.pep VALUES (:a)", [{"a": 6}, {"a": 7}])
    assert cursor.description is None
    assert cursor.execute("SELECT a FROM public.pep ORDER BY a").fetchall() == [(5,), (6,), (7,)]


def test_no_transactions(connection: dbapi.Connection) -> None:
    connection.commit()
    with pytest.raises(dbapi.NotSupportedError, match="no transactions"):
        connection.rollback()


def test_what_is_closed_refuses(client: APIClient) -> None:
    connection = dbapi.connect("local", client)
    cursor = connection.cursor()
    cursor.execute(THREE)
    with connection.cursor() as other:
        pass
    for use in (other.fetchone, lambda: other.execute(THREE), lambda: other.executemany(THREE, [])):
        with pytest.raises(dbapi.InterfaceError, match="cursor is closed"):
            use()
    connection.close()
    connection.close()
    for use in (connection.cursor, connection.commit, cursor.fetchone):
        with pytest.raises(dbapi.InterfaceError, match="connection is closed"):
            use()
    cursor.close()
    client.users.get_me()  # the caller's client is the caller's to close


def test_constructors() -> None:
    made: list[tuple[Any, Any]] = [
        (dbapi.Date(2020, 1, 2), datetime.date(2020, 1, 2)),
        (dbapi.Time(3, 4, 5), datetime.time(3, 4, 5)),
        (dbapi.Timestamp(2020, 1, 2, 3, 4, 5), datetime.datetime(2020, 1, 2, 3, 4, 5)),
        (dbapi.Binary(b"x"), b"x"),
    ]
    assert [each for each, _ in made] == [wanted for _, wanted in made]
    ticks = 86_400.0 * 365
    now = datetime.datetime.fromtimestamp(ticks)
    assert dbapi.DateFromTicks(ticks) == now.date()
    assert dbapi.TimeFromTicks(ticks) == now.time()
    assert dbapi.TimestampFromTicks(ticks) == now


def test_type_objects_are_no_other() -> None:
    assert dbapi.NUMBER == dbapi.NUMBER
    assert dbapi.NUMBER != dbapi.STRING
    assert dbapi.NUMBER != 1
    assert repr(dbapi.NUMBER) == "civis.dbapi.NUMBER"

"""Connections with other libraries, with errors of the platform, and with large results."""

from __future__ import annotations

import threading

import pandas as pd
import pytest

from civis import dbapi
from civis.base import CivisAPIKeyMissingError, CivisJobFailure
from civis.client import APIClient
from civis.local import Platform


def read(sql: str, connection: dbapi.Connection, **arguments: object) -> pd.DataFrame:
    """Read by pandas, which says that it tests SQLAlchemy's connections only."""
    with pytest.warns(UserWarning, match="pandas only supports SQLAlchemy"):
        return pd.read_sql(sql, connection, **arguments)  # type: ignore[call-overload]


def test_pandas_reads(connection: dbapi.Connection) -> None:
    sql = "SELECT * FROM (VALUES (1, '02139'), (2, 'x')) AS t (a, zip) WHERE a < ? ORDER BY a"
    assert read(sql, connection, params=[3]).to_dict("list") == {"a": [1, 2], "zip": ["02139", "x"]}
    empty = read(sql, connection, params=(0,))
    assert (list(empty.columns), len(empty)) == (["a", "zip"], 0)
    with pytest.warns(UserWarning, match="pandas only"):
        chunks = list(pd.read_sql("SELECT range AS n FROM range(5)", connection, chunksize=2))  # type: ignore[call-overload]
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]


def test_pandas_names_what_failed(connection: dbapi.Connection) -> None:
    # Up to pandas 2, it wraps the error.
    with pytest.raises((pd.errors.DatabaseError, dbapi.DatabaseError), match="no_such_table"):
        read("SELECT * FROM no_such_table", connection)


def test_sql_that_fails(cursor: dbapi.Cursor) -> None:
    with pytest.raises(dbapi.DatabaseError, match="no_such_table") as caught:
        cursor.execute("SELECT * FROM no_such_table")
    assert isinstance(caught.value.__cause__, CivisJobFailure)
    assert cursor.description is None


def test_no_such_database(client: APIClient) -> None:
    with pytest.raises(dbapi.DataError, match="nowhere"):
        dbapi.connect("nowhere", client)


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIVIS_API_KEY", raising=False)
    with pytest.raises(dbapi.OperationalError) as caught:
        dbapi.connect("local")
    assert isinstance(caught.value.__cause__, CivisAPIKeyMissingError)


def test_a_client_of_its_own(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    with dbapi.connect("local") as connection:
        assert connection.execute("SELECT 1 AS one").fetchone() == (1,)
        assert repr(connection).startswith("<civis.dbapi.Connection to database ")
    assert repr(connection).endswith(", closed>")


def test_a_large_result_row_by_row_and_as_a_table(connection: dbapi.Connection) -> None:
    sql = "SELECT range AS n, 'v' || range AS t FROM range(25000) ORDER BY n"
    cursor = connection.execute(sql)
    assert cursor.fetchone() == (0, "v0")
    with pytest.raises(dbapi.InterfaceError, match="fetched already"):
        cursor.fetch_arrow_table()
    assert len(cursor.fetchall()) == 24_999
    assert cursor.rowcount == 25_000
    table = connection.execute(sql).fetch_arrow_table()
    assert (table.num_rows, table.column_names) == (25_000, ["n", "t"])


def test_a_result_that_nobody_reads_is_put_away(connection: dbapi.Connection) -> None:
    with connection.execute("SELECT range AS n FROM range(25000)") as cursor:
        assert cursor.fetchone() is not None
        cursor.execute("SELECT 1 AS one")
        assert cursor.fetchall() == [(1,)]


def test_threads_share_a_connection(connection: dbapi.Connection) -> None:
    found: list[object] = []

    def ask(number: int) -> None:
        found.append(connection.execute("SELECT ? AS n", [number]).fetchone())

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(number,) for number in range(4)]  # type: ignore[type-var]

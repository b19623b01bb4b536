"""The gateway, asked in PostgreSQL's protocol over a real socket, and what it makes of statements."""

from __future__ import annotations

import io
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("duckdb")

from civis.local.gateway import Gateway, protocol
from civis.local.gateway.statements import plan
from civis.local.warehouse import Warehouse


class Client:
    """As much of a PostgreSQL driver as the tests need."""

    def __init__(self, port: int, password: str = "pw", *, asks_for_tls: bool = False) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._stream = self._socket.makefile("rb")
        if asks_for_tls:
            self._socket.sendall(struct.pack("!ii", 8, 80_877_103))
            assert self._stream.read(1) == b"N"
        parameters = b"user\0ann\0database\0local\0\0"
        self._socket.sendall(struct.pack("!ii", 8 + len(parameters), protocol.STARTUP) + parameters)
        assert self.receive() == (b"R", struct.pack("!i", 3))
        self._socket.sendall(protocol.message(b"p", password.encode() + b"\0"))
        self.greeting = self.until_ready()

    def receive(self) -> tuple[bytes, bytes]:
        return protocol.read_message(self._stream)  # type: ignore[arg-type]

    def until_ready(self) -> list[tuple[bytes, bytes]]:
        found = []
        while True:
            found.append(self.receive())
            if found[-1][0] == b"Z" or found[-1][1].startswith(b"SERROR\0VERROR\0C28P01"):
                return found

    def ask(self, sql: str) -> tuple[list[list[str | None]], str, str]:
        """Send a query; give its rows, its tag or error, and the state of the transaction."""
        self._socket.sendall(protocol.message(b"Q", sql.encode() + b"\0"))
        rows, tag, state = [], "", ""
        for kind, content in self.until_ready():
            if kind == b"D":
                rows.append(row_of(content))
            elif kind == b"C":
                tag = content.rstrip(b"\0").decode()
            elif kind == b"E":
                tag = content.split(b"\0M")[1].rstrip(b"\0").decode()
            elif kind == b"Z":
                state = content.decode()
        return rows, tag, state

    def close(self) -> None:
        self._socket.sendall(protocol.message(b"X"))
        self._stream.close()
        self._socket.close()


def row_of(content: bytes) -> list[str | None]:
    """Read a row as a driver does."""
    (count,) = struct.unpack_from("!h", content)
    found: list[str | None] = []
    place = 2
    for _ in range(count):
        (size,) = struct.unpack_from("!i", content, place)
        place += 4
        found.append(None if size < 0 else content[place : place + size].decode())
        place += max(size, 0)
    return found


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Any]:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        database = warehouse.database("local")
        with Gateway(database, user="ann", password="pw", scratch="scratch") as running:
            yield running
        assert "scratch" not in database.schemas()


@contextmanager
def connected(gateway: Gateway, **options: Any) -> Iterator[Client]:
    client = Client(gateway.port, **options)
    try:
        yield client
    finally:
        client.close()


def test_statements_are_run_and_rows_come_back(gateway: Gateway) -> None:
    with connected(gateway, asks_for_tls=True) as client:
        assert ("S", b"server_encoding\0UTF8\0") in [(k.decode(), c) for k, c in client.greeting]
        assert client.ask("create table t (a integer, b varchar(9))") == ([], "CREATE TABLE", "I")
        assert client.ask("insert into t values (1, 'é'), (2, null)")[1] == "INSERT 0 2"
        rows = [["1", "é", "t"], ["2", None, "t"]]
        assert client.ask("select a, b, true from t order by a") == (rows, "SELECT 2", "I")
        assert client.ask("delete from t where a = 1")[1] == "DELETE 1"
        assert client.ask("")[1] == ""


def test_what_follows_a_setting_is_done_too(gateway: Gateway) -> None:
    with connected(gateway) as client:
        client.ask("create table t as select 1 as a")
        assert client.ask("set statement_timeout to 'a;b'")[1] == "SET"
        client.ask("set timezone = 'UTC'; delete from t")
        assert client.ask("select count(*) from t")[0] == [["0"]]


def test_a_statement_that_no_parser_reads_ends_no_connection(gateway: Gateway) -> None:
    with connected(gateway) as client:
        assert "nested too deeply" in client.ask(f"select {'(' * 3000}1{')' * 3000}")[1]
        assert client.ask("select 1") == ([["1"]], "SELECT 1", "I")


def test_who_has_given_no_password_is_not_read_at_length(gateway: Gateway) -> None:
    for size in (10_001, 64 * 1024 * 1024):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as stranger:
            stranger.sendall(struct.pack("!ii", size, protocol.STARTUP))
            assert stranger.recv(1) == b""


def test_a_connection_that_comes_at_the_end_is_closed(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        for _ in range(30):
            with Gateway(warehouse.database("local"), user="ann", password="pw") as gateway:
                late = [socket.create_connection(("127.0.0.1", gateway.port), timeout=30) for _ in range(5)]
            for each in late:
                with each:  # its thread has ended, so nobody answers
                    each.settimeout(30)
                    with suppress(ConnectionError):
                        assert each.recv(1) == b""
            assert not [each for each in threading.enumerate() if each.name == "civis-platform-gateway"]


def test_transactions_have_states_and_an_error_fails_them(gateway: Gateway) -> None:
    with connected(gateway) as client:
        assert client.ask("BEGIN") == ([], "BEGIN", "T")
        assert client.ask("select * from nowhere")[1:] == ('relation "nowhere" does not exist.', "E")
        assert "end it with ROLLBACK" in client.ask("select 1")[1]
        assert client.ask("ROLLBACK;") == ([], "ROLLBACK", "I")
        assert client.ask("select 1") == ([["1"]], "SELECT 1", "I")


def test_temporary_tables_are_there_for_later_statements_and_other_connections(gateway: Gateway) -> None:
    with connected(gateway) as client, connected(gateway) as other:
        assert client.ask("/* dbt */ create temporary table x as (select 7 as a)")[1] == "CREATE TABLE"
        assert client.ask("create table t as select a + 1 as b from x")[1] == "CREATE TABLE"
        assert other.ask('select a, b from "x", public.t')[0] == [["7", "8"]]


def test_a_wrong_password_lets_nobody_in(gateway: Gateway) -> None:
    client = Client(gateway.port, "wrong")
    assert client.greeting[-1][1].endswith(b"Mpassword authentication failed\0\0")
    client._stream.close()
    client._socket.close()


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x08\0\0\0\0", b"", b"\0\0"])
def test_who_does_not_speak_the_protocol_is_left(gateway: Gateway, first: bytes) -> None:
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(first)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


def test_other_messages_are_refused_and_the_connection_goes_on(gateway: Gateway) -> None:
    with connected(gateway) as client:
        client._socket.sendall(protocol.message(b"P", b"\0select 1\0\0\0"))
        assert b"only simple queries" in client.until_ready()[0][1]
        assert client.ask("select 1")[0] == [["1"]]


def test_the_end_of_the_gateway_ends_what_runs(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        with Gateway(warehouse.database("local"), user="ann", password="pw") as gateway:
            client = Client(gateway.port)
            slow = "select count(*) from range(100000000000) t(a)"
            client._socket.sendall(protocol.message(b"Q", slow.encode() + b"\0"))
        client._stream.close()
        client._socket.close()


PLANS = [
    pytest.param("begin transaction", None, "begin", id="begin"),
    pytest.param(" -- so\nCOMMIT; ", None, "end", id="commit"),
    pytest.param("set application_name = 'dbt'", None, "", id="a setting"),
    pytest.param("set search_path to a", "set search_path to a", "", id="the search path"),
    pytest.param("create temp table t (a int)", 'create table "s".t (a int)', "", id="temporary"),
    pytest.param("select pg_terminate_backend(1)", None, "", id="ending another connection"),
    pytest.param("select i.relname as name from pg_index i", None, "", id="indexes"),
    pytest.param("select 'from pg_tables'", "select 'from pg_tables'", "", id="a text"),
    pytest.param("select a from t union all select b from u", None, "", id="a union"),
    pytest.param(
        "select tablename from pg_tables union all select matviewname from pg_matviews",
        "select tablename from pg_tables ",
        "",
        id="materialized views",
    ),
]


@pytest.mark.parametrize(("text", "sql", "transaction"), PLANS)
def test_what_becomes_of_a_statement(text: str, sql: str | None, transaction: str) -> None:
    found = plan(text, "s")
    if "union all select b" in text:
        sql = text
    assert (found.sql, found.transaction) == (sql, transaction)


def test_questions_about_what_there_is_not_have_columns_and_no_rows() -> None:
    found = plan('select i.relname as name, m.amname as "method" from pg_index i join pg_am m on 1 = 1', "s")
    assert [each.name for each in found.columns] == ["name", "method"]


@given(st.binary(max_size=60))
def test_whatever_comes_first_is_read_or_refused(first: bytes) -> None:
    try:
        code, parameters = protocol.read_startup(io.BytesIO(first), io.BytesIO())
    except (EOFError, protocol.ProtocolError, UnicodeDecodeError):
        return
    assert code in (protocol.STARTUP, protocol.CANCEL)
    assert isinstance(parameters, dict)

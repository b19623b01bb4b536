"""Statements past SQLAlchemy give and refuse what SQLAlchemy does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civis.local.state import State, objects, runs, schema
from civis.local.state.database import part_of
from civis.local.state.direct import Direct, parameters_of

TABLE = schema.objects
NOW = datetime(2026, 4, 17, 18, 31, 51, 250_000, tzinfo=timezone.utc)
INSERT = Direct(
    sa.insert(TABLE).values(parameters_of(TABLE, TABLE.c.keys())).returning(TABLE),
    TABLE.c,
)
OF_ID = sa.select(TABLE).where(TABLE.c.id == sa.bindparam("id"))
ROW: dict[str, Any] = {
    "id": 1,
    "kind": "note",
    "parent_id": None,
    "name": "Ünïcode ☃ 'quoted'",
    "author_id": 7,
    "hidden": True,
    "archived": False,
    "created_at": NOW,
    "updated_at": NOW,
    "document": {"a": [1, None, {"b": "ß"}], "when": NOW},
}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """Give a state whose tests each undo what they write."""
    state = State(f"sqlite:///{Path(tmp_path_factory.mktemp('direct')) / 'state.db'}")
    yield state
    state.close()


@pytest.fixture
def connection(state: State) -> Iterator[sa.Connection]:
    """Give a write transaction that is undone."""
    with state.begin() as connection:
        yield connection
        connection.rollback()


def test_a_row_comes_back_with_the_types_that_sqlalchemy_gives(connection: sa.Connection) -> None:
    [row] = INSERT.rows(connection, ROW)
    assert row == tuple(connection.execute(OF_ID, {"id": 1}).one())
    assert row[5:9] == (True, False, NOW, NOW)
    assert row[9]["when"] == "2026-04-17T18:31:51.250Z"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(blacklist_categories=["Cs"])),
    moment=st.datetimes(timezones=st.just(timezone.utc)),
    flags=st.tuples(st.booleans(), st.booleans()),
    document=st.dictionaries(
        st.text(st.characters(blacklist_categories=["Cs"])), st.none() | st.floats(0, 1)
    ),
)
def test_any_values_are_stored_as_sqlalchemy_stores_them(
    state: State, name: str, moment: datetime, flags: tuple[bool, bool], document: dict[str, Any]
) -> None:
    values = {**ROW, "name": name, "created_at": moment, "hidden": flags[0], "archived": flags[1]}
    values["document"] = document
    with state.begin() as connection:
        [direct] = INSERT.rows(connection, values)
        connection.execute(sa.insert(TABLE), {**values, "id": 2})
        usual = connection.execute(OF_ID, {"id": 2}).one()
        raw = [
            tuple(connection.exec_driver_sql(f"select * from objects where id = {id}").one())[1:]
            for id in (1, 2)
        ]
        connection.exec_driver_sql("delete from objects")
    assert direct[1:] == tuple(usual)[1:]
    assert raw[0] == raw[1]


def test_values_that_stand_in_the_statement_need_not_be_given(connection: sa.Connection) -> None:
    INSERT.rows(connection, ROW)
    query = (
        sa.select(TABLE.c.id + 41).where(TABLE.c.kind == "note", TABLE.c.id == sa.bindparam("id")).limit(1)
    )
    assert Direct(query).first(connection, {"id": 1}) == (42,)
    assert Direct(query).first(connection, {"id": 2}) is None


def test_a_statement_without_rows_gives_none(connection: sa.Connection) -> None:
    INSERT.rows(connection, ROW)
    change = (
        sa.update(TABLE).where(TABLE.c.id == sa.bindparam("its_id")).values(parameters_of(TABLE, ["name"]))
    )
    assert Direct(change).rows(connection, {"its_id": 1, "name": "other"}) == []
    assert Direct(OF_ID, TABLE.c).first(connection, {"id": 1})[3] == "other"  # type: ignore[index]


REFUSED = [
    pytest.param({"kind": None}, sa.exc.IntegrityError, "NOT NULL", id="null where there must be a value"),
    pytest.param({"document": {"x": object()}}, sa.exc.StatementError, "cannot hold", id="no JSON"),
    pytest.param({"id": 2**70}, OverflowError, "too large", id="a number that SQLite cannot hold"),
]


@pytest.mark.parametrize(("changes", "error", "words"), REFUSED)
def test_what_sqlite_refuses_raises_what_sqlalchemy_raises(
    connection: sa.Connection, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        INSERT.rows(connection, {**ROW, **changes})
    with pytest.raises(error, match=words):
        connection.execute(sa.insert(TABLE), {**ROW, **changes})


def test_an_error_tells_no_values(connection: sa.Connection) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught:
        INSERT.rows(connection, {**ROW, "kind": None, "document": {"password": "hunter2"}})
    assert "hunter2" not in str(caught.value)


def test_a_reader_has_one_transaction_for_all_its_statements(state: State) -> None:
    with state.begin() as writing:
        INSERT.rows(writing, ROW)
    with state.read() as reading:
        assert objects.find(reading, 1) is not None
        with state.begin() as writing:
            objects.remove(writing, 1)
        assert objects.find(reading, 1) is not None
    with state.read() as reading:
        assert objects.find(reading, 1) is None


def test_a_writer_that_may_only_read_is_told_as_sqlalchemy_tells(state: State) -> None:
    with state.begin() as writing:
        INSERT.rows(writing, ROW)
    with state.read() as reading:
        assert objects.find(reading, 1) is not None
        with state.begin() as writing:
            objects.remove(writing, 1)
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            INSERT.rows(reading, {**ROW, "id": 3})


def insert_and_fail(connection: sa.Connection, *ids: int) -> None:
    """Insert each in a part of its own, within a part that fails."""
    with part_of(connection):
        for id in ids:
            with part_of(connection):
                INSERT.rows(connection, {**ROW, "id": id})
        raise LookupError


def test_a_part_within_a_part_is_undone_alone(connection: sa.Connection) -> None:
    with part_of(connection):
        INSERT.rows(connection, ROW)
        with pytest.raises(LookupError):
            insert_and_fail(connection, 2)
        INSERT.rows(connection, {**ROW, "id": 3})
    assert [objects.find(connection, id) is not None for id in (1, 2, 3)] == [True, False, True]


def test_a_part_that_is_undone_takes_those_within_it_along(connection: sa.Connection) -> None:
    INSERT.rows(connection, ROW)
    with pytest.raises(LookupError):
        insert_and_fail(connection, 2, 3)
    assert [objects.find(connection, id) is not None for id in (1, 2, 3)] == [True, False, False]


def test_runs_in_no_state_are_none(connection: sa.Connection) -> None:
    INSERT.rows(connection, ROW)
    run = runs.insert_run(connection, 1, now=NOW)
    assert not runs.has_run_in(connection, 1, [])
    assert runs.has_run_in(connection, 1, ["queued"])
    assert not runs.has_run_in(connection, 1, ["running", "failed", "succeeded"])
    assert runs.fetch_run(connection, 1, run.id) == run

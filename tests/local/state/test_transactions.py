"""What a transaction of the state carries, when it begins, and what of it is left when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from civis.local.state import State, objects, runs
from civis.local.state.database import note_in, noted_in
from civis.local.state.objects import IDLE


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.close()


def _opened(state: State, way: str) -> AbstractContextManager[Connection]:
    return state.begin() if way == "writing" else state.read()


@pytest.mark.parametrize("way", ["reading", "writing"])
@pytest.mark.parametrize("is_failing", [False, True], ids=["ended", "raised"])
def test_notes_are_gone_when_the_transaction_is(state: State, way: str, is_failing: bool) -> None:
    """The pool hands one connection to transaction after transaction."""
    for _ in range(3):
        try:
            with _opened(state, way) as connection:
                assert "who acts" not in noted_in(connection)
                note_in(connection, "who acts", 7)
                assert noted_in(connection)["who acts"] == 7
                assert not is_failing or 1 / 0
        except ZeroDivisionError:
            assert is_failing
    with state.engine.connect() as plain:
        assert noted_in(plain) == {}


def test_a_connection_that_is_no_transaction_takes_no_notes(state: State) -> None:
    with state.engine.connect() as plain, pytest.raises(RuntimeError, match=r"state\.read"):
        note_in(plain, "who acts", 7)


def test_reading_begins_with_the_first_question(state: State) -> None:
    with state.read() as connection:
        assert not connection.in_transaction()
        assert objects.count_objects(connection) == 0
        assert connection.in_transaction()
        with state.begin() as other:
            objects.insert(other, "file", {}, now=0.0)
        assert objects.count_objects(connection) == 0  # as it was when it was asked first


def _write_and_fail(state: State) -> None:
    with state.read() as connection:
        objects.insert(connection, "file", {}, now=0.0)
        raise ZeroDivisionError


def test_what_a_reader_has_to_write_is_kept_unless_it_raises(state: State) -> None:
    with state.read() as connection:
        kept = objects.insert(connection, "file", {}, now=0.0)
    with pytest.raises(ZeroDivisionError):
        _write_and_fail(state)
    with state.read() as connection:
        assert [each.id for each in objects.select_objects(connection)] == [kept.id]


def test_the_latest_child_of_each_of_several_parents(state: State) -> None:
    with state.begin() as connection:
        parents = [objects.insert(connection, "notebook", {}, now=0.0).id for _ in range(3)]
        made = [
            objects.insert(connection, kind, {}, now=0.0, parent_id=parent).id
            for kind, parent in (
                ("deployment", parents[0]),
                ("deployment", parents[0]),
                ("deployment", parents[1]),
                ("file", parents[1]),  # of another kind
            )
        ]
        found = objects.latest_children(connection, "deployment", parents)
        latest = {parent: each.id for parent, each in found.items()}
        assert latest == {parents[0]: made[1], parents[1]: made[2]}
        assert objects.latest_children(connection, "deployment", []) == {}


def test_objects_are_counted_by_an_id_in_their_documents(state: State) -> None:
    with state.begin() as connection:
        for id in (5, 5, 6, None):
            objects.insert(connection, "report", {"template_id": id}, now=0.0)
        objects.insert(connection, "report", {}, now=0.0)
        objects.insert(connection, "file", {"template_id": 5}, now=0.0)
        assert objects.count_by_field(connection, "report", "template_id", [5, 7]) == {5: 2}
        assert objects.count_by_field(connection, "report", "template_id", []) == {}


def test_idle_are_those_that_never_ran(state: State) -> None:
    with state.begin() as connection:
        idle, ran = (objects.insert(connection, "script", {}, now=0.0, name=name).id for name in "ab")
        runs.insert_run(connection, ran, now=0.0)
        cases = [(IDLE, [idle]), ([IDLE], [idle]), ([IDLE, "queued"], [idle, ran]), ("queued", [ran])]
        for asked, expected in cases:
            found = objects.select_objects(connection, descending=False, run_state=asked)
            assert [each.id for each in found] == expected, asked

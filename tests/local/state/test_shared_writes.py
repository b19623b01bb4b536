"""Writes of several threads in one transaction of a real SQLite file."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state import SharedWrites, State, after_commit, objects

Write = Callable[[Connection], Any]

_THREADS = 80


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.close()


@pytest.fixture
def commits(state: State) -> list[int]:
    """What grows by one with every commit."""
    found: list[int] = []
    sa.event.listen(state.engine, "commit", lambda connection: found.append(1))
    return found


def note(name: str) -> Write:
    """Write an object of a name."""
    return lambda connection: objects.insert(connection, "note", {}, now=0.0, name=name).name


def fail(connection: Connection) -> None:
    """Write something, then raise."""
    note("undone")(connection)
    after_commit(connection, lambda: pytest.fail("told of what was undone"))
    raise ValueError("no")


def lose_all(connection: Connection) -> None:
    """Have the database undo the transaction and raise, as SQLite does when the disk is full."""
    note("undone")(connection)
    connection.connection.dbapi_connection.execute("ROLLBACK")  # type: ignore[union-attr, attr-defined]
    raise OSError("disk full")


def names(state: State) -> list[str]:
    with state.read() as connection:
        return sorted(each.name for each in objects.select_objects(connection, "note"))


@contextmanager
def gathered(state: State, *writes: Write, is_lasting: bool = True) -> Iterator[list[Future[Any]]]:
    """Have threads ask for writes while another transaction is under way; it ends before the block begins."""
    shared = SharedWrites(state)
    with ThreadPoolExecutor(_THREADS) as threads:
        with state.begin():
            asked = []
            for number, each in enumerate(writes, 1):
                asked.append(threads.submit(shared.write, each, is_lasting=is_lasting))
                while shared.waiting < number:
                    time.sleep(0.001)
        yield asked
    assert shared.waiting == 0


def test_what_gathers_is_written_in_one_transaction(state: State, commits: list[int]) -> None:
    wanted = [f"{number:02}" for number in range(20)]
    with gathered(state, *map(note, wanted)) as asked:
        assert [each.result() for each in asked] == wanted
    assert names(state) == wanted
    assert len(commits) == 3  # of what was under way, of all of these, and of reading them


def test_more_than_one_transaction_takes_are_written_in_several(state: State) -> None:
    wanted = [f"{number:02}" for number in range(_THREADS)]
    with gathered(state, *map(note, wanted)) as asked:
        assert [each.result() for each in asked] == wanted
    assert names(state) == wanted


@pytest.mark.parametrize("place", [0, 1, 2], ids=["the one who writes", "one between", "the last"])
def test_a_part_that_fails_is_undone_alone(state: State, place: int) -> None:
    writes = [note("a"), note("b")]
    writes.insert(place, fail)
    with gathered(state, *writes) as asked:
        with pytest.raises(ValueError, match="no"):
            asked.pop(place).result()
        assert [each.result() for each in asked] == ["a", "b"]
    assert names(state) == ["a", "b"]


def test_one_that_is_alone_is_undone_as_well(state: State) -> None:
    with pytest.raises(ValueError, match="no"):
        SharedWrites(state).write(fail)
    assert names(state) == []


@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "between", "last"])
def test_when_the_database_undoes_all_the_others_are_written_once_more(state: State, place: int) -> None:
    writes = [note("a"), note("b")]
    writes.insert(place, lose_all)
    with gathered(state, *writes) as asked:
        with pytest.raises(OSError, match="disk full"):
            asked.pop(place).result()
        assert [each.result() for each in asked] == ["a", "b"]
    assert names(state) == ["a", "b"]


def test_when_no_transaction_begins_all_are_told(state: State) -> None:
    def refuse(connection: Connection) -> None:
        raise OSError("no database")

    sa.event.listen(state.engine, "begin", refuse)
    shared = SharedWrites(state)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(shared.write, note("a")) for _ in range(4)]
    assert {str(each.exception()) for each in asked} == {"no database"}
    sa.event.remove(state.engine, "begin", refuse)
    assert shared.write(note("b")) == "b"


def test_a_callback_that_fails_keeps_nothing_and_nobody_from_going_on(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def write(connection: Connection) -> str:
        after_commit(connection, lambda: 1 / 0)
        after_commit(connection, lambda: told.append("told"))
        return str(note("a")(connection))

    with caplog.at_level(logging.ERROR), gathered(state, write, note("b")) as asked:
        assert [each.result() for each in asked] == ["a", "b"]
    assert told == ["told"]
    assert "ZeroDivisionError" in caplog.text
    assert names(state) == ["a", "b"]


def test_a_write_sees_the_context_of_the_thread_that_wants_it(state: State) -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    shared = SharedWrites(state)

    def ask(name: str) -> str:
        who.set(name)
        return shared.write(lambda connection: who.get())

    with ThreadPoolExecutor(4) as threads:
        with state.begin():
            asked = [threads.submit(ask, name) for name in "abcd"]
            while shared.waiting < 4:
                time.sleep(0.001)
        assert [each.result() for each in asked] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("is_lasting", "level"), [(True, 2), (False, 1)], ids=["lasting", "not lasting"])
def test_a_transaction_waits_for_the_disk_if_a_part_of_it_is_to_last(
    state: State, is_lasting: bool, level: int
) -> None:
    def ask(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    with gathered(state, ask, ask, is_lasting=is_lasting) as asked:
        assert [each.result() for each in asked] == [level, level]


def test_what_is_to_last_does_not_join_a_transaction_that_will_not(state: State) -> None:
    shared = SharedWrites(state)

    def ask(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    with ThreadPoolExecutor(2) as threads:
        with state.begin():
            passing = threads.submit(shared.write, ask, is_lasting=False)
            while not shared.waiting:
                time.sleep(0.001)
            lasting = threads.submit(shared.write, ask)
            while shared.waiting < 2:
                time.sleep(0.001)
        # The first waits for its turn by then, or has not chosen its transaction yet.
        assert (passing.result(), lasting.result()) in [(1, 2), (2, 2)]


def test_many_threads_lose_nothing_and_each_has_its_own_end(state: State) -> None:
    shared = SharedWrites(state)

    def ask(number: int) -> str:
        try:
            return str(shared.write(fail if number % 5 == 0 else note(f"{number:03}")))
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(16) as threads:
        ends = list(threads.map(ask, range(200)))
    assert ends == ["no" if number % 5 == 0 else f"{number:03}" for number in range(200)]
    assert names(state) == [f"{number:03}" for number in range(200) if number % 5]

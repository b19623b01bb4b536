"""The state on a real SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from civis.local.state import (
    ObjectNotFound,
    State,
    after_commit,
    as_datetime,
    metadata,
    moment_text,
    objects,
    runs,
)

NOW = datetime(2026, 4, 17, 18, 31, 51, 250_000, tzinfo=timezone.utc)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.close()


def test_an_object_is_read_as_it_was_stored(state: State) -> None:
    document = {"text": "ünï", "none": None, "nested": {"list": [1, 2.5, True]}}
    with state.begin() as connection:
        stored = objects.insert(
            connection, "file", document, now=NOW, name="a", author_id=7, parent_id=8, hidden=True
        )
    with state.read() as connection:
        found = objects.fetch(connection, "file", str(stored.id))
    assert found == stored
    assert (found.document, found.created_at, found.author_id, found.parent_id) == (document, NOW, 7, 8)
    assert (found.hidden, found.archived) == (True, False)


def test_objects_and_runs_share_one_sequence_of_ids_that_never_repeats(state: State) -> None:
    with state.begin() as connection:
        job = objects.insert(connection, "job", {}, now=0.0)
        run = runs.insert_run(connection, job.id, now=0.0)
        objects.remove(connection, job.id)
        other = objects.insert(connection, "file", {}, now=0.0)
    assert [job.id, run.id, other.id] == [1, 2, 3]


@pytest.mark.parametrize("id", ["", "x", "1.5", "-1", -1, 0, 99, 10**30, "9" * 19, "9" * 40, "١"])
def test_an_id_of_nothing_is_not_found(state: State, id: int | str) -> None:
    with state.begin() as connection:
        objects.insert(connection, "file", {}, now=0.0)
        with pytest.raises(ObjectNotFound, match="no file with the ID"):
            objects.fetch(connection, "file", id)


def test_an_object_of_another_kind_is_not_found(state: State) -> None:
    with state.begin() as connection:
        stored = objects.insert(connection, "file", {}, now=0.0)
        with pytest.raises(ObjectNotFound, match="no query or script with the ID 1"):
            objects.fetch(connection, ["script", "query"], stored.id)
        assert objects.fetch(connection, None, stored.id) == stored


def test_what_a_failed_transaction_did_is_undone(state: State) -> None:
    called: list[str] = []

    def work() -> None:
        with state.begin() as connection:
            objects.insert(connection, "file", {}, now=0.0)
            after_commit(connection, lambda: called.append("x"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        work()
    with state.read() as connection:
        assert objects.count_objects(connection) == 0
    assert called == []


def test_callbacks_run_after_the_commit_in_order_and_may_write(state: State) -> None:
    seen: list[int] = []

    def count() -> None:
        with state.begin() as connection:
            seen.append(objects.count_objects(connection))
            objects.insert(connection, "file", {}, now=0.0)

    with state.begin() as connection:
        after_commit(connection, count)
        after_commit(connection, count)
        objects.insert(connection, "file", {}, now=0.0)
        assert seen == []
    assert seen == [1, 2]


def test_after_commit_needs_a_write_transaction(state: State) -> None:
    with state.read() as connection, pytest.raises(RuntimeError, match=r"state\.begin"):
        after_commit(connection, print)


def test_a_reader_does_not_wait_for_a_writer(state: State) -> None:
    with state.begin() as writing:
        objects.insert(writing, "file", {}, now=0.0)
        with state.read() as reading:
            assert objects.count_objects(reading) == 0


def test_writers_on_many_threads_lose_nothing(state: State) -> None:
    with state.begin() as connection:
        counter = objects.insert(connection, "counter", {"value": 0}, now=0.0)

    def add() -> None:
        for _ in range(5):
            with state.begin() as connection:
                value = objects.fetch(connection, None, counter.id).document["value"]
                objects.update(connection, counter.id, now=0.0, document={"value": value + 1})

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with state.read() as connection:
        assert objects.fetch(connection, None, counter.id).document == {"value": 30}


def test_commits_survive_a_power_cut(state: State) -> None:
    with state.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60_000}


def test_a_write_transaction_holds_the_lock_from_its_start(state: State, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "state.db", timeout=0, isolation_level=None)
    try:
        with state.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    finally:
        other.close()


def test_a_thread_that_would_wait_for_itself_is_told(state: State) -> None:
    with state.begin(), pytest.raises(RuntimeError, match="open already"):
        state.begin().__enter__()
    with state.begin() as connection:
        assert objects.count_objects(connection) == 0


def test_the_state_is_there_again_when_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    first = State(url)
    with first.begin() as connection:
        objects.insert(connection, "file", {"a": 1}, now=NOW)
    first.close()
    second = State(url)
    with second.begin() as connection:
        assert objects.fetch(connection, "file", 1).document == {"a": 1}
        assert objects.insert(connection, "file", {}, now=NOW).id == 2
    second.close()


def test_a_state_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        State("sqlite://")


def test_update_merges_the_document_and_leaves_the_rest(state: State) -> None:
    with state.begin() as connection:
        before = objects.insert(connection, "file", {"a": 1, "b": 2}, now=NOW, name="n", author_id=3)
        after = objects.update(
            connection, before.id, now=NOW + timedelta(seconds=1), document={"b": None}, archived=True
        )
    assert (after.document, after.archived, after.name) == ({"a": 1, "b": None}, True, "n")
    assert (after.created_at, after.updated_at) == (NOW, NOW + timedelta(seconds=1))


def test_dates_in_a_document_become_text_and_nonsense_is_refused(state: State) -> None:
    with state.begin() as connection:
        stored = objects.insert(connection, "file", {"at": NOW, "day": NOW.date()}, now=NOW)
        assert stored.document == {"at": "2026-04-17T18:31:51.250Z", "day": "2026-04-17"}
        with pytest.raises(sa.exc.StatementError, match="cannot hold a object"):
            objects.insert(connection, "file", {"x": object()}, now=NOW)


FILTERS = [
    pytest.param({"kind": "a"}, ["one", "Two"], id="a kind"),
    pytest.param({"kind": ["a", "b"], "hidden": False}, ["one", "50% off"], id="kinds, not hidden"),
    pytest.param({"kind": []}, [], id="no kind at all"),
    pytest.param({"author_id": [1, 9]}, ["one", "Two"], id="any of several authors"),
    pytest.param({"parent_id": 5}, ["50% off"], id="a parent"),
    pytest.param({"name": "two"}, [], id="a name, exactly"),
    pytest.param({"name_contains": "TWO"}, ["Two"], id="part of a name, in any case"),
    pytest.param({"name_contains": "%"}, ["50% off"], id="a wildcard of SQL is plain text"),
    pytest.param({"document": {"n": 1, "s": "x"}}, ["one"], id="fields of the document"),
    pytest.param({"document": {"flag": True}}, ["Two"], id="a flag of the document"),
    pytest.param({"run_state": "failed"}, ["one"], id="the state of the latest run"),
    pytest.param({"run_state": ["queued", "succeeded"]}, ["Two"], id="several states"),
    pytest.param({"archived": True}, [], id="archived"),
]


@pytest.mark.parametrize(("filters", "names"), FILTERS)
def test_filters(state: State, filters: dict[str, object], names: list[str]) -> None:
    with state.begin() as connection:
        one = objects.insert(connection, "a", {"n": 1, "s": "x"}, now=0.0, name="one", author_id=1)
        two = objects.insert(connection, "a", {"flag": True}, now=1.0, name="Two", author_id=1, hidden=True)
        objects.insert(connection, "b", {"n": 1}, now=2.0, name="50% off", author_id=2, parent_id=5)
        for job, states in ((one, ("succeeded", "failed")), (two, ("queued",))):
            for each in states:
                runs.update_run(connection, runs.insert_run(connection, job.id, now=3.0).id, state=each)
        found = objects.select_objects(connection, descending=False, **filters)  # type: ignore[arg-type]
        assert [each.name for each in found] == names
        assert objects.count_objects(connection, **filters) == len(names)  # type: ignore[arg-type]


def test_order_limit_and_offset(state: State) -> None:
    with state.begin() as connection:
        for number in range(5):
            objects.insert(connection, "a", {}, now=float(-number), name=f"n{number % 2}")
        by_name = objects.select_objects(connection, order_by="name", descending=False)
        page = objects.select_objects(connection, order_by="created_at", limit=2, offset=1)
        rest = objects.select_objects(connection, offset=3)
        with pytest.raises(ValueError, match="cannot be ordered by 'document'"):
            objects.select_objects(connection, order_by="document")
    assert [each.id for each in by_name] == [1, 3, 5, 2, 4]
    assert [each.id for each in page] == [2, 3]
    assert [each.id for each in rest] == [2, 1]


def test_runs_with_logs_and_outputs_go_with_their_object(state: State) -> None:
    with state.begin() as connection:
        job = objects.insert(connection, "job", {}, now=0.0)
        run = runs.insert_run(connection, job.id, now=1.0, document={"a": 1})
        runs.add_log(connection, run.id, "hello", 2.0, "warn")
        runs.add_output(connection, run.id, object_type="File", object_id=9, name="f", now=3.0)
        changed = runs.update_run(connection, run.id, state="failed", error="e", document={"b": 2})
        assert (changed.state, changed.error, changed.document) == ("failed", "e", {"a": 1, "b": 2})
        assert [(line.message, line.level) for line in runs.logs(connection, run.id)] == [("hello", "warn")]
        assert [(each.object_type, each.object_id) for each in runs.outputs(connection, run.id)] == [
            ("File", 9)
        ]
        objects.remove(connection, job.id)
        assert runs.logs(connection, run.id) == []
        assert runs.outputs(connection, run.id) == []
        with pytest.raises(ObjectNotFound):
            runs.fetch_run(connection, job.id, run.id)


def test_a_run_is_found_under_its_own_job_only(state: State) -> None:
    with state.begin() as connection:
        job, other = (objects.insert(connection, "job", {}, now=0.0) for _ in range(2))
        run = runs.insert_run(connection, job.id, now=0.0)
        assert runs.fetch_run(connection, str(job.id), str(run.id)) == run
        assert runs.last_run(connection, other.id) is None
        with pytest.raises(ObjectNotFound, match="no run with the ID 3"):
            runs.fetch_run(connection, other.id, run.id)
        with pytest.raises(TypeError, match="created_at cannot be changed"):
            runs.update_run(connection, run.id, created_at=NOW)


def test_the_latest_runs_of_several_jobs(state: State) -> None:
    with state.begin() as connection:
        jobs = [objects.insert(connection, "job", {}, now=0.0) for _ in range(3)]
        made = [runs.insert_run(connection, job.id, now=0.0) for job in (jobs[0], jobs[1], jobs[0])]
        latest = runs.last_runs(connection, [job.id for job in jobs])
        assert {job: run.id for job, run in latest.items()} == {
            jobs[0].id: made[2].id,
            jobs[1].id: made[1].id,
        }
        assert [run.id for run in runs.select_runs(connection, jobs[0].id, 1, 1)] == [made[0].id]
        assert runs.count_runs(connection, state=["queued"]) == 3


def test_logs_go_on_where_a_reader_stopped(state: State) -> None:
    with state.begin() as connection:
        job = objects.insert(connection, "job", {}, now=0.0)
        run = runs.insert_run(connection, job.id, now=0.0)
        lines = [runs.add_log(connection, run.id, str(number), 0.0) for number in range(5)]

        def texts(**options: object) -> str:
            return "".join(line.message for line in runs.logs(connection, run.id, **options))  # type: ignore[arg-type]

        assert texts() == "01234"
        assert texts(after_id=lines[1].id, limit=2) == "23"
        assert texts(limit=2, latest=True) == "34"


def test_the_tables_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    assert any("BIGSERIAL" in each for each in made)  # logs and outputs count up by themselves there


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=4e9))
def test_a_clocks_seconds_become_a_moment_and_back(seconds: float) -> None:
    moment = as_datetime(seconds)
    assert moment.tzinfo is timezone.utc
    assert abs(moment.timestamp() - seconds) < 1e-5
    assert as_datetime(moment) == moment
    assert moment_text(moment).endswith("Z")

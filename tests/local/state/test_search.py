"""Search over names, the states of jobs as filters, and what is remembered until a commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from civis.local.services.job_filters import all_of, does, is_called, is_scheduled
from civis.local.state import State, objects, remembered, runs
from civis.local.state.objects import IDLE
from civis.local.state.search import count_found, ran_within, search, select_by_last_run, with_words

KINDS = ("file", "script")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.close()


@pytest.fixture
def ids(state: State) -> dict[str, int]:
    """Objects of two kinds, the later the newer, by their names."""
    with state.begin() as connection:
        made = [
            objects.insert(connection, "file", {}, now=1.0, name="Daily report", author_id=1),
            objects.insert(connection, "file", {}, now=2.0, name="report", author_id=2, archived=True),
            objects.insert(connection, "script", {}, now=3.0, name="Übung, DAILY", author_id=1),
            objects.insert(connection, "script", {}, now=4.0, name="100% of it_all", author_id=1),
            objects.insert(connection, "secret", {}, now=5.0, name="daily secret", author_id=1),
        ]
    return {each.name: each.id for each in made}


_LETTERS = st.text(alphabet="aksſKßẞﬁﬀİıÄäΣς%_\\\\' 😀\u0301", min_size=1, max_size=6)


@given(st.lists(_LETTERS, min_size=1, max_size=8), _LETTERS)
@example(["Straße", "STRASSE", "Strase"], "Straße")  # folded, the word is of ASCII, the name is not
@example(["50% off_x", "500 offax"], "% off_")
@settings(deadline=None, max_examples=60)
def test_words_are_found_as_python_finds_them(names: list[str], text: str) -> None:
    words = text.casefold().split()
    expected = sorted(each for each in names if any(word in each.casefold() for word in words) or not words)
    with TemporaryDirectory() as folder:
        state = State(f"sqlite:///{folder}/state.db")
        with state.begin() as connection:
            for each in names:
                objects.insert(connection, "file", {"sql": each}, now=1.0, name=each)
        with state.read() as connection:
            found = search(connection, ["file"], words, limit=50)
            assert sorted(each.stored.name for each in found) == expected
            for word in words:
                in_document = objects.select_objects(connection, among=with_words("sql", [word])[0])
                called = objects.select_objects(connection, among=is_called(word, []))
                wanted = sorted(each for each in names if word in each.casefold())
                assert sorted(each.name for each in in_document) == wanted
                assert sorted(each.name for each in called) == wanted
        state.close()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["100% of it_all", "Übung, DAILY", "report", "Daily report"]),
        (["daily"], ["Übung, DAILY", "Daily report"]),
        (["daily", "report"], ["Daily report", "Übung, DAILY", "report"]),  # both words, the very words
        (["report"], ["report", "Daily report"]),
        (["übung"], ["Übung, DAILY"]),  # capitals of other alphabets
        (["100%"], ["100% of it_all"]),
        (["t_a"], ["100% of it_all"]),  # no wildcard
        (["d_ily"], []),
        (["zebra"], []),
    ],
    ids=lambda each: " ".join(each) or "none",
)
def test_more_words_come_first_then_what_is_newer(
    state: State, ids: dict[str, int], words: list[str], expected: list[str]
) -> None:
    with state.read() as connection:
        found = search(connection, KINDS, words, limit=10)
        assert [each.stored.name for each in found] == expected
        assert sum(each.count for each in count_found(connection, KINDS, words, mine=1)) == len(expected)


def test_a_page_an_order_and_an_id(state: State, ids: dict[str, int]) -> None:
    with state.read() as connection:
        page = search(connection, KINDS, [], order_by="name", limit=2, offset=1)
        assert [each.stored.name for each in page] == ["Daily report", "report"]
        (found,) = search(connection, KINDS, [str(ids["report"])], limit=10)
        assert (found.stored.id, found.score) == (ids["report"], 1.0)
        (exact, _) = search(connection, KINDS, ["report"], limit=10)
        assert exact.score == 2.0


def test_what_is_found_is_counted_by_kind_owner_and_archive(state: State, ids: dict[str, int]) -> None:
    with state.read() as connection:
        groups = count_found(connection, KINDS, ["report"], mine=1, archived=None)
        assert {(each.kind, each.is_archived, each.is_mine, each.count) for each in groups} == {
            ("file", False, True, 1),
            ("file", True, False, 1),
        }
        (archived,) = count_found(connection, KINDS, ["report"], mine=1, archived=True)
        assert archived.count == 1


def test_a_search_reads_no_documents(state: State) -> None:
    statements: list[str] = []
    with state.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        count_found(connection, KINDS, ["daily"], mine=1)
        search(connection, KINDS, ["daily"], limit=10)
        for each in statements[:2]:
            values = ["x"] * each.count("?")
            plan = connection.exec_driver_sql(f"explain query plan {each}", tuple(values)).all()
            assert "USING COVERING INDEX ix_objects_" in str(plan)


@pytest.fixture
def jobs(state: State) -> dict[str, int]:
    """Jobs by what they do."""
    with state.begin() as connection:
        made = {}
        for number, name in enumerate(("idle", "failed", "again", "scheduled")):
            schedule = {"schedule": {"scheduled": name == "scheduled"}, "sql": f"SELECT {name} from Ärzte"}
            made[name] = objects.insert(connection, "script", schedule, now=float(number), name=name).id
        for name, states in (("failed", ["failed"]), ("again", ["failed", "running"])):
            for state_of_run in states:
                run = runs.insert_run(connection, made[name], now=10.0)
                runs.update_run(connection, run.id, state=state_of_run, started_at=float(run.id))
    return made


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (does(["failed"]), {"failed"}),
        (does(["running", "failed"]), {"failed", "again"}),
        (does([IDLE]), {"idle", "scheduled"}),
        (does(["scheduled", "running"]), {"scheduled", "again"}),
        (does([]), {"idle", "failed", "again", "scheduled"}),
        (is_scheduled(True), {"scheduled"}),
        (is_scheduled(False), {"idle", "failed", "again"}),
        (is_called("AGA", []), {"again"}),
        (is_called("zebra", ["script"]), {"idle", "failed", "again", "scheduled"}),
        (all_of(None, does([IDLE]), is_scheduled(False)), {"idle"}),
        (sa.and_(*with_words("sql", ["ärzte", "idle"])), {"idle"}),
        (sa.and_(*ran_within(0.0, None)), {"failed", "again"}),
        (sa.and_(*ran_within(None, 0.0), sa.true()), set()),
    ],
)
def test_jobs_are_filtered_by_what_they_do(
    state: State, jobs: dict[str, int], condition: sa.ColumnElement[bool] | None, expected: set[str]
) -> None:
    with state.read() as connection:
        assert {each.name for each in objects.select_objects(connection, among=condition)} == expected


def test_the_order_of_latest_runs(state: State, jobs: dict[str, int]) -> None:
    with state.read() as connection:
        latest = select_by_last_run(connection, "script", descending=True, limit=3, offset=0)
        first = select_by_last_run(connection, "script", descending=False, limit=10, offset=2)
    assert [each.name for each in latest] == ["again", "failed", "scheduled"]
    assert [each.name for each in first] == ["failed", "again"]


def test_what_was_read_is_remembered_until_a_commit(state: State) -> None:
    values = iter(range(10))

    def read() -> int:
        return next(values)

    def ask() -> int:
        with state.read() as connection:
            return remembered(connection, "number", read)

    assert [ask(), ask()] == [0, 0]
    with state.begin() as connection:  # what a writer reads may never be committed
        assert [remembered(connection, "number", read), remembered(connection, "number", read)] == [1, 2]
        assert ask() == 0
    assert [ask(), ask()] == [3, 3]


def test_a_transaction_from_before_a_commit_gives_nothing_to_those_after_it(state: State) -> None:
    with state.read() as old:
        with state.begin() as connection:
            objects.insert(connection, "file", {}, now=0.0)
        assert remembered(old, "kept", lambda: "old") == "old"
        with state.read() as new:
            assert remembered(new, "kept", lambda: "new") == "new"

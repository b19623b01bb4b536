"""Which run starts next: fair between users, within the machine's resources, never stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.local.jobs.board import NOTHING, Board, Entry, Needs

ROOM = Needs(4000, 8000)
SMALL, LARGE = Needs(1000, 1000), Needs(4000, 1000)


def board(*entries: Entry, places: int = 4, room: Needs = ROOM) -> Board:
    made = Board(places, room)
    for entry in entries:
        made.add(entry)
    return made


def entry(run_id: int, user_id: int = 1, needs: Needs = NOTHING, parent: int | None = None) -> Entry:
    return Entry(run_id, run_id, user_id, needs, parent)


def started(made: Board) -> list[int]:
    """Start all that can be started now."""
    found = []
    while (each := made.take()) is not None:
        found.append(each.run_id)
    return found


STARTS = [
    pytest.param([entry(1), entry(2), entry(3)], 2, [1, 2], id="in the order of queuing, as places go"),
    pytest.param([entry(1), entry(2), entry(3, 2), entry(4, 3)], 3, [1, 3, 4], id="one of each user"),
    pytest.param([entry(1, needs=LARGE), entry(2, needs=SMALL)], 4, [1], id="no room for the second"),
    pytest.param([entry(1, needs=SMALL), entry(2, needs=LARGE), entry(3, 2, SMALL)], 4, [1, 3], id="passes"),
    pytest.param([entry(1, needs=LARGE), entry(2, needs=SMALL), entry(3)], 4, [1, 3], id="light ones go on"),
    pytest.param([entry(1, needs=Needs(9000, 1)), entry(2, needs=SMALL)], 4, [1], id="too large: alone"),
    pytest.param([entry(1, needs=SMALL), entry(2, needs=Needs(1, 9000))], 4, [1], id="too large: waits"),
]


@pytest.mark.parametrize(("entries", "places", "expected"), STARTS)
def test_what_starts_first(entries: list[Entry], places: int, expected: list[int]) -> None:
    assert started(board(*entries, places=places)) == expected


def test_users_take_turns() -> None:
    made = board(*[entry(number) for number in range(1, 7)], entry(7, 2), entry(8, 2), places=1)
    order = []
    while (each := made.take()) is not None:
        order.append(each.user_id)
        made.end(each.run_id)
    assert order == [1, 2, 1, 2, 1, 1, 1, 1]


def test_a_new_user_comes_before_one_who_had_a_turn() -> None:
    made = board(entry(1), entry(2), places=1)
    assert started(made) == [1]
    made.add(entry(3, 2))
    made.end(1)
    assert started(made) == [3]


def test_room_is_kept_for_a_large_run_that_was_passed_often() -> None:
    made = board(entry(1, needs=SMALL), entry(2, needs=LARGE), places=2)
    assert started(made) == [1]
    running, passes = 1, 0
    for number in range(10, 60):
        made.add(entry(number, 2, SMALL))
        if started(made):
            made.end(running)
            running, passes = number, passes + 1
    assert passes == 17  # one whose turn it was anyway, and sixteen that passed
    made.end(running)
    assert started(made)[0] == 2


def test_a_run_that_waits_for_its_own_takes_no_place() -> None:
    made = board(entry(1), entry(2), places=2)
    assert started(made) == [1, 2]
    made.add(entry(11, parent=1))
    made.add(entry(12, parent=2))
    assert started(made) == [11, 12]
    made.add(entry(21, parent=11))
    assert started(made) == [21]


def test_parents_that_fill_the_machine_leave_it_to_their_children() -> None:
    made = board(entry(1, needs=LARGE), places=2)
    assert started(made) == [1]
    made.add(entry(2, needs=LARGE, parent=1))
    assert started(made) == [2]
    made.add(entry(3, needs=LARGE))
    assert started(made) == []


def test_a_run_that_was_cancelled_is_forgotten() -> None:
    made = board(entry(1), entry(2, needs=SMALL), entry(3))
    for run_id in (1, 2, 99):
        made.discard(run_id)
    assert (len(made), started(made), made.running) == (1, [3], 1)


def test_a_run_is_on_the_board_once() -> None:
    made = board(entry(1), entry(1))
    assert started(made) == [1]
    made.add(entry(1))
    assert (started(made), len(made)) == ([], 0)


NEEDS = st.builds(Needs, st.integers(0, 6000), st.integers(0, 10_000))


@given(
    st.lists(st.tuples(st.integers(1, 4), NEEDS, st.integers(0, 3)), max_size=40),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_every_run_starts_once_however_runs_end(
    wanted: list[tuple[int, Needs, int]], places: int, random: object
) -> None:
    made, running, order = Board(places, ROOM), list[int](), list[int]()
    queue = list(enumerate(wanted, 1))
    while queue or len(made) or running:
        if queue:
            run_id, (user_id, needs, child) = queue.pop(0)
            parent = running[child % len(running)] if child and running else None
            made.add(Entry(run_id, run_id, user_id, needs, parent))
        for each in started(made):
            running.append(each)
            order.append(each)
        assert running or not len(made)
        if running and random.random() < 0.5:  # type: ignore[attr-defined]
            made.end(running.pop(random.randrange(len(running))))  # type: ignore[attr-defined]
    assert sorted(order) == list(range(1, len(wanted) + 1))

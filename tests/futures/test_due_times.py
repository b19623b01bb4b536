"""The heap of due times."""

from __future__ import annotations

import gc

from hypothesis import given
from hypothesis import strategies as st

from civis.futures._due import DueTimes


class Thing:
    """Something that can be held weakly."""


def test_comes_out_when_its_time_has_come():
    due: DueTimes[Thing] = DueTimes()
    first, second = Thing(), Thing()
    due.add(second, 2.0)
    due.add(first, 1.0)
    assert due.next_due() == 1.0
    assert list(due.pop_due(0.5)) == []
    assert list(due.pop_due(2.0)) == [first, second]
    assert due.next_due() is None


def test_a_later_word_replaces_an_earlier_one():
    due: DueTimes[Thing] = DueTimes()
    thing = Thing()
    due.add(thing, 1.0)
    due.add(thing, 5.0)
    assert (len(due), due.next_due(), list(due.pop_due(4.0))) == (1, 5.0, [])
    assert list(due.pop_due(5.0)) == [thing]
    assert thing not in due


def test_what_is_gone_or_discarded_never_comes_out():
    due: DueTimes[Thing] = DueTimes()
    thing, dropped = Thing(), Thing()
    due.add(thing, 1.0)
    due.add(dropped, 1.0)
    due.discard(thing)
    del dropped
    gc.collect()
    assert list(due.pop_due(9.0)) == []


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100))))
def test_agrees_with_a_sorted_list(entries):
    due: DueTimes[Thing] = DueTimes()
    things = [Thing() for _ in range(6)]
    latest: dict[int, tuple[float, int]] = {}
    for order, (index, when) in enumerate(entries):
        due.add(things[index], when)
        latest[index] = (when, order)
    expected = sorted((when, order, index) for index, (when, order) in latest.items() if when <= 50)
    assert [things.index(thing) for thing in due.pop_due(50)] == [index for _, _, index in expected]

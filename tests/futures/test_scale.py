"""What thousands of futures cost, and how they are told apart when notices are lost."""

from __future__ import annotations

import gc
import queue
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from civis._clock import FakeClock
from civis.futures import CivisFuture, PollableResult
from civis.futures import _job_list as job_list
from civis.futures._condition import LightCondition
from civis.futures._job_list import JobList, Known
from civis.futures._policy import poll_delay
from civis.futures._scheduler import POLLERS, Scheduler, scheduling_by
from civis.futures._sharing import Search
from tests.futures._fake_time import FakeScheduler

LONG = 20
#: What an open future may take: 10,000 take less than 16 MB.
MOST_BYTES = 1600


def get_runs(job_id: int, run_id: int) -> Any:
    """Tell that a run goes on."""
    return SimpleNamespace(id=run_id, state="running")


@pytest.fixture
def scheduler() -> Iterator[FakeScheduler]:
    """A scheduler on a clock that passes when told to."""
    made = FakeScheduler(FakeClock())
    with scheduling_by(made):
        yield made


class Client:
    """In the place of a client."""


def test_a_future_takes_little_memory(scheduler):
    count = 2000
    client: Any = Client()
    CivisFuture(get_runs, (0, 0), client=client)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        futures = [CivisFuture(get_runs, (n, n), client=client) for n in range(count)]
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken / count < MOST_BYTES
    assert all(vars(future) == {} for future in futures)


def test_a_future_takes_attributes_of_its_users():
    class Own(CivisFuture):
        outage_limit = 5.0

    future = Own(get_runs, (1, 1), 1000)
    future.note = "mine"
    future.outage_limit = 7.0
    assert (future.note, future.outage_limit) == ("mine", 7.0)
    future.cancel = None  # type: ignore[method-assign]  # not to be asked


@pytest.mark.parametrize("interval", [None, 7.0])
def test_polls_are_within_a_tenth_of_the_plan(scheduler, interval):
    hour, count = 3600.0, 100
    futures = [PollableResult(get_runs, (n, n), interval) for n in range(count)]
    scheduler.run(hour)
    planned, passed = 0, 0.0
    while (passed := passed + poll_delay(planned, interval)) <= hour:
        planned += 1
    assert scheduler.poll_count == pytest.approx(count * planned, rel=0.1)
    assert not any(future.done() for future in futures)


class TestLightCondition:
    def test_who_waits_is_woken(self):
        condition, heard = LightCondition(), queue.Queue()

        def wait() -> None:
            with condition:
                heard.put("waits")
                heard.put(condition.wait(LONG))

        thread = threading.Thread(target=wait)
        thread.start()
        assert heard.get(timeout=LONG) == "waits"
        with condition:  # which is only free once the other waits
            condition.notify_all()
        assert heard.get(timeout=LONG) is True
        thread.join()

    @pytest.mark.parametrize(
        ("act", "answer"),
        [
            pytest.param(lambda each: each.wait(0), False, id="time is up"),
            pytest.param(lambda each: each.wait_for(lambda: True), True, id="holds already"),
            pytest.param(lambda each: each.wait_for(lambda: False, 0), False, id="does not hold"),
            pytest.param(lambda each: each.notify(), None, id="nobody waits"),
            pytest.param(lambda each: each.notify_all(), None, id="nobody waits at all"),
            pytest.param(lambda each: (each.acquire(), each.release())[0], True, id="taken twice"),
        ],
    )
    def test_alone(self, act: Callable[[LightCondition], Any], answer: object):
        condition = LightCondition()
        with condition:
            assert act(condition) is answer

    def test_waiting_needs_the_lock(self):
        with pytest.raises(RuntimeError):
            LightCondition().wait(0)

    def test_another_thread_does_not_get_in(self):
        condition, got = LightCondition(), []
        with condition:
            thread = threading.Thread(target=lambda: got.append(condition.acquire(blocking=False)))
            thread.start()
            thread.join()
        assert got == [False]


class Jobs:
    """Lists jobs that run, two pages of them."""

    def __init__(self) -> None:
        self.running = list(range(1, 76))
        self.questions = 0
        self.is_down = False

    def list(self, state: str, hidden: bool, limit: int, page_num: int) -> list[Any]:
        """A page."""
        self.questions += 1
        if self.is_down:
            raise OSError("down")
        chosen = [] if hidden else self.running[limit * (page_num - 1) : limit * page_num]
        return [SimpleNamespace(id=n, last_run=SimpleNamespace(id=n + 1000)) for n in chosen]


class TestJobList:
    @pytest.fixture
    def client(self) -> Any:
        return SimpleNamespace(jobs=Jobs())

    def test_it_is_read_once(self, client):
        known = JobList()
        assert known.look_up(client, 3, 1003) == (Known.RUNNING, 0.0)
        assert known.look_up(client, 3, 1004) == (Known.NOTHING, 0.0)
        assert known.look_up(client, 300, 1300) == (Known.NOTHING, 0.0)
        assert client.jobs.questions == 3

    def test_it_is_read_bit_by_bit(self, client, monkeypatch):
        monkeypatch.setattr(job_list, "TURN", 0.0)
        known = JobList()
        assert known.look_up(client, 3, 1003) == (Known.LATER, 0.0)
        assert client.jobs.questions == 1
        assert known.look_up(client, 3, 1003) == (Known.RUNNING, 0.0)

    def test_who_comes_while_it_is_read_looks_again_later(self, client):
        known, seen = JobList(), []

        class Inquisitive(Jobs):
            def list(self, *args: Any, **settings: Any) -> list[Any]:
                seen.append(known.look_up(client, 3, 1003))
                return super().list(*args, **settings)

        client.jobs = Inquisitive()
        assert known.look_up(client, 3, 1003)[0] is Known.RUNNING
        assert {each for each, _ in seen} == {Known.LATER}
        assert all(delay >= job_list.LOOK_AGAIN for _, delay in seen)

    def test_what_is_gone_is_told_from_what_never_was_there(self, client):
        known = JobList()
        assert known.read_anew(client, time.monotonic()) is None
        client.jobs.running.remove(3)
        assert known.tell(3, 1003) is Known.RUNNING
        assert known.read_anew(client, time.monotonic()) is None
        assert (known.tell(3, 1003), known.tell(300, 1300)) == (Known.GONE, Known.NOTHING)
        assert known.tell(None, 1) is Known.NOTHING

    def test_a_list_that_cannot_be_read_is_left_alone(self, client):
        known = JobList()
        client.jobs.is_down = True
        for _ in range(3):
            assert known.look_up(client, 3, 1003) == (Known.NOTHING, 0.0)
        assert known.read_anew(client, time.monotonic()) is None
        assert client.jobs.questions == 1


class Losing:
    """In the place of what futures share: more is lost while the list is read."""

    def __init__(self, losses: int, clock: FakeClock) -> None:
        self.search = Search(self, clock)  # type: ignore[arg-type]
        self.losses = losses
        self.since: list[float] = []
        self.told = 0

    def read_list(self, since: float) -> float | None:
        """Read on, the second time to the end."""
        self.since.append(since)
        if len(self.since) % 2:
            return 0.5
        if self.losses:
            self.losses -= 1
            self.search.begin()
        return None

    def tell_unlisted(self) -> None:
        """Count."""
        self.told += 1


@pytest.mark.parametrize("losses", [0, 1, 3])
def test_what_is_lost_during_a_search_is_searched_for(scheduler, losses):
    sharing = Losing(losses, scheduler.clock)
    sharing.search.begin()
    sharing.search.begin()
    assert len(scheduler.due) == 1
    scheduler.run(60)
    assert sharing.told == losses + 1
    assert len(set(sharing.since)) == losses + 1
    assert sharing.since == sorted(sharing.since)
    assert len(scheduler.due) == 0


def test_what_goes_first_waits_for_nobody():
    gate, order = threading.Event(), queue.Queue()

    class Task:
        def __init__(self, name: str, goes_first: bool = False) -> None:
            self.name, self.goes_first = name, goes_first

        def _poll(self) -> None:
            order.put(self.name)
            gate.wait(LONG)

    scheduler = Scheduler()
    tasks = [Task(f"held {number}") for number in range(POLLERS)]
    for task in tasks:
        scheduler.watch(task, 0.0)
    assert {order.get(timeout=LONG) for _ in tasks} == {task.name for task in tasks}
    later = [*(Task("usual") for _ in range(20)), Task("first", goes_first=True)]
    for task in later:
        scheduler.watch(task, 0.0)
    gate.set()
    found = [order.get(timeout=LONG) for _ in later]
    assert found.index("first") < POLLERS

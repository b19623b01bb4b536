"""Ten thousand runs, a bad line, and hours that take seconds."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from civis._clock import FakeClock
from civis._errors import CivisConnectionError, CivisServerError
from civis.futures import CivisFuture, CivisPollingError
from civis.futures._scheduler import scheduling_by
from tests.futures._fake_time import FakeScheduler

COUNT = 10_000


class BadLine:
    """A platform of runs that take their time, behind a line on which one question in five goes wrong."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.chance = random.Random(7)
        self.ends: dict[int, tuple[float, str]] = {}
        self.started: Counter[int] = Counter()
        self.is_down = False

    def begin(self, job_id: int, run_id: int, failure: float = 0.05) -> int:
        """Start a run."""
        seconds = self.chance.expovariate(1 / 60)
        state = "failed" if self.chance.random() < failure else "succeeded"
        self.ends[run_id] = (self.clock.now + seconds, state)
        return run_id

    def get_runs(self, job_id: int, run_id: int) -> Any:
        """Tell the state of a run, if the line lets through."""
        if self.is_down or self.chance.random() < 0.2:
            kind = self.chance.randrange(4)
            if kind == 0:
                raise CivisConnectionError("dropped")
            if kind == 1:
                raise TimeoutError("delayed for too long")
            status = (500, 503)[kind - 2]
            raise CivisServerError(SimpleNamespace(status_code=status, headers={}, content=b""))
        end, state = self.ends[run_id]
        return SimpleNamespace(
            id=run_id, state=state if end <= self.clock.now else "running", error="no luck"
        )

    def post_runs(self, job_id: int) -> Any:
        """Start another run of a job, which will succeed."""
        self.started[job_id] += 1
        return SimpleNamespace(id=self.begin(job_id, job_id + COUNT, failure=0.0))


@pytest.fixture
def line():
    return BadLine(FakeClock())


@pytest.fixture
def scheduler(line):
    scheduler = FakeScheduler(line.clock)
    with scheduling_by(scheduler):
        yield scheduler


def follow(line: BadLine, count: int) -> list[CivisFuture]:
    client: Any = SimpleNamespace(jobs=line)
    futures = []
    for job_id in range(count):
        futures.append(
            CivisFuture(line.get_runs, (job_id, line.begin(job_id, job_id)), client=client, max_retries=1)
        )
        futures[-1]._clock = line.clock
    return futures


def test_no_failure_that_was_none_and_no_run_twice(line, scheduler):
    futures = follow(line, COUNT)
    failing = {job_id for job_id, (_, state) in line.ends.items() if state == "failed"}
    scheduler.run(3600)
    assert all(future.succeeded() for future in futures)
    assert 300 < len(failing) < 700
    assert line.started == Counter(dict.fromkeys(failing, 1))


@pytest.mark.parametrize(("minutes", "is_survived"), [(8, True), (15, False)])
def test_an_outage(line, scheduler, minutes, is_survived):
    futures = follow(line, 100)
    line.is_down = True
    scheduler.run(minutes * 60)
    line.is_down = False
    scheduler.run(3600)
    if is_survived:
        assert all(future.succeeded() for future in futures)
    else:
        assert all(isinstance(future.exception(0), CivisPollingError) for future in futures)
        assert not line.started


def test_a_patience_of_ones_own(line, scheduler):
    (future,) = follow(line, 1)
    future.outage_limit = 3600.0
    line.is_down = True
    scheduler.run(3000)
    line.is_down = False
    scheduler.run(3600)
    assert future.succeeded()


def test_polls_are_as_many_as_documented(line, scheduler):
    """1 s × 1.2 up to 15 s, and eight in the two seconds before: 8 + 16 in the first 90 s."""
    line.chance = SimpleNamespace(random=lambda: 0.5, expovariate=lambda rate: 10_000.0)
    futures = follow(line, 50)
    scheduler.run(90)
    assert scheduler.poll_count == pytest.approx(50 * 24, rel=0.1)
    assert not any(future.done() for future in futures)

"""The queue on a real state, with executors that tests register and take away again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from civis._clock import FakeClock
from civis.local.api import Conflict
from civis.local.jobs import JobFailed, Queue, RunContext, cancel_run, executor, submit_run
from civis.local.jobs.board import Entry
from civis.local.jobs.executors import Executor, forget, job_kinds, job_type
from civis.local.jobs.queue import THREAD_NAME
from civis.local.jobs.transitions import LOST
from civis.local.settings import PlatformError
from civis.local.state import Run, State, Stored, objects, runs
from civis.local.warehouse import Interrupted, Interruption, SqlError

KIND = "test_job"
WAIT = 30.0  # seconds until a hanging test gives up; nothing that works comes near it


class TinyPlatform:
    """As much of a platform as jobs need."""

    def __init__(self, folder: Path, workers: int = 4) -> None:
        self.clock = FakeClock(1000.0)
        self.state = State(f"sqlite:///{folder / 'state.db'}")
        self.queue = Queue(self, workers=workers)  # type: ignore[arg-type]

    def make_job(self, **columns: Any) -> Stored:
        with self.state.begin() as connection:
            return objects.insert(connection, KIND, {}, now=self.clock.time(), name="job", **columns)

    def submit(self, job: Stored | None = None, **document: Any) -> Run:
        job = job or self.make_job()
        with self.state.begin() as connection:
            return submit_run(self, connection, job, document)  # type: ignore[arg-type]

    def cancel(self, run: Run) -> Run:
        with self.state.begin() as connection:
            current = runs.fetch_run(connection, run.job_id, run.id)
            return cancel_run(self, connection, current)  # type: ignore[arg-type]

    def read(self, run: Run) -> Run:
        with self.state.read() as connection:
            return runs.fetch_run(connection, run.job_id, run.id)

    def log(self, run: Run) -> list[str]:
        with self.state.read() as connection:
            return [line.message for line in runs.logs(connection, run.id)]

    def ended(self, run: Run) -> Run:
        """Wait for the end of a run; its waiter is a condition, there is nothing to be told by."""
        gate = threading.Event()
        for _ in range(int(WAIT / 0.005)):
            found = self.read(run)
            if found.finished_at is not None:
                return found
            gate.wait(0.005)
        raise AssertionError(f"The run did not end: {self.read(run)}")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[TinyPlatform]:
    made = TinyPlatform(tmp_path)
    yield made
    made.queue.stop()
    made.state.close()
    assert not job_threads()


@pytest.fixture
def work() -> Iterator[Callable[[Executor], None]]:
    yield lambda function: executor(KIND)(function) and None
    forget(KIND)


def job_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


def wait_for_interruption(context: RunContext, begun: threading.Event) -> None:
    """Do what the warehouse does: work until interrupted."""
    told = threading.Event()
    context.interruption.attach(told.set)
    begun.set()
    assert told.wait(WAIT)
    raise Interrupted("stopped")


def test_a_run_succeeds_with_log_output_and_result(platform: TinyPlatform, work: Any) -> None:
    @work
    def run(context: RunContext) -> None:
        platform.clock.advance(5)
        context.log(f"hello {context.user}")
        context.add_output("File", 77, "out.csv")
        context.save(answer=42)

    platform.queue.start()
    ended = platform.ended(platform.submit(given=1))
    assert (ended.state, ended.error, ended.document) == ("succeeded", None, {"given": 1, "answer": 42})
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert (ended.finished_at - ended.started_at).total_seconds() == 5
    assert platform.log(ended) == ["hello platform"]
    with platform.state.read() as connection:
        assert [each.name for each in runs.outputs(connection, ended.id)] == ["out.csv"]


FAILURES = [
    pytest.param(JobFailed("no rows"), "no rows", id="the executor says so"),
    pytest.param(SqlError('relation "x" does not exist'), 'relation "x" does not exist', id="SQL that fails"),
    pytest.param(ZeroDivisionError("oh"), "Unexpected error: ZeroDivisionError: oh", id="a mistake of ours"),
]


@pytest.mark.parametrize(("error", "text"), FAILURES)
def test_a_run_fails_with_the_text_of_its_error(
    platform: TinyPlatform, work: Any, error: Exception, text: str
) -> None:
    @work
    def run(context: RunContext) -> None:
        raise error

    platform.queue.start()
    ended = platform.ended(platform.submit())
    assert (ended.state, ended.error) == ("failed", text)
    assert platform.log(ended) == [text]


def test_a_worker_goes_on_after_a_failure(platform: TinyPlatform, work: Any) -> None:
    @work
    def run(context: RunContext) -> None:
        if context.run.document["number"] == 0:
            raise ValueError("first")

    platform.queue.start()
    states = [platform.ended(platform.submit(number=number)).state for number in range(3)]
    assert states == ["failed", "succeeded", "succeeded"]


def test_a_job_that_nothing_runs_fails(platform: TinyPlatform) -> None:
    platform.queue.start()
    ended = platform.ended(platform.submit())
    assert ended.state == "failed"
    assert "cannot run jobs of the kind 'test_job'" in str(ended.error)


def test_no_thread_is_there_before_there_is_work(platform: TinyPlatform) -> None:
    platform.queue.start()
    assert job_threads() == []


def test_runs_go_on_beside_each_other_and_more_wait(tmp_path: Path, work: Any) -> None:
    platform = TinyPlatform(tmp_path, workers=3)
    together = threading.Barrier(3)

    @work
    def run(context: RunContext) -> None:
        together.wait(WAIT)

    platform.queue.start()
    submitted = [platform.submit() for _ in range(9)]
    assert [platform.ended(each).state for each in submitted] == ["succeeded"] * 9
    assert len(job_threads()) == 3
    platform.queue.stop()
    platform.state.close()


def test_a_run_that_is_queued_is_cancelled_at_once(platform: TinyPlatform, work: Any) -> None:
    @work
    def run(context: RunContext) -> None:
        raise AssertionError("it never starts")

    submitted = platform.submit()
    cancelled = platform.cancel(submitted)
    assert (cancelled.state, cancelled.started_at) == ("cancelled", None)
    platform.queue.start()
    assert platform.read(submitted) == cancelled


def test_a_run_that_is_running_is_cancelled_when_it_stops(platform: TinyPlatform, work: Any) -> None:
    begun = threading.Event()

    @work
    def run(context: RunContext) -> None:
        wait_for_interruption(context, begun)

    platform.queue.start()
    submitted = platform.submit()
    assert begun.wait(WAIT)
    asked = platform.cancel(submitted)
    assert (asked.state, asked.is_cancel_requested) == ("running", True)
    ended = platform.ended(submitted)
    assert (ended.state, ended.error) == ("cancelled", None)
    assert platform.log(ended) == ["The run was cancelled."]
    assert platform.cancel(ended) == ended


def test_a_cancel_that_comes_before_the_executor_is_seen_by_it(platform: TinyPlatform, work: Any) -> None:
    @work
    def run(context: RunContext) -> None:
        raise AssertionError("it never starts")

    platform.queue.start()
    job = platform.make_job()
    with platform.state.begin() as connection:  # past the queue, which hears of nothing
        queued = runs.insert_run(connection, job.id, now=platform.clock.time())
    taken = platform.queue._claim(Entry(queued.id, job.id))  # as a worker does
    assert taken is not None
    platform.cancel(queued)
    platform.queue._perform(taken)
    assert platform.read(queued).state == "cancelled"


def test_an_executor_that_exits_ends_its_run_only(platform: TinyPlatform, work: Any) -> None:
    @work
    def run(context: RunContext) -> None:
        if context.run.document:
            raise SystemExit("enough")

    platform.queue.start()
    ended = platform.ended(platform.submit(exits=True))
    assert (ended.state, ended.error) == ("failed", "Unexpected error: SystemExit: enough")
    assert platform.ended(platform.submit()).state == "succeeded"


def test_a_run_ends_with_what_its_executor_left_for_its_end_or_fails(
    platform: TinyPlatform, work: Any
) -> None:
    @work
    def run(context: RunContext) -> None:
        context.at_end.append(lambda connection: runs.add_log(connection, context.run.id, "last", 0))
        if context.run.document:
            context.at_end.append(lambda connection: 1 / 0)

    platform.queue.start()
    assert platform.log(platform.ended(platform.submit())) == ["last"]
    ended = platform.ended(platform.submit(breaks=True))
    message = "The run's end could not be stored: ZeroDivisionError: division by zero"
    assert (ended.state, ended.error, platform.log(ended)) == ("failed", message, [message])


def test_stopping_ends_what_runs_and_keeps_what_waits(tmp_path: Path, work: Any) -> None:
    platform = TinyPlatform(tmp_path, workers=1)
    begun = threading.Event()

    @work
    def run(context: RunContext) -> None:
        wait_for_interruption(context, begun)

    platform.queue.start()
    running, waiting = platform.submit(), platform.submit()
    assert begun.wait(WAIT)
    platform.queue.stop()
    assert job_threads() == []
    assert (platform.read(running).state, platform.read(running).error) == ("failed", LOST)
    assert platform.read(waiting).state == "queued"

    forget(KIND)
    executor(KIND)(lambda context: None)
    platform.queue.start()
    assert platform.ended(waiting).state == "succeeded"
    platform.queue.stop()
    platform.state.close()


def test_work_that_finds_the_platform_gone_is_cut_short(platform: TinyPlatform, work: Any) -> None:
    @work
    def run(context: RunContext) -> None:
        raise PlatformError("this platform is not running")

    platform.queue.start()
    ended = platform.ended(platform.submit())
    assert (ended.state, ended.error) == ("failed", LOST)


def test_a_crash_ends_what_ran_and_starts_what_waited(platform: TinyPlatform, work: Any) -> None:
    work(lambda context: None)
    lost, waiting = platform.submit(), platform.submit()
    with platform.state.begin() as connection:  # as a process leaves it that was killed
        runs.update_run(connection, lost.id, state="running", started_at=platform.clock.time())
    platform.queue.start()
    assert platform.ended(waiting).state == "succeeded"
    assert (platform.read(lost).state, platform.read(lost).error) == ("failed", LOST)
    assert platform.log(lost) == [LOST]


def test_starting_and_stopping_again_does_nothing(platform: TinyPlatform) -> None:
    platform.queue.stop()
    platform.queue.start()
    platform.queue.start()
    platform.queue.stop()
    platform.queue.stop()


def test_a_job_runs_once_at_a_time(platform: TinyPlatform) -> None:
    job = platform.make_job()
    run = platform.submit(job)
    with pytest.raises(Conflict, match="already running") as refused:
        platform.submit(job)
    assert refused.value.body() == {
        "error": "already_running",
        "errorDescription": "The job cannot be queued because it is already running",
        "code": 409,
    }
    platform.cancel(run)
    assert platform.submit(job).state == "queued"


def test_an_archived_job_does_not_run(platform: TinyPlatform) -> None:
    with pytest.raises(Conflict, match="is archived"):
        platform.submit(platform.make_job(archived=True))


def test_a_run_that_is_rolled_back_wakes_nobody(platform: TinyPlatform, work: Any) -> None:
    work(lambda context: None)
    job = platform.make_job()
    platform.queue.start()

    def fail() -> None:
        with platform.state.begin() as connection:
            submit_run(platform, connection, job)  # type: ignore[arg-type]
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert job_threads() == []


def test_a_kind_has_one_executor(work: Any) -> None:
    def run(context: RunContext) -> None: ...

    work(run)
    work(run)
    assert KIND in job_kinds()
    assert job_type(KIND) == "JobTypes::TestJob"
    with pytest.raises(ValueError, match="have an executor already"):
        executor(KIND)(lambda context: None)


def test_a_context_that_is_interrupted_says_so(platform: TinyPlatform) -> None:
    job = platform.make_job()
    run = platform.submit(job)
    interruption = Interruption()
    context = RunContext(platform, job, run, "ann", interruption)  # type: ignore[arg-type]
    context.check()
    interruption.interrupt()
    with pytest.raises(Interrupted):
        context.check()


def test_a_queue_needs_a_worker(platform: TinyPlatform) -> None:
    with pytest.raises(ValueError, match="at least one worker"):
        Queue(platform, workers=0)  # type: ignore[arg-type]

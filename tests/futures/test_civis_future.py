"""What a future makes of the answers of a platform."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import pickle
import random
import signal
import threading
import warnings
import weakref
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis._errors import CivisConnectionError, CivisForbiddenError, CivisJobFailure, CivisServerError
from civis.futures import CivisFuture, CivisPollingError, PollableResult, UnseenFailureWarning
from tests.futures.conftest import FakeJobs

LONG = 20


def answer(status: int) -> SimpleNamespace:
    return SimpleNamespace(status_code=status, headers={}, content=b"")


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param(["succeeded"], "succeeded", id="at once"),
        pytest.param(["success"], "success", id="older word"),
        pytest.param(["queued", "running", "succeeded"], "succeeded", id="as it goes"),
        pytest.param(["idle", "pending", "scheduled", "succeeded"], "succeeded", id="before the first run"),
        pytest.param([None, "succeeded"], "succeeded", id="nothing known yet"),
        pytest.param([CivisConnectionError("reset"), "succeeded"], "succeeded", id="the line was down"),
        pytest.param([ConnectionResetError(), TimeoutError(), "succeeded"], "succeeded", id="twice"),
        pytest.param([SimpleNamespace(), "succeeded"], "succeeded", id="no state in the answer"),
    ],
)
def test_a_run_that_succeeds(jobs, follow, states, expected):
    jobs.add(7, *states)
    future = follow()
    assert future.result(LONG).state == expected
    assert future.succeeded()
    assert not future.failed()
    assert not future.running()
    assert future.done()
    assert future.exception(LONG) is None


@pytest.mark.parametrize(
    ("error", "log", "raised", "text"),
    [
        pytest.param("no table", [], CivisJobFailure, r"^\(From job 3 / run 7\) no table$", id="its error"),
        pytest.param(None, ["one", "two"], CivisJobFailure, r"one\ntwo$", id="its log"),
        pytest.param(None, [], CivisJobFailure, "without an error or a log", id="neither"),
        pytest.param(
            "Process ran out of its 1 GiB of memory", [], MemoryError, "run 7", id="memory, by its error"
        ),
        pytest.param(
            None,
            ["Process ran out of its allowed memory", "bye"],
            MemoryError,
            "run 7",
            id="memory, by its log",
        ),
    ],
)
def test_a_run_that_fails(jobs, follow, error, log, raised, text):
    jobs.add(7, SimpleNamespace(id=7, state="failed", error=error))
    jobs.logs[7] = log
    future = follow()
    with pytest.raises(raised, match=text):
        future.result(LONG)
    assert future.failed()
    assert isinstance(future.exception(LONG), raised)


def test_a_failure_names_its_run(jobs, follow):
    jobs.add(7, SimpleNamespace(id=7, state="failed", error="no"))
    failure = follow().exception(LONG)
    assert (failure.job_id, failure.run_id, failure.original_err_msg) == (3, 7, "no")


def test_only_the_end_of_a_log_is_told(jobs, follow):
    jobs.add(7, SimpleNamespace(id=7, state="failed", error=None))
    jobs.logs[7] = [f"line {number}" for number in range(100)]
    assert str(follow().exception(LONG)).splitlines()[1:] == [f"line {number}" for number in range(91, 100)]


def test_an_answer_that_says_no_ends_the_future(jobs, follow):
    jobs.add(7, CivisForbiddenError(answer(403)))
    with pytest.raises(CivisForbiddenError):
        follow().result(LONG)
    assert jobs.asked == [7]


def test_an_outage_is_no_failure_of_the_job(jobs, follow, monkeypatch):
    monkeypatch.setattr(CivisFuture, "outage_limit", -1)
    jobs.add(7, CivisConnectionError("no route"))
    with pytest.raises(CivisPollingError, match="may still be running"):
        follow().result(LONG)


def test_an_unknown_state_is_running_and_warned_about_once(jobs, follow):
    jobs.add(7, "dreaming", "dreaming", "succeeded")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert follow().result(LONG).state == "succeeded"
    assert [str(one.message) for one in caught if "dreaming" in str(one.message)]


def test_making_a_future_and_asking_whether_it_is_done_sends_nothing(jobs, follow):
    jobs.add(7, "succeeded")
    future = follow(polling_interval=1000, poll_on_creation=False)
    assert (future.done(), future.running(), future.succeeded(), future.failed()) == (
        False,
        True,
        False,
        False,
    )
    assert future.state == "running"
    assert jobs.asked == []


def test_a_stalled_server_does_not_hold_up_a_timeout(jobs, follow):
    jobs.add(7, "succeeded")
    jobs.gate.clear()
    future = follow()
    with pytest.raises(concurrent.futures.TimeoutError):
        future.result(timeout=0.1)
    with pytest.raises(concurrent.futures.TimeoutError):
        future.exception(timeout=0)
    assert not future.done()
    jobs.gate.set()
    assert future.result(LONG).state == "succeeded"


def test_what_nobody_holds_is_not_asked_about(jobs, follow):
    jobs.add(7, "running")
    future = follow(polling_interval=1000, poll_on_creation=False)
    gone = weakref.ref(future)
    del future
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("interval", [0, -1, -0.5])
def test_an_interval_in_which_no_time_passes(follow, interval):
    with pytest.raises(ValueError, match="polling_interval"):
        follow(polling_interval=interval)


def test_wait_and_as_completed(jobs, follow):
    for run_id in range(20):
        jobs.add(run_id, "running", "succeeded")
    futures = [follow(run_id) for run_id in range(20)]
    assert {future.run_id for future in concurrent.futures.as_completed(futures, LONG)} == set(range(20))
    assert not concurrent.futures.wait(futures, LONG).not_done


class TestCallbacks:
    def test_may_ask_for_the_result(self, jobs, follow):
        jobs.add(7, "running", "succeeded")
        seen = []
        future = follow()
        future.add_done_callback(lambda done: seen.append(done.result().state))
        future.result(LONG)
        assert seen == ["succeeded"]

    def test_what_they_raise_is_raised_by_result(self, jobs, follow):
        jobs.add(7, "succeeded")
        future = follow()
        future.add_done_callback(lambda done: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            future.result(LONG)
        assert isinstance(future.exception(LONG), ZeroDivisionError)

    def test_of_a_future_that_is_done(self, jobs, follow):
        jobs.add(7, "succeeded")
        future = follow()
        future.result(LONG)
        seen = []
        future.add_done_callback(seen.append)
        assert seen == [future]

    def test_of_a_future_that_nobody_holds(self, jobs, follow):
        jobs.add(7, "running", "running", "succeeded")
        called = threading.Event()
        follow().add_done_callback(lambda done: called.set())
        gc.collect()
        assert called.wait(LONG)


class TestCancelling:
    def test_is_asked_for_once_and_confirmed_by_the_platform(self, jobs, follow):
        jobs.add(7, "running")
        future = follow(polling_interval=1000)
        assert future.cancel()
        assert future.cancel()
        assert jobs.cancelled == [(3, 7)]
        assert future.cancelled()
        assert future.state == "cancelled"
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(LONG)

    def test_a_run_that_ended_before_has_its_result(self, jobs, follow):
        jobs.add(7, "succeeded")
        future = follow(polling_interval=1000, poll_on_creation=False)
        assert not future.cancel()
        assert future.result(LONG).state == "succeeded"

    def test_a_run_that_is_known_to_have_ended_is_left_alone(self, jobs, follow):
        jobs.add(7, "succeeded")
        future = follow()
        future.result(LONG)
        assert not future.cancel()
        assert jobs.cancelled == []

    def test_by_somebody_else(self, jobs, follow):
        jobs.add(7, "running", "cancelled")
        with pytest.raises(concurrent.futures.CancelledError):
            follow().result(LONG)

    def test_one_that_is_refused_raises_and_may_be_tried_again(self, jobs, follow):
        jobs.add(7, "running")
        future = follow(polling_interval=1000)

        def refuse(job_id, run_id):
            raise CivisForbiddenError(answer(403))

        cancel = jobs.delete_runs
        jobs.delete_runs = refuse
        with pytest.raises(CivisForbiddenError):
            future.cancel()
        assert not future.done()
        jobs.delete_runs = cancel
        assert future.cancel()

    def test_a_job_whose_last_run_is_meant(self, jobs, client):
        jobs.add(7, "running")
        query = SimpleNamespace(id=3, state="running", last_run_id=7)
        future = CivisFuture(
            lambda job_id: jobs.get_runs(3, 7) if jobs.cancelled else query, (3,), 1000, client
        )
        assert future.run_id is None
        assert future.cancel()
        assert jobs.cancelled == [(3, 7)]

    def test_does_not_start_a_failed_run_again(self, jobs, follow):
        jobs.add(7, "running")
        jobs.add(8, "succeeded")
        future = follow(polling_interval=1000, max_retries=1)
        assert future.cancel()
        assert jobs.started == []


class TestStartingAgain:
    def test_as_often_as_was_wished(self, jobs, follow):
        jobs.add(7, "failed")
        jobs.add(8, "failed")
        jobs.add(9, "running", "succeeded")
        for run_id in (7, 8):
            jobs.logs[run_id] = ["bad luck"]
        future = follow(max_retries=2)
        assert future.result(LONG).id == 9
        assert (future.job_id, future.run_id) == (3, 9)
        assert jobs.started == [8, 9]

    def test_not_more_often(self, jobs, follow):
        for run_id in (7, 8, 9):
            jobs.add(run_id, SimpleNamespace(id=run_id, state="failed", error=f"error of {run_id}"))
        with pytest.raises(CivisJobFailure, match="error of 8"):
            follow(max_retries=1).result(LONG)
        assert jobs.started == [8]

    def test_not_for_a_connection_that_broke(self, jobs, follow):
        jobs.add(7, "running", CivisConnectionError("reset"), "running", "succeeded")
        jobs.add(8, "succeeded")
        assert follow(max_retries=3).result(LONG).id == 7
        assert jobs.started == []

    def test_where_it_cannot_be_started_it_failed(self, jobs, follow):
        jobs.add(7, SimpleNamespace(id=7, state="failed", error="no luck"))

        def refuse(job_id):
            raise CivisForbiddenError(answer(403))

        jobs.post_runs = refuse
        failure = follow(max_retries=1).exception(LONG)
        assert "no luck" in str(failure)
        assert isinstance(failure.__cause__, CivisForbiddenError)

    def test_a_number_below_zero(self, follow):
        with pytest.raises(ValueError, match="max_retries"):
            follow(max_retries=-1)


class TestIdentity:
    @pytest.mark.parametrize(
        ("poller_args", "job_id", "run_id"),
        [
            pytest.param((3, 7), 3, 7, id="job and run"),
            pytest.param((3,), 3, None, id="job only"),
            pytest.param(("3", "7"), 3, 7, id="digits"),
            pytest.param(("name",), None, None, id="no job"),
            pytest.param((), None, None, id="nothing"),
        ],
    )
    def test_ids_come_from_the_arguments(self, client, poller_args, job_id, run_id):
        future = CivisFuture(lambda *args: None, poller_args, 1000, client, poll_on_creation=False)
        assert (future.job_id, future.run_id) == (job_id, run_id)

    def test_addresses_of_pages(self, follow):
        future = follow(polling_interval=1000, poll_on_creation=False)
        assert future.job_url == "https://platform.civisanalytics.com/spa/#/jobs/3"
        assert future.job_run_url == "https://platform.civisanalytics.com/spa/#/jobs/3/runs/7"

    def test_repr_shows_the_state(self, jobs, follow):
        jobs.add(7, "succeeded")
        future = follow()
        assert "job_id=3 run_id=7 state=running" in repr(future)
        future.result(LONG)
        assert "state=succeeded" in repr(future)

    def test_attach(self, jobs, client):
        jobs.add(7, "succeeded")
        assert CivisFuture.attach(3, 7, client, polling_interval=0.01).result(LONG).id == 7

    def test_outputs_are_all_of_them(self, jobs, follow):
        jobs.add(7, "succeeded")
        jobs.outputs[7] = [SimpleNamespace(name=f"f{number}") for number in range(80)]
        assert len(follow().outputs()) == 80

    def test_outputs_of_a_failed_run_raise_its_failure(self, jobs, follow):
        jobs.add(7, SimpleNamespace(id=7, state="failed", error="no"))
        with pytest.raises(CivisJobFailure):
            follow().outputs()

    def test_outputs_of_no_job(self, client):
        future = CivisFuture(lambda: SimpleNamespace(state="succeeded"), (), 0.01, client)
        with pytest.raises(ValueError, match="no run of a job"):
            future.outputs()


def test_a_failure_that_nobody_looked_at_is_told(jobs, follow):
    jobs.add(7, SimpleNamespace(id=7, state="failed", error="nobody knows"))
    future = follow()
    concurrent.futures.wait([future], LONG)
    held = [future]
    del future
    with pytest.warns(UnseenFailureWarning, match="nobody knows"):
        held.clear()


def test_the_end_of_a_log_of_several_pages_is_told(jobs, follow, monkeypatch):
    monkeypatch.setattr("civis.futures._failures.LOG_PAGE", 100)
    jobs.log_page = 100
    jobs.add(7, SimpleNamespace(id=7, state="failed", error=None))
    jobs.logs[7] = [f"line {number}" for number in range(1050)]
    assert str(follow().exception(LONG)).splitlines()[-1] == "line 1049"


def test_an_event_loop_can_wait(jobs, follow):
    jobs.add(7, "running", "succeeded")
    jobs.add(8, "running")

    async def wait():
        done = await asyncio.wait_for(asyncio.wrap_future(follow(7)), LONG)
        endless = follow(8, polling_interval=1000)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(endless), 0.01)
        return done.state, endless

    state, endless = asyncio.run(wait())
    assert state == "succeeded"
    with pytest.raises(concurrent.futures.CancelledError):
        endless.result(LONG)
    assert jobs.cancelled == [(3, 8)]


class TestInterrupts:
    @pytest.fixture(autouse=True)
    def _handles_interrupts(self):
        # A test run that was started in the background of a script ignores them.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no thread can be interrupted from here")
    @pytest.mark.parametrize(("wished", "cancelled"), [(True, [(3, 7)]), (False, [])])
    def test_cancel_the_run_if_wished(self, jobs, follow, wished, cancelled):
        jobs.add(7, "running")
        future = follow(polling_interval=1000)
        main = threading.main_thread().ident
        threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            future.result(LONG, cancel_on_interrupt=wished)
        assert jobs.cancelled == cancelled

    def test_a_block_that_fails_cancels_the_run(self, jobs, follow):
        jobs.add(7, "running")
        with pytest.raises(ZeroDivisionError), follow(polling_interval=1000) as future:
            1 / 0  # noqa: B018 - what fails
        assert future.cancelled()

    def test_a_block_that_ends_leaves_it_alone(self, jobs, follow):
        jobs.add(7, "running")
        with follow(polling_interval=1000) as future:
            pass
        assert (jobs.cancelled, future.done()) == ([], False)


def test_drops_and_busy_servers_fail_no_run_and_start_none(jobs, follow):
    chance = random.Random(7)
    troubles = [CivisConnectionError("reset"), TimeoutError(), CivisServerError(answer(502))]
    for run_id in range(300):
        states = ["queued", *["running"] * chance.randrange(5), "succeeded"]
        jobs.add(
            run_id, *[chance.choice(troubles) if chance.random() < 0.2 else state for state in states[:-1]]
        )
        jobs.runs[run_id].append("succeeded")
    futures = [follow(run_id, polling_interval=0.001, max_retries=2) for run_id in range(300)]
    assert not concurrent.futures.wait(futures, LONG).not_done
    assert all(future.succeeded() for future in futures)
    assert jobs.started == []


STEPS = st.sampled_from(["poll", "poll", "cancel", "done", "callback"])
ANSWERS = st.lists(
    st.sampled_from(["queued", "running", "pending", None, CivisConnectionError("reset")]), max_size=4
)


@settings(deadline=None, max_examples=60)
@given(
    answers=ANSWERS,
    last=st.sampled_from(["succeeded", "failed", "cancelled"]),
    steps=st.lists(STEPS, max_size=8),
    max_retries=st.integers(0, 2),
)
def test_whatever_happens_it_ends_once_and_stays_so(answers, last, steps, max_retries):
    jobs = FakeJobs()
    client = SimpleNamespace(jobs=jobs)
    for run_id in (7, 8, 9):
        jobs.add(run_id, *answers, last)
        jobs.logs[run_id] = ["a line"]
    future = CivisFuture(jobs.get_runs, (3, 7), 1000, client, False, max_retries=max_retries)
    called = []
    for step in steps:
        before = (future.done(), future.cancelled())
        if step == "poll":
            future._poll()
        elif step == "cancel":
            future.request_cancel()
        elif step == "callback":
            future.add_done_callback(called.append)
        assert not before[0] or (future.done(), future.cancelled()) == before
    for _ in range(40):
        future._poll()
    concurrent.futures.wait([future], LONG)
    assert future.done()
    assert len(called) == steps.count("callback")
    assert len(jobs.cancelled) <= 1 + len(jobs.started)
    if future.cancelled():
        assert "cancel" in steps or last == "cancelled"
    else:
        assert isinstance(future.exception(0), CivisJobFailure) is (last == "failed")


def test_api_key_is_an_older_spelling(jobs):
    jobs.add(7, "succeeded")
    with pytest.warns(FutureWarning, match="api_key=") as caught:
        future = CivisFuture(jobs.get_runs, (3, 7), 0.01, api_key="an-older-key")
    assert caught[0].filename == __file__
    assert future.result(LONG).state == "succeeded"
    assert "an-older-key" not in repr(future) + repr(vars(future))
    future.client.close()


def test_a_plain_pollable_result():
    states = iter(["running", "succeeded"])
    future = PollableResult(lambda: SimpleNamespace(state=next(states)), (), 0.01)
    assert future.result(LONG).state == "succeeded"


def succeed() -> SimpleNamespace:
    return SimpleNamespace(state="succeeded")


def test_a_plain_pollable_result_is_pickled_with_its_poller():
    future = pickle.loads(pickle.dumps(PollableResult(succeed, (), 0.01)))
    assert future.result(LONG).state == "succeeded"


def test_a_plain_pollable_result_is_cancelled_without_asking_anybody():
    future = PollableResult(lambda: None, (), 1000)
    assert future.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(LONG)

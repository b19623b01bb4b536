"""Whatever states a platform gives and whatever a user calls: a future ends once, and stays as it ended."""

from __future__ import annotations

import concurrent.futures
from contextlib import ExitStack, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from civis._clock import FakeClock
from civis._errors import CivisConnectionError, CivisForbiddenError, CivisJobFailure, CivisServerError
from civis.futures import CivisFuture
from civis.futures._scheduler import scheduling_by
from tests.futures._fake_time import FakeScheduler
from tests.futures.conftest import FakeJobs

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

GOING = ["queued", "running", "pending", "idle", "dreaming", None]
OVER = ["succeeded", "success", "failed", "cancelled"]
TROUBLES = [
    CivisConnectionError("reset"),
    TimeoutError("slow"),
    CivisServerError(SimpleNamespace(status_code=502, headers={}, content=b"")),
]


class Life(RuleBasedStateMachine):
    """A future, the run that it follows, and a user."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.scheduler = FakeScheduler(self.clock)
        self.stack = ExitStack()
        self.stack.enter_context(scheduling_by(self.scheduler))
        self.jobs = FakeJobs()
        self.jobs.add(7, "queued")
        for run_id in (8, 9):
            self.jobs.add(run_id, "running")
        self.jobs.logs = {run_id: ["a line"] for run_id in (7, 8, 9)}
        client: Any = SimpleNamespace(jobs=self.jobs)
        self.future = CivisFuture(self.jobs.get_runs, (3, 7), client=client, max_retries=1)
        self.future._clock = self.clock
        self.called: list[Any] = []
        self.callback_count = 0
        self.ended: tuple[Any, ...] | None = None

    def teardown(self) -> None:
        """Let the run end: then the future must."""
        run_id = self.future.run_id
        if self.jobs.runs[run_id][-1] not in OVER:
            self.jobs.add(run_id, "succeeded")
        for _ in range(3):
            self.scheduler.run(700)
            if self.future.run_id != run_id:
                run_id = self.future.run_id
                self.jobs.add(run_id, "succeeded")
        self.it_never_comes_back_from_its_end()
        assert self.future.done()
        assert len(self.called) == self.callback_count
        assert len(self.jobs.started) <= 1
        self.stack.close()

    @rule(states=st.lists(st.sampled_from([*GOING, *TROUBLES]), max_size=3))
    def the_run_goes_on(self, states: list[Any]) -> None:
        """Give answers that end nothing."""
        if self.jobs.runs[self.future.run_id][-1] not in OVER:
            self.jobs.add(self.future.run_id, *states, "running")

    @rule(state=st.sampled_from(OVER), trouble=st.sampled_from([None, *TROUBLES]))
    def the_run_ends(self, state: str, trouble: Exception | None) -> None:
        """End the run, which a troubled line may tell a little later."""
        if self.jobs.runs[self.future.run_id][-1] not in OVER:
            self.jobs.add(self.future.run_id, *([trouble] if trouble else []), state)

    @rule()
    def the_platform_refuses_to_cancel(self) -> None:
        """Refuse the next request to cancel."""

        def refuse(job_id: int, run_id: int) -> None:
            del self.jobs.delete_runs
            raise CivisForbiddenError(SimpleNamespace(status_code=403, headers={}, content=b""))

        self.jobs.delete_runs = refuse  # type: ignore[method-assign]

    @rule(seconds=st.sampled_from([0.01, 1, 20, 100]))
    def time_passes(self, seconds: float) -> None:
        """Poll what is due."""
        self.scheduler.run(seconds)

    @rule()
    def a_notice_comes(self) -> None:
        """Tell that the run has ended, which may be too early."""
        self.future._nudge()

    @rule()
    def notices_cease(self) -> None:
        """Lose the line on which notices come."""
        self.future._plan_again()

    @rule()
    def the_user_cancels(self) -> None:
        """Ask for the run to be cancelled."""
        try:
            self.future.request_cancel()
        except CivisForbiddenError:
            assert not self.future.done()

    @rule()
    def the_user_asks_at_once(self) -> None:
        """Ask for the result without waiting."""
        expected = (concurrent.futures.TimeoutError, concurrent.futures.CancelledError, CivisJobFailure)
        with suppress(*expected):
            assert self.future.result(0).state in OVER

    @precondition(lambda self: self.callback_count < 3)
    @rule()
    def the_user_wants_to_be_called(self) -> None:
        """Add a callback, which asks for the result as callbacks do."""
        self.callback_count += 1

        def call_back(done: CivisFuture) -> None:
            self.called.append(done.cancelled() or done.exception(0))

        self.future.add_done_callback(call_back)

    @invariant()
    def it_never_comes_back_from_its_end(self) -> None:
        """Compare how it ended with how it had ended."""
        future = self.future
        if not future.done():
            assert self.ended is None
            assert future.running()
            assert not any((future.succeeded(), future.failed(), future.cancelled()))
            return
        error = None if future.cancelled() else future.exception(0)
        now = (future.cancelled(), future.succeeded(), future.failed(), type(error))
        assert sum(now[:3]) == 1
        assert self.ended in (None, now)
        self.ended = now

    @invariant()
    def the_standard_library_agrees(self) -> None:
        """Ask `concurrent.futures.wait`."""
        done, not_done = concurrent.futures.wait([self.future], 0)
        assert (self.future in done) == self.future.done()
        assert (self.future in not_done) == self.future.running()

    @invariant()
    def nothing_is_asked_for_twice(self) -> None:
        """Count requests that change something."""
        assert len(self.jobs.cancelled) <= 1 + len(self.jobs.started)
        assert len(self.jobs.started) <= 1


Life.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
TestLife = pytest.mark.filterwarnings("ignore::RuntimeWarning")(Life.TestCase)

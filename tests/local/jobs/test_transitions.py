"""The life of a run as a pure state machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.jobs import transitions
from civis.local.jobs.transitions import ACTIVE, OVER, IllegalTransition, RunStatus

NOW = datetime(2026, 4, 17, tzinfo=timezone.utc)
Step = Callable[[RunStatus, datetime], RunStatus]
STEPS: dict[str, Step] = {
    "start": transitions.start,
    "succeed": transitions.succeed,
    "fail": partial(transitions.fail, error="broken"),
    "cancel": transitions.cancel,
    "stop": transitions.stop,
    "recover": transitions.recover,
}

CASES = [
    pytest.param(["start"], "running", id="a worker takes it"),
    pytest.param(["start", "succeed"], "succeeded", id="it works"),
    pytest.param(["start", "fail"], "failed", id="it does not"),
    pytest.param(["cancel"], "cancelled", id="cancelled while queued"),
    pytest.param(["start", "cancel"], "running", id="asked to stop"),
    pytest.param(["start", "cancel", "stop"], "cancelled", id="stops when asked to"),
    pytest.param(["start", "cancel", "succeed"], "succeeded", id="asked too late"),
    pytest.param(["start", "cancel", "fail"], "failed", id="fails while it is asked"),
    pytest.param(["start", "stop"], "failed", id="the platform stops"),
    pytest.param(["recover"], "queued", id="a crash leaves queued runs alone"),
    pytest.param(["start", "recover"], "failed", id="a crash ends running ones"),
    pytest.param(["start", "cancel", "recover"], "cancelled", id="a crash ends those asked to stop"),
    pytest.param(["start", "succeed", "cancel", "recover"], "succeeded", id="what is over stays"),
]


@pytest.mark.parametrize(("steps", "state"), CASES)
def test_where_steps_lead(steps: list[str], state: str) -> None:
    status = RunStatus("queued")
    for name in steps:
        status = STEPS[name](status, NOW)
    assert status.state == state


@pytest.mark.parametrize(
    ("state", "step"),
    [(state, step) for state in ("queued", *OVER) for step in ("succeed", "fail", "stop")]
    + [(state, "start") for state in ("running", *OVER)],
)
def test_a_step_out_of_turn_is_refused(state: transitions.RunState, step: str) -> None:
    with pytest.raises(IllegalTransition, match=f"A run that is {state} cannot {step}"):
        STEPS[step](RunStatus(state), NOW)


@settings(deadline=None)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_whatever_happens_times_and_errors_fit_the_state(steps: list[str]) -> None:
    status = RunStatus("queued")
    for seconds, name in enumerate(steps):
        before = status
        try:
            status = STEPS[name](status, NOW + timedelta(seconds=seconds))
        except IllegalTransition:
            continue
        assert not before.is_over or status == before
    assert status.is_over == (status.finished_at is not None) == (status.state not in ACTIVE)
    assert (status.error is not None) == (status.state == "failed")
    if status.state in ("running", "succeeded", "failed"):
        assert status.started_at is not None
    if status.started_at and status.finished_at:
        assert status.started_at <= status.finished_at

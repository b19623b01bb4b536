"""When to ask again, and what answers mean."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st

from civis._errors import (
    CivisAPIKeyMissingError,
    CivisConnectionError,
    CivisForbiddenError,
    CivisServerError,
    CivisTimeoutError,
    api_error,
)
from civis.futures._policy import (
    EARLY_DELAYS,
    LONGEST_DELAY,
    Verdict,
    is_passing,
    outage_delay,
    poll_delay,
    read_verdict,
)


def answer(status: int) -> SimpleNamespace:
    return SimpleNamespace(status_code=status, headers={}, content=b"")


def test_the_first_seconds_are_asked_about_often_then_ever_less():
    delays = [poll_delay(count, None) for count in range(40)]
    early = len(EARLY_DELAYS)
    assert delays[:early] == list(EARLY_DELAYS)
    assert sum(EARLY_DELAYS) < 3
    assert delays[early : early + 3] == pytest.approx([1.0, 1.2, 1.44])
    assert delays[-1] == LONGEST_DELAY
    assert delays == sorted(delays)


@given(st.integers(0, 10**9), st.one_of(st.none(), st.floats(0.001, 1e6)))
def test_delays_pass_some_time_and_keep_to_the_interval(count, interval):
    delay = poll_delay(count, interval)
    assert delay == interval if interval is not None else 0 < delay <= LONGEST_DELAY
    assert 0 < outage_delay(count + 1, interval) <= max(LONGEST_DELAY, interval or 0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CivisConnectionError("reset"), True),
        (CivisTimeoutError("slow"), True),
        (ConnectionResetError(), True),
        (urllib3.exceptions.ProtocolError("cut"), True),
        (CivisServerError(answer(502)), True),
        (api_error(answer(429)), True),
        (api_error(answer(408)), True),
        (CivisForbiddenError(answer(403)), False),
        (api_error(answer(401)), False),
        (api_error(answer(404)), False),
        (CivisAPIKeyMissingError(), False),
        (ValueError("bug"), False),
        (KeyError("bug"), False),
    ],
    ids=repr,
)
def test_which_errors_say_nothing_about_a_job(error, expected):
    assert is_passing(error) is expected


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (None, Verdict.RUNNING),
        (3, Verdict.RUNNING),
        ("idle", Verdict.RUNNING),
        ("scheduled", Verdict.RUNNING),
        ("queued", Verdict.RUNNING),
        ("running", Verdict.RUNNING),
        ("success", Verdict.SUCCEEDED),
        ("succeeded", Verdict.SUCCEEDED),
        ("failed", Verdict.FAILED),
        ("cancelled", Verdict.CANCELLED),
    ],
)
def test_states(state, verdict):
    assert read_verdict(state) is verdict

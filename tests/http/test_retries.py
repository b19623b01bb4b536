"""The table of retries, row by row, and the loop that follows it."""

from __future__ import annotations

from email.utils import formatdate

import pytest
import tenacity
import urllib3
from urllib3.exceptions import ConnectTimeoutError, ProtocolError

from civis._clock import FakeClock
from civis._errors import CivisConnectionError, CivisTimeoutError
from civis._http.answer import Answer
from civis._http.attempts import run_attempts
from civis._http.failures import Failure
from civis._http.retries import RetryPolicy, backoff, is_retried, policy_of, read_retry_after

VERBS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "POST", "PATCH")
IDEMPOTENT = set(VERBS) - {"POST", "PATCH"}
STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 425, 429, 500, 501, 502, 503, 504)

#: Verbs that are sent again: by status, and by status with a Retry-After.
EXPECTED = {
    413: (set(), set(VERBS)),
    429: (IDEMPOTENT | {"POST"}, set(VERBS)),
    502: (IDEMPOTENT, IDEMPOTENT),
    503: (IDEMPOTENT | {"POST"}, set(VERBS)),
    504: (IDEMPOTENT, IDEMPOTENT),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", STATUSES)
def test_each_status(verb: str, status: int) -> None:
    plain, with_header = EXPECTED.get(status, (set(), set()))
    assert is_retried(verb, status, has_retry_after=False) == (verb in plain)
    assert is_retried(verb, status, has_retry_after=True) == (verb in with_header)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        pytest.param(Failure.CONNECT, set(VERBS), id="nothing was sent"),
        pytest.param(Failure.BROKEN, IDEMPOTENT, id="perhaps carried out"),
        pytest.param(Failure.TIMEOUT, IDEMPOTENT, id="perhaps still going on"),
        pytest.param(Failure.FINAL, set(), id="never helps"),
    ],
)
def test_each_failure(verb: str, failure: Failure, expected: set[str]) -> None:
    assert is_retried(verb, failure, has_retry_after=False) == (verb in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3.0),
        (" 2.5 ", 2.5),
        ("0", 0.0),
        ("-4", 0.0),
        (formatdate(1_000_060, usegmt=True), 60.0),
        (formatdate(999_000, usegmt=True), 0.0),
        ("Mon, 12 Jan 1970 13:47:40", 60.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after(text: str, expected: float | None) -> None:
    assert read_retry_after({"Retry-After": text}, now=1_000_000) == expected


def answers(*statuses: int, **headers: str) -> tuple[list[int], object]:
    """Make attempts that bring these statuses, the last one for ever."""
    seen: list[int] = []

    def attempt(number: int) -> Answer:
        seen.append(number)
        status = statuses[min(number, len(statuses)) - 1]
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer(status, named, b"", "GET", "http://127.0.0.1/", number)

    return seen, attempt


def run(
    attempt: object, method: str = "GET", policy: object = None, clock: FakeClock | None = None
) -> Answer:
    return run_attempts(attempt, method, "http://h/p?signature=1", policy_of(policy), clock or FakeClock(1e6))  # type: ignore[arg-type]


def test_the_last_answer_is_given_when_attempts_run_out() -> None:
    seen, attempt = answers(503)
    clock = FakeClock(0)
    assert run(attempt, clock=clock).status == 503
    assert len(seen) == 10
    assert len(clock.slept) == 9
    assert clock.now <= 600


def test_somebody_unreachable_is_tried_as_often_as_the_policy_says(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(number: int) -> Answer:
        raise ConnectTimeoutError if number < 3 else ProtocolError("broken")

    policy = RetryPolicy(attempts=5, connect_attempts=3)
    with caplog.at_level("INFO", "civis.http.retries"), pytest.raises(CivisConnectionError, match="after 5 "):
        run(refuse, policy=policy)
    assert [record.civis_reason for record in caplog.records][:2] == ["ConnectTimeoutError"] * 2  # type: ignore[attr-defined]
    assert len(caplog.records) == 4
    assert "signature" not in caplog.text
    with pytest.raises(CivisConnectionError, match="after 2 "):
        run(refuse, policy=RetryPolicy(attempts=5, connect_attempts=2))


def test_waits_grow_and_keep_their_bounds() -> None:
    for jitter in (0.0, 0.5, 1.0):
        waits = [backoff(number, 1.0, 60.0, lambda jitter=jitter: jitter) for number in range(1, 12)]
        assert waits == sorted(waits)
        assert all(0.5 <= wait <= 60 for wait in waits)


def test_a_good_answer_ends_it() -> None:
    seen, attempt = answers(503, 429, 200)
    assert run(attempt).status == 200
    assert seen == [1, 2, 3]


def test_waits_at_least_as_long_as_it_was_told() -> None:
    _, attempt = answers(429, 200, Retry_After="7")
    clock = FakeClock(0)
    run(attempt, clock=clock)
    assert 7 <= clock.slept[0] <= 8


def test_an_answer_that_asks_for_more_than_the_budget_is_given_at_once() -> None:
    seen, attempt = answers(429, Retry_After="3600")
    clock = FakeClock(0)
    assert run(attempt, clock=clock).status == 429
    assert (seen, clock.slept) == ([1], [])


def test_the_budget_counts_waits() -> None:
    _, attempt = answers(503, Retry_After="100")
    clock = FakeClock(0)
    run(attempt, clock=clock)
    assert 500 <= clock.now <= 601


def failing(error: Exception, times: int = 10**6) -> tuple[list[int], object]:
    seen: list[int] = []

    def attempt(number: int) -> Answer:
        seen.append(number)
        if number <= times:
            raise error
        return Answer(200, {}, b"", "GET", "http://h/", number)

    return seen, attempt


BROKEN = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
REFUSED = urllib3.exceptions.NewConnectionError(None, "refused")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "error", "attempts"),
    [
        ("GET", BROKEN, 3),
        ("POST", BROKEN, 1),
        ("POST", REFUSED, 3),
        ("PATCH", REFUSED, 3),
        ("PATCH", BROKEN, 1),
    ],
)
def test_failures_that_end(method: str, error: Exception, attempts: int) -> None:
    seen, attempt = failing(error, times=2)
    if attempts == 3:
        assert run(attempt, method).status == 200
    else:
        with pytest.raises(CivisConnectionError, match="look before sending it again"):
            run(attempt, method)
    assert len(seen) == attempts


def test_failures_that_do_not_end_become_one_error() -> None:
    seen, attempt = failing(urllib3.exceptions.ReadTimeoutError(None, "/p?signature=1", "slow"))  # type: ignore[arg-type]
    with pytest.raises(CivisTimeoutError, match="after 10 attempts") as caught:
        run(attempt)
    assert len(seen) == 10
    assert "signature" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("given", "attempts"),
    [
        pytest.param(0, 1, id="none"),
        pytest.param(2, 3, id="a number"),
        pytest.param(False, 1, id="off"),
        pytest.param(True, 10, id="on"),
        pytest.param(urllib3.Retry(4), 5, id="urllib3"),
        pytest.param(urllib3.Retry(False), 1, id="urllib3 off"),
        pytest.param(tenacity.Retrying(stop=tenacity.stop_after_attempt(4)), 4, id="tenacity"),
        pytest.param(
            tenacity.Retrying(stop=tenacity.stop_after_attempt(3), retry=tenacity.retry_never),
            3,
            id="its own condition is replaced",
        ),
    ],
)
def test_what_retries_takes(given: object, attempts: int) -> None:
    seen, attempt = answers(503)
    if isinstance(given, tenacity.Retrying):
        given = given.copy(sleep=lambda seconds: None)
    assert run(attempt, policy=given).status == 503
    assert len(seen) == attempts


def test_tenacity_waits_for_retry_after_and_raises_our_error() -> None:
    slept: list[float] = []
    retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(2), sleep=slept.append)
    _, attempt = answers(429, 200, Retry_After="9")
    assert run(attempt, policy=retrying).status == 200
    assert slept == [9.0]
    seen, attempt = failing(BROKEN)
    with pytest.raises(CivisConnectionError, match="after 2 attempts"):
        run(attempt, policy=retrying)
    assert len(seen) == 2


@pytest.mark.parametrize(("told", "calls"), [("3600", 1), ("5", 3)], ids=["too long", "short"])
def test_tenacity_waits_no_longer_than_its_own_stop_allows(told: str, calls: int) -> None:
    slept: list[float] = []
    stop = tenacity.stop_any(tenacity.stop_after_delay(600), tenacity.stop_after_attempt(3))
    retrying = tenacity.Retrying(stop=stop, sleep=slept.append)
    seen, attempt = answers(429, Retry_After=told)
    assert run(attempt, policy=retrying).status == 429
    assert (len(seen), slept) == (calls, [float(told)] * (calls - 1))


def test_urllib3_retry_brings_its_statuses_and_verbs() -> None:
    policy = policy_of(urllib3.Retry(3, status_forcelist=[418], allowed_methods=["POST"], backoff_factor=0))
    assert is_retried("POST", 418, False, policy.table)
    assert not is_retried("GET", 418, False, policy.table)
    assert not is_retried("POST", 429, False, policy.table)
    assert policy.delay(1, 0.0, None) == 0


@pytest.mark.parametrize(
    ("given", "error"), [(-1, ValueError), ("5", TypeError), (tenacity.AsyncRetrying(), TypeError)]
)
def test_what_retries_refuses(given: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="retries="):
        policy_of(given)


def test_a_policy_passes_through() -> None:
    policy = RetryPolicy(attempts=2)
    assert policy_of(policy) is policy

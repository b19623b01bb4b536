"""The loop that makes attempts until an answer is good or the policy gives up; it waits on a given clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from civis._clock import Clock
from civis._errors import without_query
from civis._http.answer import Answer
from civis._http.failures import WIRE_ERRORS, Failure, classify, connection_error, reason_of
from civis._http.retries import RetryPolicy, is_retried, read_retry_after

#: Told what is about to be repeated, and why; a logger of its own, so that one can listen to nothing else.
logger = logging.getLogger("civis.http.retries")

#: Makes attempt number n.
Attempt = Callable[[int], Answer]


def run_attempts(attempt: Attempt, method: str, url: str, policy: RetryPolicy | Any, clock: Clock) -> Answer:
    """Make attempts as `policy` (a `RetryPolicy` or a `tenacity.Retrying`) says, and give the last answer."""
    if not isinstance(policy, RetryPolicy):
        return _run_tenacity(attempt, method, url, policy, clock)
    began: float | None = None
    number = 0
    while True:
        number += 1
        failure: Exception | None = None
        if began is None:
            began = clock.monotonic()
        try:
            answer = attempt(number)
        except WIRE_ERRORS as error:
            failure, reason = error, reason_of(error)
            wait = None
            kind = classify(error)
            if is_retried(method, kind, False, policy.table) and _may_connect_again(policy, kind, number):
                wait = policy.delay(number, clock.monotonic() - began, None)
        else:
            if answer.status < 400:
                return answer
            after = read_retry_after(answer.headers, clock.time())
            wait, reason = None, f"status {answer.status}"
            if is_retried(method, answer.status, after is not None, policy.table):
                wait = policy.delay(number, clock.monotonic() - began, after)
            if wait is None:
                return answer
        if wait is None and failure is not None:
            final = connection_error(failure, method, url, number)
            failure = None
            break
        # Nothing of the failure is kept during the wait: its traceback holds the connection.
        failure = None
        logger.info(
            "%s %s: %s (attempt %d); it is tried again in %.1f s",
            method, without_query(url), reason, number, wait or 0.0, extra={"civis_reason": reason},
        )  # fmt: skip
        clock.sleep(wait or 0.0)
    raise final


def _may_connect_again(policy: RetryPolicy, kind: Failure, number: int) -> bool:
    """Tell whether one more attempt is made to reach somebody who could not be connected to."""
    most = policy.connect_attempts
    return kind is not Failure.CONNECT or most is None or number < most


def _run_tenacity(attempt: Attempt, method: str, url: str, retrying: Any, clock: Clock) -> Answer:
    """Let the user's `tenacity.Retrying` stop and wait; which outcomes are retried is the table's matter."""
    number = 0

    def next_attempt() -> Answer:
        nonlocal number
        number += 1
        return attempt(number)

    def should_retry(state: Any) -> bool:
        error = state.outcome.exception()
        if error is not None:
            return isinstance(error, WIRE_ERRORS) and is_retried(method, classify(error), False)
        answer = state.outcome.result()
        after = read_retry_after(answer.headers, clock.time())
        return is_retried(method, answer.status, after is not None)

    def told_to_wait(state: Any) -> float:
        if state.outcome is None or state.outcome.failed:
            return 0.0
        return read_retry_after(state.outcome.result().headers, clock.time()) or 0.0

    def wait(state: Any) -> float:
        seconds = float(retrying.wait(state)) if retrying.wait is not None else 0.0
        return max(seconds, told_to_wait(state))

    def should_stop(state: Any) -> bool:
        if retrying.stop(state):
            return True
        # Who stops after some time does not mean to wait for longer than that because a server says so.
        ended = state.outcome_timestamp
        state.outcome_timestamp = ended + told_to_wait(state)
        try:
            return bool(retrying.stop(state))
        finally:
            state.outcome_timestamp = ended

    def give_last(state: Any) -> Any:
        return state.outcome.result()

    # A copy, as many threads may use the session and the user's object at once.
    runner = retrying.copy(
        retry=should_retry, wait=wait, stop=should_stop, reraise=True, retry_error_callback=give_last
    )
    try:
        answer: Answer = runner(next_attempt)
    except WIRE_ERRORS as error:
        final = connection_error(error, method, url, number)
    else:
        return answer
    raise final

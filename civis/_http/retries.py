"""Which requests are sent again, and when: a table of data and pure functions. Knows no socket."""

from __future__ import annotations

import enum
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import urllib3

IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
POST = frozenset({"POST"})
PATCH = frozenset({"PATCH"})


class Failure(enum.Enum):
    """How an attempt ended that brought no answer."""

    #: No connection was made: nothing of the request was sent.
    CONNECT = "connect"
    #: The connection broke after (part of) the request was sent: nobody knows whether it was carried out.
    BROKEN = "broken"
    #: The platform took longer than the read timeout.
    TIMEOUT = "timeout"
    #: The certificate was not accepted, or the request could not be made at all: trying again cannot help.
    FINAL = "final"


@dataclass(frozen=True)
class Rule:
    """One row of the table: these verbs are sent again after these statuses or failures.

    With `needs_retry_after` only where the answer itself said when to come back.
    """

    methods: frozenset[str]
    statuses: frozenset[int] = frozenset()
    failures: frozenset[Failure] = frozenset()
    needs_retry_after: bool = False


#: The whole policy. A verb and an outcome that no row names is not retried.
TABLE: tuple[Rule, ...] = (
    Rule(IDEMPOTENT, statuses=frozenset({429, 502, 503, 504})),
    Rule(IDEMPOTENT, statuses=frozenset({413}), needs_retry_after=True),
    Rule(IDEMPOTENT, failures=frozenset({Failure.CONNECT, Failure.BROKEN, Failure.TIMEOUT})),
    # A refused request has done nothing. After 502 or 504 the platform may have carried it out.
    Rule(POST, statuses=frozenset({429, 503})),
    Rule(POST, statuses=frozenset({413}), needs_retry_after=True),
    Rule(POST | PATCH, failures=frozenset({Failure.CONNECT})),
    Rule(PATCH, statuses=frozenset({413, 429, 503}), needs_retry_after=True),
)


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how long requests are repeated.

    Attributes
    ----------
    attempts
        Requests made at most, the first one included.
    seconds
        Time after which no further attempt begins, the waits included.
    base, cap
        The wait after attempt n lies between half and the whole of ``min(cap, base * 2 ** (n - 1))`` seconds.
    table
        Which outcomes count.
    honours_retry_after
        Whether the ``Retry-After`` of an answer is waited for.
    connect_attempts
        Attempts at most where no connection can be made; None: no fewer than otherwise.
    """

    attempts: int = 10
    seconds: float = 600.0
    base: float = 1.0
    cap: float = 60.0
    table: tuple[Rule, ...] = TABLE
    honours_retry_after: bool = True
    connect_attempts: int | None = None

    def delay(
        self,
        attempt: int,
        elapsed: float,
        retry_after: float | None,
        jitter: Callable[[], float] = random.random,
    ) -> float | None:
        """Say how long to wait after attempt number `attempt` (from 1), or None to give up."""
        if attempt >= self.attempts:
            return None
        wait = backoff(attempt, self.base, self.cap, jitter)
        if retry_after is not None and self.honours_retry_after:
            # All clients were told the same second: a little more keeps them from coming back at once.
            wait = max(wait, retry_after + jitter() * min(1.0, self.base))
        return None if elapsed + wait > self.seconds else wait


def backoff(attempt: int, base: float, cap: float, jitter: Callable[[], float] = random.random) -> float:
    """Grow the wait exponentially, with half of it left to chance."""
    whole = min(cap, base * 2.0 ** min(attempt - 1, 60))
    return whole * (0.5 + 0.5 * jitter())


def is_retried(
    method: str, outcome: int | Failure, has_retry_after: bool, table: tuple[Rule, ...] = TABLE
) -> bool:
    """Look an outcome (a status, or a failure without an answer) up in the table."""
    for rule in table:
        if method in rule.methods and (has_retry_after or not rule.needs_retry_after):
            if isinstance(outcome, Failure):
                if outcome in rule.failures:
                    return True
            elif outcome in rule.statuses:
                return True
    return False


def read_retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Read ``Retry-After``, in either of its forms, as seconds from now; None where there is none to read."""
    text = headers.get("Retry-After")
    if not text:
        return None
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = _read_date(text)
        if moment is None:
            return None
        seconds = moment - (time.time() if now is None else now)
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None


def _read_date(text: str) -> float | None:
    """Read a date of HTTP as seconds since 1970; None where it is none."""
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415 - 15 ms, and servers rarely write dates

    parts = parsedate_tz(text)
    try:
        # A date without a zone means that of Greenwich, not that of this machine.
        return None if parts is None else float(mktime_tz((*parts[:9], parts[9] or 0)))
    except (ValueError, OverflowError):
        return None


def policy_of(retries: Any) -> RetryPolicy | Any:
    """Turn what a user gave as ``retries=`` into a policy; a `tenacity.Retrying` is given back as it is.

    Raises
    ------
    TypeError
        It is none of None, int, `urllib3.Retry`, `RetryPolicy` and `tenacity.Retrying`.
    ValueError
        A negative number.
    """
    if retries is None:
        return RetryPolicy()
    if isinstance(retries, RetryPolicy):
        return retries
    if isinstance(retries, bool):
        return RetryPolicy() if retries else RetryPolicy(attempts=1)
    if isinstance(retries, int):
        if retries < 0:
            raise ValueError(
                f"retries={retries} is negative: give the number of further attempts, 0 for none."
            )
        return RetryPolicy(attempts=retries + 1)
    # Whoever passes an object of theirs has imported them; nobody else is to wait for that.
    urllib3, tenacity = sys.modules.get("urllib3"), sys.modules.get("tenacity")
    if urllib3 is not None and isinstance(retries, urllib3.Retry):
        return _from_urllib3(retries)
    if tenacity is not None and isinstance(retries, tenacity.Retrying):
        return retries
    raise TypeError(
        f"retries={retries!r} is a {type(retries).__name__}: "
        "give an int, a urllib3.Retry or a tenacity.Retrying."
    )


def _from_urllib3(retry: urllib3.Retry) -> RetryPolicy:
    """Take over number, back-off and, where it names any, statuses and verbs of a `urllib3.Retry`."""
    counts = [count for count in (retry.total, retry.status) if count is not None and count is not False]
    number = min((int(count) for count in counts), default=9)
    policy = RetryPolicy(
        attempts=1 if retry.total is False else max(0, number) + 1,
        base=float(retry.backoff_factor),
        cap=float(retry.backoff_max),
        honours_retry_after=retry.respect_retry_after_header,
    )
    if retry.status_forcelist:
        methods = frozenset(retry.allowed_methods) if retry.allowed_methods else IDEMPOTENT | POST | PATCH
        asked = Rule(methods, statuses=frozenset(retry.status_forcelist))
        policy = replace(policy, table=(asked, *(rule for rule in TABLE if rule.failures)))
    return policy

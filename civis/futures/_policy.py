"""When to ask again, and what an answer or an error means for a future.

Pure functions and values: no thread, no request and no clock in here, so that every rule can be tested as a
table.
"""

from __future__ import annotations

import enum
import random
import warnings
from collections.abc import Iterable

import urllib3.exceptions

from civis._errors import CivisAPIKeyMissingError
from civis._states import CANCELLED, FAILED, FINISHED, NOT_FINISHED

#: Delays before the first polls, in seconds. Quick jobs are over within the first seconds, so asking only
#: after a whole one would be most of what they cost. With each delay 0.4 of the time passed at most, the end
#: of a job is seen late by no more than that; it takes four polls more than steps of a second, once a job.
EARLY_DELAYS = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56)
#: After that, the delay starts with this many seconds …
FIRST_DELAY = 1.0
#: … is multiplied by this after every poll …
GROWTH = 1.2
#: … and stays at this many seconds.
LONGEST_DELAY = 15.0
#: Delays vary by up to this part of them, so that futures made together do not ask together.
JITTER = 0.05
#: Seconds between polls of a run whose end will be pushed.
PUSHED_DELAY = 570.0
#: Polls slow down when less than this part of the calls that the platform permits remains …
LOW_REMAINDER = 0.1
#: … to at most so many times the delay.
MOST_SLOWDOWN = 10.0
#: How long polls may fail without a break before the future gives up, in seconds.
OUTAGE_LIMIT = 600.0

#: States that the platform's description lists beside the ones of a run; a job that waits for its first run
#: has them.
WAITING_STATES = ("idle", "pending", "scheduled")
#: Statuses of answers that say "not now" rather than "no".
PASSING_STATUSES = frozenset({408, 425, 429})


class Verdict(enum.Enum):
    """What a platform state means for the one who waits."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def check_interval(polling_interval: float | None) -> float | None:
    """Return a user's polling interval, or raise `ValueError` when no time could pass in it."""
    if polling_interval is not None and not polling_interval > 0:
        raise ValueError(f"polling_interval must be greater than 0 seconds, not {polling_interval!r}")
    return polling_interval


def poll_delay(poll_count: int, polling_interval: float | None) -> float:
    """Seconds to wait before the next poll, after `poll_count` polls."""
    if polling_interval is not None:
        return float(polling_interval)
    if poll_count < len(EARLY_DELAYS):
        return EARLY_DELAYS[poll_count]
    # The exponent is bounded because 1.2 ** n overflows for a future that is polled for months.
    return min(LONGEST_DELAY, FIRST_DELAY * GROWTH ** min(poll_count - len(EARLY_DELAYS), 100))


def jittered(delay: float) -> float:
    """Vary a delay a little."""
    return delay * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret


def slowdown(remaining: int | None, limit: int | None) -> float:
    """How many times longer delays are while so many of the permitted calls remain.

    Examples
    --------
    >>> slowdown(500, 1000), slowdown(50, 1000), slowdown(0, 1000)
    (1.0, 2.0, 10.0)
    """
    if remaining is None or not limit or limit <= 0:
        return 1.0
    part = max(remaining, 0) / limit
    if part >= LOW_REMAINDER:
        return 1.0
    return min(MOST_SLOWDOWN, LOW_REMAINDER / part) if part else MOST_SLOWDOWN


def outage_delay(error_count: int, polling_interval: float | None) -> float:
    """Seconds to wait before the next poll, after `error_count` failed polls in a row."""
    start = min(polling_interval or FIRST_DELAY, LONGEST_DELAY)
    return max(start, min(LONGEST_DELAY, start * 2.0 ** min(error_count - 1, 50)))


def is_passing(error: BaseException) -> bool:
    """Whether an error of a poll says nothing about the job: the line was down, or the platform was busy."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status > 0:
        return status >= 500 or status in PASSING_STATUSES
    if isinstance(error, CivisAPIKeyMissingError):
        return False
    return isinstance(error, (OSError, urllib3.exceptions.HTTPError))


def read_verdict(state: object) -> Verdict:
    """Translate a platform state; one that nobody knows counts as running and is warned about once."""
    if not isinstance(state, str) or _is_one_of(state, NOT_FINISHED) or state in WAITING_STATES:
        return Verdict.RUNNING
    if _is_one_of(state, FINISHED):
        return Verdict.SUCCEEDED
    if _is_one_of(state, FAILED):
        return Verdict.FAILED
    if _is_one_of(state, CANCELLED):
        return Verdict.CANCELLED
    _warn_unknown(state)
    return Verdict.RUNNING


def _is_one_of(state: str, states: Iterable[str]) -> bool:
    """Whether a state is one of a list of the names that users may import."""
    return state in tuple(states)


_unknown_states: set[str] = set()


def _warn_unknown(state: str) -> None:
    """Say once a state and process that a state is not known."""
    if state in _unknown_states:
        return
    _unknown_states.add(state)
    warnings.warn(
        f"the platform reports the state {state!r}, which this release does not know; it counts as running",
        RuntimeWarning,
        stacklevel=2,
    )

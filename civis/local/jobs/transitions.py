"""The life of a run as a pure state machine: no clock, no thread, no database.

::

    queued ──start──> running ──succeed──> succeeded
      │                 ├──────fail──────> failed
      └────cancel────>  └──end_cancelled─> cancelled

Cancelling a queued run ends it at once; cancelling a running one is a request that its executor sees, and the
run ends when the executor has stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

RunState = Literal["queued", "running", "succeeded", "failed", "cancelled"]

ACTIVE: tuple[RunState, ...] = ("queued", "running")
"""States in which a run is not over."""

OVER: tuple[RunState, ...] = ("succeeded", "failed", "cancelled")
"""States in which nothing happens to a run any more."""

LOST = "The platform stopped while this run was running. Run the job again."
"""The error of a run that a crash, or the platform's stop, cut short."""


class IllegalTransition(ValueError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """A run cannot do that in the state it is in."""

    def __init__(self, event: str, state: str) -> None:
        super().__init__(event, state)
        self.event = event
        self.state = state

    def __str__(self) -> str:
        return f"A run that is {self.state} cannot {self.event}."


@dataclass(frozen=True)
class RunStatus:
    """What changes in a run's life.

    Parameters
    ----------
    state : {"queued", "running", "succeeded", "failed", "cancelled"}
    is_cancel_requested : bool, default False
    started_at, finished_at : datetime, optional
    error : str, optional
        Why a failed run failed.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> now = datetime(2026, 4, 17, tzinfo=timezone.utc)
    >>> status = start(RunStatus("queued"), now)
    >>> fail(status, now, "no such table").state
    'failed'
    """

    state: RunState
    is_cancel_requested: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to the run any more."""
        return self.state in OVER


def start(status: RunStatus, now: datetime) -> RunStatus:
    """Let a worker take the run."""
    _require(status, "start", "queued")
    return replace(status, state="running", started_at=now)


def succeed(status: RunStatus, now: datetime) -> RunStatus:
    """End a run whose work is done; also if a request to cancel came too late."""
    _require(status, "succeed", "running")
    return replace(status, state="succeeded", finished_at=now)


def fail(status: RunStatus, now: datetime, error: str) -> RunStatus:
    """End a run whose work could not be done."""
    _require(status, "fail", "running")
    return replace(status, state="failed", finished_at=now, error=error)


def cancel(status: RunStatus, now: datetime) -> RunStatus:
    """Ask a run to end: a queued one does, a running one is told to, one that is over stays as it is."""
    if status.state == "queued":
        return replace(status, state="cancelled", is_cancel_requested=True, finished_at=now)
    if status.state == "running":
        return replace(status, is_cancel_requested=True)
    return status


def stop(status: RunStatus, now: datetime) -> RunStatus:
    """End a run whose executor was interrupted: cancelled if that was asked for, else cut short."""
    _require(status, "stop", "running")
    if status.is_cancel_requested:
        return replace(status, state="cancelled", finished_at=now)
    return fail(status, now, LOST)


def overrun(status: RunStatus, now: datetime, error: str) -> RunStatus:
    """End a run that was interrupted for its time was up: cancelled if that was asked for as well."""
    return stop(status, now) if status.is_cancel_requested else fail(status, now, error)


def recover(status: RunStatus, now: datetime) -> RunStatus:
    """Settle a run that a crashed platform left: what ran is lost, what waited still waits."""
    return stop(status, now) if status.state == "running" else status


def _require(status: RunStatus, event: str, state: RunState) -> None:
    """Refuse an event in any other state."""
    if status.state != state:
        raise IllegalTransition(event, status.state)

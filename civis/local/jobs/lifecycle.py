"""Stored runs moved along by the state machine: each function is one step inside a caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

from sqlalchemy.engine import Connection

from civis.local.jobs import transitions
from civis.local.jobs.transitions import RunState, RunStatus
from civis.local.state import Moment, ObjectNotFound, Run, as_datetime, runs

Step = Callable[[RunStatus, datetime], RunStatus]


def status_of(run: Run) -> RunStatus:
    """Give the part of a stored run that the state machine knows."""
    return RunStatus(
        cast(RunState, run.state), run.is_cancel_requested, run.started_at, run.finished_at, run.error
    )


def apply(connection: Connection, run: Run, step: Step, now: Moment) -> Run:
    """Let a run take a step, and store what became of it."""
    before = status_of(run)
    after = step(before, as_datetime(now))
    changes = {name: value for name, value in vars(after).items() if value != getattr(before, name)}
    return runs.update_run(connection, run.id, **changes) if changes else run


def claim(connection: Connection, job_id: int, run_id: int, now: Moment) -> Run | None:
    """Start a queued run, or give None if it is not queued any more."""
    try:
        run = runs.fetch_run(connection, job_id, run_id)
    except ObjectNotFound:
        return None
    return apply(connection, run, transitions.start, now) if run.state == "queued" else None


def recover(connection: Connection, now: Moment) -> list[Run]:
    """End the runs that a crash left running; give them."""
    left = runs.select_runs(connection, state="running")
    return [apply(connection, run, transitions.recover, now) for run in left]

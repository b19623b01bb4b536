"""Stored runs moved along by the state machine: each function is one step inside a caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from datetime import datetime
from typing import cast

from sqlalchemy.engine import Connection

from civis.local.jobs import transitions
from civis.local.jobs.transitions import RunState, RunStatus
from civis.local.state import Moment, Run, as_datetime, runs

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
    return run if after == before else runs.update_run(connection, run.id, **asdict(after))


def claim_next(connection: Connection, now: Moment) -> Run | None:
    """Start the run that waits longest, or give None if none waits."""
    run = runs.oldest_queued(connection)
    return None if run is None else apply(connection, run, transitions.start, now)


def recover(connection: Connection, now: Moment) -> list[Run]:
    """End the runs that a crash left running; give them."""
    left = runs.select_runs(connection, state="running")
    return [apply(connection, run, transitions.recover, now) for run in left]


def active_runs(
    connection: Connection, job_id: int, states: Collection[str] = transitions.ACTIVE
) -> list[Run]:
    """List a job's runs that are not over."""
    return runs.select_runs(connection, job_id, state=states)

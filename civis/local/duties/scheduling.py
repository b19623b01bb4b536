"""Starts what is scheduled: jobs and workflows, on behalf of their authors; and warns of runs that take long.

Schedules count in minutes, so one look a minute is enough for all of them.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.api.errors import ApiError, Conflict
from civis.local.duties.notices import note_stall
from civis.local.jobs import job_kinds
from civis.local.jobs.schedules import next_time
from civis.local.services.job_views import notifications_of, schedule_named
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.state import ObjectNotFound, Stored, as_datetime, objects, runs, schema
from civis.local.workflows.operations import Operations

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["GRACE", "Scheduling"]

_LOGGER = logging.getLogger(__name__)

GRACE = 3600.0
"""Seconds: what fell due while the platform was off for no longer is made up for, once each."""

_MARK = "schedule_mark"
_MINUTE = 60.0


class Scheduling:
    """Looks every minute for what is due; a keeper of the agenda.

    Parameters
    ----------
    platform : Platform
    operations : Operations
    """

    def __init__(self, platform: Platform, operations: Operations) -> None:
        self._platform, self._operations = platform, operations
        self._seen: float | None = None

    def turn(self) -> float | None:
        """Start what has fallen due since the last look; give the next full minute."""
        now = self._platform.clock.time()
        if self._seen is None:
            self._seen = self._last_look(now)
        if now // _MINUTE > self._seen // _MINUTE:
            after, self._seen = self._seen, now
            self._look(after, now)
        return (now // _MINUTE + 1) * _MINUTE

    def _look(self, after: float, now: float) -> None:
        """Start what fell due between two times."""
        with self._platform.state.read() as connection:
            scheduled = _scheduled(connection)
            is_anything_running = runs.count_runs(connection, state="running") > 0
        if scheduled:
            self._keep_mark(now)
        for subject in scheduled:
            if _is_due(subject, as_datetime(after), as_datetime(now)):
                self._start(subject)
        if is_anything_running:
            self._warn_of_stalls(now)

    def _start(self, subject: Stored) -> None:
        """Start a job or a workflow as its author would."""
        path = "/workflows/{id}/executions" if subject.kind == "workflow" else "/jobs/{id}/runs"
        try:
            with self._platform.state.begin() as connection:
                user_id = subject.document.get("running_as_id") or subject.author_id or 0
                self._operations.perform(connection, user_id, "POST", path, ids={"id": subject.id})
        except Conflict:
            _LOGGER.info("The schedule of %s %s is passed over: it is running", subject.kind, subject.id)
        except (ApiError, ObjectNotFound) as error:
            _LOGGER.warning("The schedule of %s %s could not start it: %s", subject.kind, subject.id, error)

    def _warn_of_stalls(self, now: float) -> None:
        """Warn, once a run, of runs that take longer than their job's notifications say."""
        with self._platform.state.begin(is_lasting=False) as connection:
            for run in runs.select_runs(connection, state="running"):
                found = objects.select_objects(connection, id=run.job_id)
                minutes = notifications_of(found[0].document)["stall_warning_minutes"] if found else None
                if not minutes or run.started_at is None or run.document.get("is_stall_told"):
                    continue
                if now - run.started_at.timestamp() >= minutes * 60:
                    note_stall(self._platform, connection, found[0], run, minutes)
                    runs.update_run(connection, run.id, document={"is_stall_told": True})

    def _last_look(self, now: float) -> float:
        """Give the time of the last look before the platform's start, if it was not long ago."""
        with self._platform.state.read() as connection:
            marks = objects.select_objects(connection, _MARK, limit=1)
        seen = float(marks[0].document["seen"]) if marks else now
        return seen if now - GRACE <= seen <= now else now

    def _keep_mark(self, now: float) -> None:
        """Remember that everything up to now has been started."""
        with self._platform.state.begin(is_lasting=False) as connection:
            marks = objects.select_objects(connection, _MARK, limit=1)
            if marks:
                objects.update(connection, marks[0].id, now=now, document={"seen": now})
            else:
                objects.insert(connection, _MARK, {"seen": now}, now=now, hidden=True)


def _scheduled(connection: Connection) -> list[Stored]:
    """List the jobs and workflows whose schedule is on."""
    kinds = {*job_kinds(), *SCRIPT_KINDS, "workflow"}
    is_on: sa.ColumnElement[bool] = (
        schema.objects.c.document[("schedule", "scheduled")].as_boolean().is_(True)
    )
    return objects.select_objects(connection, kinds, archived=False, among=is_on, descending=False)


def _is_due(subject: Stored, after: datetime, now: datetime) -> bool:
    """Tell whether a schedule fell due between two times, and after it was made."""
    try:
        schedule = schedule_named(subject.document)
        if schedule is None:
            return False
        # A schedule that is made within the minute in which it is due waits for its next time.
        due = next_time(schedule, max(after, subject.created_at - timedelta(microseconds=1)))
    except ValueError as error:
        _LOGGER.warning("The schedule of %s %s cannot be read: %s", subject.kind, subject.id, error)
        return False
    return due is not None and due <= now

"""What all jobs have in common in answers: state, last run, schedule, notifications, author, archiving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.api import BadRequest, Call, Conflict
from civis.local.jobs import ACTIVE
from civis.local.jobs.schedules import Schedule, next_time
from civis.local.services.lookups import run_summary
from civis.local.services.permissions import levels_of
from civis.local.services.spelling import snake_keys
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.contents import projects_of
from civis.local.state.database import note_in, noted_in
from civis.local.state.people import author, authors

__all__ = [
    "NOTIFICATIONS",
    "SCHEDULE",
    "STATES",
    "archive_filter",
    "changed_at",
    "common_fields",
    "common_views",
    "next_run_at",
    "note_time",
    "notifications_of",
    "schedule_named",
    "schedule_of",
    "set_archived",
]

STATES = ("idle", "queued", "running", "succeeded", "failed", "cancelled")
TIME_ZONE = "America/Chicago"
_NOW = "civis_now"

SCHEDULE: dict[str, Any] = {
    "scheduled": None,
    "scheduled_days": [],
    "scheduled_hours": [],
    "scheduled_minutes": [],
    "scheduled_runs_per_hour": None,
    "scheduled_days_of_month": [],
}
NOTIFICATIONS: dict[str, Any] = {
    "urls": [],
    "success_email_subject": None,
    "success_email_body": None,
    "success_email_addresses": [],
    "success_email_from_name": None,
    "success_email_reply_to": None,
    "failure_email_addresses": [],
    "stall_warning_minutes": None,
    "success_on": True,
    "failure_on": True,
}
_ARCHIVED: dict[str, bool | None] = {"": False, "false": False, "true": True, "all": None}


def schedule_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Show when a job is scheduled."""
    return SCHEDULE | _given(document.get("schedule"), SCHEDULE)


def schedule_named(document: Mapping[str, Any]) -> Schedule | None:
    """Give the schedule of a job or a workflow; None for one that is off.

    Raises
    ------
    ValueError
        If a number of it is out of range.
    """
    return Schedule.of_fields(schedule_of(document), document.get("time_zone") or TIME_ZONE)


def note_time(connection: Connection, now: datetime) -> None:
    """Note the time at which a request is answered: what is due next depends on it."""
    note_in(connection, _NOW, now)


def next_run_at(connection: Connection, document: Mapping[str, Any]) -> Any:
    """Give when a schedule is due next; where there is none, what a request once said."""
    now: datetime | None = noted_in(connection).get(_NOW)
    try:
        schedule = schedule_named(document)
        if schedule is not None and now is not None:
            return next_time(schedule, now)
    except ValueError:
        return None
    return document.get("next_run_at")


def notifications_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Show whom a job notifies; a single address counts as a list of one."""
    given = _given(document.get("notifications"), NOTIFICATIONS)
    for field, default in NOTIFICATIONS.items():
        if isinstance(default, list) and isinstance(given.get(field), str):
            given[field] = [each.strip() for each in given[field].split(",") if each.strip()]
    return NOTIFICATIONS | given


def common_views(connection: Connection, jobs: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show what all jobs have in common, of several at once: a fixed number of queries."""
    ids = [job.id for job in jobs]
    people = authors(connection, [job.author_id for job in jobs])
    latest, levels = runs.last_runs(connection, ids), levels_of(connection, jobs)
    projects = projects_of(connection, ids)
    return [
        {
            **_common(job, people.get(job.author_id), latest.get(job.id)),
            "next_run_at": None if job.archived else next_run_at(connection, job.document),
            "projects": [{"id": each.id, "name": each.name} for each in projects.get(job.id, ())],
            "my_permission_level": levels[job.id],
        }
        for job in jobs
    ]


def common_fields(connection: Connection, job: Stored) -> dict[str, Any]:
    """Show what all jobs have in common."""
    return {
        **common_views(connection, [job])[0],
        "running_as": author(connection, job.document.get("running_as_id") or job.author_id),
    }


def archive_filter(call: Call) -> bool | None:
    """Read the filter `archived`: true, false (also if it is missing or blank) or all, which is None."""
    return _ARCHIVED[str(call.params.get("archived") or "").lower()]


def set_archived(call: Call, job: Stored, archived: bool | None = None) -> Stored:
    """Archive a job, or bring it back, as `archived` or else the request's `status` says.

    Raises
    ------
    BadRequest
        If neither says anything.
    Conflict
        If it is to be archived while a run of it is queued or running.
    """
    wanted = call.params.get("status") if archived is None else archived
    if wanted is None:
        raise BadRequest("status must be true or false.")
    if wanted and runs.count_runs(call.connection, job.id, state=ACTIVE):
        raise Conflict(f"The job {job.id} cannot be archived while it is running; cancel its run first.")
    return objects.update(call.connection, job.id, now=call.now, archived=wanted)


def _common(job: Stored, author: dict[str, Any] | None, latest: Run | None) -> dict[str, Any]:
    """Show what all jobs have in common."""
    document = job.document
    return {
        "id": job.id,
        "name": job.name,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "author": author,
        "state": latest.state if latest else "idle",
        "finished_at": latest.finished_at if latest else None,
        "last_run": run_summary(latest),
        "last_run_updated_at": changed_at(latest) if latest else None,
        "parent_id": job.parent_id,
        "schedule": schedule_of(document),
        "notifications": notifications_of(document),
        "time_zone": document.get("time_zone") or TIME_ZONE,
        "hidden": job.hidden,
        "archived": job.archived,
    }


def changed_at(run: Run) -> Any:
    """Give when a run changed last."""
    return run.finished_at or run.started_at or run.created_at


def _given(value: object, known: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what a request gave of the known fields."""
    given = snake_keys(value) if isinstance(value, Mapping) else {}
    return {key: each for key, each in given.items() if key in known and each is not None}

"""Imports as the API shows them: objects of kind ``"import"``, and what of them is kept and given out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.services.host_names import HOST_KINDS
from civis.local.services.import_syncs import sync_view, syncs_of
from civis.local.services.job_views import next_run_at
from civis.local.services.lookups import run_summary
from civis.local.services.permissions import level_of
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.people import author, authors

__all__ = [
    "KIND",
    "import_detail",
    "import_inputs",
    "import_state",
    "import_summaries",
]

KIND = "import"


def import_state(job: Stored, last: Run | None) -> str:
    """Name an import's state: its last run's, or whether one is scheduled."""
    if last is not None:
        return last.state
    return "scheduled" if (job.document.get("schedule") or {}).get("scheduled") else "idle"


def import_summaries(connection: Connection, jobs: Sequence[Stored]) -> list[dict[str, Any]]:
    """Describe imports as lists do, of several at once: a fixed number of queries."""
    latest = runs.last_runs(connection, [job.id for job in jobs])
    people = authors(connection, [job.author_id for job in jobs])
    ends = [job.document.get(side) or {} for job in jobs for side in ("source", "destination")]
    ids = {end["remote_host_id"] for end in ends if end}
    hosts = objects.select_objects(connection, HOST_KINDS, id=ids) if ids else []
    names = {host.id: host.name for host in hosts}
    return [_summary(job, latest.get(job.id), people.get(job.author_id), names) for job in jobs]


def _summary(job: Stored, last: Run | None, user: Any, hosts: Mapping[int, str]) -> dict[str, Any]:
    """Describe an import as lists do."""
    document = job.document
    return {
        "id": job.id,
        "name": job.name,
        "source": _end_view(document.get("source"), hosts),
        "destination": _end_view(document.get("destination"), hosts),
        "sync_type": document["sync_type"],
        "is_outbound": document["is_outbound"],
        "job_type": "JobTypes::Import",
        "state": import_state(job, last),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "last_run": run_summary(last),
        "user": user,
        "schedule": document["schedule"],
        "time_zone": document["time_zone"],
        "archived": job.archived,
    }


def import_detail(connection: Connection, job: Stored) -> dict[str, Any]:
    """Describe an import with its syncs."""
    [summary] = import_summaries(connection, [job])
    return {
        **summary,
        "parent_id": job.document.get("parent_id"),
        "syncs": [sync_view(connection, sync) for sync in syncs_of(connection, job.id)],
        "running_as": author(connection, job.document.get("running_as_id") or job.author_id),
        "next_run_at": next_run_at(connection, job.document),
        "notifications": job.document["notifications"],
        "hidden": job.hidden,
        "my_permission_level": level_of(connection, job),
    }


def import_inputs(job: Stored) -> dict[str, Any]:
    """Give what a run of an import works with."""
    return {"name": job.name, **job.document, "hidden": job.hidden}


def _end_view(end: Mapping[str, Any] | None, hosts: Mapping[int, str]) -> dict[str, Any] | None:
    """Describe an import's source or destination, with the name of its host."""
    return {**end, "name": hosts.get(end["remote_host_id"])} if end else None

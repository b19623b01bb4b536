"""Imports as the API shows them: objects of kind ``"import"``, and what of them is kept and given out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.services.host_names import HOST_KINDS
from civis.local.services.import_syncs import sync_view, syncs_of
from civis.local.services.job_views import next_run_at
from civis.local.services.lookups import run_summary
from civis.local.services.permissions import level_of
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.people import author

__all__ = [
    "KIND",
    "import_detail",
    "import_inputs",
    "import_state",
    "import_summary",
]

KIND = "import"


def import_state(job: Stored, last: Run | None) -> str:
    """Name an import's state: its last run's, or whether one is scheduled."""
    if last is not None:
        return last.state
    return "scheduled" if (job.document.get("schedule") or {}).get("scheduled") else "idle"


def import_summary(connection: Connection, job: Stored, last: Run | None) -> dict[str, Any]:
    """Describe an import as lists do."""
    document = job.document
    return {
        "id": job.id,
        "name": job.name,
        "source": _end_view(connection, document.get("source")),
        "destination": _end_view(connection, document.get("destination")),
        "sync_type": document["sync_type"],
        "is_outbound": document["is_outbound"],
        "job_type": "JobTypes::Import",
        "state": import_state(job, last),
        "created_at": job.created_at,
        "updated_at": job.updated_at,
        "last_run": run_summary(last),
        "user": author(connection, job.author_id),
        "schedule": document["schedule"],
        "time_zone": document["time_zone"],
        "archived": job.archived,
    }


def import_detail(connection: Connection, job: Stored) -> dict[str, Any]:
    """Describe an import with its syncs."""
    last = runs.last_run(connection, job.id)
    return {
        **import_summary(connection, job, last),
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


def _end_view(connection: Connection, end: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Describe an import's source or destination, with the name of its host."""
    if not end:
        return None
    hosts = objects.select_objects(connection, HOST_KINDS, id=end["remote_host_id"])
    return {**end, "name": hosts[0].name if hosts else None}

"""Imports: copies between databases and of files into tables; created, listed, changed, cloned, archived.

What a run does is in `table_transfer`, runs are in `import_runs`, CSV imports in `csv_imports`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from civis.local.api import BadRequest, Call, NotFound, Page, Routes, Unprocessable
from civis.local.services.credentials import resolve_credential
from civis.local.services.databases import resolve_database
from civis.local.services.files import LIFETIME
from civis.local.services.host_names import find_host
from civis.local.services.import_records import (
    KIND,
    import_detail,
    import_summaries,
)
from civis.local.services.import_syncs import OPTIONS, SYNC_KIND, syncs_of
from civis.local.services.job_filters import Condition, all_of, is_in, is_on
from civis.local.services.job_views import NOTIFICATIONS, SCHEDULE, archive_filter
from civis.local.services.lookups import (
    find_object,
    id_list,
    ordering,
    parse_moment,
    require_choice,
    word_list,
)
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_pages import Selection, page_of_objects
from civis.local.services.permissions import visible
from civis.local.services.table_transfer import run_import
from civis.local.state import Stored, objects, schema
from civis.local.state.people import author

__all__ = ["routes", "run_import"]

routes = Routes()

declare(
    ObjectKind(
        KIND, "/imports", "import", among=lambda: (KIND, "csv_import"), is_job=True, project_list="imports"
    )
)

_SYNC_TYPES = ("Dbsync", "AutoImport", "GdocImport", "GdocExport")
_STATES = ("running", "failed", "succeeded", "idle", "scheduled", "queued", "cancelled")
_TIME_ZONE = "America/Chicago"
_DEFAULTS: Mapping[str, Any] = {
    "source": None,
    "destination": None,
    "parent_id": None,
    "schedule": SCHEDULE,
    "next_run_at": None,
    "notifications": NOTIFICATIONS,
    "time_zone": _TIME_ZONE,
}


@routes("GET", "/imports")
def list_imports(call: Call) -> Page:
    """List imports, the one changed last first."""
    order, descending = ordering(
        call, ("updated_at", "name", "created_at", "last_run.updated_at"), "updated_at", descending=True
    )
    filters: dict[str, Any] = {
        "author_id": id_list(call.params.get("author"), "author") or None,
        "hidden": bool(call.params.get("hidden")),
        "archived": archive_filter(call),
        "among": all_of(visible(call.connection), *_asked_for(call)),
    }
    order_by = None if order == "last_run.updated_at" else order
    selection = Selection(KIND, filters, order_by=order_by, descending=descending)
    return page_of_objects(
        call, selection, partial(import_summaries, call.connection), default=20, maximum=50
    )


@routes("POST", "/imports")
def post_import(call: Call) -> dict[str, Any]:
    """Create an import; its syncs are added to it then."""
    document = {**_DEFAULTS, **_fields(call)}
    document.setdefault("is_outbound", False)
    _check_ends(document)
    return import_detail(call.connection, _insert(call, call.params["name"], document))


@routes("GET", "/imports/{id}")
def get_import(call: Call) -> dict[str, Any]:
    """Describe an import with its syncs."""
    return import_detail(call.connection, _job(call))


@routes("PUT", "/imports/{id}")
@routes("PATCH", "/imports/{id}")
def update_import(call: Call) -> dict[str, Any]:
    """Change an import."""
    job = _job(call)
    fields = {**_DEFAULTS, **_fields(call)} if call.operation.method == "PUT" else _fields(call)
    running_as = call.params.get("running_as_id")
    if running_as is not None:
        if author(call.connection, running_as) is None:
            raise NotFound(f"There is no user with ID {running_as} (running_as_id).")
        fields["running_as_id"] = running_as
    _check_ends({**job.document, **fields})
    job = objects.update(call.connection, job.id, now=call.now, document=fields, name=call.params.get("name"))
    return import_detail(call.connection, job)


@routes("PUT", "/imports/{id}/archive")
def archive_import(call: Call) -> dict[str, Any]:
    """Archive an import, or bring it back."""
    status = bool(call.params["status"])
    return import_detail(
        call.connection, objects.update(call.connection, _job(call).id, now=call.now, archived=status)
    )


@routes("POST", "/imports/{id}/clone")
def clone_import(call: Call) -> dict[str, Any]:
    """Make a copy of an import, with its syncs."""
    job = _job(call)
    document = dict(job.document)
    if not call.params.get("clone_schedule"):
        document.update(schedule=SCHEDULE, next_run_at=None)
    if not call.params.get("clone_notifications"):
        document["notifications"] = NOTIFICATIONS
    copy = _insert(call, f"Clone of Import {job.id} {job.name}", document)
    for sync in syncs_of(call.connection, job.id):
        objects.insert(
            call.connection,
            SYNC_KIND,
            sync.document,
            now=call.now,
            parent_id=copy.id,
            author_id=call.user.id,
        )
    return import_detail(call.connection, copy)


@routes("POST", "/imports/files")
def post_file_import(call: Call) -> dict[str, Any]:
    """Create an import of one file, and tell where the file is to be sent."""
    params, blobs = call.params, call.platform.blobs
    database = resolve_database(call.connection, params["remote_host_id"])
    credential = resolve_credential(call.connection, params["credential_id"])
    table = {"schema": params["schema"], "table": params["name"], "use_without_schema": False}
    if not table["schema"] or not table["table"]:
        raise BadRequest("schema and name must not be empty.")
    key = blobs.new_key(params["name"])
    upload: dict[str, Any] = {"blob_key": key, "expires_at": call.now + LIFETIME}
    if params.get("multipart"):
        form = blobs.form_upload(key)
        uri, fields = form["upload_url"], form["upload_fields"]
    else:
        upload["parts"] = 1
        uri, fields = blobs.part_urls(key, 1)[0], {}
    file = objects.insert(
        call.connection, "file", upload, now=call.now, name=params["name"], author_id=call.user.id
    )
    end = {"remote_host_id": database.id, "credential_id": credential.id, "additional_credentials": []}
    document = {**_DEFAULTS, "destination": end, "sync_type": "AutoImport", "is_outbound": False}
    job = _insert(call, f"Import of {params['schema']}.{params['name']}", document)
    options = {name: params[name] for name in OPTIONS if params.get(name) is not None}
    sync = {
        "source": {
            "database_table": None,
            "google_worksheet": None,
            "file": {"id": file.id, "name": file.name},
        },
        "destination": {"database_table": table, "google_worksheet": None},
        "advanced_options": {**OPTIONS, **options},
    }
    objects.insert(call.connection, SYNC_KIND, sync, now=call.now, parent_id=job.id, author_id=call.user.id)
    return {
        "id": job.id,
        "upload_uri": uri,
        "run_uri": f"{call.platform.url}imports/files/{job.id}/runs",
        "upload_fields": fields,
    }


def _job(call: Call) -> Stored:
    """Find the import that the path names."""
    return find_object(call.connection, KIND, call.params["id"], "import")


def _insert(call: Call, name: str, document: Mapping[str, Any]) -> Stored:
    """Store a new import."""
    return objects.insert(
        call.connection,
        KIND,
        document,
        now=call.now,
        name=name,
        author_id=call.user.id,
        hidden=bool(call.params.get("hidden")),
    )


def _asked_for(call: Call) -> Iterator[Condition | None]:
    """Read the filters `type`, `status`, `source` and `destination` of a list."""
    types, states = word_list(call.params.get("type")), word_list(call.params.get("status"))
    for each in types:
        require_choice(each, _SYNC_TYPES, "type")
    for each in states:
        require_choice(each, _STATES, "status")
    document = schema.objects.c.document
    if types:
        yield document["sync_type"].as_string().in_(types)
    if states:
        rests = not {"idle", "scheduled"}.isdisjoint(states)  # schedules are in documents, which take time
        yield is_in(states, sa.case((is_on(), "scheduled"), else_="idle") if rests else sa.literal("idle"))
    for side in ("source", "destination"):
        hosts = id_list(call.params.get(side), side)
        if hosts:
            yield document[side, "remote_host_id"].as_integer().in_(hosts)


def _fields(call: Call) -> dict[str, Any]:
    """Read and check what a request sends; null is a default."""
    if "name" in call.params and not call.params["name"]:
        raise BadRequest("name must not be empty.")
    require_choice(call.params.get("sync_type"), _SYNC_TYPES, "sync_type")
    fields = {
        name: call.params[name]
        for name in ("sync_type", "is_outbound", "parent_id", "time_zone")
        if call.params.get(name) is not None
    }
    if "next_run_at" in call.params:
        fields["next_run_at"] = parse_moment(call.params["next_run_at"], "next_run_at")
    for name, default in (("schedule", SCHEDULE), ("notifications", NOTIFICATIONS)):
        if name in call.params:
            fields[name] = {**default, **(call.params[name] or {})}
    for side in ("source", "destination"):
        if side in call.params:
            fields[side] = _end(call, side, call.params[side])
    return fields


def _end(call: Call, side: str, end: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Read and check an import's source or destination."""
    if not end:
        return None
    for name in ("remote_host_id", "credential_id"):
        if end.get(name) is None:
            raise BadRequest(f"{side}.{name} is missing.")
    host = find_host(call.connection, end["remote_host_id"])
    credential = resolve_credential(call.connection, end["credential_id"])
    return {
        "remote_host_id": host.id,
        "credential_id": credential.id,
        "additional_credentials": list(end.get("additional_credentials") or []),
    }


def _check_ends(document: Mapping[str, Any]) -> None:
    """Refuse a Dbsync that misses one of its databases."""
    missing = [side for side in ("source", "destination") if not document.get(side)]
    if document["sync_type"] == "Dbsync" and missing:
        raise Unprocessable(
            f"A Dbsync needs a {' and a '.join(missing)}, each with remote_host_id and credential_id."
        )

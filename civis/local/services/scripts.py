"""Scripts: create, read, change, clone, archive, and list them. Their runs are in `script_runs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from civis.local.api import Call, Page, Routes
from civis.local.services.credentials import resolve_credential
from civis.local.services.databases import resolve_database
from civis.local.services.job_filters import all_of, does
from civis.local.services.job_views import archive_filter, common_views, set_archived
from civis.local.services.lookups import find_object, id_list, ordering, require_choice, word_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_pages import Selection, page_of_objects
from civis.local.services.parents import parent_named
from civis.local.services.permissions import visible
from civis.local.services.script_kinds import KINDS, SCRIPT_KINDS, ScriptKind
from civis.local.services.script_views import document_of, script_links, script_view
from civis.local.state import Stored, objects

__all__ = ["find_script", "routes"]

routes = Routes()

_BY_SEGMENT = {kind.segment: kind for kind in KINDS}
_CUSTOM = "custom_script"  # made from a template; `custom_scripts` answers for it
_SQL = SCRIPT_KINDS["sql_script"]
_STATUSES = ("running", "failed", "succeeded", "idle", "scheduled", "queued", "cancelled")

for _each in KINDS:
    declare(
        ObjectKind(
            _each.kind,
            f"/scripts/{_each.segment}",
            f"{_each.label} script",
            is_job=True,
            source=next((name for name in ("sql", "source") if name in _each.fields), None),
            project_list="scripts",
        )
    )

Handler = Callable[[Call, ScriptKind], Any]


def find_script(call: Call, kind: ScriptKind | None = None) -> Stored:
    """Read the script that a request names, of a kind or of any.

    Raises
    ------
    NotFound
        If there is none.
    """
    wanted = tuple(SCRIPT_KINDS) if kind is None else kind.kind
    noun = "script" if kind is None else f"{kind.label} script"
    return find_object(call.connection, wanted, call.params["id"], noun)


def create(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Create a script."""
    document = document_of(call, kind)
    _require_connections(call, document)
    script = objects.insert(
        call.connection,
        kind.kind,
        document,
        now=call.now,
        name=_name(call) or "",
        author_id=call.user.id,
        parent_id=parent_named(call, call.params.get("parent_id"), None),
        hidden=bool(call.params.get("hidden")),
    )
    if not script.name:
        script = objects.update(call.connection, script.id, now=call.now, name=f"Script #{script.id}")
    return script_view(call, script)


def read(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Show a script."""
    return script_view(call, find_script(call, kind))


def replace(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Replace what a script is; what the request leaves out becomes its default."""
    return _change(call, find_script(call, kind), document_of(call, kind))


def change(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Change some of what a script is."""
    script = find_script(call, kind)
    return _change(call, script, document_of(call, kind, script.document))


def archive(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Archive a script or bring it back."""
    return script_view(call, set_archived(call, find_script(call, kind)))


def delete(call: Call, kind: ScriptKind) -> None:
    """Archive a script; nothing is lost."""
    set_archived(call, find_script(call, kind), archived=True)


def clone(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Copy a script without its runs; schedule and notifications only if that is asked for."""
    script = find_script(call, kind)
    document = dict(script.document)
    for flag, field in (("clone_schedule", "schedule"), ("clone_notifications", "notifications")):
        if not call.params.get(flag):
            document[field] = {}
    copy = objects.insert(
        call.connection,
        kind.kind,
        document,
        now=call.now,
        name=f"Clone of Script {script.id} {script.name}",
        author_id=call.user.id,
        parent_id=script.parent_id if call.params.get("clone_triggers") else None,
        hidden=script.hidden,
    )
    return script_view(call, copy)


_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "", create),
    ("GET", "/{id}", read),
    ("PUT", "/{id}", replace),
    ("PATCH", "/{id}", change),
    ("DELETE", "/{id}", delete),
    ("PUT", "/{id}/archive", archive),
    ("POST", "/{id}/clone", clone),
)


def _register(method: str, path: str, handler: Handler, kind: ScriptKind) -> None:
    """Put a handler that needs to know its kind of script into the table."""
    routes(method, f"/scripts/{kind.segment}{path}")(lambda call: handler(call, kind))


for _kind in KINDS:
    for _method, _path, _handler in _OPERATIONS:
        _register(_method, _path, _handler, _kind)


@routes("GET", "/scripts/types")
def list_types(call: Call) -> list[dict[str, Any]]:
    """List the kinds of scripts."""
    return [{"name": kind.segment} for kind in KINDS]


@routes("POST", "/scripts")
def create_legacy(call: Call) -> dict[str, Any]:
    """Create a SQL script the old way."""
    return _any_view(call, objects.fetch(call.connection, None, create(call, _SQL)["id"]))


@routes("GET", "/scripts/{id}")
def read_any(call: Call) -> dict[str, Any]:
    """Show a script of any kind."""
    return _any_view(call, find_script(call))


@routes("DELETE", "/scripts/{id}")
def delete_any(call: Call) -> None:
    """Archive a script of any kind."""
    set_archived(call, find_script(call), archived=True)


@routes("GET", "/scripts")
def list_scripts(call: Call) -> Page:
    """List scripts, those changed last first."""
    orders = ("updated_at", "name", "created_at", "last_run.updated_at")
    order, descending = ordering(call, orders, "updated_at", descending=True)
    statuses = word_list(call.params.get("status"))
    for status in statuses:
        require_choice(status, _STATUSES, "status")
    filters: dict[str, Any] = {
        "author_id": id_list(call.params.get("author"), "author") or None,
        "hidden": bool(call.params.get("hidden")),
        "archived": archive_filter(call),
        "among": all_of(visible(call.connection), does(statuses)),
    }
    kinds = _kinds_asked_for(call)
    order_by = None if order == "last_run.updated_at" else order
    selection = Selection(kinds, filters, order_by=order_by, descending=descending)
    return page_of_objects(call, selection, partial(_views, call), default=20, maximum=50)


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show scripts as lists do."""
    return [
        view | _listed(call, script) | {"is_template": False}
        for script, view in zip(found, common_views(call.connection, found), strict=True)
    ]


def _listed(call: Call, script: Stored) -> dict[str, Any]:
    """Show what lists tell of a script beyond what they tell of all jobs."""
    if script.kind == _CUSTOM:
        return {"type": "Custom", "links": {}}
    return {"type": SCRIPT_KINDS[script.kind].label, "links": script_links(call, script)}


def _kinds_asked_for(call: Call) -> list[str]:
    """Read the filters `type` and `category`; scripts of the local platform have one category."""
    segments = word_list(call.params.get("type"))
    for segment in segments:
        require_choice(segment, (*_BY_SEGMENT, "custom"), "type")
    require_choice(call.params.get("category"), ("script", "import", "export", "enhancement"), "category")
    if call.params.get("category") not in (None, "script"):
        return []
    kinds = {**{segment: kind.kind for segment, kind in _BY_SEGMENT.items()}, "custom": _CUSTOM}
    return [kinds[segment] for segment in segments or kinds]


def _any_view(call: Call, script: Stored) -> dict[str, Any]:
    """Show a script as the operations for any kind do: with the type that jobs have."""
    return {**script_view(call, script), "type": SCRIPT_KINDS[script.kind].job_type}


def _change(call: Call, script: Stored, document: Mapping[str, Any]) -> dict[str, Any]:
    """Store a script's new document, name and parent."""
    changes = {name: each for name, each in document.items() if each != script.document.get(name)}
    _require_connections(call, changes)
    changed = objects.update(
        call.connection,
        script.id,
        now=call.now,
        document=document,
        name=_name(call),
        parent_id=parent_named(call, call.params.get("parent_id"), script),
    )
    return script_view(call, changed)


def _name(call: Call) -> str | None:
    """Read the name; a blank one counts as none."""
    return str(call.params.get("name") or "").strip() or None


def _require_connections(call: Call, document: Mapping[str, Any]) -> None:
    """Refuse a database or a credential that there is not."""
    if document.get("remote_host_id") is not None:
        resolve_database(call.connection, document["remote_host_id"])
    if document.get("credential_id") is not None:
        resolve_credential(call.connection, document["credential_id"])

"""What can be done with one object or all of a kind: list, create, show, replace, change, copy, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from civis.local.api import BadRequest, Call
from civis.local.api.routes import Result
from civis.local.services.job_views import set_archived
from civis.local.services.object_kinds import ObjectKind, find
from civis.local.services.object_lists import list_all
from civis.local.services.object_views import show
from civis.local.services.parents import parent_named
from civis.local.services.references import require_references
from civis.local.state import Stored, objects

__all__ = [
    "OBJECT_OPERATIONS",
    "WHOLE_OPERATIONS",
    "KindHandler",
    "change",
    "create",
    "read",
    "replace",
    "store",
]

#: A handler that is told the kind of object it is about.
KindHandler: TypeAlias = Callable[[Call, ObjectKind], Result]

_COLUMNS = ("name", "hidden", "archived", "parent_id")


def create(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Create an object; what the request leaves out is as the declaration says."""
    return show(call, kind, store(call, kind, _sent(call)))


def read(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show an object."""
    return show(call, kind, find(call, kind))


def replace(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Replace what an object is; what the request leaves out becomes the default again."""
    names = [each.name for each in call.operation.parameters if each.location == "body"]
    blank = {name: kind.defaults.get(name) for name in names if name not in _COLUMNS and name != kind.name}
    return show(call, kind, _store_change(call, kind, find(call, kind), {**blank, **_sent(call)}))


def change(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Change what a request sends of an object."""
    return show(call, kind, _store_change(call, kind, find(call, kind), _sent(call)))


def delete(call: Call, kind: ObjectKind) -> None:
    """Delete an object, or archive it where its kind is kept."""
    stored = find(call, kind)
    if kind.deleting == "archive":
        _set_archived(call, kind, stored, archived=True)
    else:
        objects.remove(call.connection, stored.id)


def archive(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Archive an object, or bring it back."""
    return show(call, kind, _set_archived(call, kind, find(call, kind), call.params["status"]))


def clone(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Copy an object without its runs; its schedule and notifications only if that is asked for."""
    stored = find(call, kind)
    document = dict(stored.document)
    for flag, field in (("clone_schedule", "schedule"), ("clone_notifications", "notifications")):
        if field in document and not call.params.get(flag):
            document[field] = kind.defaults.get(field)
    require_references(call.connection, document)
    copy = objects.insert(
        call.connection,
        stored.kind,
        document,
        now=call.now,
        name=f"Clone of {kind.noun.capitalize()} {stored.id} {stored.name}",
        author_id=call.user.id,
        parent_id=stored.parent_id if call.params.get("clone_triggers") else None,
        hidden=stored.hidden,
    )
    return show(call, kind, copy)


WHOLE_OPERATIONS: Mapping[str, KindHandler] = {"GET": list_all, "POST": create}
"""What there is at a kind's path, by method."""

OBJECT_OPERATIONS: Mapping[tuple[str, str], KindHandler] = {
    ("GET", ""): read,
    ("PUT", ""): replace,
    ("PATCH", ""): change,
    ("DELETE", ""): delete,
    ("PUT", "/archive"): archive,
    ("POST", "/clone"): clone,
}
"""What there is at one object's path, by method and how the path goes on."""


def store(call: Call, kind: ObjectKind, sent: Mapping[str, Any]) -> Stored:
    """Store a new object of what a request sends.

    Raises
    ------
    NotFound
        If it names objects that there are not.
    """
    require_references(call.connection, sent)
    document = {**kind.defaults, **sent}
    checked = dict(kind.check(call, document, None) if kind.check else document)
    columns = _take_columns(kind, checked)
    stored = objects.insert(
        call.connection,
        kind.kind,
        checked,
        now=call.now,
        name=columns.get("name") or "",
        author_id=call.user.id,
        parent_id=parent_named(call, columns.get("parent_id"), None),
        hidden=bool(columns.get("hidden")),
        archived=bool(columns.get("archived")),
    )
    if stored.name:
        return stored
    name = f"{kind.noun.capitalize()} #{stored.id}"
    return objects.update(call.connection, stored.id, now=call.now, name=name)


def _store_change(call: Call, kind: ObjectKind, stored: Stored, changes: Mapping[str, Any]) -> Stored:
    """Store an object's changes."""
    # Whoever may change an object need not see what it named before.
    require_references(
        call.connection, {key: each for key, each in changes.items() if each != stored.document.get(key)}
    )
    if kind.name in changes and not changes[kind.name]:
        changes = {key: each for key, each in changes.items() if key != kind.name}
    document = {**stored.document, **changes}
    checked = dict(kind.check(call, document, stored) if kind.check else document)
    columns = _take_columns(kind, checked)
    if "parent_id" in columns:
        columns["parent_id"] = parent_named(call, columns["parent_id"], stored)
    return objects.update(call.connection, stored.id, now=call.now, document=checked, **columns)


def _sent(call: Call) -> dict[str, Any]:
    """Give what a request's body sends."""
    names = [each.name for each in call.operation.parameters if each.location == "body"]
    return {name: call.params[name] for name in names if name in call.params}


def _take_columns(kind: ObjectKind, document: dict[str, Any]) -> dict[str, Any]:
    """Take out of a document what the state keeps beside it."""
    columns = {each: document.pop(each) for each in _COLUMNS if each in document}
    if kind.name in document:
        columns["name"] = document.pop(kind.name)
    if columns.get("name") is not None:
        columns["name"] = str(columns["name"]).strip()
    return columns


def _set_archived(call: Call, kind: ObjectKind, stored: Stored, archived: bool | None) -> Stored:
    """Archive an object or bring it back; a job must not be running."""
    if archived is None:
        raise BadRequest("status must be true or false, not null.")
    if kind.is_job:
        return set_archived(call, stored, archived)
    return objects.update(call.connection, stored.id, now=call.now, archived=archived)

"""Aliases: lasting names for objects, such as ``civis-civisml-training`` for a template script."""

from __future__ import annotations

import re
from typing import Any

from civis.local.api import BadRequest, Call, Conflict, NotFound, Page, Routes, page_of
from civis.local.services.lookups import find_object, ordering, require_choice, word_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import hides, visible
from civis.local.state import Stored, objects

__all__ = ["OBJECT_TYPES", "add_alias", "routes"]

routes = Routes()

declare(ObjectKind("alias", "/aliases", "alias"))

OBJECT_TYPES = (
    "cass_ncoa",
    "container_script",
    "geocode",
    "identity_resolution",
    "dbt_script",
    "python_script",
    "r_script",
    "javascript_script",
    "sql_script",
    "project",
    "notebook",
    "workflow",
    "template_script",
    "template_report",
    "service",
    "report",
    "tableau",
    "service_report",
)
"""What an alias can stand for."""

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", re.ASCII)


def add_alias(
    connection: Any,
    *,
    object_type: str,
    object_id: int,
    alias: str,
    user_id: int | None,
    now: Any,
    display_name: str | None = None,
) -> Stored:
    """Store an alias; for services that name their own objects.

    Raises
    ------
    Conflict
        If an object of the type has the alias already.
    """
    _require_free(connection, object_type, alias)
    document = {"object_type": object_type, "object_id": object_id, "alias": alias}
    return objects.insert(
        connection, "alias", document, now=now, name=display_name or alias, author_id=user_id
    )


@routes("GET", "/aliases")
def list_aliases(call: Call) -> Page:
    """List aliases."""
    order, descending = ordering(call, ("id", "object_type"), "id", descending=False)
    types = word_list(call.params.get("object_type"))
    for each in types:
        require_choice(each, OBJECT_TYPES, "object_type")
    found = objects.select_objects(
        call.connection, "alias", descending=descending, among=visible(call.connection)
    )
    found = [each for each in found if not types or each.document["object_type"] in types]
    if order == "object_type":
        found.sort(key=lambda each: str(each.document["object_type"]), reverse=descending)
    return page_of(
        call,
        len(found),
        lambda limit, offset: [_view(each) for each in found[offset : offset + limit]],
        default=50,
        maximum=1000,
    )


@routes("POST", "/aliases")
def post_alias(call: Call) -> dict[str, Any]:
    """Create an alias."""
    fields = _checked(call, {})
    name = call.params.get("display_name") or _object(call, fields).name
    stored = add_alias(
        call.connection, **fields, user_id=call.user.id, now=call.now, display_name=name or None
    )
    return _view(stored)


@routes("GET", "/aliases/{id}")
def get_alias(call: Call) -> dict[str, Any]:
    """Show an alias."""
    return _view(_stored(call))


@routes("GET", "/aliases/{object_type}/{alias}")
def find_alias(call: Call) -> dict[str, Any]:
    """Find an alias by the type of its object and its text."""
    object_type, alias = call.params["object_type"], call.params["alias"]
    found = objects.select_objects(
        call.connection, "alias", document={"object_type": object_type, "alias": alias}, limit=1
    )
    if not found or hides(call.connection, found[0]):
        raise NotFound(f"No {object_type} has the alias {alias!r}.")
    return _view(found[0])


@routes("PUT", "/aliases/{id}")
@routes("PATCH", "/aliases/{id}")
def change_alias(call: Call) -> dict[str, Any]:
    """Change what an alias stands for, its text or its display name."""
    stored = _stored(call)
    fields = _checked(call, stored.document)
    _object(call, fields)
    if any(fields[key] != stored.document[key] for key in ("object_type", "alias")):
        _require_free(call.connection, fields["object_type"], fields["alias"])
    changed = objects.update(
        call.connection, stored.id, now=call.now, document=fields, name=call.params.get("display_name")
    )
    return _view(changed)


@routes("DELETE", "/aliases/{id}")
def delete_alias(call: Call) -> None:
    """Delete an alias; its object stays."""
    objects.remove(call.connection, _stored(call).id)


def _stored(call: Call) -> Stored:
    """Read the alias that a request names."""
    return find_object(call.connection, "alias", call.params["id"], "alias")


def _view(stored: Stored) -> dict[str, Any]:
    """Show an alias."""
    return {**stored.document, "id": stored.id, "user_id": stored.author_id, "display_name": stored.name}


def _checked(call: Call, before: dict[str, Any]) -> dict[str, Any]:
    """Read an alias's fields from a request that makes or changes it."""
    names = ("object_type", "object_id", "alias")
    fields = {
        name: before.get(name) if call.params.get(name) is None else call.params[name] for name in names
    }
    require_choice(fields["object_type"], OBJECT_TYPES, "object_type")
    if not _ALIAS.fullmatch(str(fields["alias"])):
        raise BadRequest(
            f"alias must be letters, digits, '-', '_' and '.', beginning with a letter or digit, "
            f"not {fields['alias']!r}."
        )
    return fields


def _object(call: Call, fields: dict[str, Any]) -> Stored:
    """Read the object that an alias is to stand for."""
    return find_object(call.connection, None, fields["object_id"], str(fields["object_type"]))


def _require_free(connection: Any, object_type: str, alias: str) -> None:
    """Refuse an alias that is taken."""
    if objects.count_objects(connection, "alias", document={"object_type": object_type, "alias": alias}):
        raise Conflict(f"Another {object_type} has the alias {alias!r} already.")

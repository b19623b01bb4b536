"""Objects as answers show them: what all kinds have alike, what jobs add, and what a declaration says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from civis.local.api import Call
from civis.local.catalog import Type
from civis.local.catalog.words import snake
from civis.local.services.job_views import common_views
from civis.local.services.object_kinds import ObjectKind
from civis.local.services.permissions import levels_of
from civis.local.state import Stored, objects
from civis.local.state.contents import projects_of
from civis.local.state.people import authors

__all__ = ["show", "show_all", "with_lists"]


def show(call: Call, kind: ObjectKind, stored: Stored) -> dict[str, Any]:
    """Show one object in the shape that the operation answers."""
    return show_all(call, kind, [stored])[0]


def show_all(call: Call, kind: ObjectKind, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show several objects: a fixed number of queries, but for what the declaration's view asks.

    Parameters
    ----------
    call : Call
    kind : ObjectKind
    found : sequence of Stored
    """
    connection = call.connection
    people = authors(connection, [each.document.get("running_as_id") for each in found])
    general = common_views(connection, found) if kind.is_job else _common(call, found)
    names = _names(call, kind, found)
    further = _further(call, kind, found)
    answers = []
    for stored, common, more in zip(found, general, further, strict=True):
        document = {**kind.defaults, **stored.document}
        runner = people.get(document.get("running_as_id")) or common["author"]
        answer = {
            **document,
            **common,
            kind.name: stored.name,
            "user": common["author"],
            "running_as": runner,
            "running_as_id": document.get("running_as_id") or stored.author_id,
            **{field: _named(document.get(field), names) for field in kind.named},
            **more,
        }
        answers.append(with_lists(answer, call.operation.item))
    return answers


def _further(call: Call, kind: ObjectKind, found: Sequence[Stored]) -> Sequence[Mapping[str, Any]]:
    """Give what a declaration adds to answers, object by object."""
    if kind.views is not None:
        return kind.views(call, found)
    return [kind.view(call, stored) if kind.view else {} for stored in found]


def with_lists(answer: Mapping[str, Any], shape: Type | None) -> dict[str, Any]:
    """Have the lists of an answer be empty where nothing is known of them, rather than null."""
    empty: dict[str, list[Any]] = {
        name: [] for name, each in _fields(shape).items() if each.kind == "array" and answer.get(name) is None
    }
    return {**answer, **empty}


def _fields(shape: Type | None) -> dict[str, Type]:
    """Give a shape's fields by their snake_case names."""
    if shape is None:
        return {}
    return {snake(wire): each for wire, each in shape.fields.items()}


def _common(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show what all objects have in common."""
    ids = [each.id for each in found]
    people = authors(call.connection, [each.author_id for each in found])
    levels, projects = levels_of(call.connection, found), projects_of(call.connection, ids)
    return [
        {
            "id": each.id,
            "author": people.get(each.author_id),
            "created_at": each.created_at,
            "updated_at": each.updated_at,
            "hidden": each.hidden,
            "archived": each.archived,
            "my_permission_level": levels[each.id],
            "projects": [{"id": project.id, "name": project.name} for project in projects.get(each.id, ())],
        }
        for each in found
    ]


def _names(call: Call, kind: ObjectKind, found: Sequence[Stored]) -> dict[int, str]:
    """Read the names of the objects that the fields in `named` list."""
    ids = {int(id) for each in found for field in kind.named for id in each.document.get(field) or ()}
    if not ids:
        return {}
    return {each.id: each.name for each in objects.select_objects(call.connection, id=ids)}


def _named(ids: Any, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Show IDs with names; of objects gone, nothing."""
    return [{"id": int(id), "name": names[int(id)]} for id in ids or () if int(id) in names]

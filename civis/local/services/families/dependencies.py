"""Dependencies: the objects that another one needs: those it names, those a project holds."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, NotFound
from civis.local.services.families import Family
from civis.local.services.object_kinds import ObjectKind, find, type_of
from civis.local.services.permissions import OPEN_KINDS, Actor, levels_of
from civis.local.services.references import named_objects
from civis.local.state import ObjectNotFound, Stored, accounts, objects
from civis.local.state.contents import contents_of

__all__ = ["dependencies_of", "family"]

family = Family()


@family("GET", "/dependencies")
def list_dependencies(call: Call, kind: ObjectKind) -> list[dict[str, Any]]:
    """List what an object needs, and what a user may do with each: the one asked for, or who asks.

    Raises
    ------
    NotFound
        If there is no user of that ID.
    """
    found = dependencies_of(call, find(call, kind))
    levels = levels_of(call.connection, found, _whose(call))
    own = levels_of(call.connection, found)
    return [
        {
            "object_type": type_of(each),
            "fco_type": type_of(each),
            "id": each.id,
            "name": each.name,
            "permission_level": levels[each.id],
            "description": each.document.get("description"),
            "shareable": own[each.id] == "manage" and each.kind not in OPEN_KINDS,
        }
        for each in found
    ]


def dependencies_of(call: Call, stored: Stored) -> list[Stored]:
    """Read what an object needs.

    Parameters
    ----------
    call : Call
    stored : Stored
    """
    if stored.kind == "project":
        return contents_of(call.connection, stored.id)
    if stored.kind == "alias":
        return objects.select_objects(call.connection, id=stored.document["object_id"])
    return named_objects(call.connection, stored)


def _whose(call: Call) -> Actor | None:
    """Give the user whose levels are asked for; None: who asks."""
    id = call.params.get("user_id")
    if id is None:
        return None
    try:
        return Actor(accounts.fetch_user(call.connection, id), call.connection)
    except ObjectNotFound:
        raise NotFound(f"There is no user with ID {id}.") from None

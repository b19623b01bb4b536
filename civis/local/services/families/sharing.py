"""Shares: who may see an object, change it, or manage who may; and handing it to another owner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from civis.local.api import Call, Forbidden, NotFound, Unprocessable
from civis.local.services.families import Family
from civis.local.services.families.dependencies import dependencies_of
from civis.local.services.groups import GROUP
from civis.local.services.object_kinds import ObjectKind, find, type_of
from civis.local.services.permissions import levels_of
from civis.local.state import ObjectNotFound, Stored, accounts, objects
from civis.local.state.shares import Grantee, Share, remove_share, select_shares, set_share

__all__ = ["family", "share_with", "shares_view"]

family = Family()

#: The lists of an answer by the level that those in them have.
_LISTS = {"read": "readers", "write": "writers", "manage": "owners"}


@family("GET", "/shares")
def list_shares(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Tell who may read, write and manage an object; an object, although described as an array."""
    return shares_view(call, find(call, kind))


@family("PUT", "/shares/users")
def share_with_users(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Give users a level; nobody is mailed."""
    stored = find(call, kind)
    share_with(call, stored, "user", call.params["user_ids"], call.params["permission_level"])
    return shares_view(call, stored)


@family("PUT", "/shares/groups")
def share_with_groups(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Give groups a level; nobody is mailed."""
    stored = find(call, kind)
    share_with(call, stored, "group", call.params["group_ids"], call.params["permission_level"])
    return shares_view(call, stored)


@family("DELETE", "/shares/users/{user_id}")
def take_from_user(call: Call, kind: ObjectKind) -> None:
    """Take all from a user; nothing happens if there was nothing."""
    stored = find(call, kind)
    _names(call, "user", [call.params["user_id"]])
    remove_share(call.connection, stored.id, "user", call.params["user_id"])


@family("DELETE", "/shares/groups/{group_id}")
def take_from_group(call: Call, kind: ObjectKind) -> None:
    """Take all from a group; nothing happens if there was nothing."""
    stored = find(call, kind)
    _names(call, "group", [call.params["group_id"]])
    remove_share(call.connection, stored.id, "group", call.params["group_id"])


@family("PUT", "/transfer")
def transfer(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Make another user the owner; the one before still manages the object.

    Raises
    ------
    Forbidden
        If somebody else than the owner or an administrator asks.
    """
    stored = find(call, kind)
    if stored.author_id != call.user.id and not call.user.is_admin:
        raise Forbidden(f"Only its owner or an administrator may hand over the {kind.noun} {stored.id}.")
    new_owner: int = call.params["user_id"]
    _names(call, "user", [new_owner])
    needed = dependencies_of(call, stored)
    shared = _share_needed(call, needed, new_owner) if call.params["include_dependencies"] else set()
    objects.update(call.connection, stored.id, now=call.now, author_id=new_owner)
    remove_share(call.connection, stored.id, "user", new_owner)
    if stored.author_id not in (None, new_owner):
        set_share(call.connection, stored.id, "user", stored.author_id, "manage")
    return {
        "dependencies": [
            {
                "object_type": type_of(each),
                "fco_type": type_of(each),
                "id": each.id,
                "name": each.name,
                "permission_level": "read",
                "description": each.document.get("description"),
                "shared": each.id in shared,
            }
            for each in needed
        ]
    }


def share_with(call: Call, stored: Stored, grantee: Grantee, ids: Collection[int], level: str) -> None:
    """Give users or groups a level.

    Raises
    ------
    NotFound
        If one of them does not exist.
    Unprocessable
        If one is the owner, whose level is the highest and stays.
    """
    _names(call, grantee, ids)
    if grantee == "user" and stored.author_id in ids:
        raise Unprocessable(
            f"The user {stored.author_id} owns the object {stored.id} and may do all with it."
        )
    for id in ids:
        set_share(call.connection, stored.id, grantee, id, level)


def shares_view(call: Call, stored: Stored) -> dict[str, Any]:
    """Show who may do what; the owner is the first of the owners."""
    found = select_shares(call.connection, [stored.id])
    users = _names(call, "user", [each.grantee_id for each in found if each.grantee == "user"], strict=False)
    groups = _names(
        call, "group", [each.grantee_id for each in found if each.grantee == "group"], strict=False
    )
    answer: dict[str, Any] = {
        name: {
            "users": _at_level(found, "user", level, users),
            "groups": _at_level(found, "group", level, groups),
        }
        for level, name in _LISTS.items()
    }
    if stored.author_id is not None:
        owner = _names(call, "user", [stored.author_id], strict=False)
        named = [{"id": id, "name": name} for id, name in owner.items()]
        answer["owners"]["users"] = named + answer["owners"]["users"]
    return {**answer, "total_user_shares": len(users), "total_group_shares": len(groups)}


def _at_level(found: Sequence[Share], grantee: Grantee, level: str, names: dict[int, str]) -> list[Any]:
    """List those that have a level."""
    return [
        {"id": each.grantee_id, "name": names[each.grantee_id]}
        for each in found
        if each.grantee == grantee and each.level == level and each.grantee_id in names
    ]


def _names(call: Call, grantee: Grantee, ids: Collection[int], *, strict: bool = True) -> dict[int, str]:
    """Read the names of users or groups.

    Raises
    ------
    NotFound
        If one does not exist, where that matters.
    """
    names: dict[int, str] = {}
    for id in ids:
        try:
            if grantee == "user":
                names[id] = accounts.fetch_user(call.connection, id).name
            else:
                names[id] = objects.fetch(call.connection, GROUP, id).name
        except ObjectNotFound:
            if strict:
                raise NotFound(f"There is no {grantee} with ID {id}.") from None
    return names


def _share_needed(call: Call, needed: Sequence[Stored], user_id: int) -> set[int]:
    """Let the new owner read what the object needs, as far as whoever asks may decide that."""
    levels = levels_of(call.connection, needed)
    shared = {
        each.id for each in needed if levels[each.id] == "manage" and each.author_id not in (None, user_id)
    }
    has = {
        each.object_id
        for each in select_shares(call.connection, shared)
        if each.grantee == "user" and each.grantee_id == user_id
    }
    for id in shared - has:
        set_share(call.connection, id, "user", user_id, "read")
    return shared

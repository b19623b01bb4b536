"""Groups of users: who belongs to them, and what answers about users show of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from civis.local.api import Call, Conflict, Forbidden, Page, Routes, Unprocessable, page_of
from civis.local.state import Moment, Stored, accounts, objects, remembered

__all__ = [
    "GROUP",
    "ORGANIZATION",
    "add_member",
    "create_group",
    "groups_of",
    "member_ids",
    "routes",
    "set_memberships",
    "show_reference",
]

routes = Routes()

GROUP = "group"
#: The one organization of a platform on one machine.
ORGANIZATION: Mapping[str, Any] = {"id": 1, "name": "Local", "slug": "local"}

#: What a request may say of a group, apart from its name.
_SETTINGS = (
    "description",
    "slug",
    "default_otp_required_for_login",
    "role_ids",
    "default_time_zone",
    "default_jobs_label",
    "default_notebooks_label",
    "default_services_label",
)
_ORDERS = {"name": "name", "created_at": "created_at"}
_MAXIMUM = 1000


def create_group(
    connection: Connection,
    name: str,
    *,
    now: Moment,
    author_id: int | None = None,
    members: Collection[int] = (),
    settings: Mapping[str, Any] | None = None,
) -> Stored:
    """Add a group.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Inside a write transaction.
    name : str
        Its name.
    now : datetime.datetime or float
        The time it is made at.
    author_id : int, optional
        The user who makes it.
    members : collection of int, optional
        The IDs of the users in it.
    settings : mapping, optional
        Its description, its slug and its defaults.
    """
    document = {"role_ids": [], **dict(settings or {})}
    document["slug"] = document.get("slug") or str(uuid.uuid4())
    document.update(member_ids=sorted(set(members)), last_updated_by_id=author_id)
    return objects.insert(connection, GROUP, document, now=now, name=name, author_id=author_id)


def member_ids(group: Stored) -> list[int]:
    """List the IDs of the users in a group."""
    return [int(each) for each in group.document.get("member_ids", ())]


def add_member(
    connection: Connection, group: Stored, user_id: int, *, now: Moment, by: int | None = None
) -> Stored:
    """Put a user into a group; one who is in it stays."""
    return _set_members(connection, group, [*member_ids(group), user_id], now, by)


def groups_of(connection: Connection, user_id: int) -> list[Stored]:
    """List the groups that a user is in, the oldest first."""

    def read() -> list[Stored]:
        everything = objects.select_objects(connection, GROUP, descending=False)
        return [group for group in everything if user_id in member_ids(group)]

    return list(remembered(connection, ("groups", user_id), read))


def set_memberships(
    connection: Connection, user_id: int, group_ids: Collection[int], *, now: Moment, by: int
) -> None:
    """Have a user be in exactly these groups.

    Raises
    ------
    ObjectNotFound
        When one of them does not exist.
    """
    for group_id in group_ids:
        objects.fetch(connection, GROUP, group_id)
    for group in objects.select_objects(connection, GROUP):
        members = member_ids(group)
        if (user_id in members) == (group.id in group_ids):
            continue
        changed = [each for each in members if each != user_id]
        _set_members(connection, group, changed + [user_id] * (group.id in group_ids), now, by)


def show_reference(group: Stored) -> dict[str, Any]:
    """Show a group as answers about users do."""
    return {
        "id": group.id,
        "name": group.name,
        "slug": group.document.get("slug"),
        "organization_id": ORGANIZATION["id"],
        "organization_name": ORGANIZATION["name"],
    }


@routes("GET", "/groups")
def list_groups(call: Call) -> Page:
    """List groups, their members only if asked for."""
    found = objects.select_objects(
        call.connection,
        GROUP,
        order_by=_order(call),
        descending=call.params.get("order_dir") == "desc",
    )
    query = (call.params.get("query") or "").lower()
    users = set(call.params.get("user_ids") or ())
    if query:
        found = [each for each in found if query in each.name.lower()]
    if users:
        found = [each for each in found if users & set(member_ids(each))]
    if call.params.get("organization_id") not in (None, ORGANIZATION["id"]):
        found = []
    page = page_of(call, len(found), lambda limit, offset: found[offset : offset + limit], maximum=_MAXIMUM)
    shown = [_show(call.connection, each, bool(call.params.get("include_members"))) for each in page.items]
    return Page(shown, page.total, page.page, page.limit)


@routes("POST", "/groups")
def post_group(call: Call) -> dict[str, Any]:
    """Add a group without members."""
    _require_admin(call)
    name = _free_name(call, None)
    settings = {key: call.params[key] for key in _SETTINGS if key in call.params}
    group = create_group(call.connection, name, now=call.now, author_id=call.user.id, settings=settings)
    return _show(call.connection, group)


@routes("GET", "/groups/{id}")
def get_group(call: Call) -> dict[str, Any]:
    """Show a group and its members."""
    return _show(call.connection, objects.fetch(call.connection, GROUP, call.params["id"]))


@routes("PUT", "/groups/{id}")
def put_group(call: Call) -> dict[str, Any]:
    """Replace all of a group's settings; those not given are emptied."""
    return _change(call, {key: call.params.get(key) for key in _SETTINGS if key != "slug"})


@routes("PATCH", "/groups/{id}")
def patch_group(call: Call) -> dict[str, Any]:
    """Change the settings that are given."""
    return _change(call, {})


@routes("DELETE", "/groups/{id}")
def delete_group(call: Call) -> None:
    """Delete a group that is nobody's primary one."""
    _require_admin(call)
    group = objects.fetch(call.connection, GROUP, call.params["id"])
    members = accounts.select_users(call.connection, ids=member_ids(group))
    if primary := [user.username for user in members if user.document.get("primary_group_id") == group.id]:
        raise Conflict(f"The group {group.name!r} is the primary group of {', '.join(primary)}.")
    objects.remove(call.connection, group.id)


@routes("PUT", "/groups/{id}/members/{user_id}")
def put_member(call: Call) -> dict[str, Any]:
    """Put a user into a group."""
    _require_admin(call)
    group = objects.fetch(call.connection, GROUP, call.params["id"])
    user = accounts.fetch_user(call.connection, call.params["user_id"])
    return _show(call.connection, add_member(call.connection, group, user.id, now=call.now, by=call.user.id))


@routes("DELETE", "/groups/{id}/members/{user_id}")
def delete_member(call: Call) -> None:
    """Take a user out of a group that is not the user's primary one."""
    _require_admin(call)
    group = objects.fetch(call.connection, GROUP, call.params["id"])
    user = accounts.fetch_user(call.connection, call.params["user_id"])
    if user.document.get("primary_group_id") == group.id:
        raise Unprocessable(f"The group {group.name!r} is the primary group of {user.username}.")
    members = [each for each in member_ids(group) if each != user.id]
    _set_members(call.connection, group, members, call.now, call.user.id)


def _order(call: Call) -> str:
    """Give the column to sort by; the one that the platform sorts by where the request's is none."""
    return _ORDERS.get(call.params.get("order") or "name", "name")


def _require_admin(call: Call) -> None:
    """Refuse what only an administrator may do."""
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may change groups.")


def _free_name(call: Call, group_id: int | None) -> str:
    """Give the name that a request wants for a group, if no other has it."""
    name = str(call.params["name"])
    same = objects.select_objects(call.connection, GROUP, name=name)
    if any(each.id != group_id for each in same):
        raise Conflict(f"There is a group {name!r} already.")
    return name


def _change(call: Call, cleared: Mapping[str, Any]) -> dict[str, Any]:
    """Change a group to what a request gives."""
    _require_admin(call)
    group = objects.fetch(call.connection, GROUP, call.params["id"])
    name = _free_name(call, group.id) if call.params.get("name") is not None else None
    given = {key: call.params[key] for key in _SETTINGS if key in call.params}
    if given.get("slug", "") is None:  # every group has one
        del given["slug"]
    document = {**cleared, **given, "last_updated_by_id": call.user.id}
    changed = objects.update(call.connection, group.id, now=call.now, document=document, name=name)
    return _show(call.connection, changed)


def _set_members(
    connection: Connection, group: Stored, members: Collection[int], now: Moment, by: int | None
) -> Stored:
    """Store who is in a group."""
    document = {"member_ids": sorted(set(members)), "last_updated_by_id": by}
    return objects.update(connection, group.id, now=now, document=document)


def _show(connection: Connection, group: Stored, with_members: bool = True) -> dict[str, Any]:
    """Show a group as answers about it do."""
    members = member_ids(group)
    users = accounts.select_users(connection, ids=members) if with_members else []
    return {
        **{key: group.document.get(key) for key in _SETTINGS},
        **show_reference(group),
        "role_ids": group.document.get("role_ids") or [],
        "created_at": group.created_at,
        "updated_at": group.updated_at,
        "member_count": len(members),
        "total_member_count": len(members),
        "created_by_id": group.author_id,
        "last_updated_by_id": group.document.get("last_updated_by_id"),
        "members": [_show_member(user) for user in users],
    }


def _show_member(user: accounts.User) -> dict[str, Any]:
    """Show a user as a member of a group."""
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "initials": user.initials,
        "online": None,
        "email": user.email,
        "primary_group_id": user.document.get("primary_group_id"),
        "active": user.is_active,
    }

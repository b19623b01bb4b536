"""Permission sets: names of resources that services ask about, and who may do what with each."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call, Conflict, NotFound, Page, Routes, page_of
from civis.local.services.families.sharing import share_with, shares_view
from civis.local.services.lookups import ordering
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.services.permissions import LEVELS, Actor
from civis.local.state import ObjectNotFound, Stored, accounts, objects
from civis.local.state.shares import remove_share, select_shares

__all__ = ["KIND", "routes"]

routes = Routes()

RESOURCE = "permission_set_resource"
_PATH = "/permission_sets/{id}/resources"


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> dict[str, Any]:
    """Refuse a set without a name."""
    if "name" in document and not str(document["name"] or "").strip():
        raise BadRequest("name must not be empty.")
    return document


KIND = declare(
    ObjectKind(
        "permission_set", "/permission_sets", "permission set", defaults={"description": None}, check=_check
    )
)


@routes("GET", "/permission_sets/{id}/users/{user_id}/permissions")
def list_permissions(call: Call) -> list[dict[str, Any]]:
    """List what a user may do with each resource of a set."""
    found = _resources(call, find(call, KIND))
    try:
        user = accounts.fetch_user(call.connection, call.params["user_id"])
    except ObjectNotFound:
        raise NotFound(f"There is no user with ID {call.params['user_id']}.") from None
    groups = Actor(user, call.connection).group_ids
    shares = select_shares(call.connection, [each.id for each in found])
    answers = []
    for each in found:
        levels = {
            share.level
            for share in shares
            if share.object_id == each.id
            and share.grantee_id in ([user.id] if share.grantee == "user" else groups)
        }
        highest = max((LEVELS.index(level) for level in levels), default=-1)
        allowed = {level: LEVELS.index(level) <= highest for level in LEVELS}
        answers.append({"resource_name": each.name, **allowed})
    return answers


@routes("GET", _PATH)
def list_resources(call: Call) -> Page:
    """List the resources of a set."""
    orders = ("name", "id", "updated_at", "created_at")
    order, descending = ordering(call, orders, "name", descending=False)
    found = sorted(
        _resources(call, find(call, KIND)), key=lambda each: getattr(each, order), reverse=descending
    )

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [_view(each) for each in found[offset : offset + limit]]

    return page_of(call, len(found), fetch, default=50, maximum=1000)


@routes("POST", _PATH)
def post_resource(call: Call) -> dict[str, Any]:
    """Add a resource to a set.

    Raises
    ------
    Conflict
        If the set has one of the name.
    """
    permission_set, name = find(call, KIND), str(call.params["name"]).strip()
    if not name:
        raise BadRequest("name must not be empty.")
    if any(each.name == name for each in _resources(call, permission_set)):
        raise Conflict(f"The permission set {permission_set.id} has a resource {name!r} already.")
    stored = objects.insert(
        call.connection,
        RESOURCE,
        {"description": call.params.get("description")},
        now=call.now,
        name=name,
        author_id=call.user.id,
        parent_id=permission_set.id,
    )
    return _view(stored)


@routes("GET", f"{_PATH}/{{name}}")
def get_resource(call: Call) -> dict[str, Any]:
    """Show a resource."""
    return _view(_resource(call))


@routes("PATCH", f"{_PATH}/{{name}}")
def patch_resource(call: Call) -> dict[str, Any]:
    """Change a resource's description."""
    stored = _resource(call)
    sent = {name: call.params[name] for name in ("description",) if name in call.params}
    return _view(objects.update(call.connection, stored.id, now=call.now, document=sent))


@routes("DELETE", f"{_PATH}/{{name}}")
def delete_resource(call: Call) -> None:
    """Take a resource out of a set."""
    objects.remove(call.connection, _resource(call).id)


@routes("GET", f"{_PATH}/{{name}}/shares")
def list_shares(call: Call) -> dict[str, Any]:
    """Tell who may do what with a resource."""
    return shares_view(call, _ownerless(_resource(call)))


@routes("PUT", f"{_PATH}/{{name}}/shares/users")
def share_with_users(call: Call) -> dict[str, Any]:
    """Let users do something with a resource."""
    stored = _ownerless(_resource(call))
    share_with(call, stored, "user", call.params["user_ids"], call.params["permission_level"])
    return shares_view(call, stored)


@routes("PUT", f"{_PATH}/{{name}}/shares/groups")
def share_with_groups(call: Call) -> dict[str, Any]:
    """Let groups do something with a resource."""
    stored = _ownerless(_resource(call))
    share_with(call, stored, "group", call.params["group_ids"], call.params["permission_level"])
    return shares_view(call, stored)


@routes("DELETE", f"{_PATH}/{{name}}/shares/users/{{user_id}}")
def take_from_user(call: Call) -> None:
    """Take a resource from a user."""
    remove_share(call.connection, _resource(call).id, "user", call.params["user_id"])


@routes("DELETE", f"{_PATH}/{{name}}/shares/groups/{{group_id}}")
def take_from_group(call: Call) -> None:
    """Take a resource from a group."""
    remove_share(call.connection, _resource(call).id, "group", call.params["group_id"])


def _resources(call: Call, permission_set: Stored) -> list[Stored]:
    """Read the resources of a set, the oldest first."""
    return objects.select_objects(call.connection, RESOURCE, parent_id=permission_set.id, descending=False)


def _resource(call: Call) -> Stored:
    """Read the resource that a path names."""
    permission_set = find(call, KIND, "id")
    for each in _resources(call, permission_set):
        if each.name == call.params["name"]:
            return each
    raise NotFound(f"The permission set {permission_set.id} has no resource {call.params['name']!r}.")


def _ownerless(stored: Stored) -> Stored:
    """Give a resource without an owner: whoever added it gets no permission by that."""
    return Stored(**{**vars(stored), "author_id": None})


def _view(stored: Stored) -> dict[str, Any]:
    """Show a resource."""
    return {
        "permission_set_id": stored.parent_id,
        "name": stored.name,
        "description": stored.document.get("description"),
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }

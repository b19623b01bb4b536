"""Groups as objects that are shared, and groups in groups, which the local platform does not have."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Forbidden, Routes
from civis.local.services.families.sharing import share_with, shares_view
from civis.local.services.groups import GROUP
from civis.local.services.lookups import find_object
from civis.local.state import Stored
from civis.local.state.shares import Grantee, remove_share

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/groups/{id}/shares")
def list_shares(call: Call) -> dict[str, Any]:
    """Tell who may do what with a group."""
    return shares_view(call, _group(call))


@routes("PUT", "/groups/{id}/shares/users")
def share_with_users(call: Call) -> dict[str, Any]:
    """Let users do something with a group."""
    return _share(call, "user", call.params["user_ids"])


@routes("PUT", "/groups/{id}/shares/groups")
def share_with_groups(call: Call) -> dict[str, Any]:
    """Let groups do something with a group."""
    return _share(call, "group", call.params["group_ids"])


@routes("DELETE", "/groups/{id}/shares/users/{user_id}")
def take_from_user(call: Call) -> None:
    """Take a group from a user."""
    remove_share(call.connection, _managed(call).id, "user", call.params["user_id"])


@routes("DELETE", "/groups/{id}/shares/groups/{group_id}")
def take_from_group(call: Call) -> None:
    """Take a group from a group."""
    remove_share(call.connection, _managed(call).id, "group", call.params["group_id"])


@routes("GET", "/groups/{id}/child_groups")
def list_children(call: Call) -> dict[str, Any]:
    """List the groups in a group, by whether the user may change them: there are none."""
    _group(call)
    return {"manageable": [], "writeable": [], "readable": []}


def _share(call: Call, grantee: Grantee, ids: list[int]) -> dict[str, Any]:
    """Store shares of a group."""
    group = _managed(call)
    share_with(call, group, grantee, ids, call.params["permission_level"])
    return shares_view(call, group)


def _group(call: Call) -> Stored:
    """Read the group that a path names."""
    return find_object(call.connection, GROUP, call.params["id"], "group")


def _managed(call: Call) -> Stored:
    """Read the group that a path names, for an administrator; nobody else manages groups."""
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may change groups.")
    return _group(call)

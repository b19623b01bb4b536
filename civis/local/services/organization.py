"""The one organization of a platform on one machine: facts, roles, announcements."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Forbidden, Page, Routes, page_of
from civis.local.services.groups import ORGANIZATION
from civis.local.services.lookups import word_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.state import accounts

__all__ = ["ROLES", "routes"]

routes = Routes()

#: What users may be here: an administrator, or somebody who works with data.
ROLES: tuple[dict[str, Any], ...] = (
    {
        "id": 1,
        "name": "Administrator",
        "slug": "admin",
        "description": "Manages users, groups and all objects.",
    },
    {
        "id": 2,
        "name": "Standard user",
        "slug": "sdm",
        "description": "Works with objects of their own and shared ones.",
    },
)

#: Announcements are objects that whoever runs the platform may put into its state; nobody sends any.
declare(ObjectKind("announcement", "/announcements", "announcement", name="subject"))


@routes("GET", "/admin/organizations")
def list_organizations(call: Call) -> list[dict[str, Any]]:
    """List organizations, for administrators."""
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may list organizations.")
    states, types = word_list(call.params.get("status")), word_list(call.params.get("org_type"))
    if (states and "active" not in states) or (types and "platform" not in types):
        return []
    users = accounts.count_users(call.connection)
    return [
        {
            **ORGANIZATION,
            "status": "active",
            "org_type": "platform",
            "max_analyst_users": users,
            "remove_footer_in_emails": False,
            "fedramp_enabled": False,
            "advanced_settings": {"dedicated_dj_pool_enabled": False},
            "tableau_refresh_history": [],
        }
    ]


@routes("GET", "/roles")
def list_roles(call: Call) -> Page:
    """List the roles that users can have."""
    roles = ROLES[::-1] if call.params.get("order_dir") == "desc" else ROLES
    return page_of(
        call, len(roles), lambda limit, offset: roles[offset : offset + limit], default=50, maximum=1000
    )

"""The one organization of a platform on one machine: facts, roles, announcements, usage and limits."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Forbidden, NotFound, Page, Routes, page_of
from civis.local.services.groups import ORGANIZATION
from civis.local.services.lookups import word_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.refusals import refusal
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


@routes("GET", "/usage/matching")
def list_matching(call: Call) -> list[dict[str, Any]]:
    """List what was matched: nothing, since nothing is matched on one machine."""
    return []


@routes("GET", "/usage/llm")
def list_model_uses(call: Call) -> list[dict[str, Any]]:
    """List what language models were asked: nothing, since there are none on one machine."""
    return []


@routes("GET", "/usage/llm/{id}")
@refusal
def get_model_use(call: Call) -> dict[str, Any]:
    """Refuse: no language model was asked."""
    raise NotFound(f"There is no use of a language model with ID {call.params['id']}.")


@routes("GET", "/usage/llm/organization/{org_id}/summary")
def sum_up_model_uses(call: Call) -> dict[str, Any]:
    """Sum up what language models were asked."""
    if call.params["org_id"] != ORGANIZATION["id"]:
        raise NotFound(f"There is no organization with ID {call.params['org_id']}.")
    return {"credits": 0.0, "organization_id": ORGANIZATION["id"]}


@routes("GET", "/usage_limits/matching")
@routes("GET", "/usage_limits/llm")
def list_limits(call: Call) -> list[dict[str, Any]]:
    """List limits of usage: none is set on one machine."""
    return []


@routes("GET", "/usage_limits/matching/{id}")
@routes("GET", "/usage_limits/llm/{id}")
@refusal
def get_limit(call: Call) -> dict[str, Any]:
    """Refuse: no limit is set."""
    raise NotFound(f"There is no usage limit with ID {call.params['id']}; the local platform sets none.")

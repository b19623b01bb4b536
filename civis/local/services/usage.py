"""What was matched and asked of language models, and how much of it is allowed.

The platform does neither, so that there is what whoever runs it put into its state, and nothing by itself.
"""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, NotFound, Routes
from civis.local.services.groups import ORGANIZATION
from civis.local.services.lookups import parse_moment, require_choice
from civis.local.state import Stored, objects

__all__ = ["routes"]

routes = Routes()

_TASKS = ("IDR", "CDM")


@routes("GET", "/usage/matching")
def list_matching(call: Call) -> list[dict[str, Any]]:
    """List what was matched."""
    return [_use(each) for each in _uses(call, "matching_use")]


@routes("GET", "/usage/llm")
def list_model_uses(call: Call) -> list[dict[str, Any]]:
    """List what language models were asked."""
    return [_use(each) for each in _uses(call, "model_use")]


@routes("GET", "/usage/llm/{id}")
def get_model_use(call: Call) -> dict[str, Any]:
    """Show one use of a language model."""
    return _use(_found(call, "model_use", "use of a language model"))


@routes("GET", "/usage/llm/organization/{org_id}/summary")
def sum_up_model_uses(call: Call) -> dict[str, Any]:
    """Sum up what language models were asked."""
    if call.params["org_id"] != ORGANIZATION["id"]:
        raise NotFound(f"There is no organization with ID {call.params['org_id']}.")
    credits = sum(float(each.document.get("credits") or 0) for each in _uses(call, "model_use"))
    return {"credits": credits, "organization_id": ORGANIZATION["id"]}


@routes("GET", "/usage_limits/matching")
def list_matching_limits(call: Call) -> list[dict[str, Any]]:
    """List the limits of matching."""
    task = call.params.get("task")
    require_choice(task, _TASKS, "task")
    wanted = {"task": task} if task else None
    found = objects.select_objects(call.connection, "matching_limit", document=wanted, descending=False)
    return [_limit(each) for each in found]


@routes("GET", "/usage_limits/llm")
def list_model_limits(call: Call) -> list[dict[str, Any]]:
    """List the limits of language models."""
    if call.params.get("organization_id") not in (None, ORGANIZATION["id"]):
        return []
    found = objects.select_objects(call.connection, "model_limit", descending=False)
    return [_limit(each) for each in found]


@routes("GET", "/usage_limits/matching/{id}")
def get_matching_limit(call: Call) -> dict[str, Any]:
    """Show a limit of matching."""
    return _limit(_found(call, "matching_limit", "usage limit of matching"))


@routes("GET", "/usage_limits/llm/{id}")
def get_model_limit(call: Call) -> dict[str, Any]:
    """Show a limit of language models."""
    return _limit(_found(call, "model_limit", "usage limit of language models"))


def _found(call: Call, kind: str, noun: str) -> Stored:
    """Read the object that a path names."""
    found = objects.select_objects(call.connection, kind, id=call.params["id"])
    if not found:
        raise NotFound(f"There is no {noun} with ID {call.params['id']}.")
    return found[0]


def _uses(call: Call, kind: str) -> list[Stored]:
    """Read what was used in a span of time."""
    if call.params.get("org_id") not in (None, ORGANIZATION["id"]):
        return []
    task = call.params.get("task")
    require_choice(task, _TASKS, "task")
    start, end = (parse_moment(call.params.get(name), name) for name in ("start_date", "end_date"))
    found = objects.select_objects(
        call.connection, kind, document={"task": task} if task else None, descending=False
    )
    return [
        each
        for each in found
        if (start is None or each.created_at >= start) and (end is None or each.created_at <= end)
    ]


def _use(stored: Stored) -> dict[str, Any]:
    """Show a use."""
    general = {"organization_id": ORGANIZATION["id"], "run_created_at": stored.created_at}
    return {**general, **stored.document, "id": stored.id}


def _limit(stored: Stored) -> dict[str, Any]:
    """Show a limit."""
    return {
        "organization_id": ORGANIZATION["id"],
        "notification_emails": [],
        **stored.document,
        "id": stored.id,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }

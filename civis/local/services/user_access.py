"""How users get in: sessions, locks, second factors. Users here have API keys and no more."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Forbidden, NotFound, Routes
from civis.local.services.accounts import show_user
from civis.local.services.job_views import schedule_of
from civis.local.services.lookups import require_choice, word_list
from civis.local.services.object_kinds import type_of
from civis.local.services.permissions import visible
from civis.local.state import ObjectNotFound, accounts, moment_text, objects, runs
from civis.local.state.accounts import User
from civis.local.state.people import authors

__all__ = ["routes"]

routes = Routes()

_SHOWN = 50
_STATES = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "failed",
    "queued": "running",
    "running": "running",
}


@routes("DELETE", "/users/{id}/sessions")
@routes("DELETE", "/users/{id}/2fa")
def end_sessions(call: Call) -> dict[str, Any]:
    """Show the user: there are no sessions to end and no second factor to reset."""
    return show_user(call, _managed(call))


@routes("POST", "/users/{id}/unsuspend")
def unsuspend(call: Call) -> dict[str, Any]:
    """Let a user in again."""
    user = _managed(call)
    if not user.is_active:
        user = accounts.update_user(call.connection, user.id, now=call.now, is_active=True)
    return {"id": user.id, "user": user.username, "unlocked_at": call.now}


@routes("POST", "/users/{id}/access_email")
def note_access_email(call: Call) -> None:
    """Note that a user was to be told how to get in; the platform sends no mail, an API key is the way in."""
    user = _managed(call)
    asked = {"access_email_asked_at": moment_text(call.now)}
    accounts.update_user(call.connection, user.id, now=call.now, document=asked)


@routes("GET", "/users/me/activity")
def list_activity(call: Call) -> list[dict[str, Any]]:
    """List the jobs that ran last, as far as the user sees them."""
    wanted = call.params.get("status")
    require_choice(wanted, ("succeeded", "failed", "running"), "status")
    require_choice(call.params.get("order"), ("updated_at", "name"), "order")
    found = objects.select_objects(
        call.connection,
        order_by="updated_at",
        author_id=_author(call),
        run_state=[state for state, shown in _STATES.items() if wanted in (None, shown)],
        among=visible(call.connection),
        limit=_SHOWN,
    )
    if call.params.get("order") == "name":
        found.sort(key=lambda each: each.name)
    people = authors(call.connection, [each.author_id for each in found])
    latest = runs.last_runs(call.connection, [each.id for each in found])
    return [
        {
            "id": str(each.id),
            "name": each.name,
            "type": type_of(each),
            "user": people[each.author_id]["username"] if each.author_id in people else None,
            "category": "job",
            "state": _STATES[latest[each.id].state],
            "updated_at": each.updated_at,
            "next_run_at": each.document.get("next_run_at")
            if schedule_of(each.document)["scheduled"]
            else None,
            "last_run_id": str(latest[each.id].id),
            "last_run_state": _STATES[latest[each.id].state],
        }
        for each in found
    ]


def _author(call: Call) -> list[int] | None:
    """Read whose jobs are asked for: the user's own by default."""
    words = word_list(call.params.get("author"))
    if not words:
        return [call.user.id]
    return None if words == ["all"] else [int(word) for word in words if word.isdecimal()]


def _managed(call: Call) -> User:
    """Read the user that a path names, for an administrator."""
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may manage how other users get in.")
    try:
        return accounts.fetch_user(call.connection, call.params["id"])
    except ObjectNotFound:
        raise NotFound(f"There is no user with ID {call.params['id']}.") from None

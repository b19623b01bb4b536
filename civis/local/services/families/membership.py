"""Projects that an object is in: listed, put in, taken out."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call
from civis.local.services.families import Family
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, find
from civis.local.services.permissions import levels_of, require_level
from civis.local.services.project_views import project_summaries
from civis.local.state import Stored
from civis.local.state.contents import projects_of, put_into, take_out

__all__ = ["PROJECT", "family", "list_projects_of", "put_object", "take_object"]

family = Family()

PROJECT = "project"


@family("GET", "/projects")
def list_projects(call: Call, kind: ObjectKind) -> list[dict[str, Any]]:
    """List the projects that an object is in."""
    return list_projects_of(call, find(call, kind))


@family("PUT", "/projects/{project_id}")
def put_into_project(call: Call, kind: ObjectKind) -> None:
    """Put an object into a project."""
    put_object(call, find(call, kind), kind.noun, "project_id")


@family("DELETE", "/projects/{project_id}")
def take_out_of_project(call: Call, kind: ObjectKind) -> None:
    """Take an object out of a project; nothing happens if it is not in it."""
    take_object(call, find(call, kind), "project_id")


def list_projects_of(call: Call, stored: Stored) -> list[dict[str, Any]]:
    """Show the projects that an object is in, as far as the user sees them; hidden ones if asked for."""
    found = projects_of(call.connection, [stored.id]).get(stored.id, [])
    levels = levels_of(call.connection, found)
    with_hidden = bool(call.params.get("hidden"))
    seen = [each for each in found if levels[each.id] and (with_hidden or not each.hidden)]
    return project_summaries(call, seen)


def put_object(call: Call, stored: Stored, noun: str, parameter: str) -> None:
    """Put an object into the project that a parameter names.

    Raises
    ------
    Forbidden
        If the project shares all that is in it, and the user may not decide who sees the object.
    """
    project = find_object(call.connection, PROJECT, call.params[parameter], "project")
    if project.id == stored.id:
        raise BadRequest(f"The project {project.id} cannot be put into itself.")
    if project.document.get("auto_share"):
        require_level(call.connection, stored, "manage", noun)
    put_into(call.connection, project.id, stored.id)


def take_object(call: Call, stored: Stored, parameter: str) -> None:
    """Take an object out of the project that a parameter names."""
    project = find_object(call.connection, PROJECT, call.params[parameter], "project")
    take_out(call.connection, project.id, stored.id)

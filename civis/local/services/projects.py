"""Projects: objects that are looked at together, and shared together where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Page, Routes
from civis.local.services.databases import database_of
from civis.local.services.families.membership import list_projects_of, put_object, take_object
from civis.local.services.files import expiry, has_content
from civis.local.services.object_kinds import ObjectKind, declare, find, kind_of, type_of
from civis.local.services.object_lists import list_all
from civis.local.services.object_views import show
from civis.local.services.permissions import level_of, levels_of
from civis.local.services.project_views import project_summaries
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.contents import contents_of, projects_of, put_into
from civis.local.state.people import authors

__all__ = ["KIND", "routes"]

routes = Routes()

#: The lists of a project's answer; which objects are in which, their declarations say.
_LISTS = (
    "tables",
    "surveys",
    "scripts",
    "imports",
    "exports",
    "models",
    "notebooks",
    "services",
    "workflows",
    "reports",
    "script_templates",
    "files",
    "enhancements",
    "projects",
)


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a project without a name."""
    name = document.get("name", before.name if before else "")
    if not str(name or "").strip():
        raise BadRequest("name must not be empty.")
    return {**document, "auto_share": bool(document.get("auto_share"))}


def _view(call: Call, project: Stored) -> dict[str, Any]:
    """Show what is in a project, as far as the user sees it."""
    summary = project_summaries(call, [project])[0]
    level = level_of(call.connection, project)
    parents = projects_of(call.connection, [project.id]).get(project.id, [])
    return {
        **summary,
        **_contents(call, project),
        "can_current_user_enable_auto_share": level == "manage",
        # The API describes the name of a parent as a number; no value of that type is true.
        "parent_project": {"id": parents[0].id, "name": None} if parents else None,
    }


KIND = declare(
    ObjectKind(
        "project",
        "/projects",
        "project",
        defaults={"description": "", "note": None, "auto_share": False},
        deleting="archive",
        project_list="projects",
        check=_check,
        view=_view,
    )
)


@routes("GET", "/projects")
def list_projects(call: Call) -> Page:
    """List projects, without what is in them."""
    page = list_all(call, _SUMMARIES)
    assert isinstance(page, Page)
    return page


_SUMMARIES = ObjectKind(KIND.kind, KIND.path, KIND.noun, views=project_summaries)


@routes("PUT", "/projects/{project_id}/auto_share")
def set_auto_share(call: Call) -> dict[str, Any]:
    """Share all that is in a project as the project is, or stop that."""
    project = find(call, KIND)
    document = {"auto_share": bool(call.params["auto_share"])}
    return show(call, KIND, objects.update(call.connection, project.id, now=call.now, document=document))


@routes("POST", "/projects/{id}/clone")
def clone_project(call: Call) -> dict[str, Any]:
    """Copy a project with its jobs; what else is in it is in both then."""
    project = find(call, KIND)
    name = f"Clone of Project {project.id} {project.name}"
    copy = objects.insert(
        call.connection,
        KIND.kind,
        {**project.document, "auto_share": False},
        now=call.now,
        name=name,
        author_id=call.user.id,
        hidden=project.hidden,
    )
    inside = contents_of(call.connection, project.id)
    levels = levels_of(call.connection, inside)
    for each in inside:
        if levels[each.id] is not None:
            put_into(call.connection, copy.id, _copied(call, each).id)
    return show(call, KIND, copy)


@routes("GET", "/projects/{id}/parent_projects")
def list_parents(call: Call) -> list[dict[str, Any]]:
    """List the projects that a project is in."""
    return list_projects_of(call, find(call, KIND))


@routes("PUT", "/projects/{id}/parent_projects/{parent_project_id}")
def put_into_parent(call: Call) -> None:
    """Put a project into another one; they cannot be in each other.

    Raises
    ------
    BadRequest
        If the other is in this one already, however deep.
    """
    project = find(call, KIND)
    above = {call.params["parent_project_id"]}
    while True:
        if project.id in above:
            raise BadRequest(
                f"The project {project.id} holds the project {call.params['parent_project_id']}."
            )
        found = projects_of(call.connection, above).values()
        higher = {each.id for parents in found for each in parents} | above
        if higher == above:
            break
        above = higher
    put_object(call, project, KIND.noun, "parent_project_id")


@routes("DELETE", "/projects/{id}/parent_projects/{parent_project_id}")
def take_out_of_parent(call: Call) -> None:
    """Take a project out of another one."""
    take_object(call, find(call, KIND), "parent_project_id")


def _copied(call: Call, stored: Stored) -> Stored:
    """Copy an object that runs, without its schedule unless that is asked for; others stay one object."""
    kind = kind_of(stored)
    if kind is None or not kind.is_job:
        return stored
    document = dict(stored.document)
    for flag, field in (("clone_schedule", "schedule"), ("clone_notifications", "notifications")):
        if field in document and not call.params.get(flag):
            document[field] = kind.defaults.get(field, {})
    return objects.insert(
        call.connection,
        stored.kind,
        document,
        now=call.now,
        name=stored.name,
        author_id=call.user.id,
        hidden=stored.hidden,
    )


def _contents(call: Call, project: Stored) -> dict[str, Any]:
    """Show what is in a project: each object in the list of its kind, and all in one list."""
    inside = contents_of(call.connection, project.id)
    levels = levels_of(call.connection, inside)
    seen = [each for each in inside if levels[each.id] is not None]
    latest = runs.last_runs(call.connection, [each.id for each in seen])
    people = authors(call.connection, [each.author_id for each in seen])
    lists: dict[str, list[dict[str, Any]]] = {name: [] for name in (*_LISTS, "all_objects")}
    for each in seen:
        kind = kind_of(each)
        name = "tables" if each.kind == "table" else kind.project_list if kind else None
        if name is not None:
            lists[name].append(_item(call, each, latest.get(each.id)))
        person = people.get(each.author_id)
        lists["all_objects"].append(
            {
                "project_id": project.id,
                "object_id": each.id,
                "object_type": type_of(each),
                "fco_type": type_of(each),
                "name": each.name,
                "author": person["name"] if person else None,
                "updated_at": each.updated_at,
                "auto_share": bool(project.document.get("auto_share")),
                "archived": each.archived,
                "hidden": each.hidden,
                "my_permission_level": levels[each.id],
            }
        )
    return lists


def _item(call: Call, stored: Stored, run: Run | None) -> dict[str, Any]:
    """Show one object in the list of its kind; the catalogue picks what such a list shows."""
    changed = {"state": run.state, "updated_at": run.finished_at or run.created_at} if run else None
    item: dict[str, Any] = {
        "id": stored.id,
        "name": stored.name,
        "description": stored.document.get("description"),
        "type": type_of(stored),
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
        "state": run.state if run else "idle",
        "finished_at": run.finished_at if run else None,
        "last_run": changed,
    }
    if stored.kind == "file":
        item.update(_file(call, stored))
    elif stored.kind == "table":
        item.update(_table(call, stored))
    return item


def _file(call: Call, stored: Stored) -> dict[str, Any]:
    """Show a file in a project."""
    expires_at = expiry(stored)
    is_there = has_content(call.platform, stored)
    return {
        "file_name": stored.name,
        "file_size": call.platform.blobs.size(stored.document["blob_key"]) if is_there else None,
        "expired": expires_at is not None and expires_at <= call.now,
    }


def _table(call: Call, stored: Stored) -> dict[str, Any]:
    """Show a table in a project; of one that was dropped, its name."""
    schema, name = stored.document["schema"], stored.document["name"]
    facts: dict[str, Any] = {"schema": schema, "name": name}
    database = database_of(call.platform, objects.fetch(call.connection, "database", stored.parent_id or 0))
    if database.table_exists(schema, name):
        facts["row_count"] = database.row_count(schema, name)
        facts["column_count"] = len(database.columns(schema, name))
    return facts

"""Applications: each report template is one; an instance is a report made of it, in a project of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from civis.local.api import Call, NotFound, Page, Routes
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_lists import list_all
from civis.local.services.object_requests import store
from civis.local.services.permissions import visible
from civis.local.services.reports import REPORT
from civis.local.services.stored_text import link_to_text
from civis.local.state import Stored, objects
from civis.local.state.contents import put_into

__all__ = ["INSTANCE", "routes"]

routes = Routes()

_TEMPLATE = "report_template"
_NO_WORD = re.compile(r"[^a-z0-9]+")
_ID = re.compile(r"(?:.*-)?([0-9]{1,18})", re.ASCII)


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Make the report and the project of a new instance."""
    if before is not None:
        return document
    app = _app(call)
    name = str(document.get("name") or "").strip() or app.name
    report = store(call, REPORT, {"name": name, "template_id": app.id})
    project = objects.insert(
        call.connection,
        "project",
        {"description": "", "note": None, "auto_share": False},
        now=call.now,
        name=name,
        author_id=call.user.id,
    )
    put_into(call.connection, project.id, report.id)
    made = {"app_release_id": app.id, "report_id": report.id, "project_id": project.id}
    return {**document, "name": name, "slug": str(app.id), **made}


def _view(call: Call, instance: Stored) -> Mapping[str, Any]:
    """Show an instance with a link to its report's code."""
    found = objects.select_objects(call.connection, "report", id=instance.document["report_id"])
    code = found[0].document.get("code_body") if found else None
    return {"auth_code_url": link_to_text(call, code, "app.html")}


def _belongs(call: Call, instance: Stored) -> bool:
    """Tell whether an instance is of the application that a path names."""
    match = _ID.fullmatch(str(call.params["slug"]))
    return match is not None and match[1] == instance.document["slug"]


INSTANCE = declare(
    ObjectKind(
        "app_instance",
        "/apps/{slug}/instances",
        "instance of an application",
        belongs=_belongs,
        check=_check,
        view=_view,
    )
)


@routes("GET", "/apps")
def list_apps(call: Call) -> list[dict[str, Any]]:
    """List the applications that the user sees."""
    found = objects.select_objects(
        call.connection, _TEMPLATE, archived=False, descending=False, among=visible(call.connection)
    )
    return [_summary(each) for each in found]


@routes("GET", "/apps/{slug}")
def get_app(call: Call) -> dict[str, Any]:
    """Show an application; its one release is the template as it is."""
    app = _app(call)
    release = {"id": app.id, "app_id": app.id, "report_template_id": app.id, "resources": {}}
    return {**_summary(app), "current_release": release, "features": {}}


@routes("GET", "/apps/{slug}/instances")
def list_instances(call: Call) -> Page:
    """List the instances of an application."""
    asked = {**call.params, "slug": str(_app(call).id)}
    page = list_all(Call(**{**vars(call), "params": asked}), INSTANCE)
    assert isinstance(page, Page)
    return page


def _app(call: Call) -> Stored:
    """Read the application that a path names.

    Raises
    ------
    NotFound
        If there is none.
    """
    slug = str(call.params["slug"])
    match = _ID.fullmatch(slug)
    if match is None:
        raise NotFound(f"There is no application {slug!r}; GET /apps lists those there are.")
    return find_object(call.connection, _TEMPLATE, match[1], "application")


def _summary(app: Stored) -> dict[str, Any]:
    """Show what lists tell of an application; its slug is its name and its ID, so that no two are alike."""
    words = _NO_WORD.sub("-", app.name.lower()).strip("-")
    return {
        "slug": f"{words}-{app.id}" if words else str(app.id),
        "id": app.id,
        "instance_name": "report",
        "name": app.name,
    }

"""Templates of scripts and of reports: what others make their own custom scripts and reports from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from civis.local.api import BadRequest, Call
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.stored_text import link_to_text
from civis.local.state import ObjectNotFound, Stored, objects

__all__ = ["REPORT_TEMPLATE", "SCRIPT_TEMPLATE", "template_of"]


def template_of(call: Call, id: int) -> tuple[Stored, Stored]:
    """Read a script template and the script behind it, which the template's users need not see.

    Raises
    ------
    NotFound
        If there is no such template that the user sees.
    BadRequest
        If its script is gone.
    """
    template = find_object(call.connection, "script_template", id, "script template")
    try:
        return template, objects.fetch(call.connection, tuple(SCRIPT_KINDS), template.document["script_id"])
    except ObjectNotFound:
        raise BadRequest(f"The script behind the script template {template.id} is gone.") from None


def _check_script(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a template without a name."""
    return _named(document)


def _named(document: dict[str, Any]) -> dict[str, Any]:
    """Refuse a blank name."""
    if "name" in document and not str(document["name"] or "").strip():
        raise BadRequest("name must not be empty.")
    return document


def _script_views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show what templates take from their scripts, and how often they were used."""
    wanted = [each.document.get("script_id") or 0 for each in found]
    scripts = objects.select_objects(call.connection, tuple(SCRIPT_KINDS), id=wanted)
    known = {each.id: each for each in scripts}
    uses = objects.count_by_field(
        call.connection, "custom_script", "from_template_id", [each.id for each in found]
    )
    return [
        {**_script_view(known.get(id)), "use_count": uses.get(each.id, 0)}
        for each, id in zip(found, wanted, strict=True)
    ]


def _script_view(script: Stored | None) -> dict[str, Any]:
    """Show what a template takes from its script."""
    return {
        "public": False,
        "script_type": SCRIPT_KINDS[script.kind].label if script else None,
        "user_context": script.document.get("user_context") if script else None,
        "params": script.document.get("params") if script else [],
        "tech_reviewed": False,
    }


def _check_report(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a template without a name, or without a body."""
    if not document.get("code_body"):
        raise BadRequest("code_body must not be empty.")
    return _named(document)


def _report_views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show how often templates were used, and links to their code."""
    uses = objects.count_by_field(call.connection, "report", "template_id", [each.id for each in found])
    return [
        {
            "use_count": uses.get(each.id, 0),
            "tech_reviewed": False,
            "auth_code_url": link_to_text(call, each.document["code_body"], "template.html"),
        }
        for each in found
    ]


SCRIPT_TEMPLATE = declare(
    ObjectKind(
        "script_template",
        "/templates/scripts",
        "script template",
        object_type="template_script",
        defaults={"note": None, "ui_report_id": None, "category": "script"},
        deleting="archive",
        project_list="script_templates",
        check=_check_script,
        views=_script_views,
    )
)

REPORT_TEMPLATE = declare(
    ObjectKind(
        "report_template",
        "/templates/reports",
        "report template",
        object_type="template_report",
        defaults={"category": None, "code_body": None, "provide_api_key": None},
        deleting="archive",
        check=_check_report,
        views=_report_views,
    )
)

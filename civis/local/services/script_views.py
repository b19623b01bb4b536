"""Scripts as answers show them, and requests as scripts keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call
from civis.local.services.csv_settings import read_settings
from civis.local.services.job_views import common_fields
from civis.local.services.lookups import require_choice
from civis.local.services.script_kinds import SCRIPT_KINDS, ScriptKind
from civis.local.services.script_parameters import (
    ParameterError,
    check_arguments,
    check_definitions,
    values_of,
)
from civis.local.services.spelling import snake_keys
from civis.local.services.sql_template import expanded_arguments, fill
from civis.local.state import Stored, objects

__all__ = ["NOT_AS_EXPECTED", "document_of", "script_links", "script_view"]

NOT_AS_EXPECTED = "The given request was not as expected: Validation failed: "

#: What every script has beyond the columns of an object, with the defaults.
_FIELDS: dict[str, Any] = {
    "user_context": "runner",
    "params": [],
    "arguments": {},
    "schedule": {},
    "notifications": {},
    "next_run_at": None,
    "time_zone": None,
    "target_project_id": None,
    "running_as_id": None,
}


def document_of(call: Call, kind: ScriptKind, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read a script's document from a request.

    Parameters
    ----------
    call : Call
    kind : ScriptKind
    before : mapping, optional
        The document that the request changes; without, what is not sent gets its default.

    Raises
    ------
    BadRequest
        If parameters, arguments or settings do not fit.
    """
    defaults = {**_FIELDS, **kind.fields}
    sent = {field: call.params[field] for field in defaults if field in call.params}
    document = {**defaults, **(before or {}), **sent}
    require_choice(document["user_context"], ("runner", "author"), "user_context")
    try:
        document["params"] = check_definitions(snake_keys(document["params"] or []))
        document["arguments"] = dict(document["arguments"] or {})
        check_arguments(document["params"], document["arguments"])
    except ParameterError as error:
        raise BadRequest(f"{NOT_AS_EXPECTED}{error}") from None
    if "csv_settings" in document:
        document["csv_settings"] = read_settings(document["csv_settings"])
    if document.get("required_resources") is not None and "required_resources" in kind.fields:
        given = snake_keys(document["required_resources"])
        document["required_resources"] = {
            **kind.fields["required_resources"],
            **{key: value for key, value in given.items() if value is not None},
        }
    return document


def script_view(call: Call, script: Stored) -> dict[str, Any]:
    """Show a script; the catalogue picks the fields that an answer has."""
    kind = SCRIPT_KINDS[script.kind]
    view = {
        **script.document,
        **common_fields(call.connection, script),
        "type": kind.label,
        "category": "script",
        "from_template_aliases": [],
        **_published(call, script),
        "links": script_links(call, script),
        "running_as_id": script.document.get("running_as_id") or script.author_id,
    }
    if script.kind == "sql_script":
        params, arguments = script.document["params"], script.document["arguments"]
        values = _known_values(params, arguments)
        view["expanded_arguments"] = expanded_arguments(params, values)
        view["code_preview"] = _preview(script.document["sql"], params, values)
    return view


def _published(call: Call, script: Stored) -> dict[str, Any]:
    """Show the template that was made of a script, and how many custom scripts were made from that."""
    made = {"script_id": script.id}
    found = objects.select_objects(call.connection, "script_template", document=made, archived=False, limit=1)
    if not found:
        return {"is_template": False, "published_as_template_id": None, "template_dependents_count": None}
    uses = {"from_template_id": found[0].id}
    return {
        "is_template": True,
        "published_as_template_id": found[0].id,
        "template_script_name": found[0].name,
        "template_dependents_count": objects.count_objects(call.connection, "custom_script", document=uses),
    }


def script_links(call: Call, script: Stored) -> dict[str, str]:
    """Give where a script and its runs are."""
    details = f"{call.platform.url}scripts/{SCRIPT_KINDS[script.kind].segment}/{script.id}"
    return {"details": details, "runs": f"{details}/runs"}


def _known_values(params: list[dict[str, Any]], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values there are by now; a required one may come later and is None."""
    found: dict[str, Any] = {}
    for param in params:
        try:
            found.update(values_of([param], arguments))
        except ParameterError:
            found[param["name"]] = None
    return found


def _preview(sql: str, params: list[dict[str, Any]], values: Mapping[str, Any]) -> str:
    """Show the SQL with the values there are by now."""
    known = {name: value for name, value in values.items() if value is not None}
    try:
        return fill(sql, params, known)
    except ParameterError:
        return sql

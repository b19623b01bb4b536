"""Custom scripts: a template's script with arguments of one's own; a run is a run of the script behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.api import BadRequest, Call, Page, Routes
from civis.local.jobs import JobFailed, Needs, RunContext, executor, executor_of, needs_of
from civis.local.services.lookups import id_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_lists import list_all
from civis.local.services.run_views import run_view
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.script_parameters import ParameterError, check_arguments
from civis.local.services.script_views import NOT_AS_EXPECTED, script_view
from civis.local.services.templates import template_of
from civis.local.state import ObjectNotFound, Stored, objects, runs
from civis.local.state.people import username_of

__all__ = ["CUSTOM", "KIND", "routes", "run_custom_script", "script_behind"]

routes = Routes()

CUSTOM = "custom_script"
#: What a custom script sets in place of the script behind it, where it sets anything.
_OWN = ("remote_host_id", "credential_id", "required_resources", "partition_label")
#: What the public client's executors send with each template's script, with or without parameters for it.
_SENT_ALONG = frozenset({"CIVIS_PARENT_JOB_ID", "CIVIS_PARENT_RUN_ID"})


def _needs(connection: Connection, custom: Stored) -> Needs:
    """Tell what a custom script takes of the machine: what the script behind it would."""
    try:
        script = script_behind(connection, custom)
    except ObjectNotFound:
        return Needs()  # its run fails as soon as it starts
    return needs_of(connection, replace(script, document=_inputs(custom.document, script)))


@executor(CUSTOM, needs=_needs)
def run_custom_script(context: RunContext) -> None:
    """Do what the script behind the template does, with the custom script's arguments.

    Where the script says that it runs as its author, the run works for the author, whoever started it.
    """
    document = dict(context.run.document)
    with context.platform.state.read() as connection:
        try:
            script = script_behind(connection, context.job)
        except ObjectNotFound as error:
            raise JobFailed(f"The template behind the script is gone: {error}") from None
        if script.document.get("user_context") == "author" and script.author_id is not None:
            document["acts_as_id"] = script.author_id
        user = username_of(connection, document["acts_as_id"]) if "acts_as_id" in document else context.user
    work = executor_of(script.kind)
    if work is None:
        raise JobFailed(f"The local platform cannot run {SCRIPT_KINDS[script.kind].label} scripts.")
    document["inputs"] = _inputs(document.get("inputs") or context.job.document, script)
    work(replace(context, user=user, run=replace(context.run, document=document)))


def script_behind(connection: Connection, custom: Stored) -> Stored:
    """Read the script behind a custom script's template, which its user need not see."""
    template = objects.fetch(connection, "script_template", custom.document["from_template_id"])
    return objects.fetch(connection, tuple(SCRIPT_KINDS), template.document["script_id"])


def _inputs(custom: Mapping[str, Any], script: Stored) -> dict[str, Any]:
    """Put a custom script's arguments and settings over those of the script behind it."""
    own = {name: custom[name] for name in _OWN if custom.get(name) is not None and name in script.document}
    arguments = {**(script.document.get("arguments") or {}), **(custom.get("arguments") or {})}
    return {**script.document, **own, "arguments": arguments}


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse arguments that the template's script does not take."""
    _, script = template_of(call, document["from_template_id"])
    document["arguments"] = dict(document.get("arguments") or {})
    params = script.document["params"]
    ignored = _SENT_ALONG - {param["name"] for param in params}
    checked = {name: value for name, value in document["arguments"].items() if name not in ignored}
    try:
        check_arguments(params, checked)
    except ParameterError as error:
        raise BadRequest(f"{NOT_AS_EXPECTED}{error}") from None
    return document


def _view(call: Call, custom: Stored) -> dict[str, Any]:
    """Show a custom script with what it takes from its template."""
    last = runs.select_runs(call.connection, custom.id, 1, state="succeeded")
    view: dict[str, Any] = {
        "type": "Custom",
        "category": "script",
        "is_template": False,
        "from_template_aliases": _aliases(call, custom),
        "last_successful_run": run_view(last[0]) if last else None,
    }
    found = objects.select_objects(call.connection, "script_template", id=custom.document["from_template_id"])
    template = found[0] if found else None
    scripts = objects.select_objects(
        call.connection, tuple(SCRIPT_KINDS), id=template.document["script_id"] if template else 0
    )
    if template is not None and scripts:
        script = scripts[0]
        filled = Stored(**{**vars(script), "document": _inputs(custom.document, script)})
        view.update(
            backing_script_type=SCRIPT_KINDS[script.kind].label,
            params=script.document["params"],
            template_script_name=template.name,
            template_note=template.document.get("note"),
            ui_report_id=template.document.get("ui_report_id"),
            code_preview=script_view(call, filled).get("code_preview"),
        )
    return view


@routes("GET", "/scripts/custom")
def list_custom_scripts(call: Call) -> Page:
    """List custom scripts, those of some templates if that is asked for."""
    wanted = id_list(call.params.get("from_template_id"), "from_template_id")
    asked = {**call.params, "from_template_id": wanted or None}
    page = list_all(Call(**{**vars(call), "params": asked}), KIND)
    assert isinstance(page, Page)
    return page


def _aliases(call: Call, custom: Stored) -> list[dict[str, Any]]:
    """List the aliases of a custom script's template."""
    wanted = {"object_type": "template_script", "object_id": custom.document["from_template_id"]}
    found = objects.select_objects(call.connection, "alias", document=wanted, descending=False)
    return [
        {"id": each.id, "object_id": each.document["object_id"], "alias": each.document["alias"]}
        for each in found
    ]


KIND = declare(
    ObjectKind(
        CUSTOM,
        "/scripts/custom",
        "script",
        defaults={
            "arguments": {},
            "schedule": {},
            "notifications": {},
            "remote_host_id": None,
            "credential_id": None,
        },
        is_job=True,
        run_field="custom_id",
        deleting="archive",
        project_list="scripts",
        check=_check,
        view=_view,
    )
)

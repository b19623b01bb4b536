"""Runs of scripts: start, follow, cancel them, with their logs, outputs and inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from civis.local.api import BadRequest, Call, Conflict, Page, Routes
from civis.local.jobs import ACTIVE, OVER, cancel_run
from civis.local.services import run_views
from civis.local.services.custom_scripts import CUSTOM, script_behind
from civis.local.services.files import has_content
from civis.local.services.lookups import find_object
from civis.local.services.run_views import LogPage, find_run, run_view
from civis.local.services.script_kinds import KINDS, ScriptKind
from civis.local.services.scripts import find_script
from civis.local.state import ObjectNotFound, Run, Stored, objects, runs

__all__ = ["routes"]

routes = Routes()

Handler = Callable[[Call, ScriptKind], Any]


def start(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Queue a run of a script."""
    script = _script(call, kind)
    inputs = {**script.document, "name": script.name, "parent_id": script.parent_id, "hidden": script.hidden}
    return _view(call, kind, run_views.start(call, script, inputs=inputs))


def list_runs(call: Call, kind: ScriptKind) -> Page:
    """List a script's runs."""
    return run_views.list_runs(call, _script(call, kind), partial(_view, call, kind))


def read(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Show a run."""
    return _view(call, kind, find_run(call, _script(call, kind)))


def cancel(call: Call, kind: ScriptKind) -> None:
    """Cancel a run."""
    run_views.cancel(call, _script(call, kind))


def set_error(call: Call, kind: ScriptKind) -> None:
    """Change the error text of a run."""
    run = find_run(call, _script(call, kind))
    if "error" not in call.params:
        raise BadRequest("error must be given.")
    runs.update_run(call.connection, run.id, error=call.params["error"])


def list_logs(call: Call, kind: ScriptKind) -> LogPage:
    """Show a run's log."""
    return run_views.log_page(call, _script(call, kind))


def add_logs(call: Call, kind: ScriptKind) -> None:
    """Add to a run's log."""
    run_views.add_log_messages(call, _script(call, kind))


def list_outputs(call: Call, kind: ScriptKind) -> Page:
    """List what a run put out."""
    return run_views.output_page(call, _script(call, kind))


def add_output(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Note an object as a run's output."""
    return run_views.record_output(call, _script(call, kind))


def read_inputs(call: Call, kind: ScriptKind) -> dict[str, Any]:
    """Show the script as it was when the run was queued."""
    script = _script(call, kind)
    inputs = find_run(call, script).document.get("inputs") or {}
    return {**inputs, "running_as_id": inputs.get("running_as_id") or script.author_id}


_OPERATIONS: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "", start),
    ("GET", "", list_runs),
    ("GET", "/{run_id}", read),
    ("DELETE", "/{run_id}", cancel),
    ("GET", "/{run_id}/logs", list_logs),
    ("GET", "/{run_id}/outputs", list_outputs),
    ("GET", "/{run_id}/inputs", read_inputs),
)


def _register(method: str, path: str, handler: Handler, kind: ScriptKind, segment: str | None = None) -> None:
    """Put a handler that needs to know its kind of script into the table."""
    whole = f"/scripts/{segment or kind.segment}/{{id}}/runs{path}"
    # A run of SQL is shown with its files, which are looked for on the disk.
    is_quick = (method, path) == ("GET", "/{run_id}") and kind.kind != "sql_script"
    routes(method, whole, is_quick=is_quick)(lambda call: handler(call, kind))


for _kind in KINDS:
    for _method, _path, _handler in _OPERATIONS:
        _register(_method, _path, _handler, _kind)
    # The API spells this one path of containers in the singular.
    _register("PATCH", "/{run_id}", set_error, _kind, _kind.segment.removesuffix("s"))
    if _kind.kind != "sql_script":
        _register("POST", "/{run_id}/outputs", add_output, _kind)
    if _kind.kind == "container_script":
        _register("POST", "/{run_id}/logs", add_logs, _kind)


@routes("POST", "/scripts/{id}/run")
def run_any(call: Call) -> None:
    """Queue a run of a script of any kind."""
    script = find_script(call)
    run_views.start(call, script, inputs={**script.document, "name": script.name})


@routes("POST", "/scripts/{id}/cancel")
def cancel_any(call: Call) -> dict[str, Any]:
    """Cancel what is active of a script of any kind, and show the latest run of it.

    Raises
    ------
    Conflict
        If none is queued or running.
    """
    script = find_script(call)
    active = runs.select_runs(call.connection, script.id, state=ACTIVE)
    if not active:
        raise Conflict(
            f"The script {script.id} cannot be cancelled because it is not running.", "not_running"
        )
    # The public client's futures read the state from this answer.
    cancelled = [cancel_run(call, call.connection, run) for run in active]
    return run_view(cancelled[0])


def _script(call: Call, kind: ScriptKind) -> Stored:
    """Read the script of a kind that a request names, or a custom script with one of that kind behind it.

    Programs and the public client's executors use the operations of the kind that a template's script is of.
    """
    noun = f"{kind.label} script"
    script = find_object(call.connection, (kind.kind, CUSTOM), call.params["id"], noun)
    if script.kind == CUSTOM and _kind_behind(call, script) != kind.kind:
        return find_script(call, kind)  # which says that there is none
    return script


def _kind_behind(call: Call, custom: Stored) -> str | None:
    """Tell of which kind the script behind a custom script is; None if that is gone."""
    try:
        return script_behind(call.connection, custom).kind
    except ObjectNotFound:
        return None


def _view(call: Call, kind: ScriptKind, run: Run) -> dict[str, Any]:
    """Show a run of a script; of a SQL script with the files it wrote."""
    view = run_view(run, **{kind.run_field: run.job_id})
    if kind.kind == "sql_script":
        view["output"] = _files(call, run) if run.state in OVER else []  # stored with the run's end
    return view


def _files(call: Call, run: Run) -> list[dict[str, Any]]:
    """List the files a run wrote, each with a link from which to fetch it; files gone since are left out."""
    found: list[dict[str, Any]] = []
    for output in runs.outputs(call.connection, run.id):
        if output.object_type != "File":
            continue
        file = objects.find(call.connection, output.object_id)
        if file is not None and file.kind == "file" and has_content(call.platform, file):
            key = file.document["blob_key"]
            link = call.platform.blobs.download_url(key, filename=output.name)
            found.append({"output_name": output.name, "file_id": file.id, "path": link})
    return found

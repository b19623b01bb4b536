"""Runs of jobs: started, listed, shown, cancelled, with their logs, outputs and inputs."""

from __future__ import annotations

from functools import partial
from typing import Any

from civis.local.api import BadRequest, Call, Conflict, Page
from civis.local.jobs import ACTIVE, cancel_run
from civis.local.services import run_views
from civis.local.services.families import Family
from civis.local.services.object_kinds import ObjectKind, find
from civis.local.services.run_views import LogPage, find_run, run_view
from civis.local.state import Run, runs

__all__ = ["family", "inputs_of"]

family = Family()


@family("POST", "/runs")
def start_run(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Queue a run."""
    job = find(call, kind)
    inputs = {**job.document, "name": job.name, "parent_id": job.parent_id, "hidden": job.hidden}
    return _view(kind, run_views.start(call, job, inputs=inputs))


@family("GET", "/runs")
def list_runs(call: Call, kind: ObjectKind) -> Page:
    """List a job's runs."""
    return run_views.list_runs(call, find(call, kind), partial(_view, kind))


@family("GET", "/runs/{run_id}")
def get_run(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show a run."""
    return _view(kind, find_run(call, find(call, kind)))


@family("DELETE", "/runs/{run_id}")
def delete_run(call: Call, kind: ObjectKind) -> None:
    """Cancel a run."""
    run_views.cancel(call, find(call, kind))


@family("PATCH", "/runs/{run_id}")
def report_error(call: Call, kind: ObjectKind) -> None:
    """Change the error text of a run."""
    run = find_run(call, find(call, kind))
    if "error" not in call.params:
        raise BadRequest("error must be given.")
    runs.update_run(call.connection, run.id, error=call.params["error"])


@family("GET", "/runs/{run_id}/logs")
def list_logs(call: Call, kind: ObjectKind) -> LogPage:
    """Show a run's log."""
    return run_views.log_page(call, find(call, kind))


@family("GET", "/runs/{run_id}/outputs")
def list_outputs(call: Call, kind: ObjectKind) -> Page:
    """List what a run put out."""
    return run_views.output_page(call, find(call, kind))


@family("POST", "/runs/{run_id}/outputs")
def add_output(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Note an object as a run's output."""
    return run_views.record_output(call, find(call, kind))


@family("GET", "/runs/{run_id}/inputs")
def get_inputs(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show the job as it was when the run was queued."""
    job = find(call, kind)
    return inputs_of(find_run(call, job)) or {**job.document, "name": job.name}


@family("POST", "/cancel")
def cancel_active(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Cancel the run that is queued or running.

    Raises
    ------
    Conflict
        If there is none.
    """
    job = find(call, kind)
    active = runs.select_runs(call.connection, job.id, state=ACTIVE)
    if not active:
        raise Conflict(
            f"The {kind.noun} {job.id} cannot be cancelled because it is not running.", "not_running"
        )
    return run_view(cancel_run(call, call.connection, active[0]))


def inputs_of(run: Run) -> dict[str, Any]:
    """Give what a run was started with; nothing for one started by its job's parent."""
    found: dict[str, Any] = run.document.get("inputs") or {}
    return found


def _view(kind: ObjectKind, run: Run) -> dict[str, Any]:
    """Show a run with the ID of what it is a run of."""
    return run_view(run, **({kind.run_field: run.job_id} if kind.run_field else {}))

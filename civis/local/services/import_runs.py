"""Runs of imports: started, listed, read, cancelled, with logs and inputs, for both kinds of imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from civis.local.api import Call, Conflict, Page, Routes
from civis.local.jobs import ACTIVE, cancel_run
from civis.local.services.csv_imports import csv_import_inputs
from civis.local.services.import_records import KIND, import_inputs
from civis.local.services.lookups import find_object
from civis.local.services.run_views import cancel, find_run, list_runs, log_page, run_view, start
from civis.local.state import Run, Stored, runs

__all__ = ["routes"]

routes = Routes()

_CSV_KIND = "csv_import"


def _register(prefix: str, kind: str, id_name: str, inputs_of: Callable[[Stored], dict[str, Any]]) -> None:
    """Register the operations on runs under a path, which both kinds of imports have alike."""

    def job_of(call: Call) -> Stored:
        return find_object(call.connection, kind, call.params["id"], "import")

    def view(run: Run) -> dict[str, Any]:
        return run_view(run, **{id_name: run.job_id})

    @routes("POST", f"{prefix}/{{id}}/runs")
    def post_run(call: Call) -> dict[str, Any]:
        job = job_of(call)
        return view(_submit(call, job, inputs_of(job)))

    @routes("GET", f"{prefix}/{{id}}/runs")
    def list_all(call: Call) -> Page:
        return list_runs(call, job_of(call), view)

    @routes("GET", f"{prefix}/{{id}}/runs/{{run_id}}")
    def get_run(call: Call) -> dict[str, Any]:
        return view(find_run(call, job_of(call)))

    @routes("DELETE", f"{prefix}/{{id}}/runs/{{run_id}}")
    def delete_run(call: Call) -> None:
        cancel(call, job_of(call))

    @routes("GET", f"{prefix}/{{id}}/runs/{{run_id}}/logs")
    def list_logs(call: Call) -> Page:
        return log_page(call, job_of(call))

    @routes("GET", f"{prefix}/{{id}}/runs/{{run_id}}/inputs")
    def get_inputs(call: Call) -> dict[str, Any]:
        job = job_of(call)
        # A run started through /jobs/{id}/runs remembers no inputs; then the import as it is has to do.
        inputs: dict[str, Any] = find_run(call, job).document.get("inputs") or inputs_of(job)
        return inputs


_register("/imports/files", KIND, "import_id", import_inputs)
_register("/imports/files/csv", _CSV_KIND, "csv_import_id", csv_import_inputs)


@routes("POST", "/imports/{id}/runs")
def post_import_run(call: Call) -> dict[str, Any]:
    """Start a run of an import."""
    job = _import(call)
    return {"run_id": _submit(call, job, import_inputs(job)).id}


@routes("GET", "/imports/{id}/runs")
def list_import_runs(call: Call) -> Page:
    """List an import's runs, the latest first."""
    return list_runs(call, _import(call), lambda run: run_view(run, import_id=run.job_id))


@routes("GET", "/imports/{id}/runs/{run_id}/logs")
def list_import_logs(call: Call) -> Page:
    """Read the log of an import's run."""
    return log_page(call, _import(call))


@routes("POST", "/imports/{id}/cancel")
def cancel_import(call: Call) -> dict[str, Any]:
    """Cancel the import's run that goes on or waits."""
    job = _import(call)
    run = runs.last_run(call.connection, job.id)
    if run is None or run.state not in ACTIVE:
        raise Conflict(f"Import {job.id} ({job.name!r}) has no run that could be cancelled.")
    return run_view(cancel_run(call, call.connection, run))


def _import(call: Call) -> Stored:
    """Find the import that the path names, of either kind."""
    return find_object(call.connection, (KIND, _CSV_KIND), call.params["id"], "import")


def _submit(call: Call, job: Stored, inputs: dict[str, Any]) -> Run:
    """Queue a run that remembers the import as it is now."""
    last = runs.last_run(call.connection, job.id)
    if last is not None and last.state in ACTIVE:
        raise Conflict("The import cannot be queued because it is already active.")
    return start(call, job, inputs=inputs)

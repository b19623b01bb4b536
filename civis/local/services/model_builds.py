"""Builds of models: runs that fail and say what to use instead, as the old modelling is not here."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Page, Routes
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services import run_views
from civis.local.services.models import MODEL, build_view
from civis.local.services.object_kinds import find
from civis.local.services.run_views import LogPage, find_run

__all__ = ["routes", "run_build"]

routes = Routes()


@executor("model")
def run_build(context: RunContext) -> None:
    """Refuse: CivisML took the place of this modelling."""
    raise JobFailed("The local platform does not build models of this kind; use civis.ml, which is CivisML.")


@routes("POST", "/models/{id}/builds")
def start_build(call: Call) -> dict[str, Any]:
    """Start a build of a model."""
    model = find(call, MODEL)
    return build_view(run_views.start(call, model, inputs={**model.document, "name": model.name}))


@routes("GET", "/models/{id}/builds")
def list_builds(call: Call) -> Page:
    """List a model's builds."""
    return run_views.list_runs(call, find(call, MODEL), build_view)


@routes("GET", "/models/{id}/builds/{build_id}")
def get_build(call: Call) -> dict[str, Any]:
    """Show a build of a model."""
    return build_view(find_run(_as_run(call), find(call, MODEL)))


@routes("DELETE", "/models/{id}/builds/{build_id}")
def cancel_build(call: Call) -> None:
    """Cancel a build of a model."""
    run_views.cancel(_as_run(call), find(call, MODEL))


@routes("GET", "/models/{id}/builds/{build_id}/logs")
def list_build_logs(call: Call) -> LogPage:
    """Show the log of a build."""
    return run_views.log_page(_as_run(call), find(call, MODEL))


def _as_run(call: Call) -> Call:
    """Give the request as one about a run, which is what a build is."""
    return Call(**{**vars(call), "params": {**call.params, "run_id": call.params["build_id"]}})

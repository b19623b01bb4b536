"""Models and predictions of the platform's old modelling: shown where the state has any; none are made here.

The API has no operation that creates a model; those of CivisML are scripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import Call, Page, Routes
from civis.local.services import run_views
from civis.local.services.job_views import schedule_of
from civis.local.services.lookups import run_summary
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.services.run_views import LogPage, find_run, run_view
from civis.local.state import Run, Stored, objects, runs

__all__ = ["MODEL", "PREDICTION", "routes"]

routes = Routes()

#: The algorithms by the kind of variable they predict; whether they take interactions of columns.
_TYPES = (
    (1, "Sparse Logistic", "Binary", True),
    (2, "Sparse Linear", "Continuous", True),
    (3, "Gradient Boosting", "Binary", False),
    (4, "Gradient Boosting", "Continuous", False),
    (5, "Random Forest", "Binary", False),
    (6, "Random Forest", "Continuous", False),
)


def _view(call: Call, model: Stored) -> Mapping[str, Any]:
    """Show a model with its builds and predictions."""
    last = runs.last_run(call.connection, model.id)
    predictions = objects.select_objects(
        call.connection, PREDICTION.kind, parent_id=model.id, descending=False
    )
    return {
        "last_run": run_summary(last),
        "current_build_state": last.state if last else "idle",
        "current_build_exception": last.error if last else None,
        "builds": [_build(run) for run in runs.select_runs(call.connection, model.id)],
        "predictions": [
            {**_prediction_view(call, each), **each.document, "id": each.id} for each in predictions
        ],
    }


def _prediction_view(call: Call, prediction: Stored) -> Mapping[str, Any]:
    """Show a prediction's latest run."""
    last = runs.last_run(call.connection, prediction.id)
    return {
        "model_id": prediction.parent_id,
        "state": last.state if last else "idle",
        "error": last.error if last else None,
        "started_at": last.started_at if last else None,
        "finished_at": last.finished_at if last else None,
        "last_run": run_summary(last),
        "schedule": schedule_of(prediction.document),
    }


MODEL = declare(
    ObjectKind("model", "/models", "model", name="model_name", is_job=True, project_list="models", view=_view)
)
PREDICTION = declare(ObjectKind("prediction", "/predictions", "prediction", view=_prediction_view))


@routes("GET", "/models/types")
def list_types(call: Call) -> list[dict[str, Any]]:
    """List the types of models."""
    return [
        {"id": id, "algorithm": algorithm, "dv_type": variable, "fint_allowed": interactions}
        for id, algorithm, variable, interactions in _TYPES
    ]


@routes("GET", "/models/{id}/schedules")
def get_schedule(call: Call) -> dict[str, Any]:
    """Show when a model is built."""
    model = find(call, MODEL)
    return {"id": model.id, "schedule": schedule_of(model.document)}


@routes("GET", "/models/{id}/builds")
def list_builds(call: Call) -> Page:
    """List a model's builds."""
    return run_views.list_runs(call, find(call, MODEL), _build)


@routes("GET", "/models/{id}/builds/{build_id}")
def get_build(call: Call) -> dict[str, Any]:
    """Show a build of a model."""
    return _build(_found(call))


@routes("DELETE", "/models/{id}/builds/{build_id}")
def cancel_build(call: Call) -> None:
    """Cancel a build of a model."""
    run_views.cancel(_as_run(call), find(call, MODEL))


@routes("GET", "/models/{id}/builds/{build_id}/logs")
def list_build_logs(call: Call) -> LogPage:
    """Show the log of a build."""
    return run_views.log_page(_as_run(call), find(call, MODEL))


@routes("GET", "/predictions/{id}/schedules")
def get_prediction_schedule(call: Call) -> dict[str, Any]:
    """Show when a prediction runs."""
    prediction = find(call, PREDICTION)
    return {
        "id": prediction.id,
        "schedule": schedule_of(prediction.document),
        "score_on_model_build": bool(prediction.document.get("score_on_model_build")),
    }


def _as_run(call: Call) -> Call:
    """Give the request as one about a run, which is what a build is."""
    return Call(**{**vars(call), "params": {**call.params, "run_id": call.params["build_id"]}})


def _found(call: Call) -> Run:
    """Read the build that a path names."""
    return find_run(_as_run(call), find(call, MODEL))


def _build(run: Run) -> dict[str, Any]:
    """Show a build; its measurements are what the run remembers."""
    return {**run.document, **run_view(run), "name": run.document.get("name") or f"Build {run.id}"}

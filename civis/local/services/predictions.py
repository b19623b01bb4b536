"""Predictions of models: what may be done with a prediction is what may be done with its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, NotFound, Page, Routes
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services import run_views
from civis.local.services.guard import level_needed
from civis.local.services.job_views import schedule_of
from civis.local.services.models import MODEL, PREDICTION, prediction_view
from civis.local.services.object_kinds import find
from civis.local.services.object_views import with_lists
from civis.local.services.permissions import hides, require_level, visible
from civis.local.services.run_views import LogPage, find_run
from civis.local.state import ObjectNotFound, Run, Stored, objects

__all__ = ["routes", "run_prediction"]

routes = Routes()

_RUNS = "/predictions/{id}/runs"


@executor(PREDICTION)
def run_prediction(context: RunContext) -> None:
    """Refuse: CivisML took the place of this modelling."""
    raise JobFailed("The local platform makes no predictions of this kind; use civis.ml, which is CivisML.")


@routes("PUT", "/models/{id}/predictions")
def add_prediction(call: Call) -> dict[str, Any]:
    """Add a table for a model to predict.

    Raises
    ------
    BadRequest
        If the table, or its key, has no name.
    """
    model, params = find(call, MODEL), call.params
    name = params["table_name"].strip()
    if not name or not params["primary_key"]:
        raise BadRequest("tableName and primaryKey must not be empty.")
    document = {
        "scored_table_name": name,
        "output_table_name": params.get("output_table") or f"{name}_predictions",
        "primary_key": list(params["primary_key"]),
        "limiting_sql": params.get("limiting_sql"),
        "schedule": params.get("schedule") or {},
        "model_id": model.id,
    }
    made = objects.insert(
        call.connection,
        PREDICTION,
        document,
        now=call.now,
        name=f"Prediction of {name}",
        author_id=model.author_id,
        parent_id=model.id,
    )
    return prediction_view(call, made)


@routes("GET", "/predictions")
def list_predictions(call: Call) -> list[dict[str, Any]]:
    """List the predictions of the models that the user sees, or of one."""
    models = objects.select_objects(
        call.connection, MODEL.kind, id=call.params.get("model_id"), among=visible(call.connection)
    )
    ids = [each.id for each in models]
    found = objects.select_objects(call.connection, PREDICTION, parent_id=ids, descending=False)
    return [_show(call, each) for each in found]


@routes("GET", "/predictions/{id}")
def get_prediction(call: Call) -> dict[str, Any]:
    """Show a prediction."""
    return _show(call, _prediction(call))


@routes("PATCH", "/predictions/{id}")
def change_prediction(call: Call) -> dict[str, Any]:
    """Change parts of a prediction."""
    names = ("output_table_name", "limiting_sql", "primary_key")
    return _show(call, _changed(call, {name: call.params[name] for name in names if name in call.params}))


@routes("GET", "/predictions/{id}/schedules")
def get_schedule(call: Call) -> dict[str, Any]:
    """Show when a prediction runs."""
    return _schedule(_prediction(call))


@routes("PUT", "/predictions/{id}/schedules")
def set_schedule(call: Call) -> dict[str, Any]:
    """Say when a prediction runs."""
    names = ("schedule", "score_on_model_build")
    return _schedule(_changed(call, {name: call.params[name] for name in names if name in call.params}))


@routes("POST", _RUNS)
def start_run(call: Call) -> dict[str, Any]:
    """Start a run of a prediction."""
    prediction = _prediction(call)
    return _run(run_views.start(call, prediction, inputs=dict(prediction.document)))


@routes("GET", _RUNS)
def list_runs(call: Call) -> Page:
    """List a prediction's runs."""
    return run_views.list_runs(call, _prediction(call), _run)


@routes("GET", f"{_RUNS}/{{run_id}}")
def get_run(call: Call) -> dict[str, Any]:
    """Show a run of a prediction."""
    return _run(find_run(call, _prediction(call)))


@routes("DELETE", f"{_RUNS}/{{run_id}}")
def cancel_run(call: Call) -> None:
    """Cancel a run of a prediction."""
    run_views.cancel(call, _prediction(call))


@routes("GET", f"{_RUNS}/{{run_id}}/logs")
def list_logs(call: Call) -> LogPage:
    """Show the log of a prediction's run."""
    return run_views.log_page(call, _prediction(call))


def _prediction(call: Call) -> Stored:
    """Read the prediction that a path names.

    Raises
    ------
    NotFound
        If there is none, or none of a model that the user sees.
    Forbidden
        If the operation needs more of the model than the user may do with it.
    """
    id = call.params["id"]
    try:
        found = objects.fetch(call.connection, PREDICTION, id)
        model = objects.fetch(call.connection, MODEL.kind, found.parent_id or 0)
    except ObjectNotFound:
        raise NotFound(f"There is no prediction with ID {id}.") from None
    if hides(call.connection, model):
        raise NotFound(f"There is no prediction with ID {id}.")
    require_level(call.connection, model, level_needed(call.operation), MODEL.noun)
    return found


def _changed(call: Call, document: Mapping[str, Any]) -> Stored:
    """Store a prediction's changes."""
    return objects.update(call.connection, _prediction(call).id, now=call.now, document=document)


def _show(call: Call, prediction: Stored) -> dict[str, Any]:
    """Show a prediction in the shape that the operation answers."""
    return with_lists(prediction_view(call, prediction), call.operation.item)


def _schedule(prediction: Stored) -> dict[str, Any]:
    """Show a prediction's schedule."""
    return {
        "id": prediction.id,
        "schedule": schedule_of(prediction.document),
        "score_on_model_build": bool(prediction.document.get("score_on_model_build")),
    }


def _run(run: Run) -> dict[str, Any]:
    """Show a run of a prediction; what it measured is what it remembers."""
    return {
        "score_stats": [],
        **run.document,
        "id": run.id,
        "prediction_id": run.job_id,
        "state": run.state,
        "exception": run.error,
        "created_at": run.finished_at,
    }

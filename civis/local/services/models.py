"""Models of the platform's modelling before CivisML: kept with their settings, builds and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.job_views import schedule_of
from civis.local.services.lookups import run_summary
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.services.run_views import run_view
from civis.local.state import Run, Stored, objects, runs

__all__ = ["MODEL", "PREDICTION", "build_view", "prediction_view", "routes"]

routes = Routes()

PREDICTION = "prediction"
"""The kind of objects that predictions are; each is a part of its model."""

#: The algorithms by the kind of variable they predict; whether they take interactions of columns.
_TYPES = (
    (1, "Sparse Logistic", "Binary", True),
    (2, "Sparse Linear", "Continuous", True),
    (3, "Gradient Boosting", "Binary", False),
    (4, "Gradient Boosting", "Continuous", False),
    (5, "Random Forest", "Binary", False),
    (6, "Random Forest", "Continuous", False),
)


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a type of model that there is not, and folds that cannot be."""
    types, folds = [each[0] for each in _TYPES], document.get("number_of_folds")
    if document.get("model_type_id") not in (None, *types):
        raise BadRequest(f"modelTypeId must be one of {types}, not {document['model_type_id']}.")
    if folds is not None and folds < 2:
        raise BadRequest(f"numberOfFolds must be 2 or more, not {folds}.")
    return document


def _view(call: Call, model: Stored) -> Mapping[str, Any]:
    """Show a model with its builds and predictions."""
    last = runs.last_run(call.connection, model.id)
    predictions = objects.select_objects(call.connection, PREDICTION, parent_id=model.id, descending=False)
    return {
        "last_run": run_summary(last),
        "current_build_state": last.state if last else "idle",
        "current_build_exception": last.error if last else None,
        "builds": [build_view(run) for run in runs.select_runs(call.connection, model.id)],
        "predictions": [prediction_view(call, each) for each in predictions],
    }


MODEL = declare(
    ObjectKind(
        "model",
        "/models",
        "model",
        name="model_name",
        defaults={
            "number_of_folds": 5,
            "interaction_terms": False,
            "box_cox_transformation": False,
            "cross_validation_parameters": {},
        },
        is_job=True,
        project_list="models",
        check=_check,
        view=_view,
    )
)


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


@routes("PUT", "/models/{id}/schedules")
def set_schedule(call: Call) -> dict[str, Any]:
    """Say when a model is built."""
    document = {"schedule": call.params["schedule"]}
    model = objects.update(call.connection, find(call, MODEL).id, now=call.now, document=document)
    return {"id": model.id, "schedule": schedule_of(model.document)}


def build_view(run: Run) -> dict[str, Any]:
    """Show a build; its measurements are what the run remembers."""
    return {**run.document, **run_view(run), "name": run.document.get("name") or f"Build {run.id}"}


def prediction_view(call: Call, prediction: Stored) -> dict[str, Any]:
    """Show a prediction with its latest run, by both names that its tables have in answers."""
    last = runs.last_run(call.connection, prediction.id)
    document = prediction.document
    return {
        **document,
        "id": prediction.id,
        "model_id": prediction.parent_id,
        "table_name": document.get("scored_table_name", document.get("table_name")),
        "output_table": document.get("output_table_name", document.get("output_table")),
        "state": last.state if last else "idle",
        "error": last.error if last else None,
        "started_at": last.started_at if last else None,
        "finished_at": last.finished_at if last else None,
        "last_run": run_summary(last),
        "schedule": schedule_of(document),
    }

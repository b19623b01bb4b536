"""What jobs tell about themselves: the contents of ``model_info.json`` and ``metrics.json``."""

from __future__ import annotations

import platform as machine
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from civis._version import __version__
from civis.local.civisml.lasso import LASSO_BY, LassoSelector
from civis.local.civisml.training import Trained, Training

__all__ = ["failed_info", "metrics_info", "prediction_info", "registration_info", "training_info"]

_PACKAGES = ("scikit-learn", "numpy", "pandas", "scipy", "joblib")


def _run(status: str, configuration: Mapping[str, Any], stack_trace: str | None = None) -> dict[str, Any]:
    """Tell how a run ended and what it was to do."""
    return {"status": status, "stack_trace": stack_trace, "configuration": dict(configuration)}


def _software() -> dict[str, str]:
    """Tell the versions that a model depends on."""
    found = {"python": machine.python_version(), "civis": __version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def failed_info(
    stack_trace: str, message: str, configuration: Mapping[str, Any], warnings: Sequence[str] = ()
) -> dict[str, Any]:
    """Tell of a job that failed.

    Parameters
    ----------
    stack_trace, message : str
    configuration : mapping
        What the job was to do.
    warnings : sequence of str, optional
    """
    run = {**_run("exception", configuration, stack_trace), "message": message}
    return {"run": run, "warnings": list(warnings), "software": _software()}


def training_info(trained: Trained, settings: Training, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Tell of a training that went well.

    Parameters
    ----------
    trained : Trained
    settings : Training
    configuration : mapping
        What the job was to do.
    """
    design = settings.design
    known = design.algorithm
    found = trained.found
    model = {
        "model": design.name,
        "is_predefined": known is not None,
        "parameters": {name: _plain(value) for name, value in design.parameters.items()},
        "calibration": design.calibration,
        "feature_selection": _selection_of(trained.estimator),
        "search": None
        if found is None
        else {
            "kind": "hyperband" if settings.space == "hyperband" else "grid",
            "best_parameters": {name: _plain(value) for name, value in found.parameters.items()},
            "best_score": found.score,
            "scoring": found.scoring,
            "candidates": found.candidates,
        },
    }
    n_rows = len(trained.targets[0].values)
    return {
        "run": _run("succeeded", configuration),
        "data": {
            **_data(settings.targets, trained.features, trained.kinds, design.is_classifier),
            "classes": [None if each.classes is None else list(each.classes) for each in trained.targets],
            "n_rows": n_rows,
            "n_columns": len(trained.features),
            "primary_key": settings.primary_key,
        },
        "model": model,
        "validation": None
        if trained.folds is None
        else {"splitter": trained.folds.name, "n_splits": len(trained.folds.pairs), "random_state": 42},
        "warnings": trained.warnings,
        "software": _software(),
    }


def registration_info(
    model: str,
    data: Mapping[str, Any],
    configuration: Mapping[str, Any],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Tell of a model that was trained elsewhere.

    Parameters
    ----------
    model : str
        What it is.
    data : mapping
        Its targets, columns and classes.
    configuration : mapping
    warnings : sequence of str
    """
    return {
        "run": _run("succeeded", configuration),
        "data": dict(data),
        "model": {"model": model, "is_predefined": False, "parameters": {}, "calibration": None},
        "warnings": list(warnings),
        "software": _software(),
    }


def prediction_info(
    configuration: Mapping[str, Any],
    columns: Sequence[str],
    n_rows: int,
    files: Sequence[int],
    jobs: Sequence[Mapping[str, Any]],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Tell of a prediction that went well.

    Parameters
    ----------
    configuration : mapping
    columns : sequence of str
        Of the predictions.
    n_rows : int
    files : sequence of int
        The IDs of the files with predictions, in the order of the data.
    jobs : sequence of mapping
        What the jobs told that predicted parts of it.
    warnings : sequence of str
    """
    return {
        "run": _run("succeeded", configuration),
        "data": {"output_columns": list(columns), "n_rows": n_rows},
        "output_file_ids": list(files),
        "jobs": list(jobs),
        "warnings": list(warnings),
        "software": _software(),
    }


def metrics_info(trained: Trained, configuration: Mapping[str, Any], oos_table: str | None) -> dict[str, Any]:
    """Tell how good a model is.

    Parameters
    ----------
    trained : Trained
    configuration : mapping
    oos_table : str, optional
        The table with the out-of-sample scores.
    """
    metrics = trained.metrics
    if metrics is not None:
        metrics = {**metrics, "oos_score_table": oos_table}
    return {
        "run": _run("succeeded", configuration),
        "metrics": metrics,
        "data": {"target_columns": [each.name for each in trained.targets]},
        "warnings": trained.warnings,
    }


def _data(
    targets: Sequence[str], features: Sequence[str], kinds: Mapping[str, str], is_classifier: bool
) -> dict[str, Any]:
    """Tell what a model takes and gives."""
    return {
        "target_columns": list(targets),
        "columns": list(features),
        "column_kinds": dict(kinds),
        "type": "classification" if is_classifier else "regression",
    }


def _selection_of(estimator: Any) -> str | None:
    """Tell who selected the features of a sparse model; None where none were selected."""
    for _, step in getattr(estimator, "steps", ()):
        if isinstance(step, LassoSelector):
            return LASSO_BY[step.solver_]
    return None


def _plain(value: Any) -> Any:
    """Give a value that JSON can hold."""
    if hasattr(value, "item"):
        return value.item()
    return value if isinstance(value, (str, int, float, bool, list, type(None))) else repr(value)

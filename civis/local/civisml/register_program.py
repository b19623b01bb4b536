"""Registration as a run: a model that was trained elsewhere becomes one that predictions can use."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from civis.local.civisml.metadata import registration_info
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.program import MODEL_INFO, Work
from civis.local.civisml.scoring import classes_of, require_probabilities, scores
from civis.local.civisml.train_program import load_pickle, put_model

__all__ = ["checked_data", "register_model"]


def register_model(work: Work) -> None:
    """Take a fitted model in, once it has shown that it can predict."""
    arguments = work.arguments
    file_id = arguments.number("MODEL_FILE_ID")
    if file_id is None:
        raise ModelProblem("MODEL_FILE_ID is not set.")
    model = load_pickle(work, file_id, "model.pkl")
    skips = arguments.flag("SKIP_MODEL_CHECK")
    data = checked_data(
        model, arguments.words("TARGET_COLUMN"), arguments.words("FEATURE_COLUMNS"), skips_check=skips
    )
    data["primary_key"] = arguments.text("PRIMARY_KEY")
    noticed = ["The model was not checked."] if skips else []
    put_model(work, model)
    work.put_json(MODEL_INFO, registration_info(type(model).__name__, data, work.configuration, noticed))
    work.tell(f"Registered a {type(model).__name__}.")


def checked_data(
    model: Any, targets: list[str], features: list[str], *, skips_check: bool = False
) -> dict[str, Any]:
    """Tell what a fitted model takes and gives, and check that it does.

    Parameters
    ----------
    model : object
    targets : list of str
        By default ``["target"]``.
    features : list of str
        By default the names that it was fitted with.
    skips_check : bool, default False
        Whether to believe it.

    Raises
    ------
    ModelProblem
        If it is no estimator, not fitted, gives no probabilities, or takes another number of columns.
    """
    if not hasattr(model, "predict"):
        raise ModelProblem(f"The model is a {type(model).__name__}, which has no method predict.")
    names = features or [str(each) for each in getattr(model, "feature_names_in_", [])] or None
    targets = targets or ["target"]
    classifies = (
        bool(is_classifier(model)) if hasattr(model, "__sklearn_tags__") else hasattr(model, "classes_")
    )
    classes = None
    if not skips_check:
        _check(model, names, len(targets), classifies)
        classes = [list(each) for each in classes_of(model, len(targets))] if classifies else None
    return {
        "target_columns": targets,
        "columns": names,
        "column_kinds": {},
        "type": "classification" if classifies else "regression",
        "classes": classes,
    }


def _check(model: Any, names: list[str] | None, n_targets: int, classifies: bool) -> None:
    """Have a model predict one row, where it is known to take numbers."""
    try:
        check_is_fitted(model)
    except Exception as error:
        raise ModelProblem(f"The model is not fitted: {error}") from None
    if classifies:
        require_probabilities(model)
    taken = getattr(model, "n_features_in_", None)
    if taken is None:
        return
    if names is not None and taken != len(names):
        raise ModelProblem(f"The model takes {taken} columns, and features names {len(names)}.")
    if hasattr(model, "feature_names_in_"):
        return  # its columns may hold text, which cannot be made up
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = scores(model, np.zeros((1, taken)), classifies)
    if len(found) != n_targets:
        raise ModelProblem(f"The model predicts {len(found)} targets, and {n_targets} are named.")

"""What a fitted estimator says about rows: a table of probabilities, or of numbers, a block a target."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from civis.local.civisml.problems import ModelProblem

__all__ = ["Scores", "classes_of", "require_probabilities", "scores"]

Scores = npt.NDArray[np.float64]


def require_probabilities(model: Any) -> None:
    """Refuse a classifier that gives no probabilities.

    Raises
    ------
    ModelProblem
    """
    if not hasattr(model, "predict_proba"):
        raise ModelProblem(
            f"The model, a {type(_last(model)).__name__}, has no predict_proba; wrap it in scikit-learn's "
            "CalibratedClassifierCV, or take another one."
        )


def _last(model: Any) -> Any:
    """Give the final step of a pipeline."""
    return model.steps[-1][1] if hasattr(model, "steps") else model


def classes_of(model: Any, n_targets: int) -> list[tuple[Any, ...]]:
    """Give a fitted classifier's classes, a tuple a target."""
    classes = model.classes_
    several = list(classes) if n_targets > 1 else [classes]
    return [tuple(np.asarray(each).tolist()) for each in several]


def scores(model: Any, rows: Any, is_classifier: bool) -> list[Scores]:
    """Predict rows.

    Parameters
    ----------
    model : object
        A fitted estimator of scikit-learn's interface.
    rows : pandas.DataFrame or numpy.ndarray
    is_classifier : bool

    Returns
    -------
    list of numpy.ndarray
        For each target a table: a row for each of `rows`; a column a class, or just one.
    """
    if is_classifier:
        found = model.predict_proba(rows)
        return [
            np.asarray(each, dtype=np.float64) for each in (found if isinstance(found, list) else [found])
        ]
    predicted = np.asarray(model.predict(rows), dtype=np.float64)
    table = predicted.reshape(len(predicted), -1)
    return [table[:, [place]] for place in range(table.shape[1])]

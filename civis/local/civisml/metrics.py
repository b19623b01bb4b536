"""How good scores are: the metrics of a validation, by scikit-learn, as values that JSON can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics as sk

from civis.local.civisml.scoring import Scores
from civis.local.civisml.targets import Target

__all__ = ["class_metrics", "number_metrics", "target_metrics"]

Floats = npt.NDArray[np.float64]

_BINS = 20
_DECILES = 10
#: The most points of a curve; more do not show in a plot, and a million rows would give as many.
_MOST_POINTS = 1001


def target_metrics(target: Target, table: Scores, training: Scores | None = None) -> dict[str, Any]:
    """Judge the scores of one target.

    Parameters
    ----------
    target : Target
    table : numpy.ndarray
        Out-of-sample scores: a column a class, or one.
    training : numpy.ndarray, optional
        The scores of the final model on the data that it was trained on.
    """
    if target.classes is None:
        return number_metrics(target.values, table[:, 0], None if training is None else training[:, 0])
    return class_metrics(target.values, table, target.classes, training)


def class_metrics(
    truth: npt.NDArray[Any], table: Scores, classes: Sequence[Any], training: Scores | None = None
) -> dict[str, Any]:
    """Judge probabilities of classes.

    Parameters
    ----------
    truth : numpy.ndarray
        The class of each row.
    table : numpy.ndarray
        Its probability of each class.
    classes : sequence
        What the columns stand for.
    training : numpy.ndarray, optional
        The same for the training data.

    Returns
    -------
    dict
        `accuracy`, `confusion_matrix` (rows are the true classes), `p_correct`, `pop_incidence_true` and
        `pop_incidence_pred` a class; `log_loss`; `roc_auc`, `brier_score`, `roc_curve`, `calibration_curve`,
        `deciles` and histograms, for the second class of two or, where there are more, as lists.
    """
    is_class = truth[:, None] == np.asarray(classes)[None, :]
    predicted = np.asarray(classes)[table.argmax(axis=1)]
    matrix = sk.confusion_matrix(truth, predicted, labels=list(classes))
    found: dict[str, Any] = {
        "accuracy": float(sk.accuracy_score(truth, predicted)),
        "confusion_matrix": matrix.tolist(),
        "p_correct": _shares(np.diag(matrix), matrix.sum(axis=1)),
        "pop_incidence_true": _shares(matrix.sum(axis=1), matrix.sum()),
        "pop_incidence_pred": _shares(matrix.sum(axis=0), matrix.sum()),
        "log_loss": float(sk.log_loss(is_class, _normalized(table))),
        "classes": list(classes),
    }
    each = [_one_class(is_class[:, place], table[:, place]) for place in range(len(classes))]
    if len(classes) == 2:
        found.update(each[1])
    else:
        found.update({name: [one[name] for one in each] for name in each[0] if not name.endswith("_curve")})
        found.update(
            {f"{name}_by_class": [one[name] for one in each] for name in each[0] if "_curve" in name}
        )
        found["roc_auc_macroavg"] = float(np.mean(found["roc_auc"]))
    shown = slice(1, 2) if len(classes) == 2 else slice(None)
    found["score_histogram"] = _class_histograms(is_class, table, shown)
    if training is not None:
        found["training_histogram"] = _class_histograms(is_class, training, shown)
    return found


def _one_class(is_it: npt.NDArray[np.bool_], chances: Floats) -> dict[str, Any]:
    """Judge the probabilities of one class against all others."""
    falsely, rightly, _ = sk.roc_curve(is_it, chances)
    kept = _thinned(len(falsely))
    return {
        "roc_auc": float(sk.roc_auc_score(is_it, chances)),
        "brier_score": float(np.mean((chances - is_it) ** 2)),
        "roc_curve": {"fpr": falsely[kept].tolist(), "tpr": rightly[kept].tolist()},
        "calibration_curve": _calibration(is_it, chances),
        "deciles": _deciles(is_it.astype(np.float64), chances),
    }


def number_metrics(truth: Floats, predicted: Floats, training: Floats | None = None) -> dict[str, Any]:
    """Judge predicted numbers.

    Parameters
    ----------
    truth, predicted : numpy.ndarray
    training : numpy.ndarray, optional
        Predictions of the data that the model was trained on.

    Returns
    -------
    dict
        `mad` (mean absolute difference), `rmse`, `r_squared`, `correlation` (None where one side does not
        vary), `deciles` (the mean truth in each tenth of the predictions) and histograms.
    """
    varies = np.std(truth) > 0 and np.std(predicted) > 0
    edges = np.histogram_bin_edges(np.concatenate([truth, predicted]), bins=_BINS)
    found: dict[str, Any] = {
        "mad": float(sk.mean_absolute_error(truth, predicted)),
        "rmse": float(np.sqrt(sk.mean_squared_error(truth, predicted))),
        "r_squared": float(sk.r2_score(truth, predicted)),
        "correlation": float(np.corrcoef(truth, predicted)[0, 1]) if varies else None,
        "deciles": _deciles(truth, predicted),
        "score_histogram": _histogram(predicted, edges),
        "truth_histogram": _histogram(truth, edges),
    }
    if training is not None:
        found["training_histogram"] = _histogram(training, edges)
    return found


def _shares(part: npt.NDArray[Any], whole: Any) -> list[float]:
    """Divide, where there is something to divide by."""
    totals = np.broadcast_to(np.asarray(whole, dtype=np.float64), part.shape)
    return [float(a / b) if b else 0.0 for a, b in zip(part, totals, strict=True)]


def _normalized(table: Scores) -> Scores:
    """Have the probabilities of a row sum to 1, as those of a class that a fold lacked do not."""
    sums = table.sum(axis=1, keepdims=True)
    even = np.full_like(table, 1 / table.shape[1])
    return np.where(np.isclose(sums, 1.0), table, np.divide(table, sums, out=even, where=sums > 0))


def _thinned(count: int) -> Any:
    """Choose the points of a curve that are kept: all, or evenly spread ones with both ends."""
    if count <= _MOST_POINTS:
        return slice(None)
    return np.unique(np.linspace(0, count - 1, _MOST_POINTS).round().astype(int))


def _calibration(is_it: npt.NDArray[np.bool_], chances: Floats) -> dict[str, list[float]]:
    """Give the share of the class in each tenth of the range of probabilities that has any."""
    places = np.minimum((chances * _DECILES).astype(int), _DECILES - 1)
    counts = np.bincount(places, minlength=_DECILES)
    filled = counts > 0
    means = np.bincount(places, chances, _DECILES)[filled] / counts[filled]
    shares = np.bincount(places, is_it.astype(np.float64), _DECILES)[filled] / counts[filled]
    return {
        "mean_predicted": means.tolist(),
        "share_true": shares.tolist(),
        "counts": counts[filled].tolist(),
    }


def _deciles(truth: Floats, predicted: Floats) -> list[float]:
    """Give the mean truth in each tenth of the rows, those with the highest predictions first."""
    order = np.argsort(-predicted, kind="stable")
    return [float(part.mean()) for part in np.array_split(truth[order], min(_DECILES, len(truth)))]


def _histogram(values: Floats, edges: Floats) -> dict[str, list[float]]:
    """Count values between edges."""
    return {"edges": edges.tolist(), "counts": np.histogram(values, edges)[0].tolist()}


def _class_histograms(is_class: npt.NDArray[np.bool_], table: Scores, shown: slice) -> Any:
    """Count the probabilities of rows that are of the class, and of those that are not."""
    edges = np.linspace(0, 1, _BINS + 1)
    found = [
        {
            "edges": edges.tolist(),
            "true": np.histogram(chances[is_it], edges)[0].tolist(),
            "false": np.histogram(chances[~is_it], edges)[0].tolist(),
        }
        for is_it, chances in zip(is_class.T[shown], table.T[shown], strict=True)
    ]
    return found[0] if len(found) == 1 else found

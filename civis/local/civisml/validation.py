"""Four-fold validation: each row is scored by a model that was trained without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold

from civis.local.civisml.algorithms import SEED
from civis.local.civisml.scoring import Scores, classes_of, scores
from civis.local.civisml.targets import Target

__all__ = ["FOLDS", "Folds", "folds_of", "out_of_sample", "stacked"]

FOLDS = 4
"""Into how many parts the training data is cut."""


@dataclass(frozen=True)
class Folds:
    """How the rows are cut into parts.

    Parameters
    ----------
    name : str
        The splitter, such as ``"StratifiedKFold"``.
    pairs : list
        For each fold the places of the rows to learn from and of those to score.
    """

    name: str
    pairs: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]


def folds_of(targets: Sequence[Target]) -> Folds:
    """Cut the rows into parts: with the same share of each class for one target of classes.

    Parameters
    ----------
    targets : sequence of Target
    """
    values = targets[0].values
    parts = min(FOLDS, len(values))
    if len(targets) == 1 and targets[0].classes is not None:
        rarest = int(np.unique(values, return_counts=True)[1].min())
        splitter: Any = StratifiedKFold(max(2, min(parts, rarest)), shuffle=True, random_state=SEED)
    else:
        splitter = KFold(max(2, parts), shuffle=True, random_state=SEED)
    return Folds(type(splitter).__name__, list(splitter.split(np.zeros(len(values)), values)))


def out_of_sample(
    model: Any,
    rows: Any,
    targets: Sequence[Target],
    folds: Folds,
    fit_params: Mapping[str, Any],
    n_jobs: int = 1,
) -> list[Scores]:
    """Score each row by a model trained on the other folds.

    Parameters
    ----------
    model : object
        An estimator; it is copied, not fitted.
    rows : pandas.DataFrame
    targets : sequence of Target
    folds : Folds
    fit_params : mapping
        For `fit`, a value a row each.
    n_jobs : int, default 1
        How many folds are trained at once, each in a process.

    Returns
    -------
    list of numpy.ndarray
        For each target a table of scores; a class that a fold did not have scores nothing there.
    """
    is_classifier = targets[0].classes is not None
    wanted = stacked(targets)
    found = joblib.Parallel(n_jobs=min(n_jobs, len(folds.pairs)))(
        joblib.delayed(_score_fold)(clone(model), rows, wanted, pair, dict(fit_params), is_classifier)
        for pair in folds.pairs
    )
    tables = [np.zeros((len(rows), len(each.classes or ("",)))) for each in targets]
    for (_, test), parts in zip(folds.pairs, found, strict=True):
        for table, target, (part, classes) in zip(tables, targets, parts, strict=True):
            known = (
                list(target.classes if len(targets) == 1 else range(len(target.classes)))
                if (target.classes)
                else [""]
            )
            columns = [known.index(each) for each in classes or ("",)]
            table[np.ix_(test, np.asarray(columns))] = part
    return tables


def stacked(targets: Sequence[Target]) -> npt.NDArray[Any]:
    """Give the targets as scikit-learn takes them: one column as such, several side by side.

    Classes of several targets, which may be of several types, become their places among the sorted classes.
    """
    if len(targets) == 1:
        return targets[0].values
    return np.column_stack(
        [
            each.values if each.classes is None else np.searchsorted(each.classes, each.values)
            for each in targets
        ]
    )


def _score_fold(
    model: Any,
    rows: Any,
    wanted: npt.NDArray[Any],
    pair: tuple[Any, Any],
    fit_params: dict[str, Any],
    is_classifier: bool,
) -> list[tuple[Scores, tuple[Any, ...]]]:
    """Train on all folds but one and score that one; with the classes that the columns stand for."""
    train, test = pair
    sliced = {name: np.asarray(values)[train] for name, values in fit_params.items()}
    model.fit(rows.iloc[train], wanted[train], **sliced)
    tables = scores(model, rows.iloc[test], is_classifier)
    classes: Any = [()] * len(tables)
    if is_classifier:
        classes = classes_of(model, len(tables))
    return list(zip(tables, classes, strict=True))

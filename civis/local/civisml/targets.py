"""The target columns of a training: checked, their classes, and the names of what is predicted for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from civis._names import suggestion
from civis.local.civisml.problems import ModelProblem

__all__ = ["Target", "require_columns", "score_columns", "targets_of"]


@dataclass(frozen=True)
class Target:
    """One target column.

    Parameters
    ----------
    name : str
    values : numpy.ndarray
        Classes as they are, or floating point numbers.
    classes : tuple, optional
        Sorted; None for a number to be predicted.
    """

    name: str
    values: npt.NDArray[Any]
    classes: tuple[Any, ...] | None = None

    @property
    def columns(self) -> list[str]:
        """The names of the columns of its predictions."""
        return score_columns(self.name, self.classes)


def score_columns(name: str, classes: Sequence[Any] | None) -> list[str]:
    """Name the columns of a target's predictions: one a class, or the target's own name.

    Examples
    --------
    >>> score_columns("likes_cats", [False, True])
    ['likes_cats_False', 'likes_cats_True']
    """
    return [name] if classes is None else [f"{name}_{each}" for each in classes]


def require_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Refuse data without some columns.

    Raises
    ------
    ModelProblem
        It names them, and those that may have been meant.
    """
    for name in names:
        if name not in frame.columns:
            columns = [str(each) for each in frame.columns]
            shown = ", ".join(columns[:20]) + (", …" if len(columns) > 20 else "")
            raise ModelProblem(
                f"The data has no column {name!r}, which is {what}.{suggestion(name, columns)} "
                f"It has: {shown or 'no column'}."
            )


def targets_of(frame: pd.DataFrame, names: Sequence[str], is_classifier: bool) -> list[Target]:
    """Read the target columns.

    Parameters
    ----------
    frame : pandas.DataFrame
    names : sequence of str
    is_classifier : bool

    Raises
    ------
    ModelProblem
        If one is missing, has missing values, has too few classes or rows of one, or is no number where one
        is needed.
    """
    if not names:
        raise ModelProblem("There is no dependent variable; name at least one column.")
    require_columns(frame, names, "the dependent variable")
    return [_target(frame[name], name, is_classifier) for name in names]


def _target(values: pd.Series, name: str, is_classifier: bool) -> Target:
    """Read one target column."""
    missing = int(values.isna().sum())
    if missing:
        raise ModelProblem(
            f"The dependent variable {name!r} has {missing} missing value{'s' if missing > 1 else ''}; "
            "leave these rows out of the training data."
        )
    return _classes(values, name) if is_classifier else _numbers(values, name)


def _numbers(values: pd.Series, name: str) -> Target:
    """Read a target that is a number."""
    if pd.api.types.is_bool_dtype(values.dtype) or not pd.api.types.is_numeric_dtype(values.dtype):
        raise ModelProblem(
            f"The dependent variable {name!r} holds {values.dtype} values such as {values.iloc[0]!r}, and a "
            "regression needs numbers; take a model for classification, or convert the column."
        )
    numbers = values.to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ModelProblem(f"The dependent variable {name!r} has infinite values; leave these rows out.")
    return Target(name, numbers)


def _classes(values: pd.Series, name: str) -> Target:
    """Read a target that is a class."""
    if pd.api.types.is_float_dtype(values.dtype):
        if bool((values % 1 != 0).any()):
            wrong = values[values % 1 != 0].iloc[0]
            raise ModelProblem(
                f"The dependent variable {name!r} has values such as {wrong}, which are no classes; take a "
                "model for regression, or make classes of it."
            )
        values = values.astype("int64")
    labels = np.asarray(values.tolist())
    if labels.dtype.kind not in "biuU":
        labels = np.asarray([str(each) for each in values])
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2:
        raise ModelProblem(
            f"The dependent variable {name!r} has one class only, {classes[0]!s}; "
            "a classification needs two at least."
        )
    if counts.min() < 2:
        raise ModelProblem(
            f"The class {classes[counts.argmin()]!s} of the dependent variable {name!r} has one row only; "
            "give at least two of each class, or leave it out."
        )
    return Target(name, labels, tuple(classes.tolist()))

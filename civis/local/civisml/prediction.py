"""Prediction: rows in, scores out, by a fitted estimator and what its training noted about columns.

Pure: knows neither platform nor files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from civis.local.civisml.columns import ColumnKind
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.scoring import classes_of, require_probabilities, scores
from civis.local.civisml.targets import require_columns, score_columns

__all__ = ["Predictor"]


@dataclass(frozen=True)
class Predictor:
    """A model, ready to predict.

    Parameters
    ----------
    estimator : object
        Fitted.
    targets : sequence of str
        What it predicts.
    is_classifier : bool
    features : sequence of str, optional
        The columns that it takes; None to give it all but the primary key.
    kinds : mapping, optional
        What each of these held in training.
    classes : sequence of sequence, optional
        Those of each target, sorted; by default what the estimator says.
    wanted : sequence of str, optional
        The targets whose predictions are given; by default all.

    Raises
    ------
    ModelProblem
        If `wanted` names a target that the model has not, or a classifier has no probabilities.
    """

    estimator: Any
    targets: Sequence[str]
    is_classifier: bool
    features: Sequence[str] | None
    kinds: dict[str, ColumnKind] = field(default_factory=dict)
    classes: Sequence[Sequence[Any]] | None = None
    wanted: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name in self.wanted or ():
            if name not in self.targets:
                raise ModelProblem(f"dvs_to_predict has {name!r}; the model predicts {list(self.targets)}.")
        if self.is_classifier:
            require_probabilities(self.estimator)

    @property
    def columns(self) -> list[str]:
        """The names of the columns of predictions."""
        if not self.is_classifier:
            return [name for name in self.targets if self._is_wanted(name)]
        classes = self.classes or classes_of(self.estimator, len(self.targets))
        pairs = zip(self.targets, classes, strict=True)
        return [
            column for name, each in pairs if self._is_wanted(name) for column in score_columns(name, each)
        ]

    def predict(self, frame: pd.DataFrame, primary_key: str | None = None) -> pd.DataFrame:
        """Score rows.

        Parameters
        ----------
        frame : pandas.DataFrame
        primary_key : str, optional
            The column that becomes the index; by default the index stays what it is.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ModelProblem
            If a column is missing, or holds text where the model learned numbers.
        """
        if primary_key is not None:
            require_columns(frame, [primary_key], "the primary key")
        tables = scores(self.estimator, self._rows(frame, primary_key), self.is_classifier)
        found = pd.concat(
            [
                pd.DataFrame(table, index=frame.index)
                for name, table in zip(self.targets, tables, strict=True)
                if self._is_wanted(name)
            ],
            axis=1,
        )
        found.columns = pd.Index(self.columns)
        return (
            found if primary_key is None else found.set_index(pd.Index(frame[primary_key], name=primary_key))
        )

    def _is_wanted(self, name: str) -> bool:
        """Tell whether a target's predictions are given."""
        return not self.wanted or name in self.wanted

    def _rows(self, frame: pd.DataFrame, primary_key: str | None) -> Any:
        """Give the columns that the model takes."""
        names = self.features
        if names is None:
            names = [name for name in frame.columns if name != primary_key]
        missing = [name for name in names if name not in frame.columns]
        if missing:
            several = "s" if len(missing) > 1 else ""
            raise ModelProblem(
                f"The data lacks the column{several} {', '.join(map(repr, missing))}, "
                "which the model was trained with."
            )
        rows = frame[list(names)]
        # A model that was fitted to an array knows no names, and warns where it is given some.
        knows_names = hasattr(self.estimator, "feature_names_in_") or hasattr(self.estimator, "steps")
        return rows if knows_names else rows.to_numpy()

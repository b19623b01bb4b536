"""What data goes through before any model: categories become indicator columns, the rest numbers.

The fitted object travels in the model's pickle, so its module and name must stay.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from civis.local.civisml.columns import ColumnKind, as_numbers, as_texts, kind_of
from civis.local.civisml.problems import ModelProblem

__all__ = ["MISSING", "DefaultEtl"]

#: What stands for a missing value in the name of an indicator column.
MISSING = "NaN"


class DefaultEtl(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """One-hot encode text and categories, and give everything else as numbers.

    A level that was not seen in training gives zeros in all indicator columns. A column with missing values
    in training has an indicator for them. Dates, columns with more levels than `max_levels` and columns
    without any value are dropped, with a warning that names them.

    Parameters
    ----------
    max_levels : int, default 500
        The most levels of a column that is encoded.
    cols_to_drop : list of str, optional
        Columns that are left out.

    Attributes
    ----------
    columns_ : list of str
        The columns that are read, in their order.
    kinds_ : dict
        What each of them holds: ``"number"``, ``"bool"`` or ``"text"``.
    levels_ : dict
        The levels of each column of text, sorted; None, the last, where values were missing.
    dropped_ : list of str
        The columns that are left out.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [30, 40], "town": ["Bonn", "Ulm"]})
    >>> list(DefaultEtl().fit_transform(frame).columns)
    ['age', 'town_Bonn', 'town_Ulm']
    """

    def __init__(self, max_levels: int = 500, cols_to_drop: list[str] | None = None) -> None:
        self.max_levels = max_levels
        self.cols_to_drop = cols_to_drop

    def fit(self, X: pd.DataFrame, y: Any = None) -> DefaultEtl:  # noqa: N803 - scikit-learn's name
        """Learn which columns there are and their levels.

        Raises
        ------
        ModelProblem
            If no column is left.
        """
        self.columns_: list[str] = []
        self.kinds_: dict[str, ColumnKind] = {}
        self.levels_: dict[str, list[str | None]] = {}
        self.dropped_: list[str] = []
        for name in X.columns:
            reason = self._learn(X[name], str(name))
            if reason is not None:
                self.dropped_.append(str(name))
                if reason:
                    warnings.warn(f"The column {str(name)!r} is left out: {reason}.", stacklevel=2)
        if not self.columns_:
            raise ModelProblem("No column is left to learn from; give at least one with numbers or text.")
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.asarray([str(name) for name in X.columns], dtype=object)
        return self

    def _learn(self, values: pd.Series, name: str) -> str | None:
        """Take one column in, or tell why it is left out; an empty text where its owner said so."""
        if name in (self.cols_to_drop or ()):
            return ""
        if not values.notna().any():
            return "it has no value at all"
        kind = kind_of(values)
        if kind == "date":
            return "it holds dates; make numbers of them first, such as days since a date"
        if kind == "text":
            texts = as_texts(values)
            levels: list[str | None] = sorted({text for text in texts if text is not None})
            if len(levels) > self.max_levels:
                return f"it has {len(levels)} levels, more than {self.max_levels}"
            if not values.notna().all():
                levels.append(None)
            self.levels_[name] = levels
        self.columns_.append(name)
        self.kinds_[name] = kind
        return None

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803 - scikit-learn's name
        """Give numbers and indicators.

        Raises
        ------
        ModelProblem
            If a column of the training data is missing, or numbers are wanted where there are none.
        """
        check_is_fitted(self, "columns_")
        missing = [name for name in self.columns_ if name not in X.columns]
        if missing:
            several = "s" if len(missing) > 1 else ""
            raise ModelProblem(
                f"The data lacks the column{several} {', '.join(map(repr, missing))}, "
                "which the model was trained with."
            )
        names = self.get_feature_names_out()
        table = np.zeros((len(X), len(names)), dtype=np.float64)
        start = 0
        for name in self.columns_:
            if self.kinds_[name] != "text":
                table[:, start] = as_numbers(X[name])
                start += 1
                continue
            levels = self.levels_[name]
            wanted = _places(as_texts(X[name]), levels)
            rows = np.flatnonzero(wanted >= 0)
            table[rows, start + wanted[rows]] = 1.0
            start += len(levels)
        return pd.DataFrame(table, columns=names, index=X.index)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Name the columns that come out: a number's own name, or ``<column>_<level>``."""
        check_is_fitted(self, "columns_")
        names: list[str] = []
        for name in self.columns_:
            if self.kinds_[name] == "text":
                names += [f"{name}_{MISSING if level is None else level}" for level in self.levels_[name]]
            else:
                names.append(name)
        return np.asarray(names, dtype=object)


def _places(texts: npt.NDArray[np.object_], levels: list[str | None]) -> npt.NDArray[np.int64]:
    """Tell the place of each text among the levels; -1 where it is none of them."""
    codes, values = pd.factorize(texts, use_na_sentinel=True)
    known = {level: place for place, level in enumerate(levels)}
    places = np.asarray([*(known.get(value, -1) for value in values), known.get(None, -1)], dtype=np.int64)
    found: npt.NDArray[np.int64] = places[codes]  # a missing value has the code -1, the last place
    return found

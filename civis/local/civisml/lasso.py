"""Selection of features by a LASSO, the first step of the models whose names begin with ``sparse``."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, clone
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LassoCV
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from civis.local.civisml.problems import ModelProblem

__all__ = ["LASSO_BY", "LassoSelector", "lasso_by"]

#: What the metadata says about where the LASSO comes from.
LASSO_BY = {
    "glmnet": "glmnet's ElasticNet, the sparsest within one standard error of the best",
    "scikit-learn": "scikit-learn's LassoCV, on standardized columns",
}
_FOLDS = 4
_MOST_CLASSES = 20  # whole numbers of more kinds are amounts


class LassoSelector(SelectorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Keep the columns whose coefficients a cross-validated LASSO does not set to nothing.

    Classes count as indicators of 0 and 1; with several classes or targets a column is kept if
    one of them needs it. Where the LASSO keeps none, the column that goes along best with the target stays.

    Parameters
    ----------
    random_state : int, default 42
        For the folds.
    max_iter : int, default 5000
        The most passes over the columns.
    solver : {"auto", "glmnet", "scikit-learn"}, default "auto"
        Who computes the LASSO; ``"auto"`` is glmnet where the package python-glmnet is installed.

    Attributes
    ----------
    support_ : numpy.ndarray of bool
        Which columns are kept.
    alpha_ : list of float
        The weight of the penalty that was chosen, for each class or target.
    solver_ : str
        Who computed it.

    Examples
    --------
    >>> numbers = np.random.default_rng(0).normal(size=(80, 3))
    >>> LassoSelector().fit(numbers, numbers[:, 1]).get_support().tolist()[1]
    True
    """

    def __init__(self, random_state: int = 42, max_iter: int = 5000, solver: str = "auto") -> None:
        self.random_state = random_state
        self.max_iter = max_iter
        self.solver = solver

    def fit(self, X: Any, y: Any) -> LassoSelector:  # noqa: N803 - scikit-learn's name
        """Run the LASSO and note what it keeps.

        Raises
        ------
        ModelProblem
            If the solver is none, or glmnet is wanted and not installed.
        """
        table = np.asarray(X, dtype=np.float64)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = table.shape[1]
        self.solver_ = lasso_by(self.solver, len(table))
        scaled = StandardScaler().fit_transform(table)
        wanted = _as_numbers(np.asarray(y))
        path = self._glmnet_path if self.solver_ == "glmnet" else self._scikit_path
        # One path a column: a joint one (MultiTaskLassoCV) takes a hundred times as long with ten classes.
        paths = [path(scaled, column) for column in wanted.T]
        self.alpha_ = [alpha for alpha, _ in paths]
        self.support_ = np.any([np.abs(weights) > 0 for _, weights in paths], axis=0)
        if not self.support_.any():
            together = np.abs(scaled.T @ (wanted - wanted.mean(axis=0)))
            self.support_[np.argmax(together.max(axis=1))] = True
        return self

    def _scikit_path(self, scaled: Any, wanted: Any) -> tuple[float, npt.NDArray[np.float64]]:
        """Give the penalty and the coefficients that scikit-learn finds best."""
        folds = KFold(_FOLDS, shuffle=True, random_state=self.random_state)
        path = LassoCV(cv=folds, max_iter=self.max_iter, random_state=self.random_state)
        fitted = clone(path).fit(scaled, wanted)
        return float(fitted.alpha_), np.asarray(fitted.coef_)

    def _glmnet_path(self, scaled: Any, wanted: Any) -> tuple[float, npt.NDArray[np.float64]]:
        """Give the penalty and the coefficients that glmnet finds best."""
        glmnet = importlib.import_module("glmnet")
        path = glmnet.ElasticNet(alpha=1, n_splits=_FOLDS, random_state=self.random_state)
        fitted = path.fit(np.asfortranarray(scaled), wanted)
        return float(fitted.lambda_best_[0]), np.asarray(fitted.coef_)

    def _get_support_mask(self) -> Any:
        """Give which columns are kept."""
        check_is_fitted(self, "support_")
        return self.support_


def lasso_by(solver: str = "auto", rows: int | None = None) -> str:
    """Choose who computes the LASSO.

    Parameters
    ----------
    solver : {"auto", "glmnet", "scikit-learn"}
    rows : int, optional
        How many there are; glmnet takes no fewer than three in each fold.

    Raises
    ------
    ModelProblem
        If it is none of these, or glmnet is wanted and not installed.
    """
    if solver not in ("auto", *LASSO_BY):
        raise ModelProblem(f"solver must be one of ('auto', 'glmnet', 'scikit-learn'), not {solver!r}.")
    if solver == "scikit-learn" or (solver == "auto" and rows is not None and rows < 3 * _FOLDS):
        return "scikit-learn"
    try:
        importlib.import_module("glmnet")
    except ImportError as error:
        if solver == "glmnet":
            raise ModelProblem(f"glmnet is not installed: {error}; pip install python-glmnet") from None
        return "scikit-learn"
    return "glmnet"


def _as_numbers(y: Any) -> Any:
    """Give a target as a table of numbers: one column for numbers and two classes, one a class for more."""
    if y.ndim == 2:
        return np.column_stack([_as_numbers(y[:, place]) for place in range(y.shape[1])])
    classes, places = np.unique(y, return_inverse=True)
    is_amount = y.dtype.kind == "f" or (y.dtype.kind in "iu" and len(classes) > _MOST_CLASSES)
    if is_amount:
        return y.astype(np.float64)[:, None]
    if len(classes) <= 2:
        return places.astype(np.float64)[:, None]
    return np.eye(len(classes))[places]

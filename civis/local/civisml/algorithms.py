"""The pre-defined models: each name's scikit-learn estimator, with the defaults that CivisML gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scipy.stats import loguniform, randint
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from civis._names import suggestion
from civis.local.civisml.lasso import LassoSelector
from civis.local.civisml.problems import ModelProblem

__all__ = ["ALGORITHMS", "SEED", "Algorithm", "Hyperband", "algorithm"]

SEED = 42
"""The `random_state` of everything that has one."""

_TREES: dict[str, Any] = {"n_estimators": 500, "max_depth": 7, "random_state": SEED}
_BOOSTING: dict[str, Any] = {"n_estimators": 500, "max_depth": 2, "random_state": SEED}


@dataclass(frozen=True)
class Hyperband:
    """What a search by hyperband draws from.

    Parameters
    ----------
    resource : str
        The parameter that grows from round to round.
    most : int
        Its largest value.
    distributions : mapping
        Of each other parameter: values to choose from, or a distribution of scipy.
    """

    resource: str
    most: int
    distributions: Mapping[str, Any]


@dataclass(frozen=True)
class Algorithm:
    """A pre-defined model.

    Parameters
    ----------
    name : str
        Such as ``"random_forest_classifier"``.
    is_classifier : bool
    make : callable
        Gives the final estimator, not fitted.
    is_sparse : bool
        Whether a LASSO selects features first.
    is_scaled : bool
        Whether columns are standardized first.
    hyperband : Hyperband, optional
        None where there is nothing to search.
    """

    name: str
    is_classifier: bool
    make: Callable[[], Any]
    is_sparse: bool = False
    is_scaled: bool = False
    hyperband: Hyperband | None = None

    def steps(self, parameters: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Give the steps of its pipeline: imputation, perhaps scaling or selection, the estimator.

        Parameters
        ----------
        parameters : mapping
            For the estimator, in place of its defaults.

        Raises
        ------
        ModelProblem
            If the estimator has no such parameter.
        """
        estimator = self.make()
        known = estimator.get_params()
        for name in parameters:
            if name not in known:
                raise ModelProblem(
                    f"The model {self.name} has no parameter {name!r}.{suggestion(name, list(known))}"
                )
        found: list[tuple[str, Any]] = [("imputation", _imputer())]
        if self.is_scaled:
            found.append(("scaling", StandardScaler()))
        if self.is_sparse:
            found.append(("selection", LassoSelector(random_state=SEED)))
        return [*found, ("model", estimator.set_params(**parameters))]


def algorithm(name: str) -> Algorithm:
    """Find a pre-defined model.

    Raises
    ------
    ModelProblem
        If there is none of that name.

    Examples
    --------
    >>> algorithm("sparse_logistic").is_classifier
    True
    """
    if name not in ALGORITHMS:
        near = suggestion(name, list(ALGORITHMS))
        raise ModelProblem(f"There is no model {name!r}.{near} There are: {', '.join(sorted(ALGORITHMS))}.")
    return ALGORITHMS[name]


def _imputer() -> SimpleImputer:
    """Put the mean where a value is missing; a column without values stays, so that names still fit."""
    return SimpleImputer(strategy="mean", keep_empty_features=True).set_output(transform="default")


def _logistic() -> BaseEstimator:
    return LogisticRegression(C=499999950, tol=1e-8, max_iter=1000, random_state=SEED)


def _stacking_classifier() -> BaseEstimator:
    folds = StratifiedKFold(4, shuffle=True, random_state=SEED)
    members = [
        ("sparse_logistic", make_pipeline(LassoSelector(random_state=SEED), StandardScaler(), _logistic())),
        ("gradient_boosting", GradientBoostingClassifier(**_BOOSTING)),
        ("random_forest", RandomForestClassifier(**_TREES)),
    ]
    final = LogisticRegression(random_state=SEED)
    return StackingClassifier(members, final, cv=folds, stack_method="predict_proba")


def _stacking_regressor() -> BaseEstimator:
    folds = KFold(4, shuffle=True, random_state=SEED)
    members = [
        ("sparse_linear", make_pipeline(LassoSelector(random_state=SEED), LinearRegression())),
        ("gradient_boosting", GradientBoostingRegressor(**_BOOSTING)),
        ("random_forest", RandomForestRegressor(**_TREES)),
    ]
    return StackingRegressor(members, Ridge(random_state=SEED), cv=folds)


_BOOSTING_SEARCH = Hyperband(
    "n_estimators",
    540,
    {
        "max_depth": randint(1, 6),
        "learning_rate": loguniform(0.003, 0.3),
        "max_features": [None, "sqrt", "log2", 0.5, 0.3, 0.1],
        "min_samples_leaf": randint(1, 20),
        "subsample": [1.0, 0.9, 0.7, 0.5],
    },
)
_TREES_SEARCH = Hyperband(
    "n_estimators",
    540,
    {
        "max_depth": [2, 3, 4, 6, 8, 10, 14, None],
        "max_features": ["sqrt", "log2", 0.5, 0.3, 0.1],
        "min_samples_leaf": randint(1, 20),
    },
)
_PERCEPTRON_SEARCH = Hyperband(
    "max_iter",
    270,
    {
        "hidden_layer_sizes": [(), (16,), (32,), (64,), (64, 64), (64, 64, 64), (128,), (128, 128), (256,)],
        "alpha": loguniform(1e-6, 1e-1),
        "learning_rate_init": loguniform(1e-4, 5e-2),
        "batch_size": [32, 64, 128, 200],
    },
)


_ALL = (
    Algorithm("sparse_logistic", True, _logistic, is_sparse=True),
    Algorithm("sparse_linear_regressor", False, LinearRegression, is_sparse=True),
    Algorithm("sparse_ridge_regressor", False, lambda: Ridge(random_state=SEED), is_sparse=True),
    Algorithm(
        "gradient_boosting_classifier",
        True,
        lambda: GradientBoostingClassifier(**_BOOSTING),
        hyperband=_BOOSTING_SEARCH,
    ),
    Algorithm(
        "gradient_boosting_regressor",
        False,
        lambda: GradientBoostingRegressor(**_BOOSTING),
        hyperband=_BOOSTING_SEARCH,
    ),
    Algorithm(
        "random_forest_classifier", True, lambda: RandomForestClassifier(**_TREES), hyperband=_TREES_SEARCH
    ),
    Algorithm(
        "random_forest_regressor", False, lambda: RandomForestRegressor(**_TREES), hyperband=_TREES_SEARCH
    ),
    Algorithm(
        "extra_trees_classifier", True, lambda: ExtraTreesClassifier(**_TREES), hyperband=_TREES_SEARCH
    ),
    Algorithm("extra_trees_regressor", False, lambda: ExtraTreesRegressor(**_TREES), hyperband=_TREES_SEARCH),
    Algorithm(
        "multilayer_perceptron_classifier",
        True,
        lambda: MLPClassifier(random_state=SEED),
        is_scaled=True,
        hyperband=_PERCEPTRON_SEARCH,
    ),
    Algorithm(
        "multilayer_perceptron_regressor",
        False,
        lambda: MLPRegressor(random_state=SEED),
        is_scaled=True,
        hyperband=_PERCEPTRON_SEARCH,
    ),
    Algorithm("stacking_classifier", True, _stacking_classifier),
    Algorithm("stacking_regressor", False, _stacking_regressor),
)

ALGORITHMS: dict[str, Algorithm] = {each.name: each for each in _ALL}
"""By name."""

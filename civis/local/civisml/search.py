"""The search for parameters: over a grid, or by hyperband: many candidates get little, a few get a lot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - what it does is to be imported
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV

from civis._names import suggestion
from civis.local.civisml.algorithms import ALGORITHMS, SEED, Hyperband
from civis.local.civisml.pipelines import Design, search_prefix
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.validation import Folds

__all__ = ["Found", "Search", "brackets_of", "search"]

_CUT = 3  # of three candidates one goes on
_ROUNDS = 4


@dataclass(frozen=True)
class Search:
    """What to search.

    Parameters
    ----------
    space : mapping or "hyperband"
        A grid: for each parameter of the final estimator the values to try.
    n_jobs : int, default 1
        How many models are trained at once.
    """

    space: Mapping[str, Sequence[Any]] | Literal["hyperband"]
    n_jobs: int = 1


@dataclass(frozen=True)
class Found:
    """What was found.

    Parameters
    ----------
    estimator : object
        The pipeline with the best parameters, not fitted.
    parameters : dict
        These, as the final estimator calls them.
    score : float
        How good they were.
    scoring : str
        By which of scikit-learn's scores.
    candidates : int
        How many were tried.
    """

    estimator: Any
    parameters: dict[str, Any]
    score: float
    scoring: str
    candidates: int


def search(
    pipeline: Any,
    design: Design,
    targets: Sequence[str],
    wanted: Search,
    data: tuple[Any, Any],
    folds: Folds,
    scoring: str,
    fit_params: Mapping[str, Any],
) -> Found:
    """Find the best parameters on the folds of the validation.

    Parameters
    ----------
    pipeline : object
        What :func:`~civis.local.civisml.pipelines.build` made.
    design : Design
    targets : sequence of str
    wanted : Search
    data : tuple
        Rows and targets.
    folds : Folds
    scoring : str
        One of scikit-learn's scores; the highest wins.
    fit_params : mapping
        For `fit`.

    Raises
    ------
    ModelProblem
        If a parameter is unknown, the grid is empty, or the model has nothing to search by hyperband.
    """
    prefix = search_prefix(design, targets)
    if wanted.space == "hyperband":
        finished = _hyperband(pipeline, design, prefix, wanted, data, folds, scoring, fit_params)
    else:
        grid = _grid(pipeline, prefix, wanted.space)
        finished = [
            GridSearchCV(
                pipeline, grid, scoring=scoring, cv=folds.pairs, n_jobs=wanted.n_jobs, refit=False,
                error_score="raise",
            ).fit(*data, **fit_params)
        ]  # fmt: skip
    best = max(finished, key=lambda each: float(each.best_score_))
    chosen = dict(best.best_params_)
    return Found(
        clone(pipeline).set_params(**chosen),
        {name.removeprefix(prefix): value for name, value in chosen.items()},
        float(best.best_score_),
        scoring,
        sum(len(each.cv_results_["params"]) for each in finished),
    )


def _grid(pipeline: Any, prefix: str, space: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Check a grid, and name its parameters as the whole pipeline does."""
    known = [name.removeprefix(prefix) for name in pipeline.get_params() if name.startswith(prefix)]
    grid: dict[str, list[Any]] = {}
    for name, values in space.items():
        if name not in known:
            raise ModelProblem(
                f"cross_validation_parameters has {name!r}, which the model does not."
                f"{suggestion(name, known)}"
            )
        if isinstance(values, str) or not isinstance(values, Sequence) or not values:
            raise ModelProblem(
                f"cross_validation_parameters needs a list of values for {name!r}, not {values!r}."
            )
        grid[prefix + name] = list(values)
    if not grid:
        raise ModelProblem("cross_validation_parameters is empty; name at least one parameter.")
    return grid


def brackets_of(space: Hyperband) -> list[tuple[int, int]]:
    """Plan the brackets of a hyperband: how many candidates begin, and with how much of the resource.

    Examples
    --------
    >>> brackets_of(Hyperband("n_estimators", 540, {}))
    [(27, 20), (12, 60), (6, 180), (4, 540)]
    """
    brackets: list[tuple[int, int]] = []
    for halvings in reversed(range(_ROUNDS)):
        candidates = math.ceil(_ROUNDS / (halvings + 1) * _CUT**halvings)
        brackets.append((candidates, max(1, space.most // _CUT**halvings)))
    return brackets


def _hyperband(
    pipeline: Any,
    design: Design,
    prefix: str,
    wanted: Search,
    data: tuple[Any, Any],
    folds: Folds,
    scoring: str,
    fit_params: Mapping[str, Any],
) -> list[Any]:
    """Run all brackets; each ends with its best candidates at the full resource."""
    space = design.algorithm.hyperband if design.algorithm is not None else None
    if space is None:
        able = sorted(name for name, each in ALGORITHMS.items() if each.hyperband is not None)
        raise ModelProblem(f"There is no hyperband for {design.name}; give a grid, or take one of {able}.")
    drawn = {prefix + name: values for name, values in space.distributions.items()}
    finished = []
    for number, (candidates, least) in enumerate(brackets_of(space)):
        finished.append(
            HalvingRandomSearchCV(
                pipeline, drawn, n_candidates=candidates, factor=_CUT, resource=prefix + space.resource,
                min_resources=least, max_resources=space.most, scoring=scoring, cv=folds.pairs,
                refit=False, random_state=SEED + number, n_jobs=wanted.n_jobs, error_score="raise",
            ).fit(*data, **fit_params)
        )  # fmt: skip
    return finished

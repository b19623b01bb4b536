"""Training: data and settings in; a fitted estimator, its out-of-sample scores and its metrics out.

Pure: knows neither platform nor files.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from civis.local.civisml.columns import ColumnKind, kind_of
from civis.local.civisml.metrics import target_metrics
from civis.local.civisml.pipelines import Design, build
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.scoring import Scores, require_probabilities, scores
from civis.local.civisml.search import Found, Search, search
from civis.local.civisml.targets import Target, require_columns, targets_of
from civis.local.civisml.validation import Folds, folds_of, out_of_sample, stacked

__all__ = ["Trained", "Training", "collected_warnings", "score_frame", "train"]


@dataclass(frozen=True)
class Training:
    """What a training is to do.

    Parameters
    ----------
    design : Design
        The model.
    targets : sequence of str
        The dependent variables.
    primary_key : str, optional
        The column that names the rows of out-of-sample scores.
    excluded : sequence of str, optional
        Columns that are not learned from.
    fit_params : mapping, optional
        Parameters of the model's `fit`, and the columns that hold their values.
    space : mapping or "hyperband", optional
        Parameters to search.
    validates : bool, default True
        Whether the model is validated.
    n_jobs : int, default 1
        How many models are trained at once.
    """

    design: Design
    targets: Sequence[str]
    primary_key: str | None = None
    excluded: Sequence[str] = ()
    fit_params: Mapping[str, str] = field(default_factory=dict)
    space: Mapping[str, Sequence[Any]] | Literal["hyperband"] | None = None
    validates: bool = True
    n_jobs: int = 1


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Parameters
    ----------
    estimator : object
        Fitted on all rows.
    targets : list of Target
    features : list of str
        The columns that were learned from.
    kinds : dict
        What each of these holds.
    scores : pandas.DataFrame or None
        Out-of-sample scores, with the primary key as the index.
    metrics : dict or None
        Of the validation; with several targets by their names.
    folds : Folds or None
    found : Found or None
        What a search of parameters found.
    warnings : list of str
        What the libraries warned of, each once.
    """

    estimator: Any
    targets: list[Target]
    features: list[str]
    kinds: dict[str, ColumnKind]
    scores: pd.DataFrame | None
    metrics: dict[str, Any] | None
    folds: Folds | None
    found: Found | None
    warnings: list[str]


def train(
    frame: pd.DataFrame, settings: Training, tell: Callable[[str], None] = lambda line: None
) -> Trained:
    """Train and validate a model.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row a case.
    settings : Training
    tell : callable, optional
        Is called with lines about the progress.

    Raises
    ------
    ModelProblem
        If the data or the settings are not fit for it; the message names what.

    Examples
    --------
    >>> frame = pd.DataFrame({"hours": range(40), "passed": [0, 1] * 5 + [0] * 10 + [1] * 20})
    >>> trained = train(frame, Training(Design("sparse_logistic"), ["passed"]))
    >>> trained.metrics["roc_auc"] > 0.8
    True
    """
    with collected_warnings() as noticed:
        if frame.empty:
            raise ModelProblem("The training data has no rows.")
        targets = targets_of(frame, settings.targets, settings.design.is_classifier)
        features = _features(frame, settings)
        rows = frame[features].reset_index(drop=True)
        fit_params = _fit_params(frame, settings)
        pipeline, folds, found = _designed(settings, targets, rows, fit_params, tell)
        validated = None
        if settings.validates:
            tell(f"Validating on {len(folds.pairs)} folds of {len(rows)} rows.")
            validated = out_of_sample(pipeline, rows, targets, folds, fit_params, settings.n_jobs)
        tell(f"Training on {len(rows)} rows and {len(features)} columns.")
        pipeline.fit(rows, stacked(targets), **fit_params)
        if settings.design.is_classifier:
            require_probabilities(pipeline)
        metrics = None
        if validated is not None:
            fitted = scores(pipeline, rows, settings.design.is_classifier)
            metrics = _metrics(targets, validated, fitted)
    return Trained(
        pipeline,
        targets,
        features,
        {name: kind_of(rows[name]) for name in features},
        None if validated is None else score_frame(targets, validated, _key(frame, settings.primary_key)),
        metrics,
        folds if settings.validates else None,
        found,
        list(dict.fromkeys(noticed)),
    )


def _designed(
    settings: Training,
    targets: list[Target],
    rows: pd.DataFrame,
    fit_params: Mapping[str, Any],
    tell: Callable[[str], None],
) -> tuple[Any, Folds, Found | None]:
    """Build the model, with the best parameters if these are to be searched."""
    pipeline = build(settings.design, settings.targets)
    if len(rows) < 4:
        raise ModelProblem(f"The training data has {len(rows)} rows; give four at least.")
    folds = folds_of(targets)
    if not settings.space:
        return pipeline, folds, None
    tell("Searching parameters.")
    found = search(
        pipeline,
        settings.design,
        settings.targets,
        Search(settings.space, settings.n_jobs),
        (rows, stacked(targets)),
        folds,
        _scoring(targets),
        fit_params,
    )
    tell(f"The best of {found.candidates} candidates: {found.parameters}, {found.scoring} {found.score:.6g}.")
    return found.estimator, folds, found


def _scoring(targets: list[Target]) -> str:
    """Choose what a search goes by."""
    classes = targets[0].classes
    if classes is None:
        return "r2"
    if len(targets) > 1:
        return "accuracy"
    return "roc_auc" if len(classes) == 2 else "neg_log_loss"


def _features(frame: pd.DataFrame, settings: Training) -> list[str]:
    """Choose the columns to learn from."""
    require_columns(frame, settings.excluded, "one of excluded_columns")
    taken = {*settings.targets, *settings.excluded, *settings.fit_params.values()}
    if settings.primary_key is not None:
        require_columns(frame, [settings.primary_key], "the primary key")
        taken.add(settings.primary_key)
    features = [str(name) for name in frame.columns if name not in taken]
    if not features:
        raise ModelProblem(
            "No column is left to learn from: all are dependent variables, the primary key or excluded."
        )
    return features


def _key(frame: pd.DataFrame, primary_key: str | None) -> pd.Series | None:
    """Give the column that names rows."""
    return None if primary_key is None else frame[primary_key]


def _fit_params(frame: pd.DataFrame, settings: Training) -> dict[str, Any]:
    """Read the columns that go to `fit`."""
    found: dict[str, Any] = {}
    for name, column in settings.fit_params.items():
        require_columns(frame, [column], f"the column for fit_params[{name!r}]")
        if frame[column].isna().any():
            raise ModelProblem(f"The column {column!r}, for fit_params[{name!r}], has missing values.")
        found[f"model__{name}"] = frame[column].to_numpy()
    return found


def _metrics(targets: list[Target], table: list[Scores], fitted: list[Scores]) -> dict[str, Any]:
    """Judge all targets."""
    found = {
        target.name: target_metrics(target, validated, training)
        for target, validated, training in zip(targets, table, fitted, strict=True)
    }
    return found[targets[0].name] if len(targets) == 1 else found


def score_frame(targets: Sequence[Target], tables: Sequence[Scores], key: pd.Series | None) -> pd.DataFrame:
    """Put scores side by side, named as the platform names them.

    Parameters
    ----------
    targets : sequence of Target
    tables : sequence of numpy.ndarray
        A table for each target.
    key : pandas.Series, optional
        What names the rows; without one they are numbered from 0, in a column without a name.
    """
    names = [name for target in targets for name in target.columns]
    index = pd.RangeIndex(len(tables[0])) if key is None else pd.Index(key, name=key.name)
    return pd.DataFrame(np.hstack(list(tables)), columns=names, index=index)


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Have warnings gathered as lines rather than printed."""
    noticed: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield noticed
        finally:
            noticed += [
                f"{each.category.__name__}: {' '.join(str(each.message).split())}"
                for each in caught
                if not issubclass(each.category, (DeprecationWarning, PendingDeprecationWarning))
            ]

"""From settings to an estimator that is not fitted: ETL, a model of a name or of the user's, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline

from civis.local.civisml.algorithms import SEED, Algorithm, algorithm
from civis.local.civisml.etl import DefaultEtl
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.scoring import require_probabilities

__all__ = ["CALIBRATIONS", "Design", "build", "search_prefix"]

CALIBRATIONS = ("sigmoid", "isotonic")
_CALIBRATION_FOLDS = 3
#: Forests, trees, linear models and perceptrons take several numbers to predict as they are.
_ONE_NUMBER_ONLY = frozenset({"gradient_boosting_regressor", "stacking_regressor"})


@dataclass(frozen=True)
class Design:
    """What a model is to be.

    Parameters
    ----------
    model : str or object
        The name of a pre-defined model, or an estimator.
    parameters : mapping, optional
        For the final estimator of a pre-defined model.
    calibration : {"sigmoid", "isotonic"}, optional
        Of probabilities.
    etl : object, optional
        A transformer in place of the default one.
    """

    model: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)
    calibration: str | None = None
    etl: Any = None

    @property
    def algorithm(self) -> Algorithm | None:
        """The pre-defined model, None for one of the user's own."""
        return algorithm(self.model) if isinstance(self.model, str) else None

    @property
    def is_classifier(self) -> bool:
        """Whether classes are predicted, rather than numbers."""
        known = self.algorithm
        if known is not None:
            return known.is_classifier
        if not hasattr(self.model, "__sklearn_tags__"):  # of scikit-learn's interface, but not of its classes
            return hasattr(self.model, "predict_proba")
        return bool(is_classifier(self.model))

    @property
    def name(self) -> str:
        """What the metadata calls the model."""
        return self.model if isinstance(self.model, str) else type(self.model).__name__


def build(design: Design, targets: Sequence[str]) -> Pipeline:
    """Make the estimator, not fitted.

    Parameters
    ----------
    design : Design
    targets : sequence of str
        The dependent variables; with several, a model that takes just one is trained for each.

    Returns
    -------
    sklearn.pipeline.Pipeline
        ``etl``, then for a pre-defined model ``imputation`` and perhaps ``scaling`` or ``selection``, then
        ``model``.

    Raises
    ------
    ModelProblem
        If the model or a parameter is unknown, no estimator, gives no probabilities, or is calibrated though
        it predicts numbers.
    """
    known = design.algorithm
    if known is not None:
        steps = known.steps(design.parameters)
    else:
        steps = [("model", _own(design))]
    if design.calibration is not None:
        steps[-1] = ("model", _calibrated(steps[-1][1], design))
    if len(targets) > 1 and known is not None:
        steps[-1] = ("model", _several(steps[-1][1], known))
    etl = DefaultEtl() if design.etl is None else clone(design.etl)
    return Pipeline([("etl", etl), *steps])


def search_prefix(design: Design, targets: Sequence[str]) -> str:
    """Give what parameters of the final estimator are called in the whole pipeline."""
    wrapped = len(targets) > 1 and design.algorithm is not None
    inner = "estimator__" if design.calibration is not None else ""
    several = "estimator__" if wrapped and _is_wrapped(design.algorithm) else ""
    return f"model__{several}{inner}"


def _own(design: Design) -> BaseEstimator:
    """Check a model of the user's own."""
    model = design.model
    if not (hasattr(model, "fit") and hasattr(model, "get_params")):
        raise ModelProblem(
            f"The model is a {type(model).__name__}, which is no estimator of scikit-learn's interface; it "
            "needs fit, get_params and predict_proba or predict."
        )
    if design.parameters:
        names = ", ".join(map(repr, design.parameters))
        raise ModelProblem(
            f"parameters ({names}) are for pre-defined models; set them on the estimator itself."
        )
    if design.is_classifier and design.calibration is None:
        require_probabilities(model)
    return clone(model)


def _calibrated(model: Any, design: Design) -> CalibratedClassifierCV:
    """Wrap a classifier so that its probabilities are calibrated on folds of the training data."""
    if design.calibration not in CALIBRATIONS:
        raise ModelProblem(f"calibration must be one of {CALIBRATIONS}, not {design.calibration!r}.")
    if not design.is_classifier:
        raise ModelProblem(f"calibration is for classification, and {design.name} predicts numbers.")
    folds = StratifiedKFold(_CALIBRATION_FOLDS, shuffle=True, random_state=SEED)
    return CalibratedClassifierCV(model, method=design.calibration, cv=folds)


def _is_wrapped(known: Algorithm | None) -> bool:
    """Tell whether a pre-defined model is trained once for each target."""
    return known is not None and (known.is_classifier or known.name in _ONE_NUMBER_ONLY)


def _several(model: Any, known: Algorithm) -> Any:
    """Have a pre-defined model predict several targets."""
    if not _is_wrapped(known):
        return model
    return MultiOutputClassifier(model) if known.is_classifier else MultiOutputRegressor(model)

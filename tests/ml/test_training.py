"""The training program without a platform: what it computes is what plain scikit-learn computes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from civis.local.civisml.algorithms import ALGORITHMS
from civis.local.civisml.lasso import LASSO_BY, LassoSelector, lasso_by
from civis.local.civisml.metadata import training_info
from civis.local.civisml.pipelines import Design
from civis.local.civisml.prediction import Predictor
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.training import Training, train

#: Fewer trees than the defaults have: the metrics are compared, not how good they are.
FEW = {"n_estimators": 12}
QUICK = {
    "sparse_logistic": {"C": 1.0, "max_iter": 50},
    "gradient_boosting_classifier": FEW,
    "gradient_boosting_regressor": FEW,
    "random_forest_classifier": FEW,
    "random_forest_regressor": FEW,
    "extra_trees_classifier": FEW,
    "extra_trees_regressor": FEW,
    "multilayer_perceptron_classifier": {"max_iter": 15},
    "multilayer_perceptron_regressor": {"max_iter": 15},
    "stacking_classifier": {
        "gradient_boosting__n_estimators": 3,
        "random_forest__n_estimators": 3,
        "sparse_logistic__logisticregression__max_iter": 20,
    },
    "stacking_regressor": {"gradient_boosting__n_estimators": 3, "random_forest__n_estimators": 3},
}


def _names(is_classifier: bool) -> list[object]:
    """Give the models of a kind; those that train many others take long."""
    names = sorted(name for name, each in ALGORITHMS.items() if each.is_classifier is is_classifier)
    return [pytest.param(name, marks=pytest.mark.slow) if "stacking" in name else name for name in names]


CLASSIFIERS, REGRESSORS = _names(True), _names(False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_metrics_of_classifiers_are_those_of_scikit_learn(name: str, cancer: pd.DataFrame) -> None:
    frame = cancer.drop(columns="id")
    trained = train(frame, Training(Design(name, QUICK[name]), ["target"]))
    rows, truth = frame.drop(columns="target"), frame["target"].to_numpy()
    folds = StratifiedKFold(4, shuffle=True, random_state=42)
    model = clone(trained.estimator)
    expected = cross_val_predict(model, rows, truth, cv=folds, method="predict_proba")
    metrics = trained.metrics
    assert metrics is not None
    assert trained.scores is not None
    np.testing.assert_allclose(trained.scores.to_numpy(), expected, rtol=0, atol=1e-9)
    predicted = expected.argmax(axis=1)
    assert metrics["roc_auc"] == pytest.approx(roc_auc_score(truth, expected[:, 1]), abs=1e-9)
    assert metrics["accuracy"] == pytest.approx(accuracy_score(truth, predicted), abs=1e-9)
    assert metrics["log_loss"] == pytest.approx(log_loss(truth, expected), abs=1e-9)
    assert metrics["brier_score"] == pytest.approx(brier_score_loss(truth, expected[:, 1]), abs=1e-9)
    assert metrics["confusion_matrix"] == confusion_matrix(truth, predicted).tolist()
    assert list(trained.scores.columns) == ["target_0", "target_1"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", REGRESSORS)
def test_metrics_of_regressors_are_those_of_scikit_learn(name: str, diabetes: pd.DataFrame) -> None:
    trained = train(diabetes, Training(Design(name, QUICK.get(name, {})), ["target"]))
    rows, truth = diabetes.drop(columns="target"), diabetes["target"].to_numpy()
    folds = KFold(4, shuffle=True, random_state=42)
    expected = cross_val_predict(clone(trained.estimator), rows, truth, cv=folds)
    metrics = trained.metrics
    assert metrics is not None
    assert trained.scores is not None
    np.testing.assert_allclose(trained.scores["target"], expected, rtol=1e-9)
    assert metrics["r_squared"] == pytest.approx(r2_score(truth, expected), abs=1e-9)
    assert metrics["mad"] == pytest.approx(mean_absolute_error(truth, expected), abs=1e-9)


def test_several_classes_have_a_metric_each(digits: pd.DataFrame) -> None:
    trained = train(digits, Training(Design("random_forest_classifier", FEW), ["target"]))
    metrics = trained.metrics
    assert metrics is not None
    assert trained.scores is not None
    expected = roc_auc_score(digits["target"], trained.scores, multi_class="ovr", average=None)
    np.testing.assert_allclose(metrics["roc_auc"], expected, atol=1e-9)
    assert metrics["roc_auc_macroavg"] == pytest.approx(float(np.mean(expected)), abs=1e-9)
    assert len(metrics["roc_curve_by_class"]) == len(metrics["calibration_curve_by_class"]) == 10


def test_several_targets_are_trained_together(cancer: pd.DataFrame) -> None:
    frame = cancer.drop(columns="id").assign(big=np.where(cancer["mean radius"] > 14, "yes", "no"))
    trained = train(frame, Training(Design("gradient_boosting_classifier", FEW), ["target", "big"]))
    assert trained.metrics is not None
    assert trained.scores is not None
    assert trained.metrics["target"]["roc_auc"] > 0.95
    assert list(trained.scores.columns) == ["target_0", "target_1", "big_no", "big_yes"]
    classes = [each.classes or () for each in trained.targets]
    predictor = Predictor(
        trained.estimator, ["target", "big"], True, trained.features, classes=classes, wanted=["big"]
    )
    assert list(predictor.predict(frame.head()).columns) == ["big_no", "big_yes"]


def test_text_and_missing_values_are_made_numbers() -> None:
    chance = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "town": chance.choice(["Bonn", "Ulm", None], 200),
            "age": np.where(chance.random(200) < 0.1, np.nan, chance.integers(18, 90, 200)),
            "joined": pd.Timestamp("2020-01-01"),
            "name": [f"n{number}" for number in range(200)],
            "nothing": None,
        }
    )
    frame["yes"] = (frame["town"] == "Ulm").astype(int)
    design = Design("extra_trees_classifier", FEW)
    trained = train(frame, Training(design, ["yes"], excluded=["name"]))
    names = list(trained.estimator[0].get_feature_names_out())
    assert names == ["town_Bonn", "town_Ulm", "town_NaN", "age"]
    assert trained.metrics is not None
    assert trained.metrics["accuracy"] == 1.0
    assert any("'joined' is left out" in each for each in trained.warnings)
    assert any("'nothing' is left out" in each for each in trained.warnings)


def test_a_grid_and_weights_reach_the_model(cancer: pd.DataFrame) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression())
    settings = Training(
        Design(model),
        ["target"],
        "id",
        fit_params={"logisticregression__sample_weight": "mean radius"},
        space={"logisticregression__C": [0.01, 1.0]},
    )
    trained = train(cancer, settings)
    assert trained.found is not None
    assert trained.found.candidates == 2
    best = trained.found.parameters["logisticregression__C"]
    assert best == trained.estimator[-1][-1].C
    assert "mean radius" not in trained.features
    assert trained.scores is not None
    assert trained.scores.index.name == "id"


def test_calibration_wraps_the_last_step(cancer: pd.DataFrame) -> None:
    design = Design("random_forest_classifier", FEW, "isotonic")
    trained = train(cancer, Training(design, ["target"], "id", validates=False))
    assert type(trained.estimator[-1]).__name__ == "CalibratedClassifierCV"
    assert trained.metrics is None


@pytest.fixture
def _no_worker_left() -> Iterator[None]:
    """End the processes that joblib keeps for the next call."""
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("_no_worker_left")
def test_hyperband_finds_parameters(cancer: pd.DataFrame) -> None:
    settings = Training(Design("random_forest_classifier"), ["target"], "id", space="hyperband", n_jobs=2)
    trained = train(cancer[::3], settings)
    assert trained.found is not None
    assert trained.found.candidates > 27
    assert trained.found.score > 0.97


PROBLEMS = {
    "no rows": (lambda f: f.head(0), {}, "has no rows"),
    "target missing": (lambda f: f.drop(columns="target"), {}, "no column 'target'.*dependent variable"),
    "target NaN": (lambda f: f.assign(target=f.target.where(f.index > 2)), {}, "3 missing values"),
    "one class": (lambda f: f[f.target == 1], {}, "one class only, 1"),
    "odd class": (lambda f: f.assign(target=f.target + 0.5), {}, "are no classes"),
    "primary key": (lambda f: f, {"primary_key": "ident"}, "no column 'ident'.*primary key"),
    "excluded": (lambda f: f, {"excluded": ["idd"]}, "no column 'idd'.*excluded_columns.*[Dd]id you mean"),
    "algorithm": (lambda f: f, {"design": Design("random_forest")}, "no model 'random_forest'"),
    "parameter": (
        lambda f: f,
        {"design": Design("random_forest_classifier", {"n_estimator": 1})},
        "no parameter 'n_estimator'",
    ),
    "probabilities": (lambda f: f, {"design": Design(Perceptron())}, "Perceptron, has no predict_proba"),
    "no estimator": (lambda f: f, {"design": Design({"a": 1})}, "is a dict, which is no estimator"),
    "calibration": (
        lambda f: f.astype(float),
        {"design": Design(LinearRegression(), calibration="sigmoid")},
        "calibration is for classification",
    ),
    "grid": (lambda f: f, {"space": {"n_estimator": [1]}}, "'n_estimator', which the model does not"),
    "no hyperband": (
        lambda f: f,
        {"design": Design("sparse_logistic"), "space": "hyperband"},
        "no hyperband for sparse_logistic",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", PROBLEMS)
def test_what_is_wrong_is_named(case: str, cancer: pd.DataFrame) -> None:
    change, options, message = PROBLEMS[case]
    given = {"design": Design("random_forest_classifier", FEW), "targets": ["target"], **options}
    with pytest.raises(ModelProblem, match=message):
        train(change(cancer), Training(**given))  # type: ignore[no-untyped-call]


def test_a_column_missing_at_prediction_is_named(cancer: pd.DataFrame) -> None:
    trained = train(cancer, Training(Design(GradientBoostingClassifier(n_estimators=2)), ["target"], "id"))
    predictor = Predictor(trained.estimator, ["target"], True, trained.features)
    with pytest.raises(ModelProblem, match="lacks the column 'mean area'"):
        predictor.predict(cancer.drop(columns="mean area"), "id")
    with pytest.raises(ModelProblem, match=r"'mean area' held numbers.*'large'"):
        predictor.predict(cancer.astype({"mean area": object}).assign(**{"mean area": "large"}), "id")
    own = trained.estimator.predict_proba(cancer[trained.features])
    assert predictor.predict(cancer, "id").to_numpy().tolist() == own.tolist()


def test_a_model_of_the_users_own_is_not_changed(cancer: pd.DataFrame) -> None:
    model = RandomForestClassifier(3, random_state=1)
    train(cancer, Training(Design(model), ["target"], "id"))
    assert not hasattr(model, "estimators_")


SOLVERS = {"scikit-learn": "LassoCV", "glmnet": "glmnet's ElasticNet"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_lasso_keeps_what_matters_and_tells_who_it_was(solver: str, diabetes: pd.DataFrame) -> None:
    if solver == "glmnet":
        pytest.importorskip("glmnet")
    chance = np.random.default_rng(5)
    noise = chance.normal(size=(len(diabetes), 6))
    rows = np.column_stack([diabetes[["bmi", "bp"]].to_numpy(), noise])
    selector = LassoSelector(solver=solver).fit(rows, rows[:, 0] * 900 + rows[:, 1] * 400)
    assert selector.get_support()[:2].all()
    assert selector.solver_ == solver
    assert SOLVERS[solver] in LASSO_BY[solver]
    numbers, classes = chance.normal(size=(90, 3)), chance.integers(0, 3, 90)
    assert (
        LassoSelector(solver=solver).fit(numbers, classes).get_support().any()
    )  # one at least, of noise too


def test_a_lasso_of_nobody_is_refused() -> None:
    with pytest.raises(ModelProblem, match="solver must be one of"):
        lasso_by("glm")
    assert lasso_by("auto", 8) == "scikit-learn"


def test_the_choice_of_the_lasso_is_in_the_metadata(diabetes: pd.DataFrame) -> None:
    settings = Training(Design("sparse_linear_regressor"), ["target"], validates=False)
    info = training_info(train(diabetes, settings), settings, {})
    assert info["model"]["feature_selection"] == LASSO_BY[lasso_by()]
    settings = Training(Design("extra_trees_regressor", FEW), ["target"], validates=False)
    assert training_info(train(diabetes, settings), settings, {})["model"]["feature_selection"] is None

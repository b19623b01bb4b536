"""What trainings can be given, end to end: all are started together, then each is looked at."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import civis
from civis.client import APIClient
from civis.ml import ModelFuture, ModelPipeline

FEW = {"n_estimators": 8}
TOKEN = "t0ken-of-nobody"


def _halving() -> Any:
    """Make an ETL of the user's own, of a class that no module has: it travels by value."""

    class Halved(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
        """Two columns, halved."""

        def fit(self, X: Any, y: Any = None) -> Halved:
            """Learn nothing."""
            self.fitted_ = True
            return self

        def transform(self, X: Any) -> Any:
            """Halve."""
            return X[["mean radius", "mean area"]].to_numpy() / 2

    return Halved()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that is installed nowhere, with an estimator."""
    path = tmp_path_factory.mktemp("wheels") / "constant_guess-1.0-py3-none-any.whl"
    code = (
        "from sklearn.dummy import DummyClassifier\n\n\n"
        "class ConstantGuess(DummyClassifier):\n    '''A guess.'''\n"
    )
    about = "Metadata-Version: 2.1\nName: constant-guess\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    folder = "constant_guess-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("constant_guess.py", code)
        made.writestr(f"{folder}/METADATA", about)
        made.writestr(f"{folder}/WHEEL", kind)
        made.writestr(f"{folder}/RECORD", "")
    return path


def _dependencies(client: APIClient, cancer: pd.DataFrame, wheel: Path, monkeypatch: Any) -> ModelFuture:
    monkeypatch.syspath_prepend(str(wheel))
    from constant_guess import ConstantGuess  # type: ignore[import-not-found]

    client.credentials.post(
        type="Custom", username="git", password=TOKEN, name="git of nobody", remote_host_id=None
    )
    model = ModelPipeline(
        make_pipeline(SimpleImputer(), ConstantGuess()),
        "target",
        "id",
        client=client,
        dependencies=[str(wheel)],
        git_token_name="git of nobody",
        verbose=True,
    )
    return model.train(cancer)


def _etl(client: APIClient, cancer: pd.DataFrame, *_: Any) -> ModelFuture:
    model = ModelPipeline("extra_trees_classifier", "target", "id", FEW, client=client, etl=_halving())
    return model.train(cancer)


def _polars(client: APIClient, cancer: pd.DataFrame, *_: Any) -> ModelFuture:
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(cancer).with_columns(
        polars.when(polars.col("mean radius") > 14)
        .then(polars.lit("large"))
        .otherwise(polars.lit("small"))
        .cast(polars.Categorical)
        .alias("size")
    )
    return ModelPipeline("random_forest_classifier", "target", "id", FEW, client=client).train(frame)


def _weights(client: APIClient, cancer: pd.DataFrame, *_: Any) -> ModelFuture:
    model = ModelPipeline("random_forest_classifier", "target", "id", FEW, client=client)
    return model.train(cancer, fit_params={"sample_weight": "mean area"}, validation_data="skip")


def _classes(client: APIClient, cancer: pd.DataFrame, *_: Any) -> ModelFuture:
    frame = cancer.assign(size=pd.qcut(cancer["mean radius"], 3, labels=["s", "m", "l"]).astype(str))
    model = ModelPipeline(
        "extra_trees_classifier", "size", "id", FEW, client=client, excluded_columns=["mean radius"]
    )
    return model.train(frame, n_jobs=2)


def _targets(client: APIClient, cancer: pd.DataFrame, *_: Any) -> ModelFuture:
    frame = cancer.assign(big=np.where(cancer["mean radius"] > 14, "yes", "no"))
    return ModelPipeline(
        "random_forest_classifier", ["target", "big"], "id", FEW, client=client, calibration="sigmoid"
    ).train(frame)


def _numbers(client: APIClient, cancer: pd.DataFrame, *_: Any) -> ModelFuture:
    return ModelPipeline(
        make_pipeline(LinearRegression()), ["mean radius", "mean area"], "id", client=client
    ).train(cancer)


STARTS: dict[str, Callable[..., ModelFuture]] = {
    "dependencies": _dependencies,
    "etl": _etl,
    "polars": _polars,
    "weights": _weights,
    "classes": _classes,
    "targets": _targets,
    "numbers": _numbers,
}


class Trainings(dict[str, ModelFuture]):
    """Trainings by name, each started when it is first asked for: several processes share the tests."""

    def __init__(self, start: Callable[[str], ModelFuture]) -> None:
        self._start = start

    def __missing__(self, name: str) -> ModelFuture:
        self[name] = self._start(name)
        return self[name]


@pytest.fixture(scope="module")
def started(client: APIClient, cancer: pd.DataFrame, wheel: Path) -> Trainings:
    """The trainings."""

    def start(name: str) -> ModelFuture:
        with pytest.MonkeyPatch.context() as monkeypatch:
            return STARTS[name](client, cancer, wheel, monkeypatch)

    return Trainings(start)


def test_dependencies_are_installed_and_the_token_is_not_told(client: APIClient, started: Trainings) -> None:
    train = started["dependencies"]
    assert train.metadata["run"]["status"] == "succeeded"
    arguments = client.scripts.get_custom(train.job_id).arguments
    found = client.credentials.list(type="Custom")
    assert arguments["GIT_CRED"] in {each.id for each in found if each.name == "git of nobody"}
    log = "".join(each.message for each in client.jobs.list_runs_logs(train.job_id, train.run_id))
    assert "Installing " in log
    assert TOKEN not in log
    assert TOKEN not in str(train.metadata)


def test_an_etl_of_the_users_own_takes_the_place_of_ours(started: Trainings) -> None:
    train = started["etl"]
    estimator = train.estimator
    assert type(estimator[0]).__name__ == "Halved"
    assert estimator[-1].n_features_in_ == 2
    assert train.metrics is not None
    assert train.metrics["roc_auc"] > 0.9


def test_frames_of_polars_keep_their_categories(started: Trainings) -> None:
    train = started["polars"]
    names = set(train.estimator[0].get_feature_names_out())
    assert {"size_large", "size_small"} <= names
    assert train.metadata["data"]["column_kinds"]["size"] == "text"


def test_weights_are_those_of_the_column(started: Trainings, cancer: pd.DataFrame) -> None:
    rows = cancer.drop(columns=["id", "target", "mean area"])
    own = RandomForestClassifier(n_estimators=8, max_depth=7, random_state=42)
    own.fit(rows.to_numpy(), cancer["target"], sample_weight=cancer["mean area"])
    trained = started["weights"].estimator
    assert "mean area" not in started["weights"].metadata["data"]["columns"]
    np.testing.assert_allclose(
        trained.predict_proba(rows), own.predict_proba(rows.to_numpy()), rtol=0, atol=1e-12
    )


def test_several_classes(started: Trainings) -> None:
    train = started["classes"]
    assert train.metadata["data"]["classes"] == [["l", "m", "s"]]
    assert train.table is not None
    assert list(train.table.columns) == ["size_l", "size_m", "size_s"]
    assert train.metrics is not None
    assert len(train.metrics["roc_auc"]) == 3
    assert train.metrics["roc_auc_macroavg"] > 0.95
    assert isinstance(train.estimator[-1], ExtraTreesClassifier)


def test_several_targets_are_predicted_or_one_of_them(
    client: APIClient, started: Trainings, cancer: pd.DataFrame
) -> None:
    train = started["targets"]
    assert train.metrics is not None
    assert set(train.metrics) >= {"target", "big"}
    model = ModelPipeline.from_existing(train.train_job_id, client=client)
    assert model.dependent_variable == ["target", "big"]
    every, one = model.predict(cancer.head(9)), model.predict(cancer.head(9), dvs_to_predict="big")
    assert every.table is not None
    assert one.table is not None
    assert list(every.table.columns) == ["target_0", "target_1", "big_no", "big_yes"]
    assert list(one.table.columns) == ["big_no", "big_yes"]
    pd.testing.assert_frame_equal(one.table, every.table[["big_no", "big_yes"]])
    with pytest.raises(ValueError, match="dvs_to_predict must be one of"):
        model.predict(cancer, dvs_to_predict="small")


def test_several_numbers(started: Trainings, cancer: pd.DataFrame) -> None:
    train = started["numbers"]
    assert train.metrics is not None
    assert train.metrics["mean radius"]["r_squared"] > 0.99
    assert train.table is not None
    assert list(train.table.columns) == ["mean radius", "mean area"]
    assert len(train.table) == len(cancer)


def test_a_credential_that_is_not_there_is_named(client: APIClient) -> None:
    model = ModelPipeline("sparse_logistic", "y", client=client, git_token_name="none such")
    with pytest.raises(ValueError, match="no credential named 'none such'"):
        model.train(file_id=1)


def test_scores_of_a_frame_go_into_a_table(
    client: APIClient, started: Trainings, cancer: pd.DataFrame
) -> None:
    model = ModelPipeline.from_existing(started["etl"].train_job_id, client=client)
    for if_exists in ("fail", "append"):  # first into a new table, then into one that is there
        future = model.predict(
            cancer.head(30), output_table="public.of_a_frame", output_db="local", if_exists=if_exists
        )
        future.result()
    found = client.databases.get_schemas_tables(client.get_database_id("local"), "public", "of_a_frame")
    assert [each.sql_type for each in found.columns][1:] == ["double precision"] * 2
    rows = civis.io.read_civis_sql("SELECT * FROM public.of_a_frame ORDER BY id", "local", client=client)
    assert rows[0] == ["id", "target_0", "target_1"]
    assert future.table is not None
    expected = future.table.sort_index()
    assert [int(row[0]) for row in rows[1::2]] == [int(row[0]) for row in rows[2::2]] == list(expected.index)
    for column in (1, 2):  # to the last digit
        assert [float(row[column]) for row in rows[1::2]] == list(expected[f"target_{column - 1}"])

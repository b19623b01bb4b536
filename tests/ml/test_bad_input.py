"""What is wrong with a job's input is named by a ModelError with metadata; all jobs run together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import pandas as pd
import pytest
from sklearn.linear_model import Perceptron

import civis
from civis.client import APIClient
from civis.local import Platform
from civis.local.civisml.algorithms import ALGORITHMS
from civis.ml import ModelError, ModelFuture, ModelPipeline
from civis.ml._choices import PREDEFINED, require_model

FOREST: dict[str, Any] = {
    "model": "random_forest_classifier",
    "dependent_variable": "target",
    "primary_key": "id",
    "parameters": {"n_estimators": 3},
}


class Case(NamedTuple):
    """How an input is spoilt, and what the error says."""

    message: str
    settings: Mapping[str, Any] = MappingProxyType({})
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame


TRAININGS = {
    "missing target": Case(
        r"no column 'tarket', which is the dependent.*'target'", {"dependent_variable": "tarket"}
    ),
    "one class": Case("'target' has one class only, 1", change=lambda frame: frame[frame["target"] == 1]),
    "NaN target": Case(
        "'target' has 3 missing values",
        change=lambda frame: frame.assign(target=frame["target"].where(frame.index > 2)),
    ),
    "primary key": Case(r"no column 'ident', which is the primary key", {"primary_key": "ident"}),
    "algorithm": Case(  # of a version that is named; else nothing is sent
        "no model 'random_forest'.*random_forest_classifier",
        {"model": "random_forest", "civisml_version": "v2-3"},
    ),
    "no rows": Case("has no rows", change=lambda frame: frame.head(0)),
    "no predict_proba": Case("Perceptron, has no predict_proba", {"model": Perceptron(), "parameters": None}),
    "parameter": Case("no parameter 'n_estimator'.*n_estimators", {"parameters": {"n_estimator": 3}}),
}


@pytest.fixture(scope="module")
def trainings(client: APIClient, cancer: pd.DataFrame) -> dict[str, ModelFuture]:
    """All trainings, and one that goes well."""
    found = {
        name: ModelPipeline(**{**FOREST, **case.settings}, client=client).train(case.change(cancer))
        for name, case in TRAININGS.items()
    }
    return {**found, "well": ModelPipeline(**FOREST, client=client).train(cancer, validation_data="skip")}


@pytest.mark.parametrize("name", TRAININGS)
def test_training_names_what_is_wrong(trainings: dict[str, ModelFuture], name: str) -> None:
    with pytest.raises(ModelError, match=TRAININGS[name].message) as caught:
        trainings[name].result()
    assert caught.value.metadata is not None
    run = caught.value.metadata["run"]
    assert run["status"] == "exception"
    assert "Traceback" in run["stack_trace"]
    assert str(caught.value).startswith(run["message"])


def test_a_model_of_no_name_is_refused_before_anything_is_sent() -> None:
    model = ModelPipeline("random_forrest_classifier", "y", client=cast(APIClient, object()))
    with pytest.raises(ModelError, match="Did you mean 'random_forest_classifier'") as caught:
        model.train(pd.DataFrame({"y": [0, 1], "a": [1, 2]}))
    assert caught.value.metadata is not None
    assert caught.value.metadata["run"]["status"] == "exception"
    assert "sparse_logistic" in str(caught.value)


def test_the_names_of_models_are_those_that_the_programs_know() -> None:
    assert sorted(PREDEFINED) == sorted(ALGORITHMS)


@pytest.mark.parametrize("name", [*PREDEFINED, "1234"])
def test_the_names_of_models_and_files_are_let_through(name: str) -> None:
    require_model(name)


PREDICTIONS = {
    "a column": Case("lacks the column 'mean area'", change=lambda frame: frame.drop(columns="mean area")),
    "primary key": Case(
        "no column 'id', which is the primary key", change=lambda frame: frame.drop(columns="id")
    ),
    "text": Case(
        "'mean area' held numbers.*'large'",
        change=lambda frame: frame.astype({"mean area": object}).assign(**{"mean area": "large"}),
    ),
    "no rows": Case("has no rows", change=lambda frame: frame.head(0)),
}
TABLES = {"empty table": ("id < 0", "has no rows"), "table": ("no_such_column = 1", "no_such_column")}


@pytest.fixture(scope="module")
def predictions(
    client: APIClient, trainings: dict[str, ModelFuture], cancer: pd.DataFrame
) -> dict[str, ModelFuture]:
    """All predictions."""
    model = ModelPipeline.from_existing(trainings["well"].train_job_id, client=client)
    civis.io.dataframe_to_civis(
        cancer, "local", "public.cancer", client=client, existing_table_rows="drop"
    ).result()
    found = {name: model.predict(case.change(cancer)) for name, case in PREDICTIONS.items()}
    for name, (where, _) in TABLES.items():
        found[name] = model.predict(table_name="public.cancer", database_name="local", sql_where=where)
    return found


@pytest.mark.parametrize("name", [*PREDICTIONS, *TABLES])
def test_prediction_names_what_is_wrong(predictions: dict[str, ModelFuture], name: str) -> None:
    message = PREDICTIONS[name].message if name in PREDICTIONS else TABLES[name][1]
    with pytest.raises(ModelError, match=message) as caught:
        predictions[name].result()
    assert caught.value.metadata is not None
    assert caught.value.metadata["run"]["status"] == "exception"


def test_a_table_that_is_there_is_refused_before_anything_is_predicted(
    platform: Platform, client: APIClient, trainings: dict[str, ModelFuture], cancer: pd.DataFrame
) -> None:
    civis.io.query_civis("CREATE TABLE public.there AS SELECT 1 AS one", "local", client=client).result()
    model = ModelPipeline.from_existing(trainings["well"].train_job_id, client=client)
    future = model.predict(cancer.head(3), output_table="public.there", output_db="local")
    with pytest.raises(ModelError, match=r"public\.there exists; choose if_exists='append'"):
        future.result()
    outputs = client.jobs.list_runs_outputs(future.job_id, future.run_id)
    assert [each.name for each in outputs] == ["model_info.json"]
    rows = civis.io.read_civis_sql("SELECT * FROM public.there", "local", client=client)
    assert rows == [["one"], ["1"]]

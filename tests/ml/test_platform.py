"""Models from training to sharing, as users do it, on a platform over HTTP; the runs are real processes."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import civis
from civis.client import APIClient
from civis.local import Platform
from civis.local.members import add_member
from civis.ml import (
    ModelError,
    ModelFuture,
    ModelPipeline,
    delete_models_shares_users,
    list_models,
    put_models_shares_users,
)
from civis.ml._templates import find_template

FEW = {"n_estimators": 12}


@pytest.fixture(scope="module")
def forest(client: APIClient, cancer: pd.DataFrame) -> ModelPipeline:
    """A model that is trained on a frame, for those tests that only look at it."""
    model = ModelPipeline(
        "random_forest_classifier", "target", "id", FEW, model_name="tumours", client=client
    )
    model.train(cancer).result()
    return model


@pytest.fixture(scope="module")
def table(client: APIClient, cancer: pd.DataFrame) -> str:
    """The data as a table."""
    plain = cancer.rename(columns=lambda name: name.replace(" ", "_"))
    civis.io.dataframe_to_civis(
        plain, "local", "public.tumours", client=client, existing_table_rows="drop"
    ).result()
    return "public.tumours"


def test_a_frame_is_trained_on_and_judged(forest: ModelPipeline, cancer: pd.DataFrame) -> None:
    train = forest.train_result_
    assert train is not None
    assert train.is_training
    assert train.metrics is not None
    assert train.metrics["roc_auc"] > 0.97
    assert train.metadata["run"]["status"] == "succeeded"
    assert train.metadata["data"]["target_columns"] == ["target"]
    assert train.table is not None
    assert list(train.table.index) == list(cancer["id"])
    assert list(train.table.columns) == ["target_0", "target_1"]
    names = {each.name for each in train.outputs()}
    assert names >= {"estimator.pkl", "metrics.json", "model_info.json", "predictions.csv"}


def test_predictions_are_those_of_the_estimator(forest: ModelPipeline, cancer: pd.DataFrame) -> None:
    predicted = forest.predict(cancer.head(50))
    own = forest.estimator.predict_proba(cancer.head(50))
    assert predicted.table is not None
    np.testing.assert_allclose(predicted.table.to_numpy(), own, atol=1e-12)
    assert list(predicted.table.index) == list(cancer["id"].head(50))
    assert not predicted.is_training
    assert predicted.metrics == forest.train_result_.metrics  # type: ignore[union-attr]


def test_a_table_is_trained_on_and_predicted_into_a_table(client: APIClient, table: str) -> None:
    model = ModelPipeline(
        make_pipeline(StandardScaler(), LogisticRegression()), "target", "id", client=client
    )
    train = model.train(
        table_name=table, database_name="local", sql_where="id < 1400", oos_scores="public.oos"
    )
    assert train.metadata["data"]["n_rows"] == 400
    assert train.metrics is not None
    assert train.metrics["oos_score_table"] == "public.oos"
    model.predict(table_name=table, database_name="local", output_table="public.scores").result()
    counts = civis.io.read_civis_sql(
        "SELECT (SELECT count(*) FROM public.oos), (SELECT count(*) FROM public.scores)",
        "local",
        client=client,
    )
    assert counts[1] == ["400", "569"]
    again = model.predict(table_name=table, database_name="local", output_table="public.scores")
    with pytest.raises(ModelError, match="exists"):
        again.result()


def test_a_manifest_is_predicted_by_several_jobs(
    client: APIClient, forest: ModelPipeline, cancer: pd.DataFrame
) -> None:
    ids = []
    for start in range(0, 569, 200):
        text = cancer[start : start + 200].to_csv(index=False, header=False)
        ids.append(civis.io.file_to_civis(io.BytesIO(text.encode()), "part.csv", client=client))
    manifest = {"header": list(cancer.columns), "delimiter": ",", "entries": [{"id": each} for each in ids]}
    file_id = civis.io.json_to_file(manifest, client=client)
    predicted = forest.predict(manifest=file_id, n_jobs=3)
    info = predicted.metadata
    assert len(info["jobs"]) == 2
    assert info["data"]["n_rows"] == 569
    parts = [
        civis.io.file_to_dataframe(each, compression="gzip", index_col=0, client=client)
        for each in info["output_file_ids"]
    ]
    found = pd.concat(parts)
    assert list(found.index) == list(cancer["id"])
    np.testing.assert_allclose(found.to_numpy(), forest.estimator.predict_proba(cancer), atol=1e-12)


def test_it_is_found_again(client: APIClient, forest: ModelPipeline) -> None:
    job_id = forest.train_result_.train_job_id  # type: ignore[union-attr]
    found = ModelPipeline.from_existing(job_id, client=client)
    assert found.dependent_variable == ["target"]
    assert found.primary_key == "id"
    assert found.parameters == FEW
    assert found.model_name == "tumours"
    # Who only looks it up is not told, when the program ends, to have forgotten it.
    assert not found.train_result_._is_forgotten()  # type: ignore[union-attr]
    assert job_id in [each.id for each in list_models(client=client)]
    assert job_id not in [each.id for each in list_models("predict", client=client)]


def test_registered_models_predict(client: APIClient, diabetes: pd.DataFrame) -> None:
    rows = diabetes.drop(columns="target")
    own = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, diabetes["target"] > 140)
    model = ModelPipeline.register_pretrained_model(own, "sick", list(rows.columns), client=client)
    predicted = model.predict(diabetes.head(20)).table
    assert predicted is not None
    np.testing.assert_allclose(predicted.to_numpy(), own.predict_proba(rows.head(20)), atol=1e-12)
    with pytest.raises(ModelError, match="not fitted"):
        ModelPipeline.register_pretrained_model(LogisticRegression(), "sick", client=client)


def test_a_failure_tells_what_was_wrong(client: APIClient, cancer: pd.DataFrame) -> None:
    train = ModelPipeline("sparse_logistic", "tarket", client=client).train(cancer)
    with pytest.raises(ModelError, match=r"no column 'tarket'.*'target'") as caught:
        train.result()
    assert caught.value.metadata is not None
    assert caught.value.metadata["run"]["status"] == "exception"
    assert "Traceback" in caught.value.metadata["run"]["stack_trace"]
    assert isinstance(pickle.loads(pickle.dumps(caught.value)), ModelError)


def test_it_can_be_looked_at(forest: ModelPipeline) -> None:
    pytest.importorskip("matplotlib")
    assert len(forest.train_result_.plot().axes) == 6  # type: ignore[union-attr]
    page = forest.report()
    assert page.startswith("<!doctype html>")
    assert "data:image/png;base64," in page


def test_models_of_others_are_not_unpickled_unasked(
    platform: Platform, client: APIClient, forest: ModelPipeline
) -> None:
    train = forest.train_result_
    assert train is not None
    other = add_member(platform, "ada")
    put_models_shares_users(train.train_job_id, [other.id], "read", client=client)
    with platform.client(api_key=other.token) as theirs:
        seen = ModelPipeline.from_existing(train.train_job_id, client=theirs)
        assert seen.train_result_ is not None
        assert seen.train_result_.metrics == train.metrics
        with pytest.raises(ModelError, match="somebody else's"):
            _ = seen.estimator
        assert type(seen.train_result_.load_estimator(trusted=True)).__name__ == "Pipeline"
        pytest.importorskip("skops")
        with pytest.raises(ModelError, match=r"holds the types sklearn\.tree\._tree\.Tree"):
            seen.train_result_.load_estimator(trusted=False)
        safe = seen.train_result_.load_estimator(trusted=["sklearn.tree._tree.Tree"])
        assert type(safe).__name__ == "Pipeline"
        delete_models_shares_users(train.train_job_id, other.id, client=client)
        with pytest.raises(civis.base.CivisAPIError):
            ModelPipeline.from_existing(train.train_job_id, client=theirs)


class _Bomb:
    """What tells when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("something was unpickled",)


def test_a_hostile_run_is_looked_at_without_harm(client: APIClient) -> None:
    template = find_template(client, "training", None)
    script = client.scripts.post_custom(template, name="hostile", arguments={"MODEL": "none"})
    run = client.scripts.post_custom_runs(script.id)
    file_id = civis.io.file_to_civis(io.BytesIO(pickle.dumps(_Bomb())), "estimator.pkl", client=client)
    client.scripts.post_custom_runs_outputs(script.id, run.id, "File", file_id)
    future = ModelFuture(script.id, run.id, client=client)
    with pytest.raises(ModelError, match="There is no data"):
        future.result()
    assert "ModelFuture" in repr(future)
    found = ModelPipeline.from_existing(script.id, client=client).train_result_
    assert isinstance(found.exception(), ModelError)  # type: ignore[union-attr]
    assert [each.name for each in client.jobs.list_runs_outputs(script.id, run.id)].count(
        "estimator.pkl"
    ) == 1


BAD_SOURCES = {
    "none": ({}, ValueError, "none is given"),
    "two": ({"file_id": 1, "csv_path": "a.csv"}, ValueError, "csv_path, file_id"),
    "no database": ({"table_name": "a.b"}, ValueError, "needs database_name"),
    "where": ({"file_id": 1, "sql_where": "a = 1"}, ValueError, "sql_where is for tables"),
    "if_exists": ({"file_id": 1, "if_exists": "replace"}, ValueError, "if_exists must be one of"),
    "validation": ({"file_id": 1, "validation_data": "no"}, ValueError, "validation_data must be"),
    "scores": ({"file_id": 1, "oos_scores": "a.b"}, ValueError, "needs oos_scores_db"),
    "levels": (
        {"df": pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)]))},
        TypeError,
        "several levels",
    ),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_data_that_is_none_is_refused(client: APIClient, case: str) -> None:
    options, kind, message = BAD_SOURCES[case]
    with pytest.raises(kind, match=message):
        ModelPipeline("sparse_logistic", "y", client=client).train(**options)  # type: ignore[arg-type]


def test_versions_are_found(client: APIClient) -> None:
    model = ModelPipeline("sparse_logistic", "y", client=client, civisml_version="9.9")
    with pytest.raises(ValueError, match=r"no CivisML of version '9\.9'.*\['prod', 'v2\.3'\]"):
        model.train(file_id=1)
    model = ModelPipeline("nothing_such", "y", client=client, civisml_version="v2-3")
    with pytest.raises(ModelError, match="no model 'nothing_such'"):
        model.train(pd.DataFrame({"y": [0, 1], "a": [1, 2]})).result()


def test_it_pickles_without_its_client(
    platform: Platform, forest: ModelPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    text = pickle.dumps(forest)
    assert platform.api_key.encode() not in text
    again = pickle.loads(text)
    with again._client, again.train_result_.client:
        assert again.train_result_.metrics == forest.train_result_.metrics  # type: ignore[union-attr]


def test_predicting_needs_a_training(client: APIClient) -> None:
    with pytest.raises(ModelError, match="not trained yet"):
        ModelPipeline("sparse_logistic", "y", client=client).predict(file_id=1)

"""The steps of a data scientist's notebook, one after the other, on a platform over HTTP."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import civis
from civis.client import APIClient
from civis.ml import ModelError, ModelPipeline


@pytest.fixture(scope="module")
def models(client: APIClient, cancer: pd.DataFrame) -> dict[str, ModelPipeline]:
    """Several algorithms, trained at once: pre-defined, with searches, and one of the user's own."""
    few = {"n_estimators": 10}
    grid = {"n_estimators": [3, 10], "max_depth": [1, 2]}
    own = make_pipeline(StandardScaler(), LogisticRegression())
    found = {
        "forest": ModelPipeline("random_forest_classifier", "target", "id", few, client=client),
        "grid": ModelPipeline(
            "gradient_boosting_classifier", "target", "id", cross_validation_parameters=grid, client=client
        ),
        "own": ModelPipeline(own, "target", "id", client=client),
    }
    for model in found.values():
        model.train(cancer[::3])
    return found


def test_algorithms_are_compared(models: dict[str, ModelPipeline]) -> None:
    areas = {}
    for name, model in models.items():
        assert model.train_result_ is not None
        assert model.train_result_.metrics is not None
        areas[name] = model.train_result_.metrics["roc_auc"]
    assert len(areas) == 3
    assert min(areas.values()) > 0.9, areas


def test_a_grid_finds_parameters(models: dict[str, ModelPipeline]) -> None:
    best = models["grid"].estimator.named_steps
    final = list(best.values())[-1]
    assert final.n_estimators in (3, 10)
    assert final.max_depth in (1, 2)


@pytest.mark.slow
def test_hyperband_searches_on_the_platform(client: APIClient, cancer: pd.DataFrame) -> None:
    model = ModelPipeline(
        "random_forest_classifier", "target", "id", cross_validation_parameters="hyperband", client=client
    )
    train = model.train(cancer[::3], n_jobs=2)
    assert train.metrics is not None
    assert train.metrics["roc_auc"] > 0.9


@pytest.mark.parametrize("name", ["own", "grid"])
def test_a_table_is_predicted_and_the_scores_are_the_estimators(
    client: APIClient, models: dict[str, ModelPipeline], cancer: pd.DataFrame, name: str
) -> None:
    table = f"public.workflow_{name}"
    again = ModelPipeline.from_existing(models[name].train_result_.train_job_id, client=client)  # type: ignore[union-attr]
    again.predict(cancer, output_table=table, output_db="local").result()
    sql = f"SELECT * FROM {table} ORDER BY id"
    found = civis.io.read_civis_sql(sql, "local", return_as="pandas", client=client)
    assert isinstance(found, pd.DataFrame)
    expected = models[name].estimator.predict_proba(cancer)
    assert list(found["id"]) == list(cancer["id"])
    np.testing.assert_allclose(found[["target_0", "target_1"]].astype(float), expected, atol=1e-9)


def test_a_part_that_fails_leaves_the_table_as_it_was(
    client: APIClient, models: dict[str, ModelPipeline], cancer: pd.DataFrame
) -> None:
    civis.io.query_civis("CREATE TABLE public.kept AS SELECT 7 AS seven", "local", client=client).result()
    spoilt = cancer.astype({"mean area": object}).assign(**{"mean area": "large"})
    ids = []
    for part in (cancer, spoilt):
        text = io.BytesIO(part.to_csv(index=False, header=False).encode())
        ids.append(civis.io.file_to_civis(text, "part.csv", client=client))
    manifest = {"header": list(cancer.columns), "delimiter": ",", "entries": [{"id": each} for each in ids]}
    future = models["forest"].predict(
        manifest=civis.io.json_to_file(manifest, client=client),
        output_table="public.kept",
        output_db="local",
        if_exists="drop",
        n_jobs=2,
    )
    with pytest.raises(ModelError, match="mean area"):
        future.result()
    rows = civis.io.read_civis_sql("SELECT * FROM public.kept", "local", client=client)
    assert rows == [["seven"], ["7"]]

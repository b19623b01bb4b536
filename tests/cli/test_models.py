"""``civis models``: a model from the shell, from training to report, against a local platform."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import civis as library
from civis.cli.own_commands import IN_RESOURCES
from civis.client import APIClient
from civis.local import Platform

from .conftest import Run, run_here

datasets = pytest.importorskip("sklearn.datasets")
joblib = pytest.importorskip("joblib")


@pytest.fixture(scope="module")
def table(client: APIClient) -> str:
    """A table to train on."""
    frame = datasets.load_breast_cancer(as_frame=True).frame.iloc[:, [0, 1, 2, 3, -1]]
    frame = frame.rename(columns=lambda name: name.replace(" ", "_")).reset_index(names="id")
    library.io.dataframe_to_civis(frame, "local", "public.tumours", client=client).result()
    return "public.tumours"


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a CSV."""
    frame = datasets.load_breast_cancer(as_frame=True).frame.iloc[:, [0, 1, 2, 3, -1]]
    path = tmp_path_factory.mktemp("data") / "tumours.csv"
    frame.rename(columns=lambda name: name.replace(" ", "_")).to_csv(path, index_label="id")
    return path


@pytest.fixture(scope="module")
def model_id(platform: Platform, table: str) -> int:
    """A model that was trained by the command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CIVIS_API_ENDPOINT", platform.url)
        patch.setenv("CIVIS_API_KEY", platform.api_key)
        done = run_here(
            "models", "train", "random_forest_classifier", "--target", "target", "--primary-key", "id",
            "--table", table, "-d", "local", "--where", "id < 400", "--parameters", "{n_estimators: 5}",
            "--name", "tumours", "--exclude", "mean_texture", "--wait",
        )  # fmt: skip
    assert f"civis models show {done.stdout.strip()} tells" in done.stderr
    return int(done.stdout)


def test_it_is_listed_and_shown(civis: Run, model_id: int) -> None:
    rows = json.loads(civis("--json-output", "models", "list-trained").stdout)
    row = next(row for row in rows if row["id"] == model_id)
    assert {"id": model_id, "name": "tumours Train", "state": "succeeded"}.items() <= row.items()
    assert row["created_at"]
    assert row["updated_at"]
    assert json.loads(civis("--json-output", "models", "list-trained", "--type", "predict").stdout) == []
    shown = json.loads(civis("--json-output", "models", "show", model_id).stdout)
    assert shown["dependent_variable"] == ["target"]
    assert shown["data"]["n_rows"] == 400
    assert shown["data"]["n_columns"] == 3
    assert shown["parameters"] == {"n_estimators": 5}
    assert 0.9 < shown["metrics"]["roc_auc"] <= 1
    assert "roc_curve" not in shown["metrics"]
    query = civis("--query", "metrics.roc_auc", "models", "show", model_id).stdout
    assert float(query) == shown["metrics"]["roc_auc"]


def test_it_predicts_into_a_table_and_a_file(
    civis: Run, client: APIClient, model_id: int, table: str, csv: Path, tmp_path: Path
) -> None:
    into = ("--output-table", "public.cli_scores", "--if-exists", "drop", "--wait")
    civis("models", "predict", model_id, "--table", table, "-d", "local", *into)
    found = library.io.read_civis_sql("SELECT count(*) FROM public.cli_scores", "local", client=client)
    assert found[1] == ["569"]
    civis("models", "predict", model_id, "--csv", csv, "-o", tmp_path / "scores.csv")
    scores = pd.read_csv(tmp_path / "scores.csv", index_col="id")
    assert list(scores.columns) == ["target_0", "target_1"]
    assert len(scores) == 569
    assert [each.name for each in tmp_path.iterdir()] == ["scores.csv"]


def test_its_report_and_estimator_are_fetched(civis: Run, model_id: int, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    civis("models", "report", model_id, "-o", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert civis("models", "report", model_id).stdout.startswith("<!doctype html>")
    target = tmp_path / "estimator"
    assert "wrote" in civis("models", "download", model_id, "-o", target).stderr
    assert joblib.load(target)[-1].n_estimators == 5
    pytest.importorskip("skops")
    civis("models", "download", model_id, "--format", "skops", "-o", tmp_path / "estimator.skops")
    assert (tmp_path / "estimator.skops").read_bytes()[:2] == b"PK"


def test_a_failed_training_is_one_line_and_status_3(civis: Run, csv: Path) -> None:
    command = ("models", "train", "sparse_logistic", "--target", "tarket", "--csv", csv, "--wait")
    done = civis(*command, code=3)
    assert "no column 'tarket'" in done.stderr
    assert "Traceback" not in done.stderr
    shown = json.loads(civis("--json-output", "models", "show", done.stdout.strip()).stdout)
    assert shown["state"] == "failed"
    assert "no column 'tarket'" in shown["error"]
    assert "Traceback" not in shown["error"]


WRONG = {
    "no data": (["train", "sparse_logistic", "--target", "y"], 2, "the data is given by just one of"),
    "no target": (["train", "sparse_logistic", "--csv", __file__], 2, "Missing option '--target'"),
    "database": (["train", "m", "--target", "y", "--table", "a.b"], 2, "needs database_name"),
    "parameters": (["train", "m", "--target", "y", "--parameters", "[1]"], 2, "--parameters: "),
    "no model": (["show", "987654"], 1, "(404)"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line(civis: Run, case: str) -> None:
    arguments, code, message = WRONG[case]
    assert message in civis("models", *arguments, code=code).stderr


@pytest.mark.parametrize("name", IN_RESOURCES["models"])
def test_help_has_examples_that_begin_as_typed(name: str) -> None:
    shown = run_here("models", name, "--help").output
    assert "Examples:\n    civis " in shown
    assert f"models {name}" in shown.partition("Examples:")[2]


@pytest.mark.parametrize("command", ["predict", "report", "download"])
def test_a_place_that_cannot_be_written_is_refused_before_a_job_runs(
    civis: Run, client: APIClient, model_id: int, csv: Path, tmp_path: Path, command: str
) -> None:
    before = len(client.scripts.list_custom(limit=50))
    source = ("--csv", str(csv)) if command == "predict" else ()
    for place, said in {tmp_path / "missing" / "x": "there is no folder", tmp_path: "is a folder"}.items():
        done = civis("models", command, str(model_id), *source, "-o", str(place), code=2)
        assert done.stderr.startswith(f"Error: {place} "), place
        assert said in done.stderr
    assert len(client.scripts.list_custom(limit=50)) == before


def test_a_file_that_is_no_estimator(civis: Run, csv: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"no pickle")
    done = civis("models", "train", str(path), "--target", "target", "--csv", str(csv), code=2)
    assert done.stderr.startswith(f"Error: {path} is no pickled estimator that can be loaded here (KeyError")

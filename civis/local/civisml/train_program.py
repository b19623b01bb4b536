"""Training as a run: data from a file or a table; model, scores, metrics, metadata and report as outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # it has no types
import joblib
import pandas as pd

from civis.local.civisml.frames import read_frame
from civis.local.civisml.metadata import metrics_info, training_info
from civis.local.civisml.pipelines import Design
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.program import MODEL_INFO, Work, database_of, selection
from civis.local.civisml.training import Trained, Training, train

__all__ = ["load_pickle", "put_model", "train_model"]


def train_model(work: Work) -> None:
    """Train and validate the model that the arguments describe."""
    arguments = work.arguments
    settings = _settings(work)
    frame = _data(work)
    work.tell(f"Read {len(frame)} rows of {frame.shape[1]} columns.")
    trained = train(frame, settings, work.tell)
    for each in trained.warnings:
        work.tell(f"Warning: {each}")
    put_model(work, trained.estimator)
    table = _put_scores(work, trained)
    metrics = metrics_info(trained, work.configuration, table)
    info = training_info(trained, settings, work.configuration)
    work.put_json("metrics.json", metrics)
    if trained.metrics is not None:
        _put_report(work, info, metrics, trained.estimator)
    # Last: whoever finds it finds everything.
    work.put_json(MODEL_INFO, info)
    work.tell(f"Trained {arguments.text('MODEL')}: the outputs are ready.")


def load_pickle(work: Work, file_id: int, name: str) -> Any:
    """Load what a user's client pickled for this run."""
    path = work.access.download(file_id, work.folder / name)
    try:
        return joblib.load(path)
    except ModuleNotFoundError as error:
        raise ModelProblem(
            f"The model needs the package {error.name!r}, which is not installed here; "
            "name it in dependencies."
        ) from error


def put_model(work: Work, estimator: Any) -> None:
    """Put a fitted model out: as a pickle, and in the format of skops, which runs no code, if that can be."""
    path = work.folder / "estimator.pkl"
    with path.open("wb") as target:
        cloudpickle.dump(estimator, target)  # by value where a class is the user's own
    work.access.put_out(path)
    try:
        import skops.io  # noqa: PLC0415 - an optional package

        safe = work.folder / "estimator.skops"
        skops.io.dump(estimator, safe)
    except Exception as error:  # a model that skops cannot write is there as a pickle
        work.tell(f"No estimator.skops: {error}")
    else:
        work.access.put_out(safe)


def _settings(work: Work) -> Training:
    """Read the settings of a training."""
    arguments = work.arguments
    given = arguments.text("MODEL")
    if given is None:
        raise ModelProblem("MODEL is not set.")
    model = load_pickle(work, int(given), "model.pkl") if given.isdigit() else given
    etl = arguments.text("ETL")
    return Training(
        Design(
            model,
            arguments.mapping("PARAMS"),
            arguments.text("CALIBRATION"),
            load_pickle(work, int(etl), "etl.pkl") if etl else None,
        ),
        arguments.words("TARGET_COLUMN"),
        arguments.text("PRIMARY_KEY"),
        arguments.words("EXCLUDE_COLS"),
        arguments.mapping("FIT_PARAMS"),
        arguments.space("CVPARAMS"),
        (arguments.text("VALIDATION_DATA") or "train") != "skip",
        _workers(arguments.number("N_JOBS")),
    )


def _workers(asked: int | None) -> int:
    """Tell how many processes train at once: as many as asked for, as far as there are processors."""
    return max(1, min(asked or 1, os.cpu_count() or 1))


def _data(work: Work) -> pd.DataFrame:
    """Read the training data."""
    arguments = work.arguments
    if arguments.text("TABLE_NAME"):
        return work.access.read_sql(selection(arguments), database_of(arguments, "DB"))
    file_id = arguments.number("CIVIS_FILE_ID")
    if file_id is None:
        raise ModelProblem("There is no data: neither TABLE_NAME nor CIVIS_FILE_ID is set.")
    return read_frame(work.access.download(file_id, work.folder / "data"))


def _put_scores(work: Work, trained: Trained) -> str | None:
    """Put out-of-sample scores out, as a file and into a table if one is asked for, whose name is given."""
    table = work.arguments.text("OOSTABLE")
    if trained.scores is None:
        if table is not None:
            raise ModelProblem("There are no out-of-sample scores for a table without a validation.")
        return None
    file_id = _put_predictions(work, trained.scores)
    if table is None:
        return None
    database = database_of(work.arguments, "OOSDB", "DB")
    work.access.load_scores(file_id, database, table, work.arguments.text("IF_EXISTS") or "fail")
    return table


def _put_predictions(work: Work, scores: pd.DataFrame) -> int:
    """Put scores out as a gzipped CSV."""
    path: Path = work.folder / "predictions.csv"
    named = scores.rename_axis(str(scores.index.name or "row"))
    named.to_csv(path, compression={"method": "gzip", "mtime": 1})
    return work.access.put_out(path)


def _put_report(work: Work, info: dict[str, Any], metrics: dict[str, Any], estimator: Any) -> None:
    """Put the report out."""
    path = work.folder / "report.html"
    try:
        work.access.write_report(path, info, metrics, estimator)
    except ModelProblem as error:
        work.tell(str(error))
    else:
        work.access.put_out(path)

"""Prediction as a run: rows from a file, a manifest or a table, in batches and by several jobs at once."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pyarrow as pa
import pyarrow.csv as pa_csv

from civis.local.civisml.frames import CsvLayout, read_batches
from civis.local.civisml.metadata import prediction_info
from civis.local.civisml.prediction import Predictor
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.program import MODEL_INFO, Work, database_of, selection
from civis.local.civisml.shares import divided, finish_shares, start_shares
from civis.local.civisml.training import collected_warnings

__all__ = ["predict_rows"]

_FILE_MB = 64  # of an exported table: a part that one job predicts in a few seconds
_FASTEST = 1  # gzip's level


def predict_rows(work: Work) -> None:
    """Predict the rows that the arguments name with the model that they name."""
    arguments = work.arguments
    predictor = _predictor(work)
    manifest = _manifest(work)
    share, others = divided(manifest, arguments.number("N_JOBS"))
    started = start_shares(work, others)
    with collected_warnings() as noticed, started:
        done = _predict_share(work, predictor, share, "predictions.csv")
        jobs = finish_shares(
            work, started, lambda each, name: _predict_share(work, predictor, each, name).info
        )
    files = [done.file_id, *(file_id for each in jobs for file_id in each["output_file_ids"])]
    rows = done.rows + sum(int(each["data"]["n_rows"]) for each in jobs)
    if not rows:
        raise ModelProblem("The data to predict has no rows.")
    table = arguments.text("OUTPUT_TABLE")
    if table is not None:
        database = database_of(arguments, "OUTPUT_DB", "DB")
        work.access.load_table(files, database, table, arguments.text("IF_EXISTS") or "fail")
    work.put_json(
        MODEL_INFO,
        prediction_info(
            work.configuration, predictor.columns, rows, files, jobs, list(dict.fromkeys(noticed))
        ),
    )
    work.tell(f"Predicted {rows} rows.")


@dataclass(frozen=True)
class _Done:
    """A share of the rows that was predicted."""

    file_id: int
    rows: int
    columns: list[str]

    @property
    def info(self) -> dict[str, Any]:
        """What the metadata says about it."""
        return prediction_info({}, self.columns, self.rows, [self.file_id], [], [])


def _predictor(work: Work) -> Predictor:
    """Load the model that was trained."""
    arguments = work.arguments
    job, run = arguments.number("TRAIN_JOB"), arguments.number("TRAIN_RUN")
    if job is None or run is None:
        raise ModelProblem("TRAIN_JOB and TRAIN_RUN have to name the training.")
    outputs = work.access.run_outputs(job, run)
    missing = [name for name in (MODEL_INFO, "estimator.pkl") if name not in outputs]
    if missing:
        raise ModelProblem(
            f"Run {run} of job {job} left no {' and no '.join(missing)}; "
            "it failed, still runs, or is no training."
        )
    data = work.access.read_json(outputs[MODEL_INFO])["data"]
    model = joblib.load(work.access.download(outputs["estimator.pkl"], work.folder / "estimator.pkl"))
    return Predictor(
        model,
        data["target_columns"],
        data["type"] == "classification",
        data.get("columns"),
        data.get("column_kinds") or {},
        data.get("classes"),
        arguments.words("DVS_TO_PREDICT") or None,
    )


def _manifest(work: Work) -> dict[str, Any]:
    """Tell where the rows are: the manifest that is given, one of an exported table, or one of a file."""
    arguments = work.arguments
    given, file_id = arguments.number("MANIFEST"), arguments.number("CIVIS_FILE_ID")
    if given is not None:
        manifest: dict[str, Any] = work.access.read_json(given)
        if not manifest.get("entries"):
            raise ModelProblem(f"The manifest, file {given}, has no entries.")
        return manifest
    if arguments.text("TABLE_NAME"):
        sql = selection(arguments)
        work.tell("Exporting the table.")
        return work.access.export(sql, database_of(arguments, "DB"), _FILE_MB)
    if file_id is not None:
        return {"header": None, "delimiter": ",", "entries": [{"id": file_id}]}
    raise ModelProblem("There is no data: none of TABLE_NAME, CIVIS_FILE_ID and MANIFEST is set.")


def _predict_share(work: Work, predictor: Predictor, manifest: dict[str, Any], name: str) -> _Done:
    """Predict the rows of some files, batch by batch, and put the predictions out as one gzipped CSV."""
    key = work.arguments.text("PRIMARY_KEY")
    kinds = {each: predictor.kinds[each] for each in predictor.features or ()} if predictor.kinds else {}
    header = manifest.get("header")
    layout = CsvLayout(header or None, manifest.get("delimiter") or ",")
    path = work.folder / name
    rows = 0
    with path.open("wb") as plain, gzip.GzipFile("", "wb", _FASTEST, plain, mtime=1) as target:
        for batch in _batches(work, manifest["entries"], kinds, key, layout):
            found = predictor.predict(batch, key).rename_axis(key or "row")
            if key is None:
                found.index = found.index + rows
            table = pa.Table.from_pandas(found.reset_index(), preserve_index=False)
            pa_csv.write_csv(
                table, target, pa_csv.WriteOptions(include_header=rows == 0, quoting_style="needed")
            )
            rows += len(batch)
            work.tell(f"{rows} rows predicted.")
        if not rows:
            target.write((",".join([key or "row", *predictor.columns]) + "\n").encode())
    return _Done(work.access.put_out(path), rows, predictor.columns)


def _batches(
    work: Work, entries: Sequence[dict[str, Any]], kinds: dict[str, Any], key: str | None, layout: CsvLayout
) -> Iterator[Any]:
    """Read the files of a manifest, one after the other; each goes when it was read."""
    for entry in entries:
        path: Path = work.access.download(int(entry["id"]), work.folder / "part")
        try:
            yield from (_renumbered(batch) for batch in read_batches(path, kinds, key, layout))
        finally:
            path.unlink(missing_ok=True)


def _renumbered(batch: Any) -> Any:
    """Give a batch with its rows numbered from 0."""
    return batch.reset_index(drop=True)

"""Prediction as a run: rows from a file, a manifest or a table, in batches and by several jobs at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from civis.local.civisml.access import SCORE_TYPE
from civis.local.civisml.frames import CsvLayout, read_batches
from civis.local.civisml.metadata import prediction_info
from civis.local.civisml.parts import number_on, one_file
from civis.local.civisml.prediction import Predictor
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.program import MODEL_INFO, Work, database_of, selection
from civis.local.civisml.score_files import ScoreFiles
from civis.local.civisml.shares import divided, finish_shares, start_shares
from civis.local.civisml.training import collected_warnings
from civis.local.civisml.usage import Stopwatch

__all__ = ["NO_ROWS", "predict_rows"]

_FILE_MB = 16  # of the rows in memory: about a hundred thousand rows of twenty columns
NO_ROWS = "The data to predict has no rows."


def predict_rows(work: Work) -> None:
    """Predict the rows that the arguments name with the model that they name."""
    arguments, watch = work.arguments, Stopwatch()
    predictor = _predictor(work)
    table, if_exists = arguments.text("OUTPUT_TABLE"), arguments.text("IF_EXISTS") or "fail"
    if table is not None and if_exists == "fail":
        work.access.require_free(database_of(arguments, "OUTPUT_DB", "DB"), table)
    with watch.measured("export"):
        manifest = _manifest(work)
    # Where the key's type is known, a table is loaded from files that have types, in a tenth of the time.
    types = _table_types(work, predictor.columns, manifest) if table is not None else None
    if types is not None:
        manifest["table_types"] = types
    share, others = divided(manifest, arguments.number("N_JOBS"))
    with watch.measured("predict"):
        started = start_shares(work, others)
        with collected_warnings() as noticed, started:
            done = _predict_share(work, predictor, share, "predictions.csv")
            jobs = finish_shares(
                work, started, lambda each, name: _predict_share(work, predictor, each, name).info
            )
    parts = [done.info, *jobs]
    if arguments.text("PRIMARY_KEY") is None:
        parts = number_on(work, parts)
    rows = sum(int(each["data"]["n_rows"]) for each in parts)
    if not (rows or manifest.get("is_part")):  # of a part's rows there may be none
        raise ModelProblem(NO_ROWS)
    exported = [int(each["id"]) for each in manifest["entries"]] if manifest.get("is_exported") else []
    with watch.measured("load"), ThreadPoolExecutor(1) as beside:
        discarded = beside.submit(work.access.discard, exported)
        if table is not None:
            work.tell(f"Loading the predictions into {table}.")
            _load(work, parts, table, if_exists, types)
        discarded.result()
    files = _files(parts, "output_file_ids")
    info = prediction_info(
        work.configuration, predictor.columns, rows, files, jobs, list(dict.fromkeys(noticed))
    )
    typed = [] if table is not None else _files(parts, "typed_file_ids")  # those of a table are gone by now
    work.put_json(MODEL_INFO, {**info, "typed_file_ids": typed, "usage": watch.usage()})
    work.tell(f"Predicted {rows} rows.")


def _table_types(work: Work, columns: Sequence[str], manifest: dict[str, Any]) -> dict[str, str] | None:
    """Give the types of the output table's columns; None where that of the key is not known."""
    key, known = work.arguments.text("PRIMARY_KEY"), manifest.get("types") or {}
    if key is None or key not in known:
        return None
    return {key: known[key], **dict.fromkeys(columns, SCORE_TYPE)}


def _load(
    work: Work, parts: Sequence[dict[str, Any]], table: str, if_exists: str, types: dict[str, str] | None
) -> None:
    """Load predictions into a table: all or none."""
    database = database_of(work.arguments, "OUTPUT_DB", "DB")
    if types is None:
        work.access.load_scores(one_file(work, parts), database, table, if_exists)
        return
    files = _files(parts, "typed_file_ids")
    work.access.load_parquet(files, database, table, if_exists, types)
    work.access.discard(files)


def _files(parts: Sequence[dict[str, Any]], name: str) -> list[int]:
    """Give the files that the parts of a prediction name."""
    return [int(file_id) for each in parts for file_id in each[name]]


@dataclass(frozen=True)
class _Done:
    """A share of the rows that was predicted."""

    file_id: int
    rows: int
    columns: list[str]
    usage: dict[str, Any]
    typed_file_id: int | None = None

    @property
    def info(self) -> dict[str, Any]:
        """What the metadata says about it."""
        info = prediction_info({}, self.columns, self.rows, [self.file_id], [], [])
        typed = [] if self.typed_file_id is None else [self.typed_file_id]
        return {**info, "typed_file_ids": typed, "usage": self.usage}


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
        exported = work.access.export(sql, database_of(arguments, "DB"), _FILE_MB)
        if exported is None:
            raise ModelProblem(NO_ROWS)
        work.tell(f"Exported {len(exported['entries'])} files.")
        return {**exported, "is_exported": True}
    if file_id is not None:
        return {"header": None, "delimiter": ",", "entries": [{"id": file_id}]}
    raise ModelProblem("There is no data: none of TABLE_NAME, CIVIS_FILE_ID and MANIFEST is set.")


def _predict_share(work: Work, predictor: Predictor, manifest: dict[str, Any], name: str) -> _Done:
    """Predict the rows of some files, batch by batch, and put the predictions out as one gzipped CSV.

    Where they go into a table whose types are known, there is a Parquet file of them, too.
    """
    key = work.arguments.text("PRIMARY_KEY")
    kinds = {each: predictor.kinds[each] for each in predictor.features or ()} if predictor.kinds else {}
    layout = CsvLayout(manifest.get("header") or None, manifest.get("delimiter") or ",")
    path, watch = work.folder / name, Stopwatch()
    typed = work.folder / f"{name}.parquet" if manifest.get("table_types") else None
    with ScoreFiles(path, typed, [key or "row", *predictor.columns], manifest.get("table_types")) as target:
        for batch in _batches(work, manifest["entries"], kinds, key, layout):
            found = predictor.predict(batch, key)
            if key is None:
                found.index = found.index + target.rows
            target.write(found)
            work.tell(f"{target.rows} rows predicted.")
    with ThreadPoolExecutor(1) as beside:
        stored = None if typed is None else beside.submit(work.access.upload, typed)
        file_id = work.access.put_out(path)
    return _Done(
        file_id, target.rows, predictor.columns, watch.usage(), None if stored is None else stored.result()
    )


def _batches(
    work: Work, entries: Sequence[dict[str, Any]], kinds: dict[str, Any], key: str | None, layout: CsvLayout
) -> Iterator[Any]:
    """Read the files of a manifest, one after the other; each goes when it was read.

    While one is read and predicted, the next is on its way.
    """
    with ThreadPoolExecutor(1) as beside:

        def fetch(place: int) -> Future[Path]:
            target = work.folder / f"part{place % 2}"
            return beside.submit(work.access.download, int(entries[place]["id"]), target)

        coming = fetch(0)
        for place in range(len(entries)):
            path = coming.result()
            if place + 1 < len(entries):
                coming = fetch(place + 1)
            try:
                yield from (_renumbered(batch) for batch in read_batches(path, kinds, key, layout))
            finally:
                path.unlink(missing_ok=True)


def _renumbered(batch: Any) -> Any:
    """Give a batch with its rows numbered from 0."""
    return batch.reset_index(drop=True)

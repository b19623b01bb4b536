"""Predictions that several jobs made, as if one had made them: the numbers of rows, and one file of all."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from civis.local.civisml.program import Work
from civis.local.civisml.score_files import ScoreFiles

__all__ = ["number_on", "one_file"]

_FASTEST = 1  # gzip's level
_CHUNK = 1 << 20  # bytes


def number_on(work: Work, parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write the predictions of all parts but the first anew, as if one job had numbered their rows.

    Parameters
    ----------
    work : Work
    parts : sequence of dict
        What the metadata of each says, in the order of the rows.

    Returns
    -------
    list of dict
        The same with the files that were written here.
    """
    numbered, before = [], 0
    for place, part in enumerate(parts, start=1):
        rows = int(part["data"]["n_rows"])
        if before and rows:
            files = [
                _moved(work, int(each), before, f"predictions_{place}_{number}.csv")
                for number, each in enumerate(part["output_file_ids"])
            ]
            part = {**part, "output_file_ids": files}
        numbered.append(part)
        before += rows
    return numbered


def one_file(work: Work, parts: Sequence[dict[str, Any]]) -> int:
    """Give a file with the predictions of all parts: types are found in it as in that of a single job.

    Of several files each would have types of its own, and a column that has 0 and 1 in one and 0.25 in
    another would become text.
    """
    files = [int(each) for part in parts if part["data"]["n_rows"] for each in part["output_file_ids"]]
    if len(files) == 1:
        return files[0]
    path = work.folder / "together.csv.gz"
    with gzip.open(path, "wb", _FASTEST) as target:
        for number, each in enumerate(files):
            source = work.access.download(each, work.folder / "one")
            with gzip.open(source) as content:
                names = _header(content)
                target.write(b"" if number else names)
                shutil.copyfileobj(content, target, _CHUNK)
            source.unlink()
    return work.access.upload(path)


def _header(content: BinaryIO | gzip.GzipFile) -> bytes:
    """Read the columns' names, which may have line ends in quotes."""
    names = content.readline()
    while names.count(b'"') % 2 and (further := content.readline()):
        names += further
    return names


def _moved(work: Work, file_id: int, by: int, name: str) -> int:
    """Put out a file of predictions whose rows have numbers that are greater, and give its ID."""
    source, path = work.access.download(file_id, work.folder / "numbered"), work.folder / name
    with (
        pa.input_stream(str(source), compression="gzip") as content,
        pa_csv.open_csv(content) as reader,
        ScoreFiles(path, None, reader.schema.names) as target,
    ):
        for batch in (each for each in reader if each.num_rows):
            scores = batch.to_pandas().set_index(batch.schema.names[0])
            scores.index = scores.index + by
            target.write(scores)
    source.unlink()
    return work.access.put_out(path)

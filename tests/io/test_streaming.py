"""Results read batch by batch, in several files, and from runs that are over."""

from __future__ import annotations

import contextlib
import gzip
import io
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import civis
from civis._errors import CivisJobFailure, EmptyResultError
from civis.client import APIClient
from civis.io import _query_results, _rows
from civis.io._arrow_text import CsvColumns, UnfitValuesError, parse_block
from civis.io._result_tables import TableFormat, read_batches
from civis.io._row_blocks import first_row, joined, row_blocks, row_pieces

TEN = (
    "SELECT i AS n, 'row ' || i AS name, CASE WHEN i > 5 THEN i / 2.0 END AS half "
    "FROM generate_series(1, 10) AS t(i) ORDER BY i"
)


def batches(client: APIClient, sql: str = TEN, **arguments: Any) -> list[Any]:
    """Read a query in batches."""
    return list(civis.io.iter_civis_sql(sql, "local", client=client, **arguments))


def test_batches_have_the_rows_in_order_and_one_schema(client: APIClient):
    found = batches(client, batch_rows=4)
    assert [type(batch) for batch in found] == [pa.RecordBatch] * 3
    assert [batch.num_rows for batch in found] == [4, 4, 2]
    table = pa.Table.from_batches(found)
    assert table["n"].to_pylist() == list(range(1, 11))
    assert table.equals(civis.io.read_civis_sql(TEN, "local", return_as="arrow", client=client))


@pytest.mark.parametrize(("kind", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_frames_in_batches(client: APIClient, kind: str, frame: type[Any]):
    found = batches(client, batch_rows=5, return_as=kind)
    assert [type(batch) for batch in found] == [frame] * 2
    assert list(found[0].dtypes) == list(found[1].dtypes)
    assert [value for batch in found for value in batch["n"].to_list()] == list(range(1, 11))


def test_a_result_that_is_left_early_leaves_nothing_open(client: APIClient):
    found = civis.io.iter_civis_sql(TEN, "local", batch_rows=1, client=client)
    assert next(found).num_rows == 1
    found.close()  # type: ignore[attr-defined]  # it is a generator


def test_nothing_runs_before_the_first_batch_is_wanted(client: APIClient):
    before = len(list(client.jobs.list(iterator=True, hidden=True)))
    civis.io.iter_civis_sql(TEN, "local", client=client)
    assert len(list(client.jobs.list(iterator=True, hidden=True))) == before
    with pytest.raises(EmptyResultError):
        batches(client, "SELECT 1 AS a WHERE 1 = 0")
    with pytest.raises(CivisJobFailure, match="nowhere"):
        batches(client, "SELECT * FROM nowhere")


WRONG = [
    ({"batch_rows": 0}, "batch_rows"),
    ({"return_as": "list"}, "return_as"),
    ({"dtypes": "databse"}, "dtypes"),
    ({"return_as": "pandas", "dtype_backend": "numpy"}, "dtype_backend"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_what_cannot_be_is_refused_at_once(client: APIClient, arguments: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        civis.io.iter_civis_sql(TEN, "local", client=client, **arguments)


def test_a_value_that_does_not_fit_is_named_not_bent():
    content = b"a,b\n" + b"1,x\n" * 1_500_000 + b"007,y\n" + b"z,y\n"
    form = TableFormat()
    found = read_batches(io.BytesIO(content), form, 1_000_000)
    assert next(found).schema.types == [pa.int64(), pa.string()]
    with pytest.raises(UnfitValuesError, match="'a'"):
        list(found)


def test_several_files_are_one_result(client: APIClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_query_results, "_FILE_MEGABYTES", 1)
    sql = "SELECT i AS n, repeat('x', 80) AS filler FROM generate_series(1, 30000) AS t(i) ORDER BY i"
    told: list[int] = []
    for kind in ("arrow", "pandas", "polars"):
        found = civis.io.read_civis_sql(
            sql, "local", return_as=kind, parallel=True, client=client, progress=told.append
        )
        numbers = found["n"].to_pylist() if kind == "arrow" else found["n"].to_list()
        assert numbers == list(range(1, 30001))
    assert sum(told) > 0
    rows = civis.io.read_civis_sql(sql, "local", parallel=True, client=client)
    assert [row[0] for row in rows] == ["n", *map(str, range(1, 30001))]
    manifest = civis.io.civis_to_multifile_csv(sql, "local", max_file_size=1, client=client)
    assert len(manifest["entries"]) > 1


def test_arguments_of_a_reader_and_several_files_exclude_each_other(client: APIClient):
    with pytest.raises(TypeError, match="parallel=True"):
        civis.io.read_civis_sql(TEN, "local", return_as="pandas", parallel=True, nrows=1, client=client)


@pytest.fixture(scope="module")
def exported(client: APIClient) -> tuple[int, int]:
    """A script that has run."""
    future = civis.io.export_to_civis_file(
        TEN, "local", client=client, csv_settings={"column_delimiter": "pipe", "compression": "none"}
    )
    future.result()
    assert future.job_id is not None
    assert future.run_id is not None
    return future.job_id, future.run_id


def test_a_run_is_read_without_another(client: APIClient, exported: tuple[int, int]):
    before = len(list(client.jobs.list_runs(exported[0], iterator=True)))
    table = civis.io.read_run(*exported, return_as="arrow", client=client)
    assert table["n"].to_pylist() == list(range(1, 11))
    assert civis.io.read_script(exported[0], client=client)[:2] == [["n", "name", "half"], ["1", "row 1", ""]]
    frame = civis.io.read_script(exported[0], return_as="polars", client=client)
    assert frame["name"][9] == "row 10"
    assert len(list(client.jobs.list_runs(exported[0], iterator=True))) == before


def test_a_run_in_several_files_is_read(client: APIClient):
    manifest = civis.io.export_to_civis_file(
        TEN, "local", client=client, csv_settings={"force_multifile": True, "include_header": False}
    )
    manifest.result()
    rows = civis.io.read_run(manifest.job_id, manifest.run_id, client=client)
    assert rows[:2] == [["n", "name", "half"], ["1", "row 1", ""]]


@pytest.fixture
def job_with_outputs(client: APIClient) -> Iterator[Any]:
    """Makes the outputs of a run that is over."""
    made: list[int] = []

    def make(**files: int) -> tuple[int, int]:
        job = client.scripts.post_python3(name="outputs", source="pass", hidden=True)
        made.append(job.id)
        run = client.scripts.post_python3_runs(job.id)
        for file_id in files.values():
            client.scripts.post_python3_runs_outputs(job.id, run.id, "File", file_id)
        civis.futures.CivisFuture.attach(job.id, run.id, client).result()
        return job.id, run.id

    yield make
    for job_id in made:
        client.scripts.put_python3_archive(job_id, True)


def test_outputs_of_any_job_are_read(client: APIClient, job_with_outputs: Any):
    frame = pl.DataFrame({"zip": ["02116", ""], "n": [1, None]})
    packed = io.BytesIO(gzip.compress(b'zip,n\n"02116",1\n"",\n'))
    files = {
        "parquet": civis.io.dataframe_to_file(frame, "zips.parquet", client=client),
        "gzip": civis.io.file_to_civis(packed, "zips.csv", client=client),
    }
    ids = job_with_outputs(**files)
    with pytest.raises(ValueError, match=r"zips\.parquet, zips\.csv|zips\.csv, zips\.parquet"):
        civis.io.read_run(*ids, client=client)
    with pytest.raises(ValueError, match=r"zips\.csv"):
        civis.io.read_run(*ids, output="zip.csv", client=client)
    for name in ("zips.parquet", "zips.csv"):
        found = civis.io.read_run(*ids, output=name, return_as="polars", client=client)
        assert found.to_dicts() == frame.to_dicts(), name
    with pytest.raises(ValueError, match="no CSV"):
        civis.io.read_run(*ids, output="zips.parquet", client=client)


def test_a_script_that_never_succeeded_has_nothing_to_read(client: APIClient):
    job = client.scripts.post_python3(name="never", source="pass", hidden=True)
    with pytest.raises(EmptyResultError, match="no run"):
        civis.io.read_script(job.id, client=client)


cells = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=6)
records = st.lists(st.tuples(cells, cells), max_size=12)


def as_csv(rows: list[tuple[str, str]]) -> bytes:
    """Write rows, each value in quotes."""
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


@settings(deadline=None)
@given(records, st.integers(1, 9))
def test_blocks_end_where_rows_end_wherever_a_stream_is_cut(rows: list[tuple[str, str]], size: int):
    content = as_csv(rows)
    found = list(row_blocks(io.BytesIO(content), size=size))
    assert b"".join(found) == content
    columns = CsvColumns(("a", "b"), (pa.string(), pa.string()))
    parsed = [tuple(row.values()) for block in found for row in parse_block(block, columns).to_pylist()]
    assert parsed == rows


class Download(io.BytesIO):
    """A stream that gives its bytes in blocks of its own, as a download does."""

    def __init__(self, content: bytes, length: int) -> None:
        super().__init__(content)
        self._length = length

    def blocks(self) -> Iterator[bytes]:
        return iter(lambda: self.read(self._length), b"")


@settings(deadline=None)
@given(records, st.integers(1, 60), st.integers(1, 9))
def test_blocks_end_where_rows_end_however_a_download_comes(
    rows: list[tuple[str, str]], size: int, length: int
):
    content = as_csv(rows)
    found = list(row_blocks(Download(content, length), size=size))
    assert b"".join(found) == content
    assert all(len(block) > size - length for block in found[:-1])
    columns = CsvColumns(("a", "b"), (pa.string(), pa.string()))
    parsed = [tuple(row.values()) for block in found for row in parse_block(block, columns).to_pylist()]
    assert parsed == rows


@pytest.mark.parametrize("has_numpy", [True, False])
def test_pieces_of_a_block_are_put_together_with_and_without_numpy(
    has_numpy: bool, monkeypatch: pytest.MonkeyPatch
):
    if not has_numpy:
        monkeypatch.setitem(sys.modules, "numpy", None)
    content = as_csv([("a", "b"), ("line\nend", '"'), ("", "€")])
    found = [bytes(joined(pieces)) for pieces in row_pieces(Download(content, 3), size=8)]
    assert b"".join(found) == content
    assert found == list(row_blocks(Download(content, 3), size=8))


@settings(deadline=None)
@given(records)
def test_rows_are_the_same_with_and_without_arrow(rows: list[tuple[str, str]]):
    content = as_csv([("a", "b"), *rows])
    streams = [lambda: contextlib.closing(io.BytesIO(content))]
    by_arrow = _rows.read_rows(streams, None, ",", None)
    assert by_arrow == _rows._by_python(streams, None, ",", None)
    assert by_arrow == [["a", "b"], *map(list, rows)]


ENCODINGS = ["utf-8", "latin-1", "utf-16", "cp1252"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_character_set_is_read_wherever_a_character_is_cut(encoding: str):
    text = "name,n\nñandú,1\n" * 3
    for size in range(1, 12):
        blocks = row_blocks(io.BytesIO(text.encode(encoding)), encoding, size)
        assert b"".join(blocks).decode() == text


def test_a_header_may_have_line_ends_in_it():
    assert first_row(b'"a\nb",c\r\n1,2\n') == (["a\nb", "c"], 9)


def test_rows_of_different_lengths_are_read_by_python():
    streams = [lambda: contextlib.closing(io.BytesIO(b"a,b\n1\n1,2,3\n"))]
    assert _rows.read_rows(streams, None, ",", None) == [["a", "b"], ["1"], ["1", "2", "3"]]

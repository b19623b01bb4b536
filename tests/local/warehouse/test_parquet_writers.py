"""Parquet files written at once: whole, in order, and gone again where one fails."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from civis.local.warehouse import parquet_writers
from civis.local.warehouse.parquet_writers import ParquetWriters

SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.string())])


class Files:
    """What was written, by number; those whose place was left with an exception are not there."""

    def __init__(self, broken: int | None = None) -> None:
        self.contents: dict[int, bytes] = {}
        self.errors: dict[int, BaseException] = {}
        self._broken = broken

    @contextmanager
    def target(self, number: int) -> Iterator[BinaryIO]:
        """Give a place."""
        if number == self._broken:
            raise OSError(f"no room for {number}")
        place = io.BytesIO()
        try:
            yield place
        except BaseException as error:
            self.errors[number] = error
            raise
        self.contents[number] = place.getvalue()


def batch(start: int, rows: int = 100) -> pa.RecordBatch:
    """Give rows."""
    numbers = list(range(start, start + rows))
    return pa.record_batch([numbers, [str(each) for each in numbers]], schema=SCHEMA)


@pytest.mark.parametrize("most", [1, 5_000, 1 << 20], ids=["one batch at a time", "a few", "all"])
def test_rows_come_in_their_order(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_writers, "_MOST_BYTES", most)
    files = Files()
    with ParquetWriters(files.target, SCHEMA) as writers:
        for number in range(12):
            writers.begin()
            for part in range(5):
                writers.add(batch(500 * number + 100 * part))
        written = writers.finish()
    assert [each.rows for each in written] == [500] * 12
    assert [each.size for each in written] == [len(files.contents[number]) for number in range(12)]
    tables = [pq.read_table(io.BytesIO(files.contents[number])) for number in range(12)]
    assert pa.concat_tables(tables)["a"].to_pylist() == list(range(6000))


def test_no_rows_are_a_file_with_columns() -> None:
    files = Files()
    with ParquetWriters(files.target, SCHEMA) as writers:
        writers.begin()
        assert [each.rows for each in writers.finish()] == [0]
    assert pq.read_schema(io.BytesIO(files.contents[0])).names == ["a", "b"]


def test_a_place_that_fails_ends_the_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_writers, "_MOST_BYTES", 1)
    files = Files(broken=1)

    def write() -> None:
        with ParquetWriters(files.target, SCHEMA) as writers:
            for number in range(1000):
                writers.begin()
                for part in range(50):
                    writers.add(batch(5000 * number + 100 * part))
            writers.finish()

    with pytest.raises(OSError, match="no room for 1"):
        write()
    assert len(files.contents) + len(files.errors) < 50


def test_an_export_that_fails_leaves_no_file_that_looks_complete() -> None:
    files = Files()

    def write() -> None:
        with ParquetWriters(files.target, SCHEMA) as writers:
            writers.begin()
            writers.add(batch(0))
            writers.begin()
            writers.add(batch(100))
            raise ValueError("the query broke")

    with pytest.raises(ValueError, match="the query broke"):
        write()
    assert list(files.contents) in ([0], [])
    assert 1 in files.errors or 1 not in files.contents
    assert not [each for each in threading.enumerate() if each.name.startswith("civis-warehouse-parquet")]


def _shrinking(number: int) -> float:
    """Give numbers that repeat."""
    return float(number % 4)


def _noise(number: int) -> float:
    """Give numbers no two of which look alike."""
    return math.sin(number * 1.7) * 1e3


@pytest.mark.parametrize(
    ("word", "column", "expected"),
    [
        ("numbers that hardly shrink", pa.array([_noise(number) for number in range(3000)]), "UNCOMPRESSED"),
        ("beyond an offset", pa.array([0.0] * 4000 + [*map(_noise, range(3000))])[4000:], "UNCOMPRESSED"),
        ("numbers that repeat", pa.array([_shrinking(number) for number in range(3000)]), "SNAPPY"),
        ("whole numbers in a row", pa.array(range(3000)), "SNAPPY"),
        ("nothing known", pa.nulls(3000, pa.float64()), "SNAPPY"),
        ("texts", pa.array([str(_noise(number)) for number in range(3000)]), "SNAPPY"),
        ("truth values", pa.array([number % 3 == 0 for number in range(3000)]), "SNAPPY"),
    ],
)  # fmt: skip
def test_what_hardly_shrinks_is_not_compressed(word: str, column: pa.Array, expected: str) -> None:
    files, schema = Files(), pa.schema([("a.b", column.type)])
    rows = pa.record_batch([column], schema=schema)
    with ParquetWriters(files.target, schema) as writers:
        writers.begin()
        writers.add(rows)
        writers.finish()
    found = pq.ParquetFile(io.BytesIO(files.contents[0]))
    assert found.metadata.row_group(0).column(0).compression == expected, word
    assert found.read().column(0).to_pylist() == column.to_pylist(), word

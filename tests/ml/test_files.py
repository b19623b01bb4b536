"""The files of predictions: rows that come in batches, and scores that go out."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.civisml.frames import read_batches
from civis.local.civisml.score_files import ScoreFiles

KEYS = {
    "numbers": (pa.array([1, 2]), [1, 2]),
    "numbers with gaps": (pa.array([9007199254740993, None]), ["9007199254740993", None]),
    "texts": (pa.array(["01", "b"]), ["01", "b"]),
    "dates": (pa.array([dt.date(2024, 1, 31), dt.date(2024, 2, 1)]), ["2024-01-31", "2024-02-01"]),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_stays_as_its_table_writes_it(case: str, tmp_path: Path) -> None:
    key, expected = KEYS[case]
    pq.write_table(pa.table({"id": key, "a": [1.5, 2.5], "unused": ["x", "y"]}), tmp_path / "rows")
    (frame,) = read_batches(tmp_path / "rows", {"a": "number"}, "id")
    assert list(frame.columns) == ["id", "a"]
    assert frame["id"].astype(object).where(frame["id"].notna(), None).tolist() == expected


TYPES = {"bigint": ["3", "4"], "character varying(4)": ["03", "b,"]}


@pytest.mark.parametrize("kind", TYPES)
def test_scores_go_to_both_files_alike(kind: str, tmp_path: Path) -> None:
    scores = pd.DataFrame({"yes": [0.1, 1e-9]}, index=TYPES[kind])
    with ScoreFiles(tmp_path / "csv", tmp_path / "typed", ["id", "yes"], {"id": kind}) as target:
        target.write(scores[:1])
        target.write(scores[1:])
    assert target.rows == 2
    with gzip.open(tmp_path / "csv", "rt") as source:
        found = pd.read_csv(source, dtype={"id": str})
    table = pq.read_table(tmp_path / "typed")
    typed = table.to_pandas()
    assert found["id"].tolist() == typed["id"].astype(str).tolist() == TYPES[kind]
    assert found["yes"].tolist() == typed["yes"].tolist() == [0.1, 1e-9]
    assert str(table.schema.field("id").type) == ("int64" if kind == "bigint" else "string")


def test_no_scores_leave_the_names_of_the_columns(tmp_path: Path) -> None:
    with ScoreFiles(tmp_path / "csv", None, ["row", "yes"]):
        pass
    assert gzip.decompress((tmp_path / "csv").read_bytes()) == b'"row","yes"\n'


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_scores_come_back_to_the_last_digit(
    values: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("scores")
    types = {"id": "bigint", "yes": "double precision"}
    with ScoreFiles(folder / "csv", folder / "typed", ["id", "yes"], types) as target:
        target.write(pd.DataFrame({"yes": values}))
    with gzip.open(folder / "csv", "rt") as source:
        assert [float(line.partition(",")[2]) for line in list(source)[1:]] == values
    assert pq.read_table(folder / "typed")["yes"].to_pylist() == values

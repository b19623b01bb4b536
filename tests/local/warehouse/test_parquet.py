"""Parquet files into tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from civis.local.warehouse import CsvColumn, Database, LoadError, LoadReport, TableLoad
from tests.local.warehouse.conftest import Rows

TABLE = pa.table(
    {
        "Id": pa.array([1, 2, 3], pa.int64()),
        "x": pa.array([0.1, None, 1e300]),
        "t": pa.array(["a", "", None]),
        "b": pa.array([True, None, False]),
        "d": pa.array([dt.date(2024, 1, 31), None, None]),
    }
)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Two files that are alike."""
    found = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in found:
        pq.write_table(TABLE, path)
    return found


def load(database: Database, paths: list[Path], **options: Any) -> LoadReport:
    return database.load_csv(paths, "public", "t", TableLoad(**options), user="ann")


def test_a_table_is_made_of_the_files_types(database: Database, paths: list[Path], rows: Rows) -> None:
    report = load(database, paths)
    assert (report.rows, report.table_created) == (6, True)
    found = rows("select * from t")
    assert (
        found
        == (
            (1, 0.1, "a", True, dt.date(2024, 1, 31)),
            (2, None, "", None, None),
            (3, 1e300, None, False, None),
        )
        * 2
    )
    types = {each.name: each.sql_type for each in database.columns("public", "t")}
    assert types["id"] == "bigint"
    assert types["x"] == "double precision"


def test_declared_types_are_kept(database: Database, paths: list[Path], rows: Rows) -> None:
    columns = [
        CsvColumn(*each)
        for each in (
            ("id", "SMALLINT"),
            ("x", "FLOAT8"),
            ("t", "VARCHAR(1)"),
            ("b", "VARCHAR(9)"),
            ("d", "DATE"),
        )
    ]
    load(database, paths[:1], columns=columns)
    assert rows("select id, b from t where id = 1") == ((1, "true"),)
    assert {each.sql_type for each in database.columns("public", "t")} >= {"smallint", "character varying(1)"}


def test_an_upsert_replaces(database: Database, paths: list[Path], rows: Rows) -> None:
    load(database, paths[:1])
    pq.write_table(TABLE.set_column(1, "x", pa.array([7.0, 8.0, 9.0])), paths[1])
    load(database, paths[1:], existing_table_rows="upsert", primary_keys=["id"])
    assert rows("select id, x from t order by id") == ((1, 7.0), (2, 8.0), (3, 9.0))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "too long": ({"columns": [CsvColumn("t", "VARCHAR(1)")]}, "'t' does not fit its type"),
    "no number": ({"columns": [CsvColumn("t", "INTEGER")]}, "'t' does not fit its type"),
    "errors": ({"max_errors": 3}, "leave max_errors out"),
    "names": ({"columns": [CsvColumn("a"), CsvColumn("b")]}, "has 1 columns, but 2 are expected"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_leaves_all_as_it_was(
    database: Database, tmp_path: Path, rows: Rows, case: str
) -> None:
    options, message = WRONG[case]
    rows("create table t (t varchar(9)); insert into t values ('old')")
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"t": ["ab", "cd"]}), path)
    with pytest.raises(LoadError, match=message):
        load(database, [path], existing_table_rows="drop", **options)
    assert rows("select * from t") == (("old",),)


def test_a_damaged_name_of_a_column_is_told(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"naming": [1]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"naming", b"\xff\xfeming"))
    with pytest.raises(LoadError, match=r"damaged\.parquet cannot be read as Parquet"):
        load(database, [path])


def test_files_that_differ_are_refused(database: Database, paths: list[Path], tmp_path: Path) -> None:
    pq.write_table(TABLE.drop_columns(["x"]), paths[1])
    with pytest.raises(LoadError, match=r"b\.parquet is not like a\.parquet"):
        load(database, paths)
    csv = tmp_path / "c.csv"
    csv.write_text("id\n1\n")
    with pytest.raises(LoadError, match="some are Parquet, some are not"):
        load(database, [paths[0], csv])
    (tmp_path / "d.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(LoadError, match="cannot be read as Parquet"):
        load(database, [tmp_path / "d.parquet"])

"""Rows of a query as CSV files, and back again."""

from __future__ import annotations

import csv
import gzip
import io
import math
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civis.local.warehouse import (
    CsvColumn,
    CsvFormat,
    Database,
    Interrupted,
    Interruption,
    SqlError,
    TableLoad,
    Warehouse,
)

SETUP = """create table t (id int, txt varchar(99), b boolean, x float, n numeric(10,2), d date,
at timestamp);
insert into t values (1, 'a "b", c', true, 0.1, 1.5, '2024-01-31', '2024-01-31 10:00:00.25'),
(2, '', false, 1e300, 2, null, null), (3, null, null, null, null, null, null)"""

FORMATS = {
    "plain": (
        CsvFormat(),
        '"id","txt","b","x","n","d","at"\n1,"a ""b"", c",t,0.1,1.50,2024-01-31,2024-01-31 10:00:00.25\n'
        '2,"",f,1e+300,2.00,,\n3,,,,,,\n',
    ),
    "unquoted": (
        CsvFormat(unquoted=True),
        'id,txt,b,x,n,d,at\n1,"a ""b"", c",t,0.1,1.50,2024-01-31,2024-01-31 10:00:00.25\n'
        "2,,f,1e+300,2.00,,\n3,,,,,,\n",
    ),
    "pipe without header": (
        CsvFormat(include_header=False, delimiter="pipe", unquoted=True),
        '1|"a ""b"", c"|t|0.1|1.50|2024-01-31|2024-01-31 10:00:00.25\n2||f|1e+300|2.00||\n3||||||\n',
    ),
    "tab": (
        CsvFormat(include_header=False, delimiter="\t"),
        '1\t"a ""b"", c"\tt\t0.1\t1.50\t2024-01-31\t2024-01-31 10:00:00.25\n'
        '2\t""\tf\t1e+300\t2.00\t\t\n3\t\t\t\t\t\t\n',
    ),
}


@pytest.fixture
def table(database: Database) -> Database:
    database.execute(SETUP, user="ann")
    return database


@pytest.mark.parametrize("case", FORMATS)
def test_formats(table: Database, tmp_path: Path, case: str) -> None:
    csv_format, expected = FORMATS[case]
    result = table.export("select * from t order by id", tmp_path / "out", csv_format, user="ann")
    [file] = result.files
    content = (tmp_path / "out" / file.name).read_bytes()
    assert content.decode() == expected
    assert (file.name, file.size, file.row_count, result.row_count) == ("results.csv", len(content), 3, 3)


def test_compressions(table: Database, tmp_path: Path) -> None:
    plain = FORMATS["plain"][1]
    sql = "select * from t order by id"
    [file] = table.export(sql, tmp_path, CsvFormat(compression="gzip"), user="ann").files
    packed = (tmp_path / "results.csv.gz").read_bytes()
    assert (file.name, file.size, gzip.decompress(packed).decode()) == ("results.csv.gz", len(packed), plain)
    [file] = table.export(sql, tmp_path, CsvFormat(compression="zip"), user="ann", name="x").files
    with zipfile.ZipFile(tmp_path / "x.csv.zip") as archive:
        assert (archive.namelist(), archive.read("x.csv").decode()) == (["x.csv"], plain)
    assert file.size == (tmp_path / "x.csv.zip").stat().st_size
    for wrong in (CsvFormat(compression="bz2"), CsvFormat(delimiter=";")):
        with pytest.raises(ValueError, match="one of"):
            table.export(sql, tmp_path, wrong, user="ann")


def test_many_files_lose_no_row(database: Database, tmp_path: Path) -> None:
    sql = "select i, repeat('x', cast(i % 50 as int)) as txt from generate_series(1, 50000) g(i) order by i"
    for compression in ("none", "gzip"):
        folder = tmp_path / compression
        result = database.export(
            sql, folder, CsvFormat(compression=compression), user="ann", max_file_size=100_000, name="part"
        )
        texts = []
        for file in result.files:
            content = (folder / file.name).read_bytes()
            texts.append((gzip.decompress(content) if compression == "gzip" else content).decode())
        assert len(texts) > 5
        assert max(map(len, texts)) <= 100_000
        parsed = [list(csv.reader(io.StringIO(text))) for text in texts]
        assert {tuple(rows[0]) for rows in parsed} == {("i", "txt")}
        assert [len(rows) - 1 for rows in parsed] == [file.row_count for file in result.files]
        assert [row[0] for rows in parsed for row in rows[1:]] == [str(i) for i in range(1, 50_001)]
        assert result.files[0].name == "part_000.csv" + (".gz" if compression == "gzip" else "")


def test_a_row_larger_than_a_file_is_a_file(table: Database, tmp_path: Path) -> None:
    result = table.export("select * from t", tmp_path, user="ann", max_file_size=1)
    assert [file.row_count for file in result.files] == [1, 1, 1]


def test_no_rows_and_no_query(table: Database, tmp_path: Path) -> None:
    result = table.export("select id, txt from t where false", tmp_path / "a", user="ann")
    assert (result.row_count, len(result.files), result.returns_rows) == (0, 1, True)
    assert (tmp_path / "a" / "results.csv").read_text() == '"id","txt"\n'
    result = table.export("delete from t", tmp_path / "b", user="ann")
    assert (result.files, result.returns_rows, (tmp_path / "b").exists()) == ((), False, False)


def test_the_last_query_is_exported_amid_changes(table: Database, tmp_path: Path) -> None:
    table.export("select 1; update t set id = 9; select max(id) from t; delete from t", tmp_path, user="ann")
    assert (tmp_path / "results.csv").read_text() == '"max"\n9\n'
    assert table.row_count("public", "t") == 0


def test_a_lone_null_is_no_blank_line(database: Database, tmp_path: Path) -> None:
    database.export("select null as a union all select null", tmp_path, user="ann")
    assert (tmp_path / "results.csv").read_text() == '"a"\n""\n""\n'


def test_explain_can_be_exported(table: Database, tmp_path: Path) -> None:
    assert table.export("explain select * from t", tmp_path, user="ann").row_count == 1


FAILING = (
    "select case when i = 900000 then 1 / cast('x' || i as int) end from generate_series(1, 1000000) g(i)"
)


def test_a_failed_export_leaves_nothing(database: Database, tmp_path: Path) -> None:
    with pytest.raises(SqlError):
        database.export(FAILING, tmp_path / "out", user="ann", max_file_size=1000_000)
    assert not list((tmp_path / "out").glob("*"))


def test_an_export_to_writers(table: Database) -> None:
    written: dict[int, bytes] = {}

    @contextmanager
    def writer(number: int) -> Iterator[BinaryIO]:
        target = io.BytesIO()
        yield target
        written[number] = target.getvalue()

    result = table.export("select id from t order by 1", writer, user="ann", multifile=True)
    assert written == {0: b'"id"\n1\n2\n3\n'}
    assert result.files[0].name == "results_000.csv"
    written.clear()
    with pytest.raises(SqlError):
        table.export(FAILING, writer, user="ann")
    assert written == {}


def test_an_export_can_be_interrupted(database: Database, tmp_path: Path) -> None:
    interruption = Interruption()

    @contextmanager
    def writer(number: int) -> Iterator[BinaryIO]:
        interruption.interrupt()
        yield io.BytesIO()

    with pytest.raises(Interrupted):
        database.export(
            "select * from generate_series(1, 10000000) g(i)", writer, user="ann", interruption=interruption
        )


TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
ROW = st.tuples(
    st.none() | TEXT,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.decimals(-(10**20), 10**20, places=6),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | st.datetimes(),
)
TYPES = ["VARCHAR(200)", "BIGINT", "FLOAT", "NUMERIC(38,6)", "BOOLEAN", "DATE", "TIMESTAMP"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=30), delimiter=st.sampled_from(["comma", "tab", "pipe"]))
def test_rows_in_are_rows_out(database: Database, rows: list[tuple[Any, ...]], delimiter: str) -> None:
    columns = [CsvColumn(f"c{number}", kind) for number, kind in enumerate(TYPES)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_rows(folder / "in.csv", rows, delimiter)
        options = TableLoad("drop", columns, first_row_is_header=False, delimiter=delimiter)
        report = database.load_csv([folder / "in.csv"], "public", "round", options, user="ann")
        assert report.rows == len(rows)
        assert list(database.execute("select * from round", user="ann").rows) == rows
        out = CsvFormat(delimiter=delimiter, compression="gzip")
        [file] = database.export("select * from round", folder, out, user="ann").files
        again = TableLoad("drop", columns, first_row_is_header=True, delimiter=delimiter)
        database.load_csv([folder / file.name], "public", "again", again, user="ann")
        assert list(database.execute("select * from again", user="ann").rows) == rows


def write_rows(path: Path, rows: list[tuple[Any, ...]], delimiter: str) -> None:
    """Write rows as another program would: only texts in quotes, NULL as nothing."""
    character = {"comma": ",", "tab": "\t", "pipe": "|"}[delimiter]

    def field(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return '"' + value.replace('"', '""') + '"'
        if isinstance(value, float) and math.isinf(value):
            return "inf" if value > 0 else "-inf"
        return str(value)

    lines = [character.join(field(value) for value in row) for row in rows]
    path.write_bytes("".join(line + "\r\n" for line in lines).encode())


def test_a_closed_warehouse_opens_again(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("b")
        warehouse.add("b")
        warehouse.add("a")
        warehouse.database("a").execute(SETUP, user="ann")
    with Warehouse(tmp_path) as warehouse:
        assert warehouse.databases() == ["a", "b"]
        assert warehouse.database("a").row_count("public", "t") == 3

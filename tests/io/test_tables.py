"""Tables in and out of the local platform by the public functions: nothing lost, nothing changed."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import civis
from civis._errors import CivisImportError, CivisJobFailure, EmptyResultError
from civis.client import APIClient

ROWS = pd.DataFrame({"id": [3, 1, 2], "zip": ["02116", None, ""], "share": [0.1, None, 2.5]})


def load(client: APIClient, frame: Any, table: str, **arguments: Any) -> None:
    """Write a frame as a new table."""
    arguments.setdefault("existing_table_rows", "drop")
    civis.io.dataframe_to_civis(frame, "local", table, client=client, **arguments).result()


@pytest.fixture(scope="module")
def zips(client: APIClient) -> str:
    """A small table."""
    load(client, ROWS, "public.zips")
    return "public.zips"


def test_a_frame_comes_back_as_it_went(client: APIClient, zips: str):
    found = civis.io.read_civis(zips, "local", return_as="pandas", client=client)
    pd.testing.assert_frame_equal(
        found.sort_values("id", ignore_index=True), ROWS.sort_values("id", ignore_index=True)
    )


def test_a_list_has_a_header_and_texts(client: APIClient, zips: str):
    rows = civis.io.read_civis(zips, "local", client=client)
    assert rows[0] == ["id", "zip", "share"]
    assert sorted(rows[1:]) == [["1", "", ""], ["2", "", "2.5"], ["3", "02116", "0.1"]]


def test_polars_and_arrow(client: APIClient, zips: str):
    frame = civis.io.read_civis(zips, "local", return_as="polars", client=client)
    assert frame.schema == {"id": pl.Int64, "zip": pl.String, "share": pl.Float64}
    table = civis.io.read_civis(zips, "local", columns=["zip"], return_as="arrow", client=client)
    assert table.schema.field("zip").type == pa.string()


def test_columns_and_expressions(client: APIClient, zips: str):
    rows = civis.io.read_civis(zips, "local", columns=["id", "id * 2 AS twice"], client=client)
    assert sorted(rows[1:]) == [["1", "2"], ["2", "4"], ["3", "6"]]


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
VALUES = {
    "whole": st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(allow_nan=False),
    "flag": st.booleans(),
    "text": texts,
    "day": st.dates(dt.date(1, 1, 1)),
    "moment": st.datetimes(dt.datetime(1, 1, 1)),
    "amount": st.decimals(-(10**15), 10**15, places=4),
}
TYPES = {
    "whole": pa.int64(),
    "real": pa.float64(),
    "flag": pa.bool_(),
    "text": pa.string(),
    "day": pa.date32(),
    "moment": pa.timestamp("us"),
    "amount": pa.decimal128(20, 4),
}
records = st.lists(
    st.fixed_dictionaries({name: st.none() | values for name, values in VALUES.items()}),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records)
def test_any_value_comes_back(client: APIClient, rows: list[dict[str, Any]]):
    schema = pa.schema([("n", pa.int64()), *TYPES.items()])
    table = pa.Table.from_pylist([{"n": n, **row} for n, row in enumerate(rows)], schema)
    load(client, table, "public.anything")
    found = civis.io.read_civis("public.anything", "local", return_as="arrow", client=client)
    assert found.sort_by("n").to_pylist() == table.to_pylist()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.integers(-5, 5), min_size=1, max_size=6))
def test_no_row_of_one_column_is_lost(client: APIClient, values: list[int | None]):
    load(client, pa.table({"a": pa.array(values, pa.int64())}), "public.lone")
    found = civis.io.read_civis("public.lone", "local", return_as="arrow", client=client)
    order = {"key": lambda value: (value is None, value or 0)}
    assert sorted(found["a"].to_pylist(), **order) == sorted(values, **order)
    assert len(civis.io.read_civis("public.lone", "local", client=client)) == len(values) + 1
    frame = civis.io.read_civis("public.lone", "local", return_as="pandas", client=client)
    assert len(frame) == len(values)


def test_existing_rows(client: APIClient):
    frame = pd.DataFrame({"id": [1, 2], "name": ["a", "b"]})
    load(client, frame, "public.kept", existing_table_rows="fail")
    with pytest.raises(CivisImportError, match=r"public\.kept exists"):
        civis.io.dataframe_to_civis(frame, "local", "public.kept", client=client)
    load(client, frame, "public.kept", existing_table_rows="append")
    assert count(client, "public.kept") == 4
    load(client, frame, "public.kept", existing_table_rows="truncate")
    assert count(client, "public.kept") == 2
    newer = pd.DataFrame({"id": [2, 3], "name": ["B", "c"]})
    load(
        client,
        newer,
        "public.kept",
        existing_table_rows="upsert",
        primary_keys=["id"],
        last_modified_keys=["id"],
    )
    rows = civis.io.read_civis("public.kept", "local", client=client)
    assert sorted(rows[1:]) == [["1", "a"], ["2", "B"], ["3", "c"]]


def count(client: APIClient, table: str) -> int:
    """Count a table's rows."""
    result = civis.io.query_civis(f"SELECT count(*) FROM {table}", "local", client=client).result()
    return int(result.result_rows[0][0])


def test_an_import_that_fails_leaves_the_table_as_it_was(client: APIClient):
    load(client, pd.DataFrame({"id": [1]}), "public.firm")
    future = civis.io.dataframe_to_civis(
        pd.DataFrame({"id": ["x"]}), "local", "public.firm", existing_table_rows="truncate", client=client
    )
    with pytest.raises(CivisJobFailure, match="x"):
        future.result()
    assert count(client, "public.firm") == 1


COMPRESSIONS = [("none", ","), ("gzip", "|"), ("zip", "\t")]


@pytest.mark.parametrize(("compression", "delimiter"), COMPRESSIONS)
def test_a_csv_file_there_and_back(
    client: APIClient, zips: str, tmp_path: Path, compression: str, delimiter: str
):
    target = tmp_path / "zips.csv"
    sql = f"SELECT * FROM {zips} ORDER BY id"
    civis.io.civis_to_csv(
        target, sql, "local", compression=compression, delimiter=delimiter, client=client
    ).result()
    content = target.read_bytes()
    if compression == "gzip":
        content = gzip.decompress(content)
    elif compression == "zip":
        with zipfile.ZipFile(target) as archive:
            content = archive.read(archive.namelist()[0])
    assert content.decode().splitlines()[0].replace('"', "") == delimiter.join(["id", "zip", "share"])
    civis.io.csv_to_civis(
        target, "local", "public.back", delimiter=delimiter, existing_table_rows="drop", client=client
    ).result()
    sql = "SELECT id, zip, share FROM public.back EXCEPT SELECT id, zip, share FROM public.zips"
    with pytest.raises(EmptyResultError):
        civis.io.read_civis_sql(sql, "local", client=client)
    assert count(client, "public.back") == 3


def test_several_files_become_one_table_in_order(client: APIClient, tmp_path: Path):
    file_ids = []
    for number, value in enumerate(["1", "x"]):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"n,value\n{number},{value}\n")
        file_ids.append(civis.io.file_to_civis(path, client=client))
    civis.io.civis_file_to_table(
        file_ids, "local", "public.both", existing_table_rows="drop", client=client
    ).result()
    rows = civis.io.read_civis("public.both", "local", client=client)
    assert sorted(rows[1:]) == [["0", "1"], ["1", "x"]]
    (tmp_path / "other.csv").write_text("n;other\n")
    (tmp_path / "other.csv").write_text("n,other\n1,2\n")
    file_ids.append(civis.io.file_to_civis(tmp_path / "other.csv", client=client))
    with pytest.raises(CivisImportError, match="differ in columns"):
        civis.io.civis_file_to_table(file_ids, "local", "public.three", client=client)


def test_no_rows(client: APIClient, tmp_path: Path):
    with pytest.raises(EmptyResultError, match="no rows"):
        civis.io.read_civis_sql("SELECT 1 AS a WHERE 1 = 0", "local", client=client)
    target = tmp_path / "none.csv"
    future = civis.io.civis_to_csv(
        target, "CREATE TABLE IF NOT EXISTS nothing (a int)", "local", client=client
    )
    with pytest.warns(RuntimeWarning, match="no rows"):
        future.result()
    assert not target.exists()


def test_a_failure_is_what_the_future_raises(client: APIClient, tmp_path: Path):
    with pytest.raises(CivisJobFailure, match="nowhere"):
        civis.io.read_civis_sql("SELECT * FROM nowhere", "local", client=client)
    with pytest.raises(CivisJobFailure, match="nowhere"):
        civis.io.civis_to_csv(tmp_path / "x.csv", "SELECT * FROM nowhere", "local", client=client).result()
    assert list(tmp_path.iterdir()) == []


def test_multifile_and_kept_files(client: APIClient, zips: str):
    manifest = civis.io.civis_to_multifile_csv(f"SELECT * FROM {zips}", "local", client=client)
    assert manifest["header"] == ["id", "zip", "share"]
    assert manifest["delimiter"] == "|"
    assert {"id", "name", "size", "url", "url_signed"} <= set(manifest["entries"][0])
    output = civis.io.export_to_civis_file(f"SELECT * FROM {zips}", "local", client=client).result().output[0]
    assert output.file_id
    assert output.path.startswith("http")


def test_parameters(client: APIClient):
    arguments = {
        "params": [{"name": "name", "type": "string", "required": True}],
        "arguments": {"name": "O'Hara"},
    }
    rows = civis.io.read_civis_sql(
        "SELECT {{name}} AS name", "local", sql_params_arguments=arguments, client=client
    )
    assert rows == [["name"], ["O'Hara"]]


def test_a_table_is_carried_to_another_database(client: APIClient, platform: Any, zips: str):
    platform.add_database("other")
    civis.io.transfer_table("local", "other", zips, "public.copied", client=client).result()
    assert len(civis.io.read_civis("public.copied", "other", client=client)) == 4


OLDER = [
    lambda client, table: civis.io.read_civis(table, "local", use_pandas=True, client=client),
    lambda client, table: civis.io.read_civis(table, "local", None, True, client=client),
    lambda client, table: civis.io.read_civis_sql(
        f"SELECT * FROM {table}", "local", use_pandas=True, client=client
    ),
]


@pytest.mark.parametrize("call", OLDER)
def test_older_spellings_work_and_warn(call: Any, client: APIClient, zips: str):
    with pytest.warns(FutureWarning, match="return_as"):
        assert isinstance(call(client, zips), pd.DataFrame)


def test_headers_true_still_works(client: APIClient):
    with pytest.warns(FutureWarning, match="headers"):
        load(client, ROWS, "public.headed", headers=True)
    assert count(client, "public.headed") == 3


REFUSED = [
    ({"existing_table_rows": "replace"}, ValueError, "existing_table_rows"),
    ({"diststyle": "odd"}, ValueError, "diststyle"),
    ({"sortkey2": "a"}, ValueError, "sortkey1"),
    ({"table_columns": [{"name": "a", "sql_type": "INT"}, {"name": "b"}]}, ValueError, r"\['b'\]"),
    ({"primary_keys": "id"}, TypeError, "list"),
    ({"quotechar": "'"}, TypeError, "quotechar"),
]


@pytest.mark.parametrize(("arguments", "error", "said"), REFUSED)
def test_what_cannot_succeed_is_refused_before_anything_is_sent(
    client: APIClient, arguments: dict[str, Any], error: type[Exception], said: str
):
    before = len(list(client.jobs.list(iterator=True, hidden=True)))
    with pytest.raises(error, match=said):
        civis.io.dataframe_to_civis(ROWS, "local", "public.refused", client=client, **arguments)
    assert len(list(client.jobs.list(iterator=True, hidden=True))) == before


UNKNOWN = [
    (lambda client: civis.io.read_civis("public.zips", "lokal", client=client), "lokal.*'local'"),
    (lambda client: civis.io.query_civis("SELECT 1", "nowhere", client=client), "nowhere"),
    (lambda client: civis.io.dataframe_to_civis(ROWS, "local", "noschema", client=client), "schema.table"),
    (
        lambda client: civis.io.civis_to_csv("x.csv", "SELECT 1", "local", compression="bz2", client=client),
        "bz2",
    ),
    (
        lambda client: civis.io.read_civis("public.zips", "local", return_as="panda", client=client),
        "'pandas'",
    ),
]


@pytest.mark.parametrize(("call", "said"), UNKNOWN)
def test_wrong_values_are_named_with_what_is_near(call: Any, said: str, client: APIClient):
    with pytest.raises(ValueError, match=said):
        call(client)


def test_decimals_and_types_of_a_query_can_be_named(client: APIClient):
    sql = "SELECT '007' AS code, 12345678901234567.89::numeric(20,2) AS amount"
    found = civis.io.read_civis_sql(
        sql, "local", return_as="arrow", dtypes={"amount": "numeric(20,2)"}, client=client
    )
    assert found.to_pylist() == [{"code": "007", "amount": Decimal("12345678901234567.89")}]
    frame = civis.io.read_civis_sql(sql, "local", return_as="pandas", dtypes="string", client=client)
    assert frame["amount"].tolist() == ["12345678901234567.89"]


def test_progress_counts_the_bytes(client: APIClient, zips: str):
    told: list[int] = []
    civis.io.read_civis(zips, "local", client=client, progress=told.append)
    assert sum(told) > 0

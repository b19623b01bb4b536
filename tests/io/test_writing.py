"""Frames and files into tables: what the import is told, what stays behind, what is refused early."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import civis
from civis._errors import CivisImportError, CivisJobFailure
from civis.cli.demo import load_flights
from civis.client import APIClient

DAY = dt.timedelta(hours=24)


def write(client: APIClient, frame: Any, table: str, **arguments: Any) -> None:
    """Write a frame as a table."""
    arguments.setdefault("existing_table_rows", "drop")
    civis.io.dataframe_to_civis(frame, "local", table, client=client, **arguments).result()


def types_of(client: APIClient, table: str) -> dict[str, str]:
    """Give the types that a table's columns have."""
    schema, _, name = table.partition(".")
    found = client.databases.get_schemas_tables(client.get_database_id("local"), schema, name)
    return {column.name: column.sql_type for column in found.columns}


FRAME = pl.DataFrame({"id": [1, 2], "Zip Code": ["02116", None], "share": [0.5, None]})


def test_types_of_single_columns_can_be_given(client: APIClient):
    write(client, FRAME, "public.given", table_columns={"Zip Code": "varchar(5)", "id": "integer"})
    assert types_of(client, "public.given") == {
        "id": "integer",
        "zip_code": "character varying(5)",
        "share": "double precision",
    }


REFUSED = [
    ({"table_columns": {"zipcode": "varchar(5)"}}, "'zipcode'.*Zip Code"),
    ({"table_columns": {"zipcode": "varchar(5)"}, "float_precision": 2}, "'zipcode'.*Zip Code"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_types_for_columns_that_are_not_there_are_refused(
    client: APIClient, arguments: dict[str, Any], said: str
):
    before = civis.io.json_to_file(1, client=client)
    with pytest.raises(ValueError, match=said):
        write(client, FRAME, "public.refused", **arguments)
    assert civis.io.json_to_file(1, client=client) == before + 1, "a file was made in between"


def test_columns_are_appended_by_name_not_by_place(client: APIClient):
    write(client, FRAME, "public.ordered")
    turned = FRAME.select("share", "Zip Code", "id").with_columns(id=pl.col("id") + 2)
    write(client, turned, "public.ordered", existing_table_rows="append")
    found = civis.io.read_civis("public.ordered", "local", return_as="polars", client=client).sort("id")
    assert found["id"].to_list() == [1, 2, 3, 4]
    assert found["share"].to_list() == [0.5, None, 0.5, None]
    assert found["zip_code"].to_list() == ["02116", None, "02116", None]


@pytest.fixture
def seen_files(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The files that imports read."""
    seen: list[int] = []
    post = client.imports.post_files_csv

    def noting(**body: Any) -> Any:
        seen.extend(body["source"]["file_ids"])
        return post(**body)

    monkeypatch.setattr(client.imports, "post_files_csv", noting, raising=False)
    return seen


def test_what_only_the_import_needs_is_gone_within_a_day(
    client: APIClient, seen_files: list[int], tmp_path: Path
):
    write(client, FRAME, "public.passing")
    path = tmp_path / "zips.csv"
    path.write_text("id,zip\n1,02116\n")
    civis.io.csv_to_civis(path, "local", "public.passing", existing_table_rows="drop", client=client).result()
    kept = civis.io.file_to_civis(path, client=client)
    civis.io.civis_file_to_table(
        kept, "local", "public.passing", existing_table_rows="drop", client=client
    ).result()
    assert len(seen_files) == 3
    assert kept not in seen_files
    now = dt.datetime.now(dt.timezone.utc)
    for file_id in seen_files:
        assert expiry_of(client, file_id) <= now + DAY + dt.timedelta(minutes=1)
    assert expiry_of(client, kept) > now + 20 * DAY


def expiry_of(client: APIClient, file_id: int) -> dt.datetime:
    """Tell when a file expires."""
    return dt.datetime.fromisoformat(str(client.files.get(file_id).expires_at).replace("Z", "+00:00"))


def test_a_file_that_is_no_csv_is_refused_with_the_platforms_words(client: APIClient, tmp_path: Path):
    path = tmp_path / "broken.csv"
    path.write_text('a,b\n1,"open\n')
    with pytest.raises(CivisImportError, match="quote"):
        civis.io.csv_to_civis(path, "local", "public.broken", client=client)


def test_an_import_that_fails_says_which_value_and_leaves_the_table(client: APIClient):
    write(client, FRAME, "public.firmer")
    wrong = FRAME.with_columns(id=pl.lit("twelve"))
    future = civis.io.dataframe_to_civis(
        wrong, "local", "public.firmer", existing_table_rows="append", client=client
    )
    with pytest.raises(CivisJobFailure, match="twelve"):
        future.result()
    assert len(civis.io.read_civis("public.firmer", "local", client=client)) == 3


ORDERS = [[2, 0, 1], [1, 2, 0]]


@pytest.mark.parametrize("order", ORDERS)
def test_files_are_loaded_in_the_callers_order(client: APIClient, seen_files: list[int], order: list[int]):
    made = [
        civis.io.file_to_civis(io.BytesIO(f"n\n{number}\n".encode()), f"{number}.csv", client=client)
        for number in range(3)
    ]
    civis.io.civis_file_to_table(
        (made[place] for place in order),  # type: ignore[arg-type]  # any iterable does
        "local",
        "public.in_order",
        existing_table_rows="drop",
        client=client,
    ).result()
    names = [civis.io.file_to_dataframe(file_id, client=client)["n"][0] for file_id in seen_files]
    assert names == order


FORMATS = ["csv", "csv.gz", "parquet", "feather"]


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_files_hold_frames_in_the_format_of_their_name(client: APIClient, ending: str, library: str):
    frame = pl.DataFrame({"n": [1, 2], "text": ["x", "ñ"]})
    given = {"pandas": frame.to_pandas, "polars": lambda: frame, "arrow": frame.to_arrow}[library]()
    file_id = civis.io.dataframe_to_file(given, f"frame.{ending}", client=client)
    found = civis.io.file_to_dataframe(file_id, return_as=library, client=client)
    assert type(found) is type(given)
    rows = {
        "pandas": lambda: found.to_dict("list"),
        "polars": lambda: found.to_dict(as_series=False),
        "arrow": lambda: found.to_pydict(),
    }[library]()
    assert rows == frame.to_dict(as_series=False)


def test_a_format_can_be_said_and_is_checked(client: APIClient):
    frame = pl.DataFrame({"n": [1]})
    file_id = civis.io.dataframe_to_file(frame, "data", format="parquet", client=client)
    assert civis.io.file_to_dataframe(file_id, "polars", format="parquet", client=client).equals(frame)
    with pytest.raises(ValueError, match="'parquet'"):
        civis.io.file_to_dataframe(file_id, format="parqet", client=client)


LIBRARIES = ["pandas", "polars", "arrow"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_flights_come_back_as_they_went(client: APIClient, library: str):
    frame = load_flights()
    flights = pa.Table.from_pandas(frame, preserve_index=False)
    given = {
        "pandas": lambda: frame,
        "polars": lambda: pl.from_arrow(flights),
        "arrow": lambda: flights,
    }[library]()
    write(client, given, "public.flights")
    found = civis.io.read_civis("public.flights", "local", return_as=library, client=client)
    assert found.shape == (336_776, 19)
    ours, theirs = (_sorted(frame) for frame in (found, given))
    assert ours.equals(theirs)


def _sorted(frame: Any) -> pl.DataFrame:
    """Give a frame as polars has it, NULL for what is missing, in one order."""
    made = frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)
    return made.fill_nan(None).sort(made.columns)


def test_dtypes_for_columns_that_are_not_there_are_refused(client: APIClient):
    write(client, FRAME, "public.typed")
    with pytest.raises(ValueError, match=r"'zip'.*zip_code"):
        civis.io.read_civis(
            "public.typed", "local", return_as="arrow", dtypes={"zip": "varchar"}, client=client
        )
    frame = civis.io.read_civis("public.typed", "local", return_as="pandas", dtypes="infer", client=client)
    assert frame["share"].dtype == "float64"
    with pytest.raises(TypeError, match="dtype_backend"):
        civis.io.read_civis("public.typed", "local", dtype_backend="pyarrow", client=client)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_dtypes_of_pandas_can_be_nullable(client: APIClient, backend: str):
    write(client, FRAME, "public.typed")
    frame = civis.io.read_civis(
        "public.typed", "local", return_as="pandas", dtype_backend=backend, client=client
    ).sort_values("id")
    names = ["Int64", "string", "Float64"]
    if backend == "pyarrow":
        names = ["int64[pyarrow]", "string[pyarrow]", "double[pyarrow]"]
    assert [str(dtype) for dtype in frame.dtypes] == names
    assert frame["zip_code"].isna().tolist() == [False, True]

"""Columns, keys and headers of what is loaded and read: told by name where names tell, else by place."""

from __future__ import annotations

import io
import logging
import pickle
import sys
import zipfile
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import civis
from civis._errors import CivisAPIError, CivisImportError, CivisJobFailure
from civis.client import APIClient
from civis.futures import CivisFuture
from civis.io import _readers, _rows
from civis.io._column_order import column_places
from civis.io._declaring import declare, declare_keys
from civis.io._frame_csv import FrameCsv
from civis.io._headers import split_header
from civis.io._loading import Destination, TableLoad
from civis.io._preprocessing import CsvQuestion, prepare_files
from civis.io._result_tables import TableFormat
from civis.local import Platform


def read(client: APIClient, table: str) -> pl.DataFrame:
    """Read a table."""
    found: pl.DataFrame = civis.io.read_civis(table, "local", return_as="polars", client=client)
    return found


def files_of(client: APIClient) -> int:
    """Make a file, whose number tells how many there were before."""
    return civis.io.json_to_file(1, client=client)


# Columns that have one name


SAME_NAMES = [
    ("two types", "SELECT '007' AS a, 1 AS a", [["007", 1]]),
    ("the other way round", "SELECT 1 AS a, '007' AS a", [[1, "007"]]),
    ("capitals", "SELECT '1' AS a, 2 AS \"A\"", [["1", 2]]),
    ("one type", "SELECT '1' AS a, '2' AS a", [["1", "2"]]),
    ("beside others", "SELECT 5 AS b, '1' AS a, 2 AS a, '7' AS c", [[5, "1", 2, "7"]]),
]


@pytest.mark.parametrize(("word", "sql", "rows"), SAME_NAMES, ids=[each[0] for each in SAME_NAMES])
def test_columns_of_one_name_keep_their_own_types(client: APIClient, word: str, sql: str, rows: list[Any]):
    found = civis.io.read_civis_sql(sql, "local", return_as="pandas", client=client)
    assert [list(row) for row in found.itertuples(index=False)] == rows
    [batch] = civis.io.iter_civis_sql(sql, "local", client=client)
    assert [[column[0].as_py() for column in batch.columns]] == rows


@pytest.mark.parametrize("arguments", [{}, {"dtype_backend": "pyarrow"}], ids=["usual", "Arrow's dtypes"])
def test_columns_of_one_name_can_be_asked_for(client: APIClient, arguments: dict[str, Any]):
    sql = "SELECT 1 AS a, 'x' AS a, 3 AS \"a.1\""
    found = civis.io.read_civis_sql(sql, "local", return_as="pandas", client=client, **arguments)
    assert {name: found[name].tolist() for name in found} == {"a": [1], "a.2": ["x"], "a.1": [3]}
    [batch] = civis.io.iter_civis_sql(sql, "local", return_as="polars", client=client)
    assert batch.to_dicts() == [{"a": 1, "a_duplicated_0": "x", "a.1": 3}]


def test_columns_of_one_name_can_be_asked_for_without_pyarrow(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_readers, "has_pyarrow", lambda: False)
    sql = "SELECT 1 AS a, 'x' AS a"
    found = civis.io.read_civis_sql(sql, "local", return_as="pandas", client=client)
    assert list(found.columns) == ["a", "a.1"]
    same = civis.io.read_civis_sql(sql, "local", return_as="polars", client=client)
    assert same.columns == ["a", "a_duplicated_0"]


NAME_TYPES: list[tuple[str, dict[str, Any], list[pa.DataType]]] = [
    (
        "places do not agree with the names",
        {"sql_types": {"a": "varchar"}, "placed_types": (("a", "DATE"),)},
        [pa.string(), pa.string()],
    ),
    (
        "the user's types hold for all of a name",
        {"sql_types": {"a": "real"}, "placed_types": (("a", "DATE"), ("a", "TIME")), "wanted": ("a",)},
        [pa.float32(), pa.float32()],
    ),
]


@pytest.mark.parametrize(("word", "known", "types"), NAME_TYPES, ids=[each[0] for each in NAME_TYPES])
def test_types_by_place_hold_where_they_fit(word: str, known: dict[str, Any], types: list[pa.DataType]):
    assert list(TableFormat(**known).columns(["a", "a"]).types) == types


# Files without a header, whose first row looks like one


HEADERS = [
    ("known to have none", b"a,b\n1,2\n", False, (["a", "b"], b"a,b\n1,2\n")),
    ("known to have one", b"A,b\n1,2\n", True, (["A", "b"], b"1,2\n")),
    ("nobody knows, and it is the names", b"a,b\n1,2\n", None, (["a", "b"], b"1,2\n")),
    ("nobody knows, and it is like the names", b"A,b\n1,2\n", None, (["a", "b"], b"A,b\n1,2\n")),
]


@pytest.mark.parametrize(("word", "block", "has_header", "found"), HEADERS, ids=[each[0] for each in HEADERS])
def test_a_header_is_taken_off_where_there_is_one(
    word: str, block: bytes, has_header: bool | None, found: tuple[list[str], bytes]
):
    assert split_header(block, ",", ["a", "b"], has_header) == found
    names, rest = found
    expected = [names, *(line.split(",") for line in rest.decode().splitlines())]
    streams = [lambda: io.BytesIO(block)] * 2
    for reader in (_rows.read_rows, _rows._by_python):
        assert reader(streams, None, ",", ["a", "b"], has_header) == [*expected, *expected[1:]], reader


@pytest.mark.parametrize("settings", [{}, {"force_multifile": True}], ids=["one file", "several files"])
def test_a_first_row_that_is_the_names_is_read_as_a_row(client: APIClient, settings: dict[str, Any]):
    sql = "SELECT a FROM (SELECT 'a' AS a, 1 AS o UNION ALL SELECT 'x', 2) AS t ORDER BY o"
    future = civis.io.export_to_civis_file(
        sql, "local", client=client, csv_settings={"include_header": False, **settings}
    )
    future.result()
    ids = future.job_id, future.run_id
    assert civis.io.read_run(*ids, client=client) == [["a"], ["a"], ["x"]]
    for kind in ("pandas", "polars"):
        found = civis.io.read_run(*ids, return_as=kind, client=client)
        assert found["a"].to_list() == ["a", "x"], kind


# Columns that the user gives


FRAME = pl.DataFrame({"v": ["1", "2"], "w": [3, 4]})
GIVEN = [
    ("the frame's order", ["v varchar", "w int"], {"v": ["1", "2"], "w": [3, 4]}),
    ("another order", ["w int", "v varchar"], {"v": ["1", "2"], "w": [3, 4]}),
    ("in capitals", ["W int", "V varchar"], {"v": ["1", "2"], "w": [3, 4]}),
    ("other names", ["y varchar", "z int"], {"y": ["1", "2"], "z": [3, 4]}),
    ("one other name", ["w varchar", "z int"], {"w": ["1", "2"], "z": [3, 4]}),
]


def as_columns(texts: list[str]) -> list[dict[str, str]]:
    """Write columns as the functions take them."""
    return [dict(zip(("name", "sql_type"), text.split(), strict=True)) for text in texts]


@pytest.mark.parametrize(("word", "columns", "rows"), GIVEN, ids=[each[0] for each in GIVEN])
def test_given_columns_go_to_the_values_of_their_name(
    client: APIClient, tmp_path: Path, word: str, columns: list[str], rows: dict[str, Any]
):
    given = as_columns(columns)
    options: dict[str, Any] = {"existing_table_rows": "drop", "table_columns": given, "client": client}
    civis.io.dataframe_to_civis(FRAME, "local", "public.declared", **options).result()
    assert read(client, "public.declared").select(list(rows)).to_dict(as_series=False) == rows
    options["existing_table_rows"] = "append"
    civis.io.dataframe_to_civis(FRAME, "local", "public.declared", **options).result()
    twice = {name: values * 2 for name, values in rows.items()}
    assert read(client, "public.declared").select(list(rows)).to_dict(as_series=False) == twice
    path = tmp_path / "given.csv"
    FRAME.write_csv(path)
    options["existing_table_rows"] = "truncate"
    civis.io.csv_to_civis(path, "local", "public.declared", **options).result()
    assert read(client, "public.declared").select(list(rows)).to_dict(as_series=False) == rows


def test_files_that_have_given_columns_in_different_orders_are_refused(client: APIClient):
    files = [
        civis.io.file_to_civis(io.BytesIO(content), f"{number}.csv", client=client)
        for number, content in enumerate([b"v,w\n1,2\n", b"w,v\n3,4\n"])
    ]
    options: dict[str, Any] = {"table_columns": as_columns(["w int", "v int"]), "client": client}
    with pytest.raises(CivisImportError, match=r"order.*\['v', 'w'\].*\['w', 'v'\]"):
        civis.io.civis_file_to_table(files, "local", "public.orders", **options)


PLACES = [
    ("the same", ["v", "w"], ["w", "v"], [1, 0]),
    ("cleaned", ["My Id", "w"], ["w", "my_id"], [1, 0]),
    ("others", ["v", "w"], ["v", "x"], None),
    ("too few", ["v", "w"], ["v"], None),
    ("a name twice", ["v", "v"], ["v", "w"], None),
]


@pytest.mark.parametrize(("word", "names", "columns", "places"), PLACES, ids=[each[0] for each in PLACES])
def test_places_are_told_by_the_names(word: str, names: list[str], columns: list[str], places: Any):
    plain = [name.replace(" ", "_") for name in names]
    assert column_places(names, plain, [{"name": name} for name in columns]) == places


# Names that would be one


LOAD = TableLoad("local", "public.t", existing_table_rows="append")
COLLIDING = [
    ("cleaned", ["a b", "a_b"], ()),
    ("capitals", ["A", "a"], ()),
    ("cleaned, in any order", ["a_b", "a b"], ("a_b", "a_b_2")),
]


@pytest.mark.parametrize(("word", "names", "known"), COLLIDING, ids=[each[0] for each in COLLIDING])
def test_columns_that_would_be_one_are_refused_before_anything_is_sent(
    client: APIClient, word: str, names: list[str], known: tuple[str, ...]
):
    frame = pl.DataFrame({name: [place] for place, name in enumerate(names)})
    before = files_of(client)
    with pytest.raises(ValueError, match=f"{names[0]!r} and {names[1]!r}"):
        civis.io.dataframe_to_civis(frame, "local", "public.colliding", client=client)
    assert files_of(client) == before + 1, "a file was made in between"
    plain = [{"name": name.replace(" ", "_"), "sql_type": "INTEGER"} for name in names]
    written = FrameCsv(",", True, plain, tuple(names))
    with pytest.raises(ValueError, match="rename"):
        declare(written, LOAD, Destination(bool(known), known), {})


def test_columns_that_a_table_tells_apart_are_appended():
    columns = [{"name": "a_b", "sql_type": "INTEGER"}] * 2
    written = FrameCsv(",", True, columns, ("a_b", "a b"))
    assert declare(written, LOAD, Destination(True, ("a b", "a_b")), {}) == [{"name": "a_b"}, {"name": "a b"}]


# Keys


PEOPLE = pd.DataFrame({"My Id": [1, 2], "Born": ["1970", "1980"]})
KEYS = [
    ("as in the frame", {"primary_keys": ["My Id"], "last_modified_keys": ["Born"]}),
    ("as in the table", {"primary_keys": ["my_id"], "last_modified_keys": ["born"]}),
    ("as in neither but for capitals", {"primary_keys": ["MY ID"], "last_modified_keys": ["BORN"]}),
]


@pytest.mark.parametrize(("word", "keys"), KEYS, ids=[each[0] for each in KEYS])
def test_keys_are_found_however_they_are_spelled(client: APIClient, word: str, keys: dict[str, Any]):
    options: dict[str, Any] = {"client": client, **keys}
    first = civis.io.dataframe_to_civis(
        PEOPLE, "local", "public.people", existing_table_rows="drop", sortkey1="My Id", **options
    )
    first.result()
    changed = PEOPLE.assign(Born=["1971", "1981"])
    civis.io.dataframe_to_civis(
        changed, "local", "public.people", existing_table_rows="upsert", **options
    ).result()
    assert sorted(read(client, "public.people").rows()) == [(1, "1971"), (2, "1981")]


UNKNOWN_KEYS: list[tuple[str, Any]] = [
    ("primary_keys", ["My_Idd"]),
    ("last_modified_keys", ["nope"]),
    ("distkey", "nope"),
    ("sortkey1", "nope"),
]


@pytest.mark.parametrize(("what", "value"), UNKNOWN_KEYS)
def test_keys_that_are_no_columns_are_refused_before_anything_is_sent(
    client: APIClient, what: str, value: Any
):
    before = files_of(client)
    with pytest.raises(ValueError, match=what):
        civis.io.dataframe_to_civis(PEOPLE, "local", "public.nobody", client=client, **{what: value})
    assert files_of(client) == before + 1, "a file was made in between"


def test_keys_may_be_columns_that_only_the_table_has():
    load = TableLoad("local", "public.t", sortkey1="Stamp", table_columns=[{"name": "a_b"}])
    assert declare_keys(load, ["a b"], Destination(True, ("a_b", "stamp"))).sortkey1 == "stamp"


def test_a_header_may_have_a_name_twice(client: APIClient, tmp_path: Path):
    path = tmp_path / "twice.csv"
    path.write_text("name,name\nx,y\n")
    civis.io.csv_to_civis(path, "local", "public.twice", client=client).result()
    assert read(client, "public.twice").to_dicts() == [{"name": "x", "name_2": "y"}]


# Futures, archiving, files


def test_the_future_of_a_download_can_be_pickled(
    platform: Platform, client: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    future = civis.io.civis_to_csv(tmp_path / "one.csv", "SELECT 1 AS one", "local", client=client)
    future.result()
    (tmp_path / "one.csv").unlink()
    again = pickle.loads(pickle.dumps(future))
    assert type(again) is CivisFuture
    assert (again.job_id, again.run_id) == (future.job_id, future.run_id)
    assert again.result().state == "succeeded"
    assert list(tmp_path.iterdir()) == [], "the file is fetched where the export was started, not elsewhere"


@pytest.fixture
def refusing(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs whose archiving the platform refused."""
    refused: list[int] = []

    def refuse(job_id: int, _: bool) -> None:
        refused.append(job_id)
        raise CivisAPIError("no permission")

    monkeypatch.setattr(client.scripts, "put_sql_archive", refuse, raising=False)
    monkeypatch.setattr(client.imports, "put_archive", refuse, raising=False)
    return refused


@pytest.mark.filterwarnings("ignore:.*older spelling:FutureWarning")
def test_a_refused_archiving_loses_no_result(
    client: APIClient, refusing: list[int], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    options: dict[str, Any] = {"client": client, "archive": True}
    target = tmp_path / "one.csv"
    with caplog.at_level(logging.WARNING, "civis.io"):
        civis.io.civis_to_csv(target, "SELECT 1 AS one", "local", **options).result()
        civis.io.civis_to_multifile_csv("SELECT 1 AS one", "local", **options)
        civis.io.read_civis_sql("SELECT 1 AS one", "local", **options)
        civis.io.dataframe_to_civis(
            FRAME, "local", "public.archived", existing_table_rows="drop", **options
        ).result()
    assert len(refusing) == 4
    assert sum("could not be archived" in record.message for record in caplog.records) == 4
    assert target.read_text() == '"one"\n1\n'


@pytest.mark.filterwarnings("ignore:.*older spelling:FutureWarning")
def test_scripts_that_fail_are_archived_too(client: APIClient, refusing: list[int]):
    for function in (civis.io.civis_to_multifile_csv, civis.io.read_civis_sql):
        with pytest.raises(CivisJobFailure):
            function("SELECT * FROM nowhere", "local", client=client, archive=True)
    assert len(refusing) == 2


def test_the_warning_of_archive_is_about_the_users_line(client: APIClient, tmp_path: Path):
    options: dict[str, Any] = {"client": client, "archive": True}
    with pytest.warns(FutureWarning, match="archive") as caught:
        civis.io.read_civis_sql("SELECT 1 AS one", "local", **options)
    with pytest.warns(FutureWarning, match="archive") as caught_too:
        future = civis.io.civis_to_csv(tmp_path / "a.csv", "SELECT 1 AS one", "local", **options)
    future.result()
    assert [each.filename for each in (*caught, *caught_too)] == [__file__] * 2


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_frames_go_into_zip_archives(client: APIClient, library: str):
    frame = {"pandas": FRAME.to_pandas, "polars": lambda: FRAME, "arrow": FRAME.to_arrow}[library]()
    file_id = civis.io.dataframe_to_file(frame, "x.csv.zip", client=client)
    content = io.BytesIO()
    civis.io.civis_to_file(file_id, content, client=client)
    with zipfile.ZipFile(content) as archive:
        assert archive.namelist() == ["x.csv"]
    found = civis.io.file_to_dataframe(file_id, "polars", client=client)
    assert found.rows() == [(1, 3), (2, 4)]


def test_frames_are_not_called_what_they_are_not(client: APIClient):
    with pytest.raises(ValueError, match=r"x\.csv\.zst.*\.gz"):
        civis.io.dataframe_to_file(FRAME, "x.csv.zst", client=client)
    assert civis.io.dataframe_to_file(FRAME, "x.csv.zst", client=client, compression=None) > 0


@pytest.mark.parametrize("return_as", ["list", "pandas", "polars", "arrow"])
def test_types_for_columns_that_are_not_there_are_refused_whatever_is_read(client: APIClient, return_as: str):
    with pytest.raises(ValueError, match="'nope'"):
        civis.io.read_civis_sql(
            "SELECT 1 AS one", "local", return_as=return_as, dtypes={"nope": "int"}, client=client
        )


def test_one_bad_file_ends_the_looks_at_all(client: APIClient):
    contents = [b'a,b\n1,"open\n', b"a,b\n" + b"1,2\n" * 200_000, b'a,b\n1,"open\n']
    files = [
        civis.io.file_to_civis(io.BytesIO(content), f"{number}.csv", client=client)
        for number, content in enumerate(contents)
    ]
    before = {job.id for job in client.jobs.list(iterator=True, hidden=True)}
    with pytest.raises(CivisImportError, match=f"file {files[0]} "):
        prepare_files(client, files, CsvQuestion(None, None, True), 0.1)
    jobs = [job for job in client.jobs.list(iterator=True, hidden=True) if job.id not in before]
    assert len(jobs) == 3
    for job in jobs:
        [run] = client.jobs.list_runs(job.id)
        # One that is being cancelled may run on for a moment.
        ended = CivisFuture(client.jobs.get_runs, (job.id, run.id), polling_interval=0.05, client=client)
        assert not wait([ended], 60).not_done, run
        assert ended.cancelled() or ended.succeeded() or ended.exception() is not None


def test_rows_are_read_where_numpy_is_not_installed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert _rows.read_rows([lambda: io.BytesIO(b"a\n1\n")], None, ",", None) == [["a"], ["1"]]

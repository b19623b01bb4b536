"""Frames whose values or options could be bent on the way: none is, whether pyarrow writes them or not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import gc
import io
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import civis
from civis.client import APIClient
from civis.io import _frame_csv
from civis.io._frame_csv import FrameCsv, write_frame
from civis.io._frames import as_frame

PLUS_5 = dt.timezone(dt.timedelta(hours=5))
DAY, TIME = dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, 5, 6)
AWARE = TIME.replace(tzinfo=PLUS_5)


@pytest.fixture(params=["arrow", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write by Arrow, or as where it is not installed."""
    if request.param == "plain":
        monkeypatch.setattr(_frame_csv, "has_pyarrow", lambda: False)
    return str(request.param)


def written(frame: Any, **arguments: Any) -> tuple[list[str], FrameCsv]:
    """Give the lines of a frame, and what is said of it."""
    target = io.BytesIO()
    form = write_frame(frame, target, arguments)
    return target.getvalue().decode().splitlines(), form


def cells(frame: Any, **arguments: Any) -> tuple[list[str], str]:
    """Give the values of a frame of one column without quotes, and its SQL type."""
    lines, form = written(frame, **arguments)
    values = [line[1:-1].replace('""', '"') if line.startswith('"') else line for line in lines[1:]]
    return values, form.columns[0]["sql_type"].partition("(")[0]


def objects(*values: Any) -> pd.DataFrame:
    """Give a pandas frame of one column of Python's objects."""
    return pd.DataFrame({"a": pd.Series(list(values), dtype=object)})


class Day(dt.date):
    """A class of days, as other libraries have them."""


class Colour(str, enum.Enum):
    """Texts with names."""

    RED = "red"


class Rank(enum.IntEnum):
    """Integers with names."""

    FIRST = 1


@dataclasses.dataclass
class Point:
    """What has no text but a `repr` that is one."""

    x: int


ID = uuid.UUID(int=7)
#: What a column holds, to its SQL type and its texts.
OBJECTS: dict[str, tuple[pd.DataFrame, str, list[str]]] = {
    "a day before a time": (objects(DAY, TIME), "TIMESTAMP", ["2020-01-01 00:00:00", "2020-01-01 05:06:00"]),
    "a time before a day": (
        objects(TIME, None, DAY),
        "TIMESTAMP",
        ["2020-01-01 05:06:00", "", "2020-01-01 00:00:00"],
    ),
    "days": (objects(DAY, None), "DATE", ["2020-01-01", ""]),
    "without and with a zone": (objects(TIME, AWARE), "VARCHAR", [str(TIME), str(AWARE)]),
    "with and without a zone": (objects(AWARE, TIME), "VARCHAR", [str(AWARE), str(TIME)]),
    "a zone beside a day": (objects(DAY, AWARE), "VARCHAR", [str(DAY), str(AWARE)]),
    "zones": (objects(AWARE), "TIMESTAMPTZ", ["2020-01-01 00:06:00"]),
    "time of day": (objects(dt.time(1, 2, 3)), "TIME", ["01:02:03"]),
    "time of day in a zone": (objects(dt.time(1, 2, 3, tzinfo=PLUS_5)), "VARCHAR", ["01:02:03+05:00"]),
    "other keys": (objects({"a": 1}, {"b": 2}), "VARCHAR", ['{"a": 1}', '{"b": 2}']),
    "NaN in JSON": (objects({"a": float("nan")}, [1.5, np.nan]), "VARCHAR", ['{"a": null}', "[1.5, null]"]),
    "NaN beside a text": (objects([np.inf, {"k": pd.NaT}], "x"), "VARCHAR", ['[null, {"k": null}]', "x"]),
    "no text as a key": (objects({(1, 2): np.float32(0.5)}), "VARCHAR", ['{"(1, 2)": 0.5}']),
    "arrays": (objects(np.array([1.0, np.nan]), np.array([2])), "VARCHAR", ["[1.0, null]", "[2]"]),
    "an integer of 71 bits": (objects(2**70, 1), "NUMERIC", [str(2**70), "1"]),
    "no finite decimal": (objects(Decimal("Infinity"), Decimal(1)), "VARCHAR", ["Infinity", "1"]),
    "UUIDs": (objects(ID, None), "VARCHAR", [str(ID), ""]),
    "periods": (pd.DataFrame({"a": pd.period_range("2020-01", periods=1, freq="M")}), "VARCHAR", ["2020-01"]),
    "spans": (
        pd.DataFrame({"a": pd.to_timedelta(["26h", "-22h", "0.5s", None])}),
        "VARCHAR",
        ["1 days 02:00:00", "-1 days +02:00:00", "0 days 00:00:00.500000", ""],
    ),
    "spans of nanoseconds": (
        pd.DataFrame({"a": pd.Series(np.array([3_600_000_000_005], "timedelta64[ns]"))}),
        "VARCHAR",
        ["0 days 01:00:00.000000005"],
    ),
    "spans beside a text": (objects(dt.timedelta(days=-1), "x"), "VARCHAR", ["-1 days +00:00:00", "x"]),
    "spans in JSON": (objects([dt.timedelta(hours=1)]), "VARCHAR", ['["0 days 01:00:00"]']),
    "sparse": (pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}), "BIGINT", ["0", "0", "1"]),
    "complex": (objects(1 + 2j), "VARCHAR", ["(1+2j)"]),
    "intervals": (pd.DataFrame({"a": pd.interval_range(0, 1)}), "VARCHAR", ["(0, 1]"]),
    "intervals as categories": (
        pd.DataFrame({"a": pd.cut([1, 9], [0, 5, 9])}), "VARCHAR", ["(0, 5]", "(5, 9]"]
    ),
    "tuples as categories": (pd.DataFrame({"a": pd.Categorical([(1, 2), None])}), "VARCHAR", ["[1, 2]", ""]),
    "days as categories": (pd.DataFrame({"a": pd.Categorical([DAY, None])}), "DATE", [str(DAY), ""]),
    "categories of several kinds": (pd.DataFrame({"a": pd.Categorical(["x", 1])}), "VARCHAR", ["x", "1"]),
    "no category": (pd.DataFrame({"a": pd.Categorical([], ["x"])}), "VARCHAR", []),
    "days and NaT": (objects(DAY, pd.NaT), "DATE", [str(DAY), ""]),
    "days of a class of their own": (
        objects(Day(2020, 1, 1), TIME), "TIMESTAMP", ["2020-01-01 00:00:00", "2020-01-01 05:06:00"]
    ),
    "a member of texts": (objects(Colour.RED, None), "VARCHAR", ["red", ""]),
    "a member of texts beside an integer": (objects(Colour.RED, 1), "VARCHAR", ["red", "1"]),
    "a member of integers": (objects(Rank.FIRST, 2), "BIGINT", ["1", "2"]),
    "integers and decimals": (
        objects(np.int64(4), Decimal("1.5"), 2**70), "NUMERIC", ["4.0", "1.5", f"{2**70}.0"]
    ),
    "times of NumPy": (
        objects(np.datetime64("2020-01-01T05:06"), None), "TIMESTAMP", ["2020-01-01 05:06:00", ""]
    ),
    "days of NumPy": (objects(np.datetime64("2020-01-01"), None), "DATE", ["2020-01-01", ""]),
    "spans of NumPy": (objects(np.timedelta64(3, "s"), 1.5), "VARCHAR", ["3 seconds", "1.5"]),
    "times of NumPy beyond all years": (objects(np.datetime64(10**6, "Y"), None), "VARCHAR", ["1001970", ""]),
    "a repr that is a text": (objects(Point(1), range(3)), "VARCHAR", ["Point(x=1)", "range(0, 3)"]),
}  # fmt: skip

if np.dtype(np.longdouble).itemsize > 8:
    OBJECTS["long floats"] = (pd.DataFrame({"a": np.array([1.5], np.longdouble)}), "VARCHAR", ["1.5"])

#: Values that Arrow, of which the first decides, would make the first one's type.
KINDS: dict[str, Any] = {
    "a text": "x", "an integer": 5, "a long integer": 2**70, "a float": 1.5, "a boolean": True,
    "a decimal": Decimal("1.5"), "a day": DAY, "a time": TIME, "a time in a zone": AWARE,
    "a time of day": dt.time(1, 2), "a span": dt.timedelta(hours=3), "a UUID": ID, "a list": [1],
    "an integer of NumPy": np.int64(4), "a boolean of NumPy": np.bool_(False),
    "a float of NumPy": np.float64(0.5),
    "a time of NumPy": np.datetime64("2020-01-01T05:06"), "a span of NumPy": np.timedelta64(3, "h"),
    "a complex": 1 + 2j, "a period": pd.Period("2020-01"),
}  # fmt: skip
#: What may stand in one column without being a text; of each kind the words above.
NUMBERS = {"an integer", "a long integer", "a float", "a decimal", "an integer of NumPy", "a float of NumPy"}
TIMES = {"a day", "a time", "a time of NumPy"}
FLAGS = {"a boolean", "a boolean of NumPy"}


@pytest.mark.parametrize("first", KINDS)
def test_the_first_value_bends_no_other(way: str, first: str):
    for second, value in KINDS.items():
        texts, sql_type = cells(objects(KINDS[first], value))
        alone = [cells(objects(each, "x"))[0][0] for each in (KINDS[first], value)]
        if not any({first, second} <= alike for alike in (NUMBERS, TIMES, FLAGS)) and first != second:
            assert (texts, sql_type) == (alone, "VARCHAR"), second
        elif sql_type == "VARCHAR":
            assert texts == alone, second
        elif sql_type not in ("BOOLEAN", "TIMESTAMP", "TIMESTAMPTZ", "TIME", "DATE"):
            assert [Decimal(text) for text in texts] == [Decimal(str(text)) for text in alone], second


@pytest.mark.parametrize("case", OBJECTS)
def test_values_of_pandas_keep_their_meaning(way: str, case: str):
    frame, sql_type, expected = OBJECTS[case]
    texts, found = cells(frame)
    assert found == sql_type
    # The ways differ in how many zeros they write.
    assert [text.removesuffix("Z").removesuffix(".000000") for text in texts] == expected


POLARS: dict[str, tuple[pl.Series, str, list[str]]] = {
    "objects": (pl.Series([ID, None], dtype=pl.Object), "VARCHAR", [str(ID), ""]),
    "NaN in a list": (pl.Series([[float("nan"), 1.0], None]), "VARCHAR", ["[null, 1.0]", ""]),
    "NaN in a struct": (pl.Series([{"a": float("nan")}]), "VARCHAR", ['{"a": null}']),
}


if hasattr(pl, "Int128"):
    POLARS["128 bits"] = (pl.Series([2**70, None], dtype=pl.Int128), "NUMERIC", [str(2**70), ""])
    POLARS["127 bits"] = (pl.Series([2**127 - 1], dtype=pl.Int128), "VARCHAR", [str(2**127 - 1)])


@pytest.mark.parametrize("case", POLARS)
def test_values_of_polars_keep_their_meaning(way: str, case: str):
    values, sql_type, expected = POLARS[case]
    assert cells(values.to_frame("a")) == (expected, sql_type)


@pytest.mark.skipif(not hasattr(pa, "bool8"), reason="this pyarrow has no such types")
def test_extension_types_of_arrow_are_written():
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([ID.bytes, None], pa.binary(16)))
    flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8()))
    lines, _ = written(pa.table({"id": ids, "flag": flags}))
    assert lines[1:] == [f'"{ID}",1', ",0"]


#: What Arrow has beside the types that tables have, to its SQL type and its texts.
ARROW: dict[str, tuple[pa.Array, str, list[str]]] = {
    "run-end encoded": (pa.RunEndEncodedArray.from_arrays([2, 3], ["x", "y"]), "VARCHAR", ["x", "x", "y"]),
    "dictionary": (pa.array(["x", None]).dictionary_encode(), "VARCHAR", ["x", ""]),
    "months and days": (
        pa.array([(1, -2, 3_700_500_000_000), (0, 0, -1_000_000_000)], pa.month_day_nano_interval()),
        "VARCHAR",
        ["1 months -2 days 01:01:40.5", "0 months 0 days -00:00:01"],
    ),
    "spans": (pa.array([-1], pa.duration("s")), "VARCHAR", ["-1 days +23:59:59"]),
}


@pytest.mark.parametrize("case", ARROW)
def test_values_of_arrow_keep_their_meaning(case: str):
    values, sql_type, expected = ARROW[case]
    assert cells(pa.table({"a": values})) == (expected, sql_type)


#: What is no frame, and yet offers its columns to Arrow.
OFFERS: dict[str, Callable[[], Any]] = {
    "a batch": lambda: pa.record_batch({"a": [1, 2]}),
    "a reader of batches": lambda: pa.table({"a": [1, 2]}).to_reader(),
    "a series of pandas": lambda: pa.table(as_frame(pd.Series([1, 2], name="a"))),
    "a relation of DuckDB": lambda: duckdb.sql("SELECT * FROM range(1, 3) AS t(a)"),
}


@pytest.mark.parametrize("case", OFFERS)
def test_what_offers_itself_to_arrow_is_a_frame(case: str):
    assert as_frame(OFFERS[case]()).to_pydict() == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("given", "said"),
    [(pl.LazyFrame({"a": [1]}), "LazyFrame.*collect"), (pl.Series([1]), "not Series"), ([1], "not list")],
    ids=["lazy", "a column", "a list"],
)
def test_what_is_no_frame_is_refused(given: Any, said: str):
    with pytest.raises(TypeError, match=said):
        as_frame(given)


REFUSED: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "lone surrogate": (objects("\ud800"), {}, ValueError, "'a'.*surrogate"),
    "an object without a text": (objects(object(), 1), {}, TypeError, "builtins.object.*no text of its own"),
    "a function in JSON": (objects([len]), {}, TypeError, "no text of its own"),
    "an object in polars": (
        pl.DataFrame({"a": pl.Series([object()], dtype=pl.Object)}),
        {},
        TypeError,
        "no text of its own",
    ),
    "surrogate in JSON": (objects(["\ud800"]), {}, ValueError, "'a'.*surrogate"),
    "bytes beside a time": (objects(AWARE, b"x"), {}, TypeError, "'a' holds bytes"),
    "another quote": (objects(1), {"quoting": 3}, TypeError, "quoting"),
    "bytes beside text": (objects(b"x", "y"), {}, TypeError, "'a' holds bytes"),
    "nanoseconds": (
        objects(pd.Timestamp("2020-01-01 00:00:00.123456789"), TIME),
        {},
        ValueError,
        "'a'.*finer",
    ),
    "no columns": (pd.DataFrame(index=[1, 2]), {}, ValueError, "no columns"),
    "no columns in polars": (pl.DataFrame(), {}, ValueError, "no columns"),
    "too many names": (objects(1), {"header": ["x", "y"]}, ValueError, "2 names"),
    "one text as names": (objects(1), {"header": "xy"}, TypeError, "header='xy'"),
    "an index without a name": (objects(1), {"index": True, "index_label": False}, TypeError, "index_label"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_refused_by_name(way: str, case: str):
    frame, arguments, error, said = REFUSED[case]
    with pytest.raises(error, match=said):
        written(frame, **arguments)


FRAME = pd.DataFrame(
    {
        "zip": ["02116", None, ""],
        "share": [0.126, None, 2.0],
        "day": pd.to_datetime(["2020-01-31 10:00", None, "2020-02-01"], format="ISO8601"),
    }
)
TYPES = ["VARCHAR(256)", "DOUBLE PRECISION", "TIMESTAMP"]
SHORT = [{"header": value} for value in (None, 0, False, np.bool_(False))]
#: Arguments to the writer; the names and types that are told; the second line of the file, or the first.
FORMATS: dict[str, tuple[dict[str, Any], list[str], list[str], str]] = {
    "day": ({"date_format": "%Y-%m-%d"}, [*FRAME], [*TYPES[:2], "DATE"], '"02116",0.126,"2020-01-31"'),
    "day as a text": (
        {"date_format": "%d.%m.%Y"}, [*FRAME], [*TYPES[:2], TYPES[0]], '"02116",0.126,"31.01.2020"'
    ),
    "digits": ({"float_format": "%.2f"}, [*FRAME], TYPES, '"02116","0.13",2020-01-31 10:00:00'),
    "percent": (
        {"float_format": "{:.0%}".format}, [*FRAME], [TYPES[0], TYPES[0], TYPES[2]],
        '"02116","13%",2020-01-31 10:00:00',
    ),
    "what is so anyway": (
        {"quoting": 1, "quotechar": '"', "lineterminator": "\n", "decimal": "."}, [*FRAME], TYPES,
        '"02116",0.126,2020-01-31 10:00:00',
    ),
    "nothing for NULL": ({"na_rep": ""}, [*FRAME], TYPES, '"02116",0.126,2020-01-31 10:00:00'),
    "names": ({"header": ["x", "y", "z"]}, ["x", "y", "z"], TYPES, '"02116",0.126,2020-01-31 10:00:00'),
    "names of an index": ({"header": pd.Index(["ZZ"]), "columns": ["zip"]}, ["ZZ"], TYPES[:1], '"02116"'),
    "names in an array": ({"header": np.array(["ZZ"]), "columns": ["zip"]}, ["ZZ"], TYPES[:1], '"02116"'),
    "index": (
        {"index": True, "index_label": "n", "columns": ["zip"], "float_format": "%.1f"},
        ["n", "zip"], ["BIGINT", TYPES[0]], '0,"02116"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMATS)
def test_formats_leave_names_types_and_nulls(way: str, case: str):
    arguments, names, types, line = FORMATS[case]
    lines, form = written(FRAME, **arguments)
    assert (form.has_header, list(form.names)) == (True, names)
    assert [column["sql_type"] for column in form.columns] == types
    assert [column["name"] for column in form.columns] == names
    assert lines[1].replace(".000000", "") == line
    if names == [*FRAME]:
        assert lines[2] == ",,"
        assert lines[3].startswith('"",')


@pytest.mark.parametrize("arguments", SHORT)
@pytest.mark.parametrize("further", [{}, {"float_format": "%.1f"}])
def test_whatever_is_false_means_no_row_of_names(
    way: str, arguments: dict[str, Any], further: dict[str, Any]
):
    lines, form = written(FRAME, **arguments, **further)
    assert (form.has_header, list(form.names), len(lines)) == (False, [*FRAME], len(FRAME))


SPAN = pl.DataFrame({"d": [DAY, None], "t": [TIME, None], "f": [0.5, None], "s": ["", None]})
POLARS_FORMATS: dict[str, tuple[dict[str, Any], str, str]] = {
    "day": ({"date_format": "%d.%m.%Y"}, "01.01.2020", "VARCHAR(256)"),
    "hour": ({"datetime_format": "%Y-%m-%d"}, "2020-01-01", "DATE"),
    "digits": ({"float_precision": 3}, "0.500", "DOUBLE PRECISION"),
    "scientific": ({"float_scientific": True}, "5e-1", "DOUBLE PRECISION"),
    "nothing for NULL": ({"null_value": ""}, "2020-01-01", "DATE"),
}


@pytest.mark.parametrize("case", POLARS_FORMATS)
def test_formats_of_polars_leave_types_and_nulls(way: str, case: str):
    arguments, text, sql_type = POLARS_FORMATS[case]
    lines, form = written(SPAN, **arguments)
    cells_of_first = [cell.strip('"') for cell in lines[1].split(",")]
    assert lines[1].endswith(',""')
    assert lines[2] == ",,,"
    assert form.columns[cells_of_first.index(text)]["sql_type"] == sql_type


def stored(client: APIClient, frame: Any, table: str, **arguments: Any) -> pl.DataFrame:
    """Write a frame into a table, and read that."""
    arguments.setdefault("existing_table_rows", "drop")
    civis.io.dataframe_to_civis(frame, "local", table, client=client, **arguments).result()
    found: pl.DataFrame = civis.io.read_civis(table, "local", return_as="polars", client=client)
    return found


def test_formatted_values_arrive_as_what_they_are(client: APIClient):
    found = stored(client, FRAME, "public.formatted", float_format="%.1f", date_format="%Y-%m-%d")
    assert found.sort("share", nulls_last=True).rows() == [
        ("02116", 0.1, dt.date(2020, 1, 31)),
        ("", 2.0, dt.date(2020, 2, 1)),
        (None, None, None),
    ]


def test_columns_without_names_in_the_file_are_appended_by_name(client: APIClient):
    frame = pd.DataFrame({"a": [1.0], "b": [2.0]})
    stored(client, frame, "public.named")
    turned = {"header": None, "float_format": "%.1f", "existing_table_rows": "append"}
    found = stored(client, frame[["b", "a"]], "public.named", **turned)
    assert found.rows() == [(1.0, 2.0), (1.0, 2.0)]


def test_times_and_json_arrive_whole(client: APIClient):
    frame = pd.DataFrame(
        {"t": [DAY, TIME], "z": [TIME, AWARE], "j": [{"a": 1}, {"b": [np.nan]}]}, dtype=object
    )
    found = stored(client, frame, "public.whole").sort("t")
    assert found["t"].to_list() == [dt.datetime(2020, 1, 1), TIME]
    assert found["z"].to_list() == [str(TIME), str(AWARE)]
    assert [json.loads(text) for text in found["j"]] == [{"a": 1}, {"b": [None]}]


def test_an_id_of_digits_is_one_file(client: APIClient):
    ids = [civis.io.file_to_civis(io.BytesIO(f"n\n{number}\n".encode()), "n.csv", client=client)
           for number in range(12)]  # fmt: skip
    last: Any = str(ids[-1])
    assert len(last) > 1
    civis.io.civis_file_to_table(last, "local", "public.one_id", headers=True, client=client).result()
    found = civis.io.read_civis("public.one_id", "local", client=client)
    assert found == [["n"], ["11"]]


ROWS = 3000
BIG = f"SELECT i AS id, lpad(i::varchar, 6, '0') AS code, repeat('x', 2000) AS filler FROM range({ROWS}) t(i)"
Run = tuple[int, int]


def exported(client: APIClient, sql: str, **settings: Any) -> Run:
    """Run a script, and give the IDs of job and run."""
    database = client.get_database_id("local")
    script = client.scripts.post_sql(
        "an export", sql=sql, remote_host_id=database,
        credential_id=client.default_database_credential_id, csv_settings=settings,
    )  # fmt: skip
    future = civis.utils.run_job(script.id, client=client)
    future.result()
    return script.id, future.run_id


@pytest.fixture(scope="module")
def several(client: APIClient) -> dict[str, Run]:
    """Results in several files: with names, and without."""
    sizes = {"force_multifile": True, "max_file_size": 1}
    return {
        "with names": exported(client, BIG, include_header=True, **sizes),
        "without names": exported(client, BIG, include_header=False, **sizes),
    }


@pytest.mark.parametrize("header", ["with names", "without names"])
@pytest.mark.parametrize(
    "arguments",
    [{"return_as": "pandas", "dtype": str}, {"return_as": "polars", "infer_schema": False}],
    ids=["pandas", "polars"],
)
def test_arguments_to_a_reader_cover_all_files(
    client: APIClient, several: dict[str, Run], header: str, arguments: dict[str, Any]
):
    found = civis.io.read_run(*several[header], client=client, **arguments)
    assert list(found.columns) == ["id", "code", "filler"]
    assert sorted(found["code"].to_list()) == [f"{number:06}" for number in range(ROWS)]


#: Further arguments to a reader of a file without names, and what it gives.
BARE: dict[str, tuple[dict[str, Any], list[list[str]]]] = {
    "pandas": ({"return_as": "pandas", "dtype": str}, [["a", "b"], ["a", "b"], ["x", "y"]]),
    "pandas, one column": ({"return_as": "pandas", "usecols": ["b"]}, [["b"], ["b"], ["y"]]),
    "pandas, names": ({"return_as": "pandas", "names": ["p", "q"]}, [["p", "q"], ["a", "b"], ["x", "y"]]),
    "pandas, pieces": ({"return_as": "pandas", "iterator": True}, [["a", "b"], ["a", "b"], ["x", "y"]]),
    "polars": ({"return_as": "polars", "infer_schema": False}, [["a", "b"], ["a", "b"], ["x", "y"]]),
    "polars, turned": ({"return_as": "polars", "columns": ["b", 0]}, [["b", "a"], ["b", "a"], ["y", "x"]]),
    "polars, names": (
        {"return_as": "polars", "has_header": False, "new_columns": ["p", "q"]},
        [["p", "q"], ["a", "b"], ["x", "y"]],
    ),
}


@pytest.fixture(scope="module")
def bare(client: APIClient) -> Run:
    """A result in a file without names."""
    return exported(
        client, """SELECT 'a' AS "A", 'b' AS "B" UNION ALL SELECT 'x', 'y' ORDER BY 1""", include_header=False
    )


@pytest.mark.parametrize("case", BARE)
def test_a_file_without_names_keeps_its_first_row(client: APIClient, bare: Run, case: str):
    arguments, expected = BARE[case]
    found = civis.io.read_run(*bare, client=client, **arguments)
    if arguments.get("iterator"):
        with found as reader:
            found = reader.read()
    rows = found.to_numpy().tolist()
    assert [list(found.columns), *rows] == expected


def test_pieces_can_be_read_after_the_call(client: APIClient):
    sql = "SELECT i AS n FROM range(10) t(i) ORDER BY 1"
    pieces = civis.io.read_civis_sql(sql, "local", return_as="pandas", client=client, chunksize=4)
    assert [piece["n"].tolist() for piece in pieces] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    file_id = civis.io.dataframe_to_file(pd.DataFrame({"n": range(10)}), "n.csv.gz", client=client)
    with civis.io.file_to_dataframe(file_id, client=client, iterator=True) as reader:
        assert reader.get_chunk(3)["n"].tolist() == [0, 1, 2]
    civis.io.file_to_dataframe(file_id, client=client, chunksize=3)
    # Nobody closed this one: its file goes with it, without a warning.
    gc.collect()

"""From CSV to columns, and from frames to CSV: no value changes on the way."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import decimal
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.io._frame_csv import FrameCsv, write_frame
from civis.io._frames import frame_columns, frame_to_arrow
from civis.io._readers import ReadOptions, read_result
from civis.io._result_tables import TableFormat, read_table

# CSV values of one column, the type it gets, and what the values become
FOUND = [
    ("whole numbers", ["1", "-2", "0"], "int64", [1, -2, 0]),
    ("whole numbers and NULL", ["1", None], "int64", [1, None]),
    ("leading zeros tell texts", ["02116", "12345"], "string", ["02116", "12345"]),
    ("floats", ["0.5", "1e-7", "-3"], "double", [0.5, 1e-7, -3.0]),
    ("a NUMERIC with two decimals", ["1.10", "2.00"], "double", [1.1, 2.0]),
    ("versions are no numbers", ["1.1", "1.10"], "string", ["1.1", "1.10"]),
    ("beyond 64 bits", ["9223372036854775808"], "decimal128(38, 0)", [decimal.Decimal(2**63)]),
    ("beyond 38 digits", ["1" * 40], "string", ["1" * 40]),
    ("a plus sign", ["+1"], "string", ["+1"]),
    ("blanks", [" 1"], "string", [" 1"]),
    ("NA is a text", ["NA", "null"], "string", ["NA", "null"]),
    ("nan is a text", ["nan", "1"], "string", ["nan", "1"]),
    ("NULL and the empty text", ["", None, "x"], "string", ["", None, "x"]),
    ("dates stay texts", ["2013-01-01"], "string", ["2013-01-01"]),
]


def written_to(frame: Any, target: Path, arguments: dict[str, Any]) -> FrameCsv:
    """Write a frame to a file."""
    with target.open("wb") as file:
        return write_frame(frame, file, arguments)


def opened(content: bytes) -> Callable[[], Any]:
    """What opens these bytes as a stream."""
    return lambda: contextlib.closing(io.BytesIO(content))


def table_of(content: bytes, sql_types: dict[str, str] | None = None, **form: Any) -> pa.Table:
    """Read bytes as the reading functions do."""
    return read_table([opened(content)], TableFormat(sql_types=sql_types or {}, **form))


def result_of(content: bytes, options: ReadOptions) -> Any:
    """Read bytes as what the options say."""
    return read_result([opened(content)], options)


def as_csv(values: list[str | None], name: str = "column") -> bytes:
    """Write a column and the rows' numbers as the platform does: texts in quotes, NULL without."""
    cells = ["" if each is None else '"' + each.replace('"', '""') + '"' for each in values]
    return "".join(f"{cell},{row}\n" for row, cell in enumerate([name, *cells])).encode()


@pytest.mark.parametrize(("word", "values", "kind", "expected"), FOUND, ids=[each[0] for each in FOUND])
def test_without_types_only_what_is_exact_is_converted(
    word: str, values: list[str | None], kind: str, expected: list[Any]
):
    table = table_of(as_csv(values))
    assert str(table.schema.types[0]) == kind, word
    assert table.column(0).to_pylist() == expected


DECLARED = [
    ("varchar", ["1", "02"], ["1", "02"]),
    ("character varying(5)", ["NA", ""], ["NA", ""]),
    ("bigint", ["9007199254740993", None], [9007199254740993, None]),
    ("integer", ["7"], [7]),
    ("boolean", ["t", "f", None], [True, False, None]),
    ("date", ["2013-01-31"], [dt.date(2013, 1, 31)]),
    ("timestamp without time zone", ["2013-01-31 12:00:00.5"], [dt.datetime(2013, 1, 31, 12, 0, 0, 500000)]),
    (
        "timestamp with time zone",
        ["2013-01-31 12:00:00+00", "2013-01-31 12:00:00+02"],
        [dt.datetime(2013, 1, 31, h, tzinfo=dt.timezone.utc) for h in (12, 10)],
    ),
    ("numeric(10,2)", ["1.10"], [1.1]),
    ("numeric(30,2)", ["1234567890123456789.10"], [decimal.Decimal("1234567890123456789.10")]),
    ("numeric(18,0)", ["123456789012345678"], [123456789012345678]),
    ("double precision", ["1e300", "0.1"], [1e300, 0.1]),
    ("integer", ["the table changed"], ["the table changed"]),
    ("boolean", ["maybe"], ["maybe"]),
]


@pytest.mark.parametrize(("sql_type", "values", "expected"), DECLARED)
def test_declared_types_are_followed(sql_type: str, values: list[str | None], expected: list[Any]):
    table = table_of(as_csv(values, "Name"), {"name": sql_type})
    assert table.column(0).to_pylist() == expected


def test_in_one_column_an_empty_value_is_null_for_an_export_quotes_it():
    assert table_of(b'a\n""\n\n"x"\n').column(0).to_pylist() == [None, None, "x"]


def test_repeated_names_and_line_breaks_in_values():
    table = table_of(b'a,a\n"x\ny",2\n')
    assert table.column_names == ["a", "a"]
    assert table.column(0).to_pylist() == ["x\ny"]


texts = st.none() | st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=8
) | st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,3})?", fullmatch=True)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(texts, min_size=1, max_size=8))
def test_what_is_converted_can_be_written_back(values: list[str | None]):
    column = table_of(as_csv(values)).column(0)
    if pa.types.is_string(column.type):
        assert column.to_pylist() == values
    else:
        numbers = [None if each is None else decimal.Decimal(each) for each in values]
        for found, number in zip(column.to_pylist(), numbers, strict=True):
            assert (found is None) == (number is None)
            assert number is None or float(found) == float(number)
        if not pa.types.is_floating(column.type):
            assert [None if each is None else str(each) for each in column.to_pylist()] == values


def test_a_list_holds_every_row_also_those_of_one_empty_value():
    rows = result_of((b'"a"\n"x"\n\n"y"\n'), ReadOptions("list"))
    assert rows == [["a"], ["x"], [""], ["y"]]


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\x00"), min_size=1))
def test_a_list_holds_text_in_any_script(text: str):
    content = as_csv([text * 3])
    assert result_of((content), ReadOptions("list"))[1] == [text * 3, "1"]


def test_pandas_gets_its_usual_dtypes_unless_they_lose_a_value():
    content = b"a,b,c,d,e\n1,1,9007199254740993,,x\n2,,,,\n"
    frame = result_of((content), ReadOptions("pandas"))
    assert [str(dtype) for dtype in frame.dtypes[:4]] == ["int64", "float64", "Int64", "float64"]
    assert frame["c"][0] == 9007199254740993


def test_the_users_own_arguments_decide():
    frame = result_of((b"a\n1\n"), ReadOptions("pandas", arguments={"dtype": {"a": str}}))
    assert frame["a"].tolist() == ["1"]


def test_everything_as_text():
    frame = result_of((b"a\n1\n"), ReadOptions("pandas", all_text=True))
    assert frame["a"].tolist() == ["1"]


def test_polars_and_arrow():
    assert result_of((b"a,b\n1,x\n"), ReadOptions("polars")).equals(pl.DataFrame({"a": [1], "b": ["x"]}))
    assert result_of((b"a\n1\n"), ReadOptions("arrow")).to_pydict() == {"a": [1]}


FRAME = {
    "small": (pd.array([1, None], dtype="Int16"), "SMALLINT"),
    "whole": ([2**53 + 1, -1], "BIGINT"),
    "unsigned": (pd.array([2**64 - 1, 0], dtype="UInt64"), "NUMERIC(20,0)"),
    "float": ([0.1, math.nan], "DOUBLE PRECISION"),
    "single": (pd.array([0.1, 2.5], dtype="float32"), "REAL"),
    "flag": ([True, False], "BOOLEAN"),
    "text": (['a "b"\n,c', None], "VARCHAR(256)"),
    "long": (["x" * 300, ""], "VARCHAR(1024)"),
    "day": ([dt.date(2013, 1, 31), None], "DATE"),
    "moment": (pd.to_datetime(["2013-01-31 12:34:56.789", None], format="ISO8601"), "TIMESTAMP"),
    "zoned": (pd.to_datetime(["2013-01-31 12:00+02:00", None]), "TIMESTAMPTZ"),
    "amount": ([decimal.Decimal("1.10"), decimal.Decimal("2.55")], "NUMERIC(3,2)"),
    "nested": ([{"a": [1]}, None], "VARCHAR(256)"),
    "listed": ([[1, 2], []], "VARCHAR(256)"),
    "mixed": ([1, "x"], "VARCHAR(256)"),
    "kind": (pd.Categorical(["a", "b"]), "VARCHAR(256)"),
    "nothing": ([None, None], "VARCHAR(256)"),
}


def test_each_dtype_has_a_sql_type_and_one_way_of_being_written(tmp_path: Path):
    frame = pd.DataFrame({name: values for name, (values, _) in FRAME.items()})
    written = written_to(frame, tmp_path / "frame.csv", {})
    assert written.columns == [{"name": name, "sql_type": kind} for name, (_, kind) in FRAME.items()]
    with (tmp_path / "frame.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["whole"] == "9007199254740993"
    assert rows[0]["text"] == 'a "b"\n,c'
    assert rows[0]["nested"] == '{"a": [1]}'
    assert rows[0]["moment"].startswith("2013-01-31 12:34:56.789")
    assert rows[0]["zoned"].startswith("2013-01-31 10:00:00")
    assert rows[1]["float"] == ""
    assert rows[0]["amount"] == "1.10"
    assert '""' in (tmp_path / "frame.csv").read_text().splitlines()[-1]


def test_polars_and_arrow_frames(tmp_path: Path):
    frame = pl.DataFrame({"a": [1, None], "t": ["x", ""], "d": [dt.date(2013, 1, 1), None]})
    for given_frame in (frame, frame.to_arrow()):
        written = written_to(given_frame, tmp_path / "frame.csv", {})
        assert [each["sql_type"] for each in written.columns or []] == ["BIGINT", "VARCHAR(256)", "DATE"]
        assert (tmp_path / "frame.csv").read_text() == '"a","t","d"\n1,"x",2013-01-01\n,"",\n'


REFUSED = [
    ("bytes", pd.DataFrame({"a": [b"x"]}), TypeError, "bytes"),
    ("nanoseconds", pd.DataFrame({"a": pd.to_datetime([1], unit="ns")}), ValueError, "microsecond"),
    ("repeated names", pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "'a'"),
    ("no frame", [1, 2], TypeError, "list"),
]


@pytest.mark.parametrize(("word", "frame", "error", "said"), REFUSED, ids=[each[0] for each in REFUSED])
def test_what_no_table_can_hold_is_refused(word: str, frame: Any, error: type[Exception], said: str):
    with pytest.raises(error, match=said):
        frame_to_arrow(frame)


def test_names_become_plain():
    table = pa.table({"My Col": [1], "": [2], "2nd": [3]})
    assert [each["name"] for each in frame_columns(table)] == ["My_Col", "column_2", "_2nd"]


def test_a_named_index_is_not_dropped_without_a_word(tmp_path: Path):
    frame = pd.DataFrame({"a": [1]}, index=pd.Index([7], name="id"))
    with pytest.warns(UserWarning, match="reset_index"):
        written_to(frame, tmp_path / "frame.csv", {})
    written_to(frame, tmp_path / "frame.csv", {"index": True})
    assert (tmp_path / "frame.csv").read_text() == '"id","a"\n7,1\n'


WRITERS = [{"sep": "|"}, {"sep": "\t", "header": False}, {"columns": ["b"]}, {"float_format": "%.3f"}]


@pytest.mark.parametrize("arguments", WRITERS)
def test_the_declaration_follows_the_writers_arguments(arguments: dict[str, Any], tmp_path: Path):
    frame = pd.DataFrame({"a": ["x|y", "z"], "b": [1.5, 2.25]})
    written = written_to(frame, tmp_path / "frame.csv", arguments)
    with (tmp_path / "frame.csv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter=written.delimiter))
    columns = arguments.get("columns", ["a", "b"])
    if written.has_header:
        assert rows.pop(0) == columns
    expected = frame[columns].values.tolist()
    assert [
        [float(v) if n == "b" else v for n, v in zip(columns, row, strict=True)] for row in rows
    ] == expected


@pytest.mark.parametrize(
    "arguments", [{"quotechar": "'"}, {"decimal": ","}, {"na_rep": "NULL"}, {"encoding": "utf-16"}]
)
def test_what_the_platform_could_not_be_told_is_refused(arguments: dict[str, Any], tmp_path: Path):
    with pytest.raises(TypeError, match=next(iter(arguments))):
        written_to(pd.DataFrame({"a": [1]}), tmp_path / "frame.csv", arguments)
    assert not (tmp_path / "frame.csv").read_bytes()

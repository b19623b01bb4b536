"""Frames in and out where pyarrow is not installed: the same tables and the same frames as with it."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import fcntl
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from civis.io import _frame_csv, _readers
from civis.io._frame_csv import FrameCsv, write_frame
from civis.io._readers import ReadOptions, read_result
from civis.local import Platform

UTC = dt.timezone.utc
D = decimal.Decimal
SCRIPT = Path(__file__).parent / "without_pyarrow_script.py"


@contextlib.contextmanager
def no_pyarrow():
    """Have frames written and read as where pyarrow cannot be imported."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (_frame_csv, _readers):
            patch.setattr(module, "has_pyarrow", lambda: False)
        yield


def written(frame: Any, **arguments: Any) -> tuple[str, FrameCsv]:
    """Write a frame to text."""
    target = io.BytesIO()
    form = write_frame(frame, target, arguments)
    return target.getvalue().decode(), form


def rows_of(content: str, form: FrameCsv) -> list[list[object]]:
    """Read CSV of plain values: numbers as such, NULL as None, all else as text."""
    assert form.columns is not None
    types = {each["name"].lower(): each["sql_type"] for each in form.columns}
    options = ReadOptions("arrow", sql_types=types, delimiter=form.delimiter, names=list(form.names))
    table = read_result([opened(content.encode())], options)
    return [list(row.values()) for row in table.to_pylist()]


def opened(content: bytes) -> Callable[[], Any]:
    """What opens these bytes as a stream."""
    return lambda: contextlib.closing(io.BytesIO(content))


def times(*texts: str | None, unit: str = "us") -> Any:
    """A column of times."""
    return pd.Series(np.array([text or "NaT" for text in texts], dtype=f"datetime64[{unit}]"))


# A word, and a column of a pandas frame.
PANDAS = [
    ("texts, NULL and the empty text", ["a", "", None, 'q"x,', "line\nend", "NA"]),
    ("texts that are numbers", ["007", None, "1.10"]),
    ("texts of pandas", pd.array(["a", "", None], dtype="string")),
    ("nothing but NULL", [None, None]),
    ("nullable integers", pd.array([1, None, 2**62 + 1], dtype="Int64")),
    ("small integers", np.array([1, -2], dtype="int8")),
    ("unsigned", np.array([2**63, 1], dtype="uint64")),
    ("floats", [1.5, None, float("inf"), 0.1, 1e20]),
    ("single floats", np.array([1.1, 1e20, np.nan], dtype="float32")),
    ("nullable floats", pd.array([1.5, None], dtype="Float32")),
    ("half floats", np.array([1.5, np.nan], dtype="float16")),
    ("booleans", [True, False]),
    ("booleans and NULL", [True, None, False]),
    ("nullable booleans", pd.array([True, None], dtype="boolean")),
    ("times", times("2024-01-01", None, "2024-01-01T01:02:03.004005")),
    ("times in nanoseconds", times("2024-01-01", None, unit="ns")),
    ("times in seconds", times("9999-12-31T23:59:59", None, unit="s")),
    ("times with a zone", times("2024-01-01", None).dt.tz_localize("America/New_York")),
    ("times in objects", pd.Series([dt.datetime(2024, 1, 1, 5), None], dtype=object)),
    ("times with a zone in objects", pd.Series([dt.datetime(2024, 1, 1, 5, tzinfo=UTC), None], dtype=object)),
    ("days and times", pd.Series([dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 5), None], dtype=object)),
    (
        "with and without a zone",
        pd.Series([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=UTC)], dtype=object),
    ),
    ("days", [dt.date(2024, 1, 1), None]),
    ("times of day", [dt.time(1, 2, 3, 5), None, dt.time(1)]),
    ("spans", pd.to_timedelta(["1D", "2h", None])),
    ("decimals", [D("1.50"), D("20"), None]),
    ("decimals and integers", [D("1.5"), 1, None]),
    ("integers in objects", pd.Series([1, 2, None], dtype=object)),
    ("integers beyond 64 bits", pd.Series([2**70, 1, None], dtype=object)),
    ("numbers in objects", pd.Series([1, 2.5, None], dtype=object)),
    ("of several kinds", ["a", 1, None, D("1.5")]),
    ("true and one", pd.Series([True, 1, None], dtype=object)),
    ("lists", [[1], [2, 3], None]),
    ("lists and dicts", [{"a": 1}, [1], None]),
    ("arrays", pd.Series([np.array([1, 2]), None], dtype=object)),
    ("dicts", [{"a": 1}, {"b": float("nan")}, None]),
    ("times of day with a zone", pd.Series([dt.time(1, tzinfo=UTC), None], dtype=object)),
    ("periods", pd.period_range("2024-01", periods=2, freq="M")),
    ("categories", pd.Categorical(["x", None, "y"])),
    ("categories of booleans", pd.Categorical([True, None, False])),
    ("categories of integers", pd.Categorical([1, None, 2])),
    ("complex numbers", [1j, 2j]),
]


@pytest.mark.parametrize(("word", "column"), PANDAS, ids=[each[0] for each in PANDAS])
def test_a_pandas_column_is_written_as_by_way_of_arrow(word: str, column: Any):
    frame = pd.DataFrame({"row": range(len(column)), "My Col": column})
    expected, form = written(frame)
    with no_pyarrow():
        content, plain_form = written(frame)
    assert plain_form == form, word
    assert rows_of(content, plain_form) == rows_of(expected, form)


# A word, and a column of a polars frame.
POLARS = [
    ("texts, NULL and the empty text", pl.Series(["a", "", None, 'q"x,', "line\nend", "007"])),
    ("integers", pl.Series([1, None, 2**62 + 1])),
    ("small integers", pl.Series([1, 2], dtype=pl.Int8)),
    ("unsigned", pl.Series([2**63, None], dtype=pl.UInt64)),
    ("floats", pl.Series([1.5, None, float("inf"), 1e20, 1e-7])),
    ("single floats", pl.Series([1.1, None], dtype=pl.Float32)),
    ("booleans", pl.Series([True, None])),
    ("times", pl.Series([dt.datetime(2024, 1, 1, 5, 0, 0, 7), None])),
    ("times in nanoseconds", pl.Series([dt.datetime(2024, 1, 1), None], dtype=pl.Datetime("ns"))),
    ("times in milliseconds", pl.Series([dt.datetime(2024, 1, 1), None], dtype=pl.Datetime("ms"))),
    ("times with a zone", pl.Series([dt.datetime(2024, 1, 1, 5), None]).dt.replace_time_zone("Asia/Tokyo")),
    ("days", pl.Series([dt.date(2024, 1, 1), None])),
    ("times of day", pl.Series([dt.time(1, 2, 3, 5), None])),
    ("decimals", pl.Series([D("1.50"), None], dtype=pl.Decimal(10, 2))),
    ("spans", pl.Series([dt.timedelta(hours=2), None])),
    ("categories", pl.Series(["x", None], dtype=pl.Categorical)),
    ("lists", pl.Series([[1], None, [2, 3]])),
    ("structs", pl.Series([{"a": 1}, None])),
    ("nothing but NULL", pl.Series([None, None])),
]


@pytest.mark.parametrize(("word", "column"), POLARS, ids=[each[0] for each in POLARS])
def test_a_polars_column_is_written_as_by_way_of_arrow(word: str, column: pl.Series):
    frame = pl.DataFrame({"row": range(len(column)), "My Col": column})
    expected, form = written(frame)
    with no_pyarrow():
        content, plain_form = written(frame)
    assert plain_form == form, word
    assert rows_of(content, plain_form) == rows_of(expected, form)


REFUSED = [
    ("bytes", pd.DataFrame({"a": [b"x"]}), TypeError, "'a' holds bytes"),
    ("bytes among texts", pd.DataFrame({"a": ["x", b"x"]}), TypeError, "holds bytes"),
    (
        "half a surrogate pair",
        pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}),
        ValueError,
        "no Unicode",
    ),
    ("bytes in polars", pl.DataFrame({"a": [b"x"]}), TypeError, "'a' holds bytes"),
    (
        "nanoseconds",
        pd.DataFrame({"a": times("2024-01-01T00:00:00.000000001", unit="ns")}),
        ValueError,
        "'a'",
    ),
    (
        "nanoseconds in objects",
        pd.DataFrame({"a": pd.Series([pd.Timestamp("2024-01-01T00:00:00.000000001")], dtype=object)}),
        ValueError,
        "finer than a microsecond",
    ),
    (
        "nanoseconds in polars",
        pl.DataFrame({"a": pl.Series([1], dtype=pl.Int64).cast(pl.Datetime("ns"))}),
        ValueError,
        "finer than a microsecond",
    ),
    (
        "repeated names",
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        ValueError,
        "more than one column named 'a'",
    ),
]


@pytest.mark.parametrize(("word", "frame", "error", "said"), REFUSED, ids=[each[0] for each in REFUSED])
def test_the_same_is_refused(word: str, frame: Any, error: type[Exception], said: str):
    with no_pyarrow(), pytest.raises(error, match=said):
        written(frame)


def test_columns_index_header_and_delimiter_are_followed():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=pd.Index([7, 8], name="key"))
    with no_pyarrow():
        assert written(frame, columns=["b"], index=True, sep="|")[0] == '"key"|"b"\n7|"x"\n8|"y"\n'
        assert written(frame.reset_index(drop=True), header=False)[0] == '1,"x"\n2,"y"\n'
        assert written(frame.iloc[:0].reset_index(drop=True))[0] == '"a","b"\n'
        assert written(pl.DataFrame({"a": ["x"]}), separator="\t", include_header=False)[0] == '"x"\n'
        with pytest.warns(UserWarning, match="index"):
            written(frame)


# A word, the SQL type of a column or None where it is unknown, and its CSV texts; None is NULL.
READ: list[tuple[str, str | None, list[str | None]]] = [
    ("zip codes", "varchar(5)", ["02116", None, ""]),
    ("zip codes of no known type", None, ["02116", "12345"]),
    ("NA is a text", None, ["NA", "null", "nan"]),
    ("integers of no known type", None, ["1", "-2", None]),
    ("beyond 64 bits", None, ["9223372036854775808", "1"]),
    ("beyond 38 digits", None, ["1" * 40]),
    ("floats of no known type", None, ["0.5", "1e-7", None]),
    ("versions", None, ["1.1", "1.10"]),
    ("an empty text among numbers", None, ["1", ""]),
    ("nothing but NULL", None, [None, None]),
    ("nothing but NULL in a text", "varchar(3)", [None, None]),
    ("small integers", "smallint", ["1", "2"]),
    ("integers and NULL", "integer", ["1", None]),
    ("big integers", "bigint", ["9007199254740993", "1"]),
    ("big integers and NULL", "bigint", ["9007199254740993", None]),
    ("out of range", "smallint", ["70000"]),
    ("no integer", "integer", ["the table changed", None, ""]),
    ("floats", "double precision", ["1e300", "0.1", None, "nan", "inf"]),
    ("single floats", "real", ["1.1", None]),
    ("booleans", "boolean", ["t", "f"]),
    ("booleans and NULL", "boolean", ["true", None]),
    ("no boolean", "boolean", ["maybe"]),
    ("days", "date", ["2013-01-31", None]),
    ("infinite day", "date", ["infinity"]),
    ("times", "timestamp", ["2013-01-31 12:00:00.5", None, "9999-12-31 00:00:00"]),
    ("times of several lengths", "timestamp", ["2013-01-31 12:00", "2013-01-31T12:00:01", "2013-01-31"]),
    ("times with a zone", "timestamptz", ["2013-01-31 12:00:00+00", "2013-01-31 12:00:00.25+02:30", None]),
    ("times with letter", "timestamptz", ["2013-01-31 12:00:00Z", "2013-01-31 12:00:00-0500"]),
    ("infinite time", "timestamp", ["infinity", None]),
    ("times of day", "time", ["01:02:03.5", None, "23:59:59"]),
    ("numeric as float", "numeric(10,2)", ["1.10", None]),
    ("numeric", "numeric(30,2)", ["1234567890123456789.10", "-1.5", None]),
    ("whole numeric", "numeric(30,0)", ["123456789012345678901", None]),
    ("too many digits", "numeric(20,2)", ["1.123"]),
]


def as_csv(texts: list[str | None]) -> bytes:
    """Write a column and the rows' numbers as the platform does."""
    cells = ["" if each is None else '"' + each.replace('"', '""') + '"' for each in texts]
    return "".join(f"{cell},{row}\n" for row, cell in enumerate(["Name", *cells])).encode()


@pytest.mark.parametrize(("word", "sql_type", "texts"), READ, ids=[each[0] for each in READ])
@pytest.mark.parametrize("kind", ["pandas", "numpy_nullable", "polars"])
def test_a_column_is_read_as_by_way_of_arrow(
    kind: str, word: str, sql_type: str | None, texts: list[str | None]
):
    types = {"name": sql_type} if sql_type else {}
    backend = None if kind in ("pandas", "polars") else kind
    options = ReadOptions("polars" if kind == "polars" else "pandas", sql_types=types, dtype_backend=backend)
    same_frames(as_csv(texts), options)


def same_frames(content: bytes, options: ReadOptions) -> None:
    """Compare what is read with pyarrow and without."""
    expected = read_result([opened(content)], options)
    with no_pyarrow():
        found = read_result([opened(content)], options)
    if options.return_as == "polars":
        assert found.schema == expected.schema
        assert found.equals(expected) or "NaN" in str(found)
    else:
        assert_frame_equal(found, expected)


cells = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells | st.integers().map(str)), min_size=1, max_size=5))
@pytest.mark.parametrize("return_as", ["pandas", "polars"])
def test_any_texts_are_read_as_by_way_of_arrow(return_as: str, rows: list[tuple[str | None, str | None]]):
    def cell(value: str | None) -> str:
        return "" if value is None else '"' + value.replace('"', '""') + '"'

    content = '"a","b"\n' + "".join(f"{cell(a)},{cell(b)}\n" for a, b in rows)
    same_frames(content.encode(), ReadOptions(return_as, sql_types={"a": "text"}))
    same_frames(content.encode(), ReadOptions(return_as, all_text=True))


@pytest.mark.parametrize("return_as", ["pandas", "polars"])
def test_lone_columns_bare_rows_encodings_and_parts(return_as: str):
    same_frames(b'a\n""\n\n"x"\n', ReadOptions(return_as))
    same_frames(b"a,b\n", ReadOptions(return_as, sql_types={"a": "bigint"}))
    same_frames(b"1|x\n2|y\n", ReadOptions(return_as, delimiter="|", names=["a", "b"]))
    same_frames('a,b\n"é",1\n'.encode("latin-1"), ReadOptions(return_as, encoding="latin-1"))
    with no_pyarrow():
        parts = [opened(b"a,b\n1,x\n"), opened(b"a,b\n2,y\n")]
        assert read_result(parts, ReadOptions(return_as))["a"].to_list() == [1, 2]
        with pytest.raises(ValueError, match="same columns"):
            read_result([parts[0], opened(b"a,c\n")], ReadOptions(return_as))
        with pytest.raises(ValueError, match="dtypes names 'zap'"):
            read_result(parts, ReadOptions(return_as, wanted=["zap"]))
        with pytest.raises((ValueError, pl.exceptions.PolarsError), match=r"more (values|fields)"):
            read_result([opened(b"a,b\n1,2\n1,2,3\n")], ReadOptions(return_as))


@pytest.fixture(scope="session")
def bare_python(pytestconfig: pytest.Config) -> Path:
    """A Python with pandas and polars, but no pyarrow; kept between runs."""
    folder = pytestconfig.cache.mkdir("without-pyarrow") / f"python-{sys.version_info.minor}"
    python = folder / "bin" / "python"
    base = [
        "requests",
        "urllib3",
        "click",
        "PyYAML",
        "jmespath",
        "joblib",
        "cloudpickle",
        "tenacity",
        "tomli",
    ]
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for command in (
                ["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
                ["uv", "pip", "install", "--quiet", "--python", str(python), "pandas", "polars", *base],
            ):
                answer = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
                if answer.returncode:
                    pytest.skip(f"pandas and polars cannot be installed: {answer.stderr.strip()[-300:]}")
            (folder / "complete").touch()
    return python


def test_scripts_run_where_pyarrow_is_not_installed(bare_python: Path, platform: Platform, tmp_path: Path):
    answer = subprocess.run(
        [str(bare_python), "-W", "error", str(SCRIPT)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "CIVIS_API_ENDPOINT": platform.url,
            "CIVIS_API_KEY": platform.api_key,
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        cwd=tmp_path,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "all as expected" in answer.stdout

"""Every SQL type in and out, with the odd values of each: no cell changes, whatever reads it."""

from __future__ import annotations

import datetime as dt
import struct
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pytest

import civis
from civis.client import APIClient

UTC = dt.timezone.utc
ODD_TEXTS = [
    "", "02116", "NA", "null", "None", "nan", "true", "1e5", " padded ", 'say "hi"', "it's", "a,b", "a|b\tc",
    "line\nbreak", "cr\r\nlf", "\\N", "\\", "😀 ñ 漢", "-", "1,234", "2013-01-31", "0x1F", "9007199254740993",
]  # fmt: skip


def single(value: float) -> float:
    """What is left of a number in 32 bits."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def quoted(text: str) -> str:
    """Write a text for SQL; a backslash escapes in Redshift."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def numbers(*values: Any) -> list[tuple[str, Any]]:
    """Numbers are written as they are."""
    return [(str(value), value) for value in values]


def texts(*values: str) -> list[tuple[str, Any]]:
    """Texts are written in quotes."""
    return [(quoted(value), value) for value in values]


def moments(kind: str, **values: Any) -> list[tuple[str, Any]]:
    """Dates and times are written as ISO 8601."""
    return [(f"{kind} '{value}'", value) for value in values.values()]


WHOLE = numbers(0, -1, 42)
DECIMALS = numbers(Decimal("0.00"), Decimal("1.10"), Decimal("-12345678.99"))
LONG = [Decimal("0.0000000000"), Decimal("9999999999999999999999999999.9999999999")]
FIRST, LAST = dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
EVENING = dt.datetime(2013, 1, 31, 23, 59, 59, 123456)
DAYS = [("date '0001-01-01'", dt.date(1, 1, 1)), ("date '9999-12-31'", dt.date(9999, 12, 31))]
TIMES = [
    ("time '00:00:00'", dt.time(0)),
    ("time '23:59:59.999999'", dt.time(23, 59, 59, 999999)),
    ("time '01:02:03.5'", dt.time(1, 2, 3, 500000)),
]
STAMPS = [(f"timestamp '{moment.isoformat(' ')}'", moment) for moment in (FIRST, LAST, EVENING)]
ZONED = [
    ("timestamptz '2013-01-31 12:00:00+02'", dt.datetime(2013, 1, 31, 10, tzinfo=UTC)),
    ("timestamptz '2013-07-01 00:00:00.000001-08'", dt.datetime(2013, 7, 1, 8, 0, 0, 1, tzinfo=UTC)),
    ("timestamptz '1969-12-31 23:59:59+00'", dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
]
FLAGS: list[tuple[str, Any]] = [("true", True), ("false", False)]
#: SQL type to values as SQL writes them and as Python has them.
TYPES: dict[str, list[tuple[str, Any]]] = {
    "smallint": [*WHOLE, *numbers(-(2**15), 2**15 - 1)],
    "int2": WHOLE,
    "integer": [*WHOLE, *numbers(-(2**31), 2**31 - 1)],
    "int4": WHOLE,
    "bigint": [*WHOLE, *numbers(-(2**63), 2**63 - 1, 2**53 + 1)],
    "int8": numbers(2**53 + 1),
    "numeric": numbers(0, 10**17 + 1),
    "numeric(4,0)": numbers(-9999, 7),
    "numeric(18,0)": numbers(10**17 + 1, -(10**17)),
    "numeric(10,2)": DECIMALS,
    "decimal(15,2)": [*DECIMALS, *numbers(Decimal("9999999999999.99"))],
    "numeric(20,4)": numbers(Decimal("1234567890123456.7890"), Decimal("0.1000")),
    "numeric(38,0)": numbers(10**37, -(10**37) - 1),
    "numeric(38,10)": numbers(*LONG),
    "real": [("0.1", single(0.1)), ("-1.5", -1.5), ("16777217", single(16777217))],
    "float4": [("1e-7", single(1e-7))],
    "double precision": numbers(0.1, -1e300, 5e-324, 1.7976931348623157e308),
    "float8": numbers(1 / 3),
    "float": numbers(2.5e-9),
    "boolean": FLAGS,
    "bool": FLAGS,
    "varchar(40)": texts(*ODD_TEXTS),
    "character varying(4)": texts("", "NA", "😀"),
    "varchar": texts("0", "00"),
    "nvarchar(20)": texts("ñandú"),
    "text": texts("", "1.10", "1.5"),
    "char(5)": texts("02116", "10001"),
    "date": DAYS,
    "time": TIMES,
    "timestamp": STAMPS,
    "timestamp without time zone": STAMPS,
    "timestamptz": ZONED,
    "timestamp with time zone": ZONED,
}
ROWS = max(len(values) for values in TYPES.values()) + 1
NAMES = [f"c{number}" for number in range(len(TYPES))]
#: Column to values: NULL first, and where there are no more.
EXPECTED = {
    name: [None, *(value for _, value in values), *[None] * (ROWS - 1 - len(values))]
    for name, values in zip(NAMES, TYPES.values(), strict=True)
}
TABLE = "public.every_type"


@pytest.fixture(scope="module")
def table(client: APIClient) -> str:
    """A table with a column of each type."""
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(NAMES, TYPES, strict=True))
    rows = []
    for row in range(ROWS):
        cells = [values[row - 1][0] if 0 < row <= len(values) else "NULL" for values in TYPES.values()]
        rows.append(f"({row}, {', '.join(cells)})")
    sql = f"CREATE TABLE {TABLE} (n integer, {columns}); INSERT INTO {TABLE} VALUES {', '.join(rows)}"
    civis.io.query_civis(sql, "local", client=client).result()
    return TABLE


def plain(value: Any) -> Any:
    """Give a cell as Python has it; missing is None."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    return value.item() if hasattr(value, "item") else value


def columns_of(found: Any) -> dict[str, list[Any]]:
    """Give the columns of whatever was read, in the order of the rows' numbers."""
    if isinstance(found, pd.DataFrame):
        found = found.sort_values("n")
        return {name: [plain(value) for value in found[name].astype(object)] for name in found.columns}
    if isinstance(found, pl.DataFrame):
        return {name: values.to_list() for name, values in found.sort("n").to_dict().items()}
    return dict(found.sort_by("n").to_pydict())


def same(found: Any, expected: Any) -> bool:
    """Whether a cell is the value that went in, in the type that holds it."""
    if isinstance(expected, Decimal) and isinstance(found, float):
        return found == float(expected)
    if type(expected) is dt.date and isinstance(found, dt.datetime):
        return found == dt.datetime(expected.year, expected.month, expected.day)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return found is expected or (type(found) is type(expected) and found == expected)
    return bool(found == expected) and not isinstance(found, str)


READERS = ["arrow", "polars", "pandas", "numpy_nullable", "pyarrow"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("source", ["table", "query", "parallel"])
def test_no_cell_changes(client: APIClient, table: str, source: str, reader: str):
    backend = reader if reader in ("numpy_nullable", "pyarrow") else None
    arguments: dict[str, Any] = {"return_as": "pandas" if backend else reader, "dtype_backend": backend}
    if source == "table":
        found = civis.io.read_civis(table, "local", client=client, **arguments)
    else:
        arguments["parallel"] = source == "parallel"
        found = civis.io.read_civis_sql(f"SELECT * FROM {table}", "local", client=client, **arguments)
    columns = columns_of(found)
    changed = [
        (kind, cell, value)
        for (name, expected), kind in zip(EXPECTED.items(), TYPES, strict=True)
        for cell, value in zip(columns[name], expected, strict=True)
        if not same(cell, value)
    ]
    assert changed == []


def test_a_list_holds_what_was_written(client: APIClient, table: str):
    header, *rows = civis.io.read_civis(table, "local", client=client)
    assert header == ["n", *NAMES]
    rows.sort(key=lambda row: int(row[0]))
    for place, (name, kind) in enumerate(zip(NAMES, TYPES, strict=True), start=1):
        for row, expected in zip(rows, EXPECTED[name], strict=True):
            cell = row[place]
            if expected is None or isinstance(expected, str):
                assert cell == (expected or ""), kind
            elif isinstance(expected, bool):
                assert cell == ("t" if expected else "f")
            elif isinstance(expected, (int, float, Decimal)):
                assert same(float(cell) if isinstance(expected, float) else Decimal(cell), expected) or (
                    single(float(cell)) == expected
                ), kind
            else:
                assert cell.startswith(str(expected)[:10].removesuffix("+00:00")), kind


def test_all_text_is_as_exported(client: APIClient, table: str):
    rows = civis.io.read_civis(table, "local", client=client)
    found = civis.io.read_civis(table, "local", return_as="arrow", dtypes="string", client=client)
    texts_found = [["" if cell is None else cell for cell in row.values()] for row in found.to_pylist()]
    assert sorted(texts_found) == sorted(rows[1:])


LONE = [None, "", "x", None, ""]


@pytest.mark.parametrize("reader", ["arrow", "polars", "pandas"])
def test_null_and_the_empty_text_are_told_apart_in_a_lone_column(client: APIClient, reader: str):
    frame = pl.DataFrame({"text": LONE})
    civis.io.dataframe_to_civis(
        frame, "local", "public.lone_text", existing_table_rows="drop", client=client
    ).result()
    found = civis.io.read_civis("public.lone_text", "local", return_as=reader, client=client)
    values = [plain(value) for value in found["text"].to_pylist()] if reader == "arrow" else [
        plain(value) for value in found["text"]
    ]  # fmt: skip
    assert sorted(values, key=str) == sorted(LONE, key=str)
    assert len(getattr(found, "column_names", getattr(found, "columns", []))) == 1

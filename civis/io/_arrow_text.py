"""CSV as an Arrow table of texts, and those texts as typed columns, without changing any value.

Where a column's SQL type is known it is followed. Where it is not, a column becomes numbers only if every
number can be written back exactly as it was read: ``'02116'`` stays a text, and so does ``'1.10'`` among
``'1.5'``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

__all__ = ["read_text_table", "typed_table"]

_INTEGER = r"^(0|-?[1-9][0-9]*)$"
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_TRAILING_ZERO = r"\.[0-9]*[0-9]0$"
_DECIMALS = r"^[^.]*\.?"
_MOST_EXACT_DIGITS = 15
_SAMPLE = 200


def read_text_table(content: bytes, encoding: str | None = None) -> pa.Table:
    """Parse CSV with a header row into texts; an unquoted empty value is null, a quoted one is ``""``.

    In a table of one column either is null, since a lone NULL is exported in quotes: unquoted it would be
    a blank line, which many readers skip.

    Parameters
    ----------
    content : bytes
    encoding : str, optional
        By default UTF-8.
    """
    names = _header(content, encoding or "utf-8")
    columns = [str(number) for number in range(len(names))]
    table = arrow_csv.read_csv(
        pa.BufferReader(content),
        # Names of our own, because those of the file need not be unique.
        read_options=arrow_csv.ReadOptions(
            column_names=columns, skip_rows_after_names=1, encoding=encoding or "utf8", block_size=8 << 20
        ),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=len(names) == 1,
        ),
    )
    return table.rename_columns(names)


def typed_table(table: pa.Table, sql_types: Mapping[str, str]) -> pa.Table:
    """Give the columns the types that their SQL types or, failing that, their values call for.

    Parameters
    ----------
    table : pyarrow.Table
        Of texts, as :func:`read_text_table` gives it.
    sql_types : mapping
        Name (in small letters) to SQL type, for the columns whose type is known.
    """
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        sql_type = sql_types.get(name.lower())
        columns.append(_as_declared(column, sql_type) if sql_type else _as_found(column))
    return pa.table(columns, names=table.column_names)


def _header(content: bytes, encoding: str) -> list[str]:
    """Read the first row."""
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as text:
        return next(csv.reader(text), [])


def _as_declared(column: pa.ChunkedArray, sql_type: str) -> pa.ChunkedArray:
    """Convert by the declared type; leave texts that do not fit it (the table may have changed since)."""
    base, _, arguments = sql_type.lower().partition("(")
    base = base.strip()
    try:
        if base in _TEXT_TYPES:
            return column
        if base in ("numeric", "decimal"):
            return _as_decimal(column, arguments)
        if base == "boolean" or base == "bool":
            return _as_boolean(column)
        if base in ("timestamp with time zone", "timestamptz"):
            return _as_moment(column)
        if base in _ARROW_TYPES:
            return column.cast(_ARROW_TYPES[base])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    return column


_TEXT_TYPES = frozenset(
    {
        "character varying",
        "varchar",
        "character",
        "char",
        "nchar",
        "nvarchar",
        "text",
        "bpchar",
        "super",
        "uuid",
    }
)
_ARROW_TYPES = {
    "smallint": pa.int16(),
    "int2": pa.int16(),
    "integer": pa.int32(),
    "int": pa.int32(),
    "int4": pa.int32(),
    "bigint": pa.int64(),
    "int8": pa.int64(),
    "real": pa.float32(),
    "float4": pa.float32(),
    "double precision": pa.float64(),
    "float8": pa.float64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamp without time zone": pa.timestamp("us"),
}


def _as_boolean(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert the platform's ``t`` and ``f``, and what other databases write."""
    small = pc.utf8_lower(column)
    true = pc.is_in(small, value_set=pa.array(["t", "true", "1"]))
    known = pc.or_(true, pc.is_in(small, value_set=pa.array(["f", "false", "0"])))
    if not pc.all(pc.or_kleene(known, pc.is_null(column))).as_py():
        return column
    return pc.if_else(pc.is_null(column), pa.scalar(None, pa.bool_()), true)


def _as_moment(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert timestamps with an offset such as ``+00`` or ``+05:30`` to UTC."""
    return pc.replace_substring_regex(column, r"([+-][0-9]{2})$", r"\1:00").cast(pa.timestamp("us", "UTC"))


def _as_decimal(column: pa.ChunkedArray, arguments: str) -> pa.ChunkedArray:
    """Convert to whole numbers or floats where that is exact, else to decimals."""
    numbers = [int(number) for number in re.findall(r"\d+", arguments)] or [18, 0]
    precision, scale = numbers[0], numbers[1] if len(numbers) > 1 else 0
    if scale == 0 and precision <= 18:
        return column.cast(pa.int64())
    if precision <= _MOST_EXACT_DIGITS:
        return column.cast(pa.float64())
    return _exact_decimals(column, min(precision, 38), scale)


def _as_found(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert to numbers if every text is just how that number is written; else leave it."""
    if column.null_count == len(column) or not _all_match(column.slice(0, _SAMPLE), _NUMBER):
        return column
    if _all_match(column, _INTEGER):
        return _as_integer(column)
    if _all_match(column, _NUMBER) and not _has_telling_zeros(column):
        return column.cast(pa.float64())
    return column


def _as_integer(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert canonical whole numbers; beyond 64 bits to decimals, beyond 38 digits they stay texts."""
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        pass
    try:
        return _exact_decimals(column, 38, 0)
    except pa.ArrowInvalid:
        return column


def _exact_decimals(column: pa.ChunkedArray, precision: int, scale: int) -> pa.ChunkedArray:
    """Convert to decimals; Arrow itself lets numbers with too many digits overflow without a word."""
    digits = pc.max(pc.utf8_length(pc.replace_substring_regex(column, r"[^0-9]", ""))).as_py() or 0
    if digits > 38:
        raise pa.ArrowInvalid(f"a number has {digits} digits")
    return column.cast(pa.decimal128(precision, scale))


def _has_telling_zeros(column: pa.ChunkedArray) -> bool:
    """Whether zeros at the end tell values apart, as in versions; a NUMERIC has a fixed number of them."""
    if not pc.any(pc.match_substring_regex(column, _TRAILING_ZERO)).as_py():
        return False
    decimals = pc.utf8_length(pc.replace_substring_regex(column, _DECIMALS, ""))
    found = pc.min_max(decimals).as_py()
    return bool(found["min"] != found["max"])


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    """Whether all values that are not null match."""
    return bool(pc.all(pc.match_substring_regex(column, pattern), min_count=0).as_py())

"""The columns of a pandas frame as CSV texts without pyarrow: NULL is an empty value, texts stand in quotes.

The SQL types and the values are those that the same column has by way of Arrow.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from civis.io._cell_texts import (
    bytes_error,
    json_text,
    mixed_text,
    span_text,
    text_error,
    times_error,
)
from civis.io._frames import varchar
from civis.io._object_values import NESTED, as_integer, examined

__all__ = ["PlainColumn", "plain_column", "quoted"]

_INTEGERS = {
    "int8": "SMALLINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "SMALLINT",
    "uint16": "INTEGER",
    "uint32": "BIGINT",
    "uint64": "NUMERIC(20,0)",
}
_EXACT_IN_FLOAT = 2**53
_MOST_DIGITS = 38


@dataclass(frozen=True)
class PlainColumn:
    """A column that is to be written.

    Parameters
    ----------
    values : pandas.Series
    sql_type : str
    write : callable
        Gives one value, which is not missing, as CSV.
    """

    values: Any
    sql_type: str
    write: Callable[[Any], str]

    def cells(self, begin: int, end: int) -> list[str]:
        """Give the texts of some rows."""
        part = self.values.iloc[begin:end]
        write = self.write
        return [
            "" if is_missing else write(value)
            for value, is_missing in zip(part.tolist(), part.isna().tolist(), strict=True)
        ]


def plain_column(series: Any, name: str) -> PlainColumn:
    """Find a column's SQL type and how its values are written.

    Parameters
    ----------
    series : pandas.Series
    name : str
        What the column is called in errors.

    Raises
    ------
    TypeError
        If it holds bytes.
    ValueError
        If it holds times finer than a microsecond, or a text that is no Unicode.
    """
    try:
        return _column(series, name)
    except UnicodeEncodeError as error:
        raise text_error(name, error) from None


def _column(series: Any, name: str) -> PlainColumn:
    """Choose by a column's dtype."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = _of_categories(series)
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return PlainColumn(series, "BOOLEAN", _boolean)
    if pd.api.types.is_integer_dtype(dtype):
        return PlainColumn(series, _INTEGERS[str(dtype).lower()], str)
    if pd.api.types.is_float_dtype(dtype) and dtype.itemsize <= 8:  # longer ones have more digits
        return _floats(series)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _times(series, name)
    if pd.api.types.is_timedelta64_dtype(dtype):
        return _texts(series, span_text)
    if isinstance(dtype, pd.StringDtype):
        return _texts(series, str)
    if pd.api.types.is_object_dtype(dtype):
        return _objects(series, name)
    return _texts(series, mixed_text)


def _of_categories(series: Any) -> Any:
    """Give the values that categories stand for; whole numbers stay whole beside NULL."""
    dtype = series.cat.categories.dtype
    if pd.api.types.is_integer_dtype(dtype) and series.hasnans:
        dtype = pd.api.types.pandas_dtype(str(dtype).replace("i", "I").replace("u", "U"))
    elif pd.api.types.is_bool_dtype(dtype):
        dtype = pd.BooleanDtype()
    return series.astype(dtype)


def _boolean(value: Any) -> str:
    """Write a boolean."""
    return "true" if value else "false"


def _whole_number(value: Any) -> str:
    """Write an integer, that of an enumeration as its number."""
    return str(int(value))


def quoted(text: str) -> str:
    """Write a text: always in quotes, so that "" is not NULL."""
    return '"' + text.replace('"', '""') + '"'


def _floats(series: Any) -> PlainColumn:
    """Write floats with as many digits as tell them apart."""
    dtype = str(series.dtype).lower()
    if dtype == "float64":
        return PlainColumn(series, "DOUBLE PRECISION", repr)
    # Single floats, made Python's, would show digits that they do not have.
    single = series.astype("float32" if dtype == "float16" else series.dtype)
    return PlainColumn(single, "REAL", lambda value: str(np.float32(value)))


def _times(series: Any, name: str) -> PlainColumn:
    """Write times to the microsecond, those with a zone in UTC."""
    has_zone = isinstance(series.dtype, pd.DatetimeTZDtype)
    plain = series.dt.tz_convert("UTC").dt.tz_localize(None) if has_zone else series
    exact = plain.to_numpy()
    micro = exact.astype("datetime64[us]")
    present = ~np.isnat(exact)
    if not (micro.astype(exact.dtype) == exact)[present].all():
        raise times_error(name)
    texts = pd.Series(np.char.replace(micro.astype(str), "T", " ").astype(object)).where(present, None)
    if has_zone:
        return PlainColumn(texts, "TIMESTAMPTZ", lambda text: f"{text}Z")
    return PlainColumn(texts, "TIMESTAMP", str)


def _texts(series: Any, as_text: Callable[[Any], str]) -> PlainColumn:
    """Write texts, or values of no type that tables have, as texts."""
    longest = max((len(as_text(value).encode()) for value in series.dropna().tolist()), default=0)
    return PlainColumn(series, varchar(longest), lambda value: quoted(as_text(value)))


def _objects(series: Any, name: str) -> PlainColumn:
    """Look at Python's values for what they are."""
    series, present, families = examined(series)
    if "bytes" in families:
        raise bytes_error(name)
    if families <= {"text"}:
        return _texts(series, str.__str__)
    for accepted, make in _OBJECTS:
        if families <= accepted:
            found = make(present, name)
            if found is not None:
                return PlainColumn(series, *found)
    if families == NESTED:
        return _texts(series, json_text)
    return _texts(series, mixed_text)


_Found = tuple[str, Callable[[Any], str]] | None


def _object_booleans(present: list[Any], name: str) -> _Found:
    """Write booleans."""
    return "BOOLEAN", _boolean


def _object_integers(present: list[Any], name: str) -> _Found:
    """Write whole numbers of 64 bits; longer ones are decimals."""
    return ("BIGINT", _whole_number) if min(present) >= -(2**63) and max(present) < 2**63 else None


def _object_floats(present: list[Any], name: str) -> _Found:
    """Write floats, and whole numbers among them that are exact as floats."""
    whole: list[Any] = [value for value in present if isinstance(value, (int, np.integer))]
    if any(abs(value) > _EXACT_IN_FLOAT for value in whole):
        return None
    return "DOUBLE PRECISION", lambda value: repr(float(value))


def _object_decimals(present: list[Any], name: str) -> _Found:
    """Write decimals with the digits that the longest of them needs."""
    decimals = [decimal.Decimal(as_integer(value)) for value in present]
    if not all(value.is_finite() for value in decimals):
        return None
    scale = max(max(-_exponent(value) for value in decimals), 0)
    whole = max(max(len(value.as_tuple().digits) + _exponent(value) for value in decimals), 1)
    if whole + scale > _MOST_DIGITS:
        return None
    return (
        f"NUMERIC({whole + scale},{scale})",
        lambda value: f"{decimal.Decimal(as_integer(value)):.{scale}f}",
    )


def _exponent(value: decimal.Decimal) -> int:
    """Give the exponent of a finite decimal."""
    return int(value.as_tuple().exponent)


def _object_dates(present: list[Any], name: str) -> _Found:
    """Write days."""
    return "DATE", lambda value: str(value.isoformat())


def _object_times_of_day(present: list[Any], name: str) -> _Found:
    """Write times of day; those with a zone, which tables do not keep, as texts."""
    if any(value.tzinfo is not None for value in present):
        return None
    return "TIME", lambda value: str(value.isoformat("microseconds"))


def _object_datetimes(present: list[Any], name: str) -> _Found:
    """Write times, days among them as their first moments; none where only some have a zone."""
    zones = {getattr(value, "tzinfo", None) is not None for value in present}
    if len(zones) > 1:
        return None
    if any(getattr(value, "nanosecond", 0) for value in present):
        raise times_error(name)
    if zones == {True}:
        return "TIMESTAMPTZ", lambda value: f"{_plain_time(value.astimezone(dt.timezone.utc))}Z"
    return "TIMESTAMP", _plain_time


def _plain_time(value: dt.date) -> str:
    """Write a time without its zone."""
    if not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


_OBJECTS: Iterable[tuple[frozenset[str], Callable[[list[Any], str], _Found]]] = (
    (frozenset({"bool"}), _object_booleans),
    (frozenset({"int"}), _object_integers),
    (frozenset({"int", "float"}), _object_floats),
    (frozenset({"int", "decimal"}), _object_decimals),
    (frozenset({"date"}), _object_dates),
    (frozenset({"time"}), _object_times_of_day),
    (frozenset({"date", "datetime"}), _object_datetimes),
)

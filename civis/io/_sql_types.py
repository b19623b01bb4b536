"""Which Arrow type holds the values of a SQL type exactly. Knows names of types, no values."""

from __future__ import annotations

import re

import pyarrow as pa

__all__ = ["arrow_type"]

#: Whole numbers and fractions of so many decimal digits are exact in 64 bits.
_WHOLE_DIGITS, _EXACT_DIGITS, _MOST_DIGITS = 18, 15, 38
_ARGUMENTS = re.compile(r"\(([^)]*)\)")
_TYPES: dict[str, pa.DataType] = {
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
    "double": pa.float64(),
    "float8": pa.float64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "time without time zone": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}


def arrow_type(sql_type: str) -> pa.DataType:
    """Give the Arrow type for a SQL type; text for every type that has none of its own.

    Parameters
    ----------
    sql_type : str
        As databases write it, e.g. ``"numeric(30,2)"``.

    Examples
    --------
    >>> arrow_type("BIGINT"), arrow_type("numeric(30,2)"), arrow_type("varchar(5)")
    (DataType(int64), Decimal128Type(decimal128(30, 2)), DataType(string))
    """
    base = " ".join(_ARGUMENTS.sub(" ", sql_type.lower()).split())
    if base in ("numeric", "decimal"):
        return _numeric(sql_type)
    return _TYPES.get(base, pa.string())


def _numeric(sql_type: str) -> pa.DataType:
    """Give whole numbers or floats where they are exact, else decimals."""
    found = _ARGUMENTS.search(sql_type)
    numbers = [int(number) for number in re.findall(r"\d+", found[1])] if found else []
    precision, scale = (*numbers, 0)[:2] if numbers else (_WHOLE_DIGITS, 0)
    if scale == 0 and precision <= _WHOLE_DIGITS:
        return pa.int64()
    if precision <= _EXACT_DIGITS:
        return pa.float64()
    return pa.decimal128(precision, scale) if precision <= _MOST_DIGITS else pa.string()

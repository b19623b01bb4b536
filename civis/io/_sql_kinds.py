"""What kind of values a SQL type has, whatever library is to hold them. Knows names of types, no values."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["TEXT", "Kind", "sql_kind"]

#: Whole numbers and fractions of so many decimal digits are exact in 64 bits.
_WHOLE_DIGITS, _EXACT_DIGITS, _MOST_DIGITS = 18, 15, 38
_ARGUMENTS = re.compile(r"\(([^)]*)\)")
_NAMES = {
    "smallint": "int16",
    "int2": "int16",
    "integer": "int32",
    "int": "int32",
    "int4": "int32",
    "bigint": "int64",
    "int8": "int64",
    "real": "float32",
    "float4": "float32",
    "double precision": "float64",
    "double": "float64",
    "float8": "float64",
    "float": "float64",
    "boolean": "bool",
    "bool": "bool",
    "date": "date",
    "time": "time",
    "time without time zone": "time",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
}


@dataclass(frozen=True)
class Kind:
    """A kind of values.

    Parameters
    ----------
    name : str
        ``int16``, ``int32``, ``int64``, ``float32``, ``float64``, ``bool``, ``date``, ``time``, ``timestamp``
        and ``timestamptz`` (microseconds), ``decimal`` or ``text``.
    precision, scale : int
        Of a decimal: all its digits, and those after the point.
    """

    name: str
    precision: int = 0
    scale: int = 0


TEXT = Kind("text")


def sql_kind(sql_type: str) -> Kind:
    """Give the kind of values that a SQL type has; text for every type that has none of its own.

    Parameters
    ----------
    sql_type : str
        As databases write it, e.g. ``"numeric(30,2)"``.

    Examples
    --------
    >>> sql_kind("BIGINT").name, sql_kind("numeric(30,2)"), sql_kind("varchar(5)").name
    ('int64', Kind(name='decimal', precision=30, scale=2), 'text')
    """
    base = " ".join(_ARGUMENTS.sub(" ", sql_type.lower()).split())
    if base in ("numeric", "decimal"):
        return _numeric(sql_type)
    return Kind(_NAMES[base]) if base in _NAMES else TEXT


def _numeric(sql_type: str) -> Kind:
    """Give whole numbers or floats where they are exact, else decimals."""
    found = _ARGUMENTS.search(sql_type)
    numbers = [int(number) for number in re.findall(r"\d+", found[1])] if found else []
    precision, scale = (*numbers, 0)[:2] if numbers else (_WHOLE_DIGITS, 0)
    if scale == 0 and precision <= _WHOLE_DIGITS:
        return Kind("int64")
    if precision <= _EXACT_DIGITS:
        return Kind("float64")
    return Kind("decimal", precision, scale) if precision <= _MOST_DIGITS else TEXT

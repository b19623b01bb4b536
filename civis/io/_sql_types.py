"""Which Arrow type holds the values of a SQL type exactly. Knows names of types, no values."""

from __future__ import annotations

import pyarrow as pa

from civis.io._sql_kinds import sql_kind

__all__ = ["arrow_type"]

_TYPES: dict[str, pa.DataType] = {
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "text": pa.string(),
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
    kind = sql_kind(sql_type)
    return pa.decimal128(kind.precision, kind.scale) if kind.name == "decimal" else _TYPES[kind.name]

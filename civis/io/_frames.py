"""Frames of pandas, polars and pyarrow as one Arrow table whose every column can be written as CSV.

Values keep their meaning: what has no place in a table (bytes, times finer than a microsecond) is refused by
name, nested values become JSON, and the SQL type of each column follows from its type.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["frame_columns", "frame_to_arrow", "is_frame", "is_pandas", "is_polars"]

_SMALLEST_VARCHAR = 256
_LARGEST_VARCHAR = 65535
_NO_NAME = re.compile(r"[^a-z0-9_]+", re.IGNORECASE)


def is_pandas(frame: object) -> bool:
    """Whether an object is a pandas frame, without importing pandas."""
    return _is_of(frame, "pandas", "DataFrame")


def is_polars(frame: object) -> bool:
    """Whether an object is a polars frame, without importing polars."""
    return _is_of(frame, "polars", "DataFrame")


def is_frame(frame: object) -> bool:
    """Whether an object is a frame or an Arrow table."""
    return is_pandas(frame) or is_polars(frame) or _is_of(frame, "pyarrow", "Table")


def frame_to_arrow(frame: Any, *, index: bool = False, columns: Sequence[str] | None = None) -> pa.Table:
    """Give a frame as an Arrow table of values that CSV can hold.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
    index : bool, default False
        Whether the index of a pandas frame becomes columns.
    columns : sequence of str, optional
        The columns to keep, in that order.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    TypeError
        If it is no frame, or a column holds what no table can.
    ValueError
        If column names repeat, or times are finer than a microsecond.
    """
    arrow = _pyarrow()
    if is_pandas(frame):
        names, arrays = _pandas_arrays(frame, index, columns, arrow)
    elif is_polars(frame):
        table = (frame.select(columns) if columns is not None else frame).to_arrow()
        names, arrays = table.column_names, list(table.columns)
    elif isinstance(frame, arrow.Table):
        table = frame.select(columns) if columns is not None else frame
        names, arrays = table.column_names, list(table.columns)
    else:
        raise TypeError(
            f"a pandas or polars DataFrame or a pyarrow.Table is needed, not {type(frame).__name__}"
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"the frame has more than one column named {', '.join(map(repr, repeated))}; rename them"
        )
    return arrow.table(
        [_writable(array, name) for array, name in zip(arrays, names, strict=True)], names=names
    )


def frame_columns(table: pa.Table) -> list[dict[str, str]]:
    """Give the names and SQL types of a table that is to hold these values.

    Returns
    -------
    list of dict
        ``{"name": …, "sql_type": …}`` a column.
    """
    names = _table_names(table.column_names)
    return [
        {"name": name, "sql_type": _sql_type(column)}
        for name, column in zip(names, table.columns, strict=True)
    ]


def _is_of(value: object, package: str, name: str) -> bool:
    """Whether an object's class (or one it derives from) is a package's class of that name."""
    return any(
        kind.__name__ == name and kind.__module__.partition(".")[0] == package for kind in type(value).__mro__
    )


def _pyarrow() -> Any:
    """Import pyarrow, or say how to get it."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional library
    except ImportError as error:
        raise ImportError(
            "frames are written with pyarrow; install it with: pip install 'civis[pandas]'"
        ) from error
    return pa


def _pandas_arrays(
    frame: Any, index: bool, columns: Sequence[str] | None, arrow: Any
) -> tuple[list[str], list[Any]]:
    """Convert the columns of a pandas frame."""
    if columns is not None:
        frame = frame[list(columns)]
    if index:
        frame = frame.reset_index()
    elif any(name is not None for name in frame.index.names):
        warnings.warn(
            f"the index {list(frame.index.names)} is left out; "
            "call .reset_index() first or pass index=True to keep it",
            UserWarning,
            stacklevel=6,
        )
    names = ["_".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    return names, [_pandas_array(frame.iloc[:, number], arrow) for number in range(frame.shape[1])]


def _pandas_array(series: Any, arrow: Any) -> Any:
    """Convert one column; values of several kinds become texts, as a CSV writer would write them."""
    try:
        converted = arrow.Array.from_pandas(series)
        # Extension types give chunked arrays, over which `chunked_array` would go value by value.
        return converted if isinstance(converted, arrow.ChunkedArray) else arrow.chunked_array([converted])
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError):
        missing = series.isna().tolist()
        texts = [
            None if is_missing is True else _text(value)
            for value, is_missing in zip(series.tolist(), missing, strict=True)
        ]
        return arrow.chunked_array([arrow.array(texts, arrow.string())])


def _text(value: Any) -> str:
    """Write one value of a mixed column."""
    if isinstance(value, (bytes, bytearray)):
        raise TypeError(f"a column holds bytes ({bytes(value)[:20]!r}); decode them to text first")
    return (
        json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    )


def _writable(column: Any, name: str) -> Any:
    """Convert a column to a type whose CSV form is exact and known to every warehouse."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        return _writable(column.cast(kind.value_type), name)
    if types.is_nested(kind):
        texts = [
            None if value is None else json.dumps(value, default=str, ensure_ascii=False)
            for value in column.to_pylist()
        ]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        raise TypeError(f"the column {name!r} holds bytes; decode it to text first")
    if types.is_timestamp(kind):
        return _microseconds(column, name, pa.timestamp("us", "UTC" if kind.tz else None))
    if types.is_time(kind):
        return _microseconds(column, name, pa.time64("us"))
    if types.is_date(kind):
        return column.cast(pa.date32())
    if types.is_duration(kind) or types.is_interval(kind):
        return pa.chunked_array(
            [pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())]
        )
    if types.is_float16(kind):
        return column.cast(pa.float32())
    if types.is_null(kind) or types.is_large_string(kind) or _is_string_view(kind):
        return column.cast(pa.string())
    return column


def _is_string_view(kind: Any) -> bool:
    """Whether a type is the newer string layout."""
    return str(kind) == "string_view"


def _microseconds(column: Any, name: str, kind: Any) -> Any:
    """Convert times to microseconds, which is what databases keep."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise ValueError(
            f"the column {name!r} holds times finer than a microsecond or out of range, which no "
            f"database keeps; round them first, e.g. with .dt.floor('us') ({error})"
        ) from None


def _table_names(names: Sequence[str]) -> list[str]:
    """Make names that need no quotes; distinct ones."""
    made: list[str] = []
    for number, name in enumerate(names, start=1):
        plain = _NO_NAME.sub("_", name.strip()) or f"column_{number}"
        if plain[0].isdigit():
            plain = f"_{plain}"
        candidate, suffix = plain, 1
        while candidate.lower() in (each.lower() for each in made):
            suffix += 1
            candidate = f"{plain}_{suffix}"
        made.append(candidate)
    return made


def _sql_type(column: Any) -> str:
    """Name the SQL type that holds a column's values."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    kind = column.type
    plain = {
        pa.bool_(): "BOOLEAN",
        pa.int8(): "SMALLINT",
        pa.int16(): "SMALLINT",
        pa.int32(): "INTEGER",
        pa.int64(): "BIGINT",
        pa.uint8(): "SMALLINT",
        pa.uint16(): "INTEGER",
        pa.uint32(): "BIGINT",
        pa.uint64(): "NUMERIC(20,0)",
        pa.float32(): "REAL",
        pa.float64(): "DOUBLE PRECISION",
        pa.date32(): "DATE",
        pa.timestamp("us"): "TIMESTAMP",
        pa.timestamp("us", "UTC"): "TIMESTAMPTZ",
        pa.time64("us"): "TIME",
    }.get(kind)
    if plain is not None:
        return plain
    if pa.types.is_decimal(kind) and kind.precision <= 38 and 0 <= kind.scale <= kind.precision:
        return f"NUMERIC({kind.precision},{kind.scale})"
    return f"VARCHAR({_varchar_length(column)})"


def _varchar_length(column: Any) -> int:
    """Find how many bytes the longest text needs, with room to grow: later rows may be longer."""
    import pyarrow as pa  # noqa: PLC0415 - optional library
    import pyarrow.compute as pc  # noqa: PLC0415 - optional library

    if not pa.types.is_string(column.type):
        return _SMALLEST_VARCHAR
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    length = _SMALLEST_VARCHAR
    while length < 2 * longest:
        length *= 2
    return min(length, _LARGEST_VARCHAR)

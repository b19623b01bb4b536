"""Frames of pandas, polars and pyarrow as one Arrow table whose every column can be written as CSV.

Values keep their meaning: what has no place in a table (bytes, times finer than a microsecond) is refused by
name, nested values become JSON, and the SQL type of each column follows from its type.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from civis.io._cell_texts import bytes_error, json_text, mixed_text, span_text, times_error
from civis.io._pandas_arrays import pandas_array

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "as_frame",
    "check_names",
    "declared_columns",
    "frame_columns",
    "frame_to_arrow",
    "has_pyarrow",
    "is_frame",
    "is_pandas",
    "is_polars",
    "named_columns",
    "table_names",
    "varchar",
    "whole_numbers",
]

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


def as_frame(given: Any) -> Any:
    """Give a frame back, of a series of pandas one, and of what else can be read by Arrow a `pyarrow.Table`.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if is_frame(given):
        return given
    if _is_of(given, "pandas", "Series"):  # its writer takes the same arguments
        return given.to_frame()
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        arrow = _pyarrow()
        try:
            return arrow.table(given)
        except (TypeError, ValueError):
            pass  # a single column, for instance
    hint = "; call .collect() first" if _is_of(given, "polars", "LazyFrame") else ""
    raise TypeError(
        f"a pandas or polars DataFrame or a pyarrow.Table is needed, not {type(given).__name__}{hint}"
    )


def has_pyarrow() -> bool:
    """Whether pyarrow can be imported."""
    try:
        import pyarrow as pa  # noqa: F401, PLC0415 - optional library
    except ImportError:
        return False
    return True


def frame_to_arrow(frame: Any) -> pa.Table:
    """Give a frame as an Arrow table of values that CSV can hold.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        The index of a pandas frame is left out.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    TypeError
        If it is no frame, or a column holds what no table can.
    ValueError
        If there are no columns, their names repeat, or times are finer than a microsecond.
    """
    arrow = _pyarrow()
    if is_pandas(frame):
        names, arrays = _pandas_arrays(frame, arrow)
    elif is_polars(frame):
        table = _for_arrow(frame).to_arrow()
        names, arrays = table.column_names, list(table.columns)
    elif isinstance(frame, arrow.Table):
        names, arrays = frame.column_names, list(frame.columns)
    else:
        raise TypeError(
            f"a pandas or polars DataFrame or a pyarrow.Table is needed, not {type(frame).__name__}"
        )
    check_names(names)
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
    return declared_columns(table.column_names, [_sql_type(column) for column in table.columns])


def declared_columns(names: Sequence[str], sql_types: Sequence[str]) -> list[dict[str, str]]:
    """Put SQL types beside the names that columns are to have in a table."""
    return [
        {"name": name, "sql_type": sql_type}
        for name, sql_type in zip(table_names(names), sql_types, strict=True)
    ]


def check_names(names: Sequence[str]) -> None:
    """Refuse a frame without columns, and names that repeat."""
    if not names:
        raise ValueError("the frame has no columns, so there is nothing to write")
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ValueError(
            f"the frame has more than one column named {', '.join(map(repr, repeated))}; rename them"
        )


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


def _pandas_arrays(frame: Any, arrow: Any) -> tuple[list[str], list[Any]]:
    """Convert the columns of a pandas frame."""
    named = named_columns(frame)
    return [name for name, _ in named], [pandas_array(series, name, arrow) for name, series in named]


def _for_arrow(frame: Any) -> Any:
    """Give a polars frame without what Arrow has no type for: objects and integers of 128 bits."""
    import polars as pl  # noqa: PLC0415 - optional library

    foreign: list[Any] = []
    for series in frame.get_columns():
        kind = str(series.dtype).partition("(")[0]
        if kind in ("Int128", "UInt128"):
            foreign.append(whole_numbers(series))
        elif kind == "Object":
            texts = [None if value is None else mixed_text(value) for value in series.to_list()]
            foreign.append(pl.Series(series.name, texts, dtype=pl.String))
    return frame.with_columns(foreign)


def whole_numbers(series: Any) -> Any:
    """Give integers of 128 bits as decimals, and as texts where one has more than the 38 digits of those."""
    import polars as pl  # noqa: PLC0415 - optional library

    try:
        return series.cast(pl.Decimal(38, 0))
    except pl.exceptions.InvalidOperationError:
        return series.cast(pl.String)


def named_columns(frame: Any) -> list[tuple[str, Any]]:
    """Give the columns of a pandas frame that are to be written, each with its name.

    It warns of an index that is left out; the place that the warning names is the user's, six calls up.
    """
    if any(name is not None for name in frame.index.names):
        warnings.warn(
            f"the index {list(frame.index.names)} is left out; "
            "call .reset_index() first or pass index=True to keep it",
            UserWarning,
            stacklevel=6,
        )
    names = ["_".join(map(str, name)) if isinstance(name, tuple) else str(name) for name in frame.columns]
    return [(name, frame.iloc[:, number]) for number, name in enumerate(names)]


def _writable(column: Any, name: str) -> Any:
    """Convert a column to a type whose CSV form is exact and known to every warehouse."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    kind, types = column.type, pa.types
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _writable(_decoded(column), name)
    if isinstance(kind, pa.BaseExtensionType) and not types.is_fixed_size_binary(kind.storage_type):
        return _writable(column.cast(kind.storage_type), name)
    if isinstance(kind, pa.BaseExtensionType):
        return _texts_of(column, mixed_text)
    if types.is_nested(kind):
        return _texts_of(column, json_text)
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        raise bytes_error(name)
    if types.is_timestamp(kind):
        return _microseconds(column, name, pa.timestamp("us", "UTC" if kind.tz else None))
    if types.is_time(kind):
        return _microseconds(column, name, pa.time64("us"))
    if types.is_date(kind):
        return column.cast(pa.date32())
    if types.is_duration(kind) or types.is_interval(kind):
        return _texts_of(column, span_text)
    if types.is_float16(kind):
        return column.cast(pa.float32())
    if types.is_null(kind) or types.is_large_string(kind) or _is_string_view(kind):
        return column.cast(pa.string())
    return column


def _texts_of(column: Any, as_text: Callable[[Any], str]) -> Any:
    """Convert each value of a column to a text."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    texts = [None if value is None else as_text(value) for value in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _decoded(column: Any) -> Any:
    """Write out the values that a column keeps once for several rows."""
    import pyarrow as pa  # noqa: PLC0415 - optional library
    import pyarrow.compute as pc  # noqa: PLC0415 - optional library

    is_dictionary = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if is_dictionary else pc.run_end_decode(column)


def _is_string_view(kind: Any) -> bool:
    """Whether a type is the newer string layout."""
    return str(kind) == "string_view"


def _microseconds(column: Any, name: str, kind: Any) -> Any:
    """Convert times to microseconds, which is what databases keep."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise times_error(name, f" ({error})") from None


def table_names(names: Sequence[str]) -> list[str]:
    """Make names that need no quotes. Two of them may be equal: who makes a table of them has to see to it.

    Examples
    --------
    >>> table_names(["Zip Code", "2nd", ""])
    ['Zip_Code', '_2nd', 'column_3']
    """
    plain = [
        _NO_NAME.sub("_", name.strip()) or f"column_{number}" for number, name in enumerate(names, start=1)
    ]
    return [f"_{name}" if name[0].isdigit() else name for name in plain]


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
    return _varchar_of(column)


def _varchar_of(column: Any) -> str:
    """Name the type for texts as long as those of a column."""
    import pyarrow as pa  # noqa: PLC0415 - optional library
    import pyarrow.compute as pc  # noqa: PLC0415 - optional library

    if not pa.types.is_string(column.type):
        return varchar(0)
    return varchar(pc.max(pc.binary_length(column)).as_py() or 0)


def varchar(longest: int) -> str:
    """Name the type for texts of so many bytes, with room to grow: later rows may be longer."""
    length = _SMALLEST_VARCHAR
    while length < 2 * longest:
        length *= 2
    return f"VARCHAR({min(length, _LARGEST_VARCHAR)})"

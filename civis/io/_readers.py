"""The bytes of a result as rows, a pandas or polars frame, or an Arrow table."""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["ReadOptions", "check_reader", "read_result"]

_EXACT_IN_FLOAT = 2**53


@dataclass(frozen=True)
class ReadOptions:
    """How a result becomes an object.

    Parameters
    ----------
    return_as : {"list", "pandas", "polars", "arrow"}
    encoding : str or None
        None is UTF-8.
    sql_types : mapping
        Types of the columns that are known, by name in small letters.
    all_text : bool, default False
        Leave every value a text.
    arguments : mapping
        The user's own arguments to the library's CSV reader, which then decides about types.
    """

    return_as: str
    encoding: str | None = None
    sql_types: Mapping[str, str] = field(default_factory=dict)
    all_text: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


def check_reader(options: ReadOptions) -> None:
    """Refuse, before anything runs, what cannot be read that way.

    Raises
    ------
    ImportError
        If the library is not installed.
    TypeError
        If arguments were given that nothing takes.
    """
    if options.return_as == "list":
        _refuse_arguments(options, "a list of rows")
    elif options.return_as == "arrow":
        _refuse_arguments(options, "an Arrow table")
        _import("pyarrow", "pandas")
    else:
        _import(options.return_as, options.return_as)


def read_result(stream: BinaryIO, options: ReadOptions) -> Any:
    """Read a whole result from a stream of (inflated) CSV."""
    return _READERS[options.return_as](stream, options)


def _refuse_arguments(options: ReadOptions, what: str) -> None:
    """Raise for arguments to a reader that takes none."""
    if options.arguments:
        names = ", ".join(sorted(options.arguments))
        raise TypeError(f"{what} takes no further arguments, but got: {names}; is return_as='pandas' meant?")


def _import(module: str, extra: str) -> Any:
    """Import an optional library, or say how to get it."""
    import importlib  # noqa: PLC0415 - only for optional libraries

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"return_as={extra!r} needs {module}; install it with: pip install 'civis[{extra}]'"
        ) from error


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pause the collector: millions of new lists, none of them garbage, would set it off again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_list(stream: BinaryIO, options: ReadOptions) -> list[list[str]]:
    """Give the header and the rows, each a list of texts."""
    with (
        io.TextIOWrapper(stream, options.encoding or "utf-8", newline="") as text,
        _garbage_collection_paused(),
    ):
        rows = list(csv.reader(text))
    if rows and len(rows[0]) == 1:
        # A lone NULL is an empty line.
        return [row or [""] for row in rows]
    return rows


def _read_arrow(stream: BinaryIO, options: ReadOptions) -> pa.Table:
    """Give an Arrow table."""
    from civis.io._arrow_text import read_text_table, typed_table  # noqa: PLC0415 - needs pyarrow

    table = read_text_table(stream.read(), options.encoding)
    return table if options.all_text else typed_table(table, options.sql_types)


def _read_polars(stream: BinaryIO, options: ReadOptions) -> pl.DataFrame:
    """Give a polars frame."""
    polars = _import("polars", "polars")
    if options.arguments:
        arguments = dict(options.arguments)
        if options.encoding is not None:
            arguments.setdefault("encoding", options.encoding)
        frame: pl.DataFrame = polars.read_csv(stream.read(), **arguments)
        return frame
    converted: pl.DataFrame = polars.from_arrow(_read_arrow(stream, options))
    return converted


def _read_pandas(stream: BinaryIO, options: ReadOptions) -> pd.DataFrame:
    """Give a pandas frame, with the dtypes of `pandas.read_csv` wherever they keep every value."""
    pandas = _import("pandas", "pandas")
    if options.arguments:
        arguments = dict(options.arguments)
        if options.encoding is not None:
            arguments.setdefault("encoding", options.encoding)
        frame: pd.DataFrame = pandas.read_csv(stream, **arguments)
        return frame
    table = _read_arrow(stream, options)
    columns = [_pandas_column(column, pandas, options) for column in table.columns]
    made: pd.DataFrame = pandas.concat(columns, axis=1) if columns else pandas.DataFrame()
    made.columns = pandas.Index(table.column_names)
    return made


def _pandas_column(column: pa.ChunkedArray, pandas: Any, options: ReadOptions) -> Any:
    """Convert one column."""
    import pyarrow as pa  # noqa: PLC0415 - optional library
    import pyarrow.compute as pc  # noqa: PLC0415 - optional library

    kind = column.type
    if pa.types.is_string(kind) and column.null_count == len(column) and not options.all_text:
        # Nothing but NULL: numbers without a value, as `pandas.read_csv` reads it.
        return (
            pandas.Series([float("nan")] * len(column), dtype="float64")
            if len(column)
            else column.to_pandas()
        )
    if pa.types.is_decimal(kind) and kind.scale == 0:
        return pandas.Series(
            [None if each is None else int(each) for each in column.to_pylist()], dtype="object"
        )
    if column.null_count and pa.types.is_boolean(kind):
        return pandas.Series(column.to_pylist(), dtype="boolean")
    if column.null_count and pa.types.is_integer(kind):
        ends = pc.min_max(column).as_py()
        if max(abs(ends["min"] or 0), abs(ends["max"] or 0)) > _EXACT_IN_FLOAT:
            return pandas.Series(column.to_pylist(), dtype="Int64")
    return column.to_pandas(date_as_object=False)


_READERS: Mapping[str, Callable[[BinaryIO, ReadOptions], Any]] = {
    "list": _read_list,
    "pandas": _read_pandas,
    "polars": _read_polars,
    "arrow": _read_arrow,
}

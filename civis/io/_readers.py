"""The bytes of a result as rows, a pandas or polars frame, or an Arrow table."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis.io._distinct_names import distinct_names
from civis.io._frames import has_pyarrow
from civis.io._headers import check_wanted
from civis.io._native_readers import read_by_pandas, read_by_polars
from civis.io._plain_results import plain_result
from civis.io._rows import read_rows

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from civis.io._result_tables import OpenStream, TableFormat

__all__ = ["ReadOptions", "check_arrow", "check_reader", "convert_table", "read_result"]


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
    dtype_backend : {"numpy_nullable", "pyarrow"} or None
        The kind of dtypes of a pandas frame.
    infers : bool, default True
        Whether columns of no known type may become numbers.
    wanted : sequence of str
        Columns for which the user named types.
    uses_database : bool, default True
        Whether the database's types are to be asked for.
    delimiter : str, default ","
    names : sequence of str or None
        The columns, where the first row may hold values; None where it holds the names.
    has_header : bool or None, default None
        Whether the first row holds the names; None where it does if it is `names`.
    drops_last : bool, default False
        Whether the last column is there for the rows' sake only.
    placed_types : sequence of (str, str)
        Name and SQL type of each column in its place, where the platform tells them: names may repeat.
    """

    return_as: str
    encoding: str | None = None
    sql_types: Mapping[str, str] = field(default_factory=dict)
    all_text: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    dtype_backend: str | None = None
    infers: bool = True
    wanted: Sequence[str] = ()
    uses_database: bool = True
    delimiter: str = ","
    names: Sequence[str] | None = None
    drops_last: bool = False
    has_header: bool | None = None
    placed_types: Sequence[tuple[str, str]] = ()

    @property
    def needs_types(self) -> bool:
        """Whether it makes a difference which types the database has."""
        return self.uses_database and self.return_as != "list" and not self.arguments and not self.all_text


def check_reader(options: ReadOptions) -> None:
    """Refuse, before anything runs, what cannot be read that way.

    Raises
    ------
    ImportError
        If the library is not installed.
    TypeError
        If arguments were given that nothing takes.
    """
    if options.dtype_backend is not None and options.return_as != "pandas":
        raise TypeError("dtype_backend= is about pandas; is return_as='pandas' meant?")
    if options.return_as == "list":
        _refuse_arguments(options, "a list of rows")
        return
    if options.return_as == "arrow":
        _refuse_arguments(options, "an Arrow table")
    else:
        _import(options.return_as, options)
    if options.return_as == "arrow" or options.dtype_backend == "pyarrow":
        _import("pyarrow", options)


def check_arrow(options: ReadOptions) -> None:
    """Refuse to read batch by batch where pyarrow, which does that, is not installed."""
    _import("pyarrow", options)


def read_result(streams: Sequence[OpenStream], options: ReadOptions) -> Any:
    """Read a whole result from streams of (inflated) CSV, which follow one another."""
    return _READERS[options.return_as](streams, options)


def convert_table(table: pa.Table, options: ReadOptions) -> Any:
    """Give an Arrow table as what was asked for."""
    if options.return_as == "pandas":
        from civis.io._pandas_frames import to_pandas  # noqa: PLC0415 - optional library

        frame = to_pandas(
            table,
            options.dtype_backend,
            lambda name: options.all_text or name.lower() in options.sql_types,
        )
        frame.columns = distinct_names(table.column_names, "pandas")
        return frame
    if options.return_as == "polars":
        names = distinct_names(table.column_names, "polars")
        return _import("polars", options).from_arrow(table.rename_columns(names))
    return table


def table_format(options: ReadOptions) -> TableFormat:
    """Give what the reader of tables needs to know."""
    from civis.io._result_tables import TableFormat  # noqa: PLC0415 - needs pyarrow

    return TableFormat(
        options.encoding,
        {} if options.all_text else options.sql_types,
        options.infers and not options.all_text,
        options.delimiter,
        options.names,
        options.wanted,
        options.has_header,
        () if options.all_text else options.placed_types,
    )


def _refuse_arguments(options: ReadOptions, what: str) -> None:
    """Raise for arguments to a reader that takes none."""
    if options.arguments:
        names = ", ".join(sorted(options.arguments))
        raise TypeError(f"{what} takes no further arguments, but got: {names}; is return_as='pandas' meant?")


def _import(module: str, options: ReadOptions) -> Any:
    """Import an optional library, or say how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = options.return_as if options.return_as != "arrow" else "pandas"
        raise ImportError(
            f"return_as={options.return_as!r} needs {module}; install it with: pip install 'civis[{extra}]'"
        ) from error


def _read_list(streams: Sequence[OpenStream], options: ReadOptions) -> list[list[str]]:
    """Give the header and the rows, each a list of texts."""
    rows = read_rows(streams, options.encoding, options.delimiter, options.names, options.has_header)
    if options.wanted:
        # The values are texts whatever their types; a name that is not there is a mistake all the same.
        check_wanted(options.wanted, rows[0] if rows else ())
    return rows


def _read_arrow(streams: Sequence[OpenStream], options: ReadOptions) -> Any:
    """Give an Arrow table, or a frame made of one."""
    from civis.io._result_tables import read_table  # noqa: PLC0415 - needs pyarrow

    table = read_table(streams, table_format(options))
    if options.drops_last:
        table = table.select(range(table.num_columns - 1))
    return convert_table(table, options)


def _read_plain(streams: Sequence[OpenStream], options: ReadOptions) -> Any:
    """Give a frame as by way of Arrow, made by its own library."""
    result = plain_result(streams, options)
    if options.return_as == "pandas":
        from civis.io._plain_pandas import to_pandas  # noqa: PLC0415 - optional library

        frame = to_pandas(result)
        return frame.iloc[:, :-1] if options.drops_last else frame
    from civis.io._plain_polars import to_polars  # noqa: PLC0415 - optional library

    columns = to_polars(result)
    return columns[:, :-1] if options.drops_last else columns


def _read_polars(streams: Sequence[OpenStream], options: ReadOptions) -> pl.DataFrame:
    """Give a polars frame."""
    if not options.arguments:
        made: pl.DataFrame = _read_arrow(streams, options) if has_pyarrow() else _read_plain(streams, options)
        return made
    frame: pl.DataFrame = read_by_polars(_import("polars", options), streams, options)
    return frame


def _read_pandas(streams: Sequence[OpenStream], options: ReadOptions) -> pd.DataFrame:
    """Give a pandas frame."""
    if not options.arguments:
        made: pd.DataFrame = _read_arrow(streams, options) if has_pyarrow() else _read_plain(streams, options)
        return made
    frame: pd.DataFrame = read_by_pandas(_import("pandas", options), streams, options)
    return frame


_READERS: Mapping[str, Callable[[Sequence[OpenStream], ReadOptions], Any]] = {
    "list": _read_list,
    "pandas": _read_pandas,
    "polars": _read_polars,
    "arrow": _read_arrow,
}

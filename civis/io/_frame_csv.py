"""A frame written as CSV, and the declaration that goes with it: both come from the same options."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from civis.io._arguments import DELIMITERS, check_choice
from civis.io._cell_texts import text_error
from civis.io._frames import (
    check_names,
    declared_columns,
    frame_columns,
    frame_to_arrow,
    has_pyarrow,
    is_pandas,
    is_polars,
    named_columns,
)
from civis.io._value_formats import formatted, says_header

if TYPE_CHECKING:
    import pyarrow as pa

    from civis.io._plain_columns import PlainColumn

__all__ = ["FrameCsv", "frame_buffer", "write_frame"]

#: Frames of so many bytes are written to memory; larger ones to a temporary file.
_MOST_HELD = 64 << 20
#: Rows that are written in one go.
_SLICE = 50_000

# What the CSV writers take that the declaration below can follow. What would change quotes, line ends or
# decimal points is missing on purpose: the platform could not be told.
_PANDAS = frozenset(
    [
        "sep",
        "header",
        "index",
        "index_label",
        "columns",
        "date_format",
        "float_format",
        "chunksize",
        "encoding",
        "na_rep",
    ]
)
#: What pandas takes and the file does not depend on, with the values that say what is written anyway.
_AS_WRITTEN: Mapping[str, tuple[object, ...]] = {
    "quoting": (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC),
    "quotechar": ('"',),
    "doublequote": (True,),
    "escapechar": (None,),
    "lineterminator": (None, "\n", "\r\n"),
    "decimal": (".",),
    "compression": (None, "infer"),
    "errors": (None, "strict"),
}
_POLARS = frozenset(
    [
        "separator",
        "include_header",
        "batch_size",
        "date_format",
        "datetime_format",
        "time_format",
        "float_precision",
        "float_scientific",
        "null_value",
    ]
)
_ARROW = frozenset(["separator", "include_header"])
_UTF8 = frozenset({"utf-8", "utf8", "utf_8"})


@dataclass(frozen=True)
class FrameCsv:
    """What a written file is.

    Parameters
    ----------
    delimiter : str
    has_header : bool
    columns : list of dict
        Name and SQL type a column.
    names : tuple of str
        The columns as the frame has them.
    """

    delimiter: str
    has_header: bool
    columns: list[dict[str, str]]
    names: tuple[str, ...] = ()


@contextmanager
def frame_buffer(frame: Any) -> Iterator[BinaryIO]:
    """Give what a frame can be written to: memory, and for a large one a temporary file."""
    size = frame.memory_usage().sum() if is_pandas(frame) else _size_of(frame)
    if size <= _MOST_HELD:
        yield io.BytesIO()
        return
    with tempfile.TemporaryFile() as file:
        yield cast("BinaryIO", file)


def _size_of(frame: Any) -> int:
    """Tell the bytes of a frame in memory."""
    return int(frame.estimated_size() if is_polars(frame) else frame.nbytes)


def write_frame(frame: Any, target: BinaryIO, arguments: Mapping[str, Any]) -> FrameCsv:
    """Write a frame as CSV.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
    target : binary file
    arguments : mapping
        The user's arguments to the library's CSV writer.

    Raises
    ------
    TypeError
        If there is an argument that the platform could not be told about.
    ValueError
        If the frame has no columns, or its values or names cannot be written.
    """
    if is_pandas(frame):
        arguments = {
            name: value for name, value in arguments.items() if value not in _AS_WRITTEN.get(name, ())
        }
    _check_arguments(frame, arguments)
    delimiter = arguments.get("sep", arguments.get("separator", ","))
    check_choice("the separator", delimiter, DELIMITERS)
    frame, text_types = formatted(frame, arguments)
    form = FrameCsv(delimiter, says_header(arguments), [])
    if has_pyarrow():
        table = frame_to_arrow(frame)
        _write_fast(table, target, delimiter, form.has_header)
        form = replace(form, columns=frame_columns(table), names=tuple(table.column_names))
    else:
        form = _write_plain(frame, target, form)
    return replace(form, columns=_typed(form, text_types))


def _typed(form: FrameCsv, types: Mapping[str, str]) -> list[dict[str, str]]:
    """Put the types of values that a format made texts in place of those of texts."""
    return [
        {**column, "sql_type": types[name]} if name in types else column
        for name, column in zip(form.names, form.columns, strict=True)
    ]


def _check_arguments(frame: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the writer does not take or the declaration cannot follow."""
    known = _PANDAS if is_pandas(frame) else _POLARS if is_polars(frame) else _ARROW
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise TypeError(
            f"dataframe_to_civis does not take {', '.join(map(repr, unknown))}: the platform "
            f"could not be told how to read such a file. It takes {', '.join(sorted(known))}"
        )
    encoding = arguments.get("encoding")
    if encoding is not None and str(encoding).lower() not in _UTF8:
        raise TypeError(f"dataframe_to_civis writes UTF-8; encoding={encoding!r} is not possible")
    for name in ("na_rep", "null_value"):
        if arguments.get(name):
            raise TypeError(
                f"{name}={arguments[name]!r} would become a text in the table; leave it out for NULL"
            )


def _write_fast(table: pa.Table, target: BinaryIO, delimiter: str, has_header: bool) -> None:
    """Write by Arrow, slices side by side: texts stand in quotes, NULL is an empty value without."""
    import pyarrow as pa  # noqa: PLC0415 - optional library
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - optional library

    def write(begin: int) -> pa.Buffer:
        sink = pa.BufferOutputStream()
        options = arrow_csv.WriteOptions(
            include_header=has_header and begin == 0, delimiter=delimiter, quoting_style="needed"
        )
        arrow_csv.write_csv(table.slice(begin, _SLICE), sink, options)
        return sink.getvalue()

    workers = min(4, os.cpu_count() or 1)
    starts = range(0, max(len(table), 1), _SLICE)
    with ThreadPoolExecutor(workers, "civis-csv") as writers:
        # A few slices at a time: the whole of a large frame is not to be in memory once more.
        for first in range(0, len(starts), workers):
            for buffer in writers.map(write, starts[first : first + workers]):
                target.write(memoryview(buffer))


def _write_plain(frame: Any, target: BinaryIO, form: FrameCsv) -> FrameCsv:
    """Write the same file by the frame's own library."""
    if is_pandas(frame):
        return _write_plain_pandas(frame, target, form)
    from civis.io._plain_series import series_type, writable_series, write_polars  # noqa: PLC0415 - optional

    check_names(frame.columns)
    written = frame.select([writable_series(series) for series in frame.get_columns()])
    write_polars(written, target, form.delimiter, form.has_header)
    types = [series_type(series) for series in written.get_columns()]
    return replace(form, columns=declared_columns(written.columns, types), names=tuple(written.columns))


def _plain_column(series: Any, name: str) -> PlainColumn:
    """Look at a column of pandas; a text that is no Unicode is refused by the column's name."""
    from civis.io._plain_columns import plain_column  # noqa: PLC0415 - optional library

    try:
        return plain_column(series, name)
    except UnicodeEncodeError as error:
        raise text_error(name, error) from None


def _write_plain_pandas(frame: Any, target: BinaryIO, form: FrameCsv) -> FrameCsv:
    """Write the columns of a pandas frame; its own writer would write NULL and "" alike."""
    from civis.io._plain_columns import quoted  # noqa: PLC0415 - optional library

    named = named_columns(frame)
    names = [name for name, _ in named]
    check_names(names)
    columns = [_plain_column(series, name) for name, series in named]
    if form.has_header:
        target.write(f"{form.delimiter.join(map(quoted, names))}\n".encode())
    rows = len(frame)
    for begin in range(0, rows, _SLICE):
        cells = [column.cells(begin, begin + _SLICE) for column in columns]
        target.writelines(f"{form.delimiter.join(row)}\n".encode() for row in zip(*cells, strict=True))
    declared = declared_columns(names, [column.sql_type for column in columns])
    return replace(form, columns=declared, names=tuple(names))

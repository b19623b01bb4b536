"""A frame written as CSV, and the declaration that goes with it: both come from the same options."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from civis.io._arguments import DELIMITERS, check_choice
from civis.io._frames import frame_columns, frame_to_arrow, is_pandas, is_polars

if TYPE_CHECKING:
    import pyarrow as pa

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
# Of these, what does not change how values are written: the fast writer covers them.
_PLAIN = frozenset(
    [
        "sep",
        "separator",
        "header",
        "include_header",
        "index",
        "columns",
        "chunksize",
        "batch_size",
        "encoding",
    ]
)
_UTF8 = frozenset({"utf-8", "utf8", "utf_8"})


@dataclass(frozen=True)
class FrameCsv:
    """What a written file is.

    Parameters
    ----------
    delimiter : str
    has_header : bool
    columns : list of dict or None
        Name and SQL type a column; None where the user's own formats leave it to the platform to find out.
    names : tuple of str
        The columns as the frame has them; empty where `columns` is None.
    """

    delimiter: str
    has_header: bool
    columns: list[dict[str, str]] | None
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
    """
    _check_arguments(frame, arguments)
    delimiter = arguments.get("sep", arguments.get("separator", ","))
    check_choice("the separator", delimiter, DELIMITERS)
    has_header = arguments.get("header", arguments.get("include_header", True)) is not False
    if set(arguments) <= _PLAIN and not isinstance(arguments.get("header"), (list, tuple)):
        table = _arrow_of(frame, arguments)
        _write_fast(table, target, delimiter, has_header)
        return FrameCsv(delimiter, has_header, frame_columns(table), tuple(table.column_names))
    _write_natively(frame, target, arguments)
    return FrameCsv(delimiter, has_header, None)


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


def _arrow_of(frame: Any, arguments: Mapping[str, Any]) -> pa.Table:
    """Give the columns that are to be written."""
    columns: Sequence[str] | None = arguments.get("columns")
    return frame_to_arrow(frame, index=bool(arguments.get("index", False)), columns=columns)


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


def _write_natively(frame: Any, target: BinaryIO, arguments: Mapping[str, Any]) -> None:
    """Write by the frame's own writer, which knows the user's formats."""
    if is_pandas(frame):
        frame.to_csv(target, mode="wb", **{"index": False, "encoding": "utf-8", **arguments})
    else:
        frame.write_csv(target, **arguments)

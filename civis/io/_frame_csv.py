"""A frame written as CSV, and the declaration that goes with it: both come from the same options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civis.io._arguments import DELIMITERS, check_choice
from civis.io._frames import frame_columns, frame_to_arrow, is_pandas, is_polars

__all__ = ["FrameCsv", "write_frame"]

# What the CSV writers take that the declaration below can follow. What would change quotes, line ends or
# decimal
# points is missing on purpose: the platform could not be told.
_PANDAS = frozenset(
    {
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
    }
)
_POLARS = frozenset(
    {
        "separator",
        "include_header",
        "batch_size",
        "date_format",
        "datetime_format",
        "time_format",
        "float_precision",
        "float_scientific",
        "null_value",
    }
)
# Of these, what does not change how values are written: the fast writer covers them.
_PLAIN = frozenset(
    {
        "sep",
        "separator",
        "header",
        "include_header",
        "index",
        "columns",
        "chunksize",
        "batch_size",
        "encoding",
    }
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
    row_count : int
    """

    delimiter: str
    has_header: bool
    columns: list[dict[str, str]] | None
    row_count: int


def write_frame(frame: Any, target: Path, arguments: Mapping[str, Any]) -> FrameCsv:
    """Write a frame to a file.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
    target : path
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
    plain = set(arguments) <= _PLAIN and not isinstance(arguments.get("header"), (list, tuple))
    if plain:
        columns = _write_fast(frame, target, delimiter, has_header, arguments)
    else:
        columns = None
        _write_natively(frame, target, arguments)
    return FrameCsv(delimiter, has_header, columns, len(frame))


def _check_arguments(frame: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that the writer does not take or the declaration cannot follow."""
    known = (
        _PANDAS
        if is_pandas(frame)
        else _POLARS
        if is_polars(frame)
        else frozenset({"separator", "include_header"})
    )
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


def _write_fast(
    frame: Any, target: Path, delimiter: str, has_header: bool, arguments: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Write by Arrow: texts stand in quotes, NULL is an empty value without."""
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - optional library

    columns: Sequence[str] | None = arguments.get("columns")
    table = frame_to_arrow(frame, index=bool(arguments.get("index", False)), columns=columns)
    options = arrow_csv.WriteOptions(include_header=has_header, delimiter=delimiter, quoting_style="needed")
    arrow_csv.write_csv(table, str(target), options)
    return frame_columns(table)


def _write_natively(frame: Any, target: Path, arguments: Mapping[str, Any]) -> None:
    """Write by the frame's own writer, which knows the user's formats."""
    if is_pandas(frame):
        frame.to_csv(target, **{"index": False, "encoding": "utf-8", **arguments})
    else:
        frame.write_csv(target, **arguments)

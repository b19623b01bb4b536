"""Frames in files of a columnar kind: which kind a name means, how a frame gets in and out. No platform."""

from __future__ import annotations

import importlib
from pathlib import PurePath
from typing import Any, BinaryIO

from civis.io._arguments import check_choice
from civis.io._frames import is_pandas, is_polars

__all__ = ["FORMATS", "columnar_format", "read_columnar", "write_columnar"]

FORMATS = ("csv", "parquet", "feather")
_ENDINGS = {".parquet": "parquet", ".pq": "parquet", ".feather": "feather", ".arrow": "feather"}


def columnar_format(name: str, given: str | None) -> str | None:
    """Tell which columnar format a file has: the one given, else the one that its name ends in.

    Returns
    -------
    {"parquet", "feather"} or None
        None for CSV, which every other name means.

    Raises
    ------
    ValueError
        If there is no such format.

    Examples
    --------
    >>> columnar_format("flights.parquet", None), columnar_format("flights.csv.gz", None)
    ('parquet', None)
    """
    if given is not None:
        check_choice("format", given, FORMATS)
        return None if given == "csv" else given
    return _ENDINGS.get(PurePath(name).suffix.lower())


def read_columnar(content: BinaryIO, kind: str, return_as: str, arguments: dict[str, Any]) -> Any:
    """Read a file with the reader of the library whose frame is wanted.

    Parameters
    ----------
    content : binary file
        One that can be rewound.
    kind : {"parquet", "feather"}
    return_as : {"pandas", "polars", "arrow"}
    arguments : dict
        The user's own, for that reader.
    """
    if return_as == "arrow":
        return _arrow_module(kind).read_table(content, **arguments)
    library = importlib.import_module(return_as)
    if kind == "feather" and return_as == "polars":
        return library.read_ipc(content, **arguments)
    return getattr(library, f"read_{kind}")(content, **arguments)


def write_columnar(frame: Any, content: BinaryIO, kind: str, arguments: dict[str, Any]) -> None:
    """Write a frame with its library's own writer.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
    content : binary file
    kind : {"parquet", "feather"}
    arguments : dict
        The user's own, for that writer.
    """
    if is_pandas(frame):
        getattr(frame, f"to_{kind}")(content, **arguments)
    elif is_polars(frame):
        getattr(frame, "write_ipc" if kind == "feather" else "write_parquet")(content, **arguments)
    else:
        module = _arrow_module(kind)
        getattr(module, "write_feather" if kind == "feather" else "write_table")(frame, content, **arguments)


def _arrow_module(kind: str) -> Any:
    """Import what pyarrow has for a format."""
    return importlib.import_module(f"pyarrow.{kind}")

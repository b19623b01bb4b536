"""The first rows of a CSV file, read with the standard library; it knows no requests."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from civis.local.warehouse import CsvError, inspect_csv

__all__ = ["open_content", "preview"]

PREVIEW_ROWS = 10
_CHARACTERS = {"comma": ",", "tab": "\t", "pipe": "|"}


def preview(
    path: Path, *, name: str = "", delimiter: str | None = None, include_header: bool | None = None
) -> dict[str, Any]:
    """Give a CSV file's columns and its first rows as text.

    Parameters
    ----------
    path : Path
    name : str, optional
        What messages call it; by default the path's last part.
    delimiter : {"comma", "tab", "pipe"}, optional
        Detected if not given.
    include_header : bool, optional
        Detected if not given.

    Returns
    -------
    dict
        `columns` (name and SQL type), `rows` (at most 10, without the header), `column_delimiter`,
        `include_header`.

    Raises
    ------
    CsvError
        If the file cannot be read as CSV.
    """
    info = inspect_csv(path, name=name, delimiter=delimiter, include_header=include_header)
    with open_content(path, info.compression) as content:
        text = io.TextIOWrapper(content, encoding=info.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=_CHARACTERS[info.delimiter])
        try:
            rows = list(islice(reader, PREVIEW_ROWS + int(info.include_header)))
        except csv.Error as error:
            raise CsvError(f"{name or path.name}: line {reader.line_num} is malformed: {error}") from error
        finally:
            text.detach()
    return {
        "columns": [{"name": column.name, "sql_type": column.sql_type} for column in info.columns],
        "rows": rows[int(info.include_header) :],
        "column_delimiter": info.delimiter,
        "include_header": info.include_header,
    }


@contextmanager
def open_content(path: Path, compression: str) -> Iterator[BinaryIO]:
    """Open a file for reading its uncompressed bytes.

    Parameters
    ----------
    path : Path
    compression : {"none", "gzip", "zip"}
        Of a ZIP archive, the one file in it.

    Raises
    ------
    CsvError
        If an archive holds no file, or several.
    """
    if compression == "gzip":
        with gzip.open(path, "rb") as content:
            yield cast(BinaryIO, content)
    elif compression == "zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise CsvError(f"a ZIP archive must hold one file, not {len(names)}")
            with archive.open(names[0]) as member:
                yield cast(BinaryIO, member)
    else:
        with path.open("rb") as content:
            yield content

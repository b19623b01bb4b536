"""What a CSV file is: header or none, delimiter, compression, character set, columns and their types."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from civis.local.warehouse.csv_files import PlainFile, make_plain
from civis.local.warehouse.csv_rows import DELIMITERS, Shape, check_quotes, delimiter_name, first_rows
from civis.local.warehouse.csv_types import detect_types
from civis.local.warehouse.errors import CsvError
from civis.local.warehouse.interface import CsvColumn, CsvInfo, CsvSource, Delimiter

__all__ = ["column_names", "find_shape", "inspect_csv"]

_VALUE = re.compile(
    r"\s*([+-]?[\d.,]+([eE][+-]?\d+)?%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|true|false|nan)\s*", re.I
)


def inspect_csv(
    path: Path,
    *,
    name: str = "",
    include_header: bool | None = None,
    delimiter: str | None = None,
    compression: str | None = None,
    escaped: bool = False,
    detect_columns: bool = True,
) -> CsvInfo:
    r"""Find out what a CSV file is.

    Parameters
    ----------
    path : Path
    name : str, optional
        What messages call it; by default the path's last part.
    include_header : bool, optional
        Whether the first row holds names; found out by default.
    delimiter : {"comma", "tab", "pipe"}, optional
        Found out by default; the character itself is accepted too.
    compression : {"none", "gzip", "zip"}, optional
        Found out by default.
    escaped : bool, default False
        Whether quotes are escaped by a backslash.
    detect_columns : bool, default True
        Whether to look at all rows for the columns' types.

    Raises
    ------
    CsvError
        If the file cannot be read, or is empty.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("zip,n\n01234,1\n")
    >>> [(column.name, column.sql_type) for column in inspect_csv(path).columns]
    [('zip', 'VARCHAR(5)'), ('n', 'INTEGER')]
    """
    with tempfile.TemporaryDirectory() as folder:
        file = make_plain(CsvSource(path, name), Path(folder), compression)
        shape, head = find_shape(file, delimiter, include_header, escaped=escaped)
        if not head:
            raise CsvError(f"{file.label}: the file is empty")
        columns: tuple[CsvColumn, ...] = ()
        rows = 0
        if detect_columns:
            types, rows = detect_types([file], shape)
            names = column_names(head[0] if shape.has_header else [""] * shape.width)
            columns = tuple(CsvColumn(*pair) for pair in zip(names, types, strict=True))
        return CsvInfo(
            include_header=shape.has_header,
            delimiter=cast("Delimiter", shape.delimiter),
            compression=file.compression,
            columns=columns,
            encoding=file.encoding,
            row_count=rows,
        )


def find_shape(
    file: PlainFile, delimiter: str | None, has_header: bool | None, *, escaped: bool
) -> tuple[Shape, list[list[str]]]:
    """Find a file's delimiter, header and width, as far as they are not given; also its first rows."""
    name = delimiter_name(delimiter) if delimiter is not None else _delimiter(file, escaped=escaped)
    check_quotes(file, name, escaped=escaped)
    head = first_rows(file, name, escaped=escaped)
    if has_header is None:
        has_header = _looks_like_header(head)
    return Shape(name, has_header, len(head[0]) if head else 0, escaped), head


def _delimiter(file: PlainFile, *, escaped: bool) -> str:
    """Choose the delimiter by which most rows have the same number of columns, and more than one."""
    best, best_score = "comma", (0.0, 0)
    for name in DELIMITERS:
        try:
            widths = [len(row) for row in first_rows(file, name, escaped=escaped, most=100)]
        except CsvError:
            continue
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            if score > best_score:
                best, best_score = name, score
    return best


def _looks_like_header(head: Sequence[Sequence[str]]) -> bool:
    """Judge whether the first row holds names: texts, none a value, none found again below.

    A name that comes twice speaks for no row of values: joins and spreadsheets make such headers.
    """
    if not head:
        return False
    first = [each.strip() for each in head[0]]
    if any(_VALUE.fullmatch(each) for each in first) or not any(first):
        return False
    for number, name in enumerate(first):
        below = [row[number].strip() for row in head[1:] if number < len(row)]
        if any(_VALUE.fullmatch(value) for value in below) and name:
            return True
        if not name and number > 0:
            return False
        if name in below:
            return False
    return True


def column_names(header: Sequence[str]) -> list[str]:
    """Make names that a table can have: lower case, unique, of letters, digits and underscores.

    Examples
    --------
    >>> column_names(["Year Month", "2nd", "", "year_month", "größe"])
    ['year_month', '_2nd', 'column_3', 'year_month_2', 'größe']
    """
    names: list[str] = []
    for number, text in enumerate(header, start=1):
        name = re.sub(r"\W+", "_", text.strip().lower())
        name = name if text.strip().endswith("_") else name.rstrip("_")
        name = name or f"column_{number}"
        if name[0].isdigit():
            name = f"_{name}"
        name = name.encode()[:120].decode("utf-8", "ignore")
        unique, again = name, 2
        while unique in names:
            unique, again = f"{name}_{again}", again + 1
        names.append(unique)
    return names

"""The rows of a plain CSV file: as batches of texts for the engine, and one by one with their lines.

Every value is text or NULL here; what type it has is decided elsewhere.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis.local.deferral import Deferred
from civis.local.warehouse.csv_files import PlainFile
from civis.local.warehouse.errors import CsvError

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.csv
else:
    # Imported when first used: 200 ms of a start that most programs never need.
    pyarrow = Deferred("pyarrow", "pyarrow.csv")

__all__ = [
    "DELIMITERS",
    "RowStream",
    "Shape",
    "check_quotes",
    "delimiter_name",
    "first_rows",
    "numbered_rows",
]

DELIMITERS = {"comma": ",", "tab": "\t", "pipe": "|"}
_BLOCK = 1 << 22  # bytes parsed at a time
_LARGEST_ROW = 1 << 26


def delimiter_name(delimiter: str) -> str:
    """Give a delimiter's name, also for the character itself."""
    for name, character in DELIMITERS.items():
        if delimiter in (name, character):
            return name
    raise CsvError(f"the delimiter {delimiter!r} is not one of {', '.join(map(repr, DELIMITERS))}")


@dataclass(frozen=True)
class Shape:
    """How a file is to be read.

    Parameters
    ----------
    delimiter : {"comma", "tab", "pipe"}
    has_header : bool
    width : int
        Columns of every row.
    escaped : bool
        Whether a backslash stands before quotes.
    """

    delimiter: str
    has_header: bool
    width: int
    escaped: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns' names while the rows are text: ``c0``, ``c1`` and so on."""
        return [f"c{number}" for number in range(self.width)]

    def join(self, row: list[str]) -> str:
        """Write a row for a message."""
        return DELIMITERS[self.delimiter].join(row)


@dataclass
class RowStream:
    """A file as a stream of batches of text; what went wrong is kept, as an engine would garble it.

    Parameters
    ----------
    file : PlainFile
    shape : Shape
    """

    file: PlainFile
    shape: Shape
    row_count: int = 0
    malformed: int = 0
    problem: CsvError | None = field(default=None, repr=False)

    def reader(self, limit: int | None = None) -> Any:
        """Give the batches as an Arrow reader: ``n`` (rows counted from 0) and :attr:`Shape.columns`."""
        fields = [("n", pyarrow.int64()), *((name, pyarrow.string()) for name in self.shape.columns)]
        schema = pyarrow.schema(fields)
        return pyarrow.RecordBatchReader.from_batches(schema, self._batches(schema, limit))

    def _batches(self, schema: Any, limit: int | None) -> Iterator[Any]:
        """Read batch by batch, counting the rows."""
        if self.file.path.stat().st_size == 0:
            return
        try:
            for batch in self._open():
                if limit is not None and self.row_count + batch.num_rows > limit:
                    batch = batch.slice(0, limit - self.row_count)
                begin, self.row_count = self.row_count, self.row_count + batch.num_rows
                numbers = pyarrow.array(range(begin, self.row_count), pyarrow.int64())
                yield pyarrow.RecordBatch.from_arrays([numbers, *batch.columns], schema=schema)
                if limit is not None and self.row_count >= limit:
                    return
        except pyarrow.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            self.problem = CsvError(f"{self.file.label}: the file cannot be read as CSV: {error}")
            raise

    def _open(self) -> Any:
        """Open the parser."""
        return pyarrow.csv.open_csv(
            self.file.path,
            pyarrow.csv.ReadOptions(
                column_names=self.shape.columns,
                skip_rows_after_names=1 if self.shape.has_header else 0,
                block_size=min(max(_BLOCK, _longest_line(self.file)), _LARGEST_ROW),
            ),
            pyarrow.csv.ParseOptions(
                delimiter=DELIMITERS[self.shape.delimiter],
                double_quote=not self.shape.escaped,
                escape_char="\\" if self.shape.escaped else False,
                newlines_in_values=True,
                # In a file of one column a blank line is a row: its value is NULL.
                ignore_empty_lines=self.shape.width > 1,
                invalid_row_handler=self._skip,
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(self.shape.columns, pyarrow.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def _skip(self, row: Any) -> str:
        """Count a row of another width, and go on."""
        self.malformed += 1
        return "skip"


def _longest_line(file: PlainFile) -> int:
    """Guess how much has to be parsed at a time so that a row fits; a small file fits as a whole."""
    return min(file.path.stat().st_size + 1, _BLOCK * 4)


def check_quotes(file: PlainFile, delimiter: str, *, escaped: bool) -> None:
    """Refuse a file in which a quote is left open, as the rest of it would silently be one value.

    Raises
    ------
    CsvError
        It names the line at which the quoted value begins, or the row does.
    """
    with file.path.open("rb") as raw:
        quotes = sum(chunk.count(b'"') for chunk in iter(lambda: raw.read(1 << 20), b""))
    if quotes % 2 == 0 or escaped:
        return  # nothing is open, or it cannot be told so cheaply
    with file.path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=DELIMITERS[delimiter], strict=True)
        line = 1
        try:
            for _ in reader:
                line = reader.line_num + 1
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise CsvError(f"{file.label}, line {line}: a quote is opened and never closed") from None


def first_rows(file: PlainFile, delimiter: str, *, escaped: bool, most: int = 200) -> list[list[str]]:
    """Read a file's first rows, blank ones left out."""
    rows = (row for _, row in _rows(file, delimiter, escaped=escaped) if row)
    return list(itertools.islice(rows, most))


def numbered_rows(file: PlainFile, shape: Shape) -> Iterator[tuple[int, list[str]]]:
    """Read all rows but the header, each with the line (from 1) at which it starts.

    Blank lines are left out, but for files of one column, where they are NULL.
    """
    blank = [""] if shape.width == 1 else []
    read = _rows(file, shape.delimiter, escaped=shape.escaped)
    rows = ((line, row or blank) for line, row in read if row or blank)
    return itertools.islice(rows, 1 if shape.has_header else 0, None)


def _rows(file: PlainFile, delimiter: str, *, escaped: bool) -> Iterator[tuple[int, list[str]]]:
    """Read row by row with Python's own parser: slower, but it knows the lines."""
    csv.field_size_limit(max(csv.field_size_limit(), _LARGEST_ROW))
    with file.path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(
            text,
            delimiter=DELIMITERS[delimiter],
            doublequote=not escaped,
            escapechar="\\" if escaped else None,
        )
        line = 1
        try:
            for row in reader:
                yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            raise CsvError(f"{file.label}, line {line}: the file cannot be read as CSV: {error}") from None

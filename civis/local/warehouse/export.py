"""The rows of a query as CSV files, in a stream.

The engine itself writes each row as one line of text, in parallel; here the lines only go by, into files. It
knows how values are written and where files begin and end; nothing of scripts and transactions.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import duckdb

from civis.local.deferral import Deferred
from civis.local.warehouse.csv_rows import DELIMITERS, delimiter_name
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.interface import Column, CsvFormat, ExportedFile, ExportResult, ExportTarget
from civis.local.warehouse.script import quote_text
from civis.local.warehouse.session import Session
from civis.local.warehouse.types import redshift_name
from civis.local.warehouse.values import value_text

if TYPE_CHECKING:
    import numpy
    import pyarrow
else:
    # Imported when first used: 200 ms of a start that most programs never need.
    numpy = Deferred("numpy")
    pyarrow = Deferred("pyarrow")

__all__ = ["Exporter"]

_BATCH = 20_000  # rows that are in memory at a time
_SUFFIXES = {"none": ".csv", "gzip": ".csv.gz", "zip": ".csv.zip"}
# Types whose values never need quotes.
_PLAIN = frozenset(
    [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
        "BIGNUM",
        "FLOAT",
        "DOUBLE",
        "DATE",
        "TIME",
        "TIMESTAMP",
    ]
) | {"TIMESTAMP WITH TIME ZONE", "TIME WITH TIME ZONE"}


class Exporter:
    """Writes one result; leaving it with an exception removes what was written.

    Parameters
    ----------
    target : Path or callable
        A folder, or what gives a writer for each file.
    csv_format : CsvFormat
    max_file_size : int or None
        Most bytes of a file, before compression; at least one row goes into each.
    multifile : bool
        Whether files are numbered even if there is one only.
    name : str
        Names begin with it.
    """

    def __init__(
        self,
        target: ExportTarget,
        csv_format: CsvFormat,
        *,
        max_file_size: int | None,
        multifile: bool,
        name: str,
    ) -> None:
        if csv_format.compression not in _SUFFIXES:
            raise SqlError(
                f"the compression is one of {', '.join(_SUFFIXES)}, not {csv_format.compression!r}"
            )
        if max_file_size is not None and max_file_size < 1:
            raise SqlError(f"max_file_size has to be 1 byte at least, not {max_file_size}")
        self._format = csv_format
        self._delimiter = DELIMITERS[delimiter_name(csv_format.delimiter)]
        self._target = target
        self._most = max_file_size
        self._is_numbered = multifile or max_file_size is not None
        self._name = name
        self._files: list[ExportedFile] = []
        self._written: list[Path] = []
        self._open: _OpenFile | None = None

    def __enter__(self) -> Exporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open.stack.__exit__(kind, error, trace)
        if kind is not None:
            for path in self._written:
                path.unlink(missing_ok=True)

    def write(self, session: Session, query: str) -> ExportResult:
        """Run a query and write its rows."""
        if query.startswith("explain "):
            cursor = session.run(query)
            names, types = [each[0] for each in cursor.description], ["VARCHAR"] * len(cursor.description)
            lines: Iterator[Any] = iter([_plain_lines(cursor.fetchall(), self._delimiter)])
        else:
            described = session.understand(query)
            names, types = described.columns, [str(each) for each in described.types]
            lines = self._lines(session, query, types)
        header = self._header(names)
        self._begin(header)
        rows = 0
        for batch in lines:
            session.check()
            rows += len(batch)
            self._write_lines(batch, header)
        self._finish()
        columns = tuple(
            Column(name.lower(), redshift_name(kind)) for name, kind in zip(names, types, strict=True)
        )
        return ExportResult(tuple(self._files), columns, rows)

    def _lines(self, session: Session, query: str, types: Sequence[str]) -> Iterator[Any]:
        """Have the engine write the rows as lines, and give them in batches."""
        columns = [f"c{number}" for number in range(len(types))]
        fields = [self._field(name, kind) for name, kind in zip(columns, types, strict=True)]
        if len(fields) == 1:
            fields[0] = f"coalesce(nullif({fields[0]}, ''), '\"\"')"  # readers skip a line with nothing in it
        line = f"concat({f', {quote_text(self._delimiter)}, '.join(fields)}, chr(10))"
        text = f"select {line} as line from ({query}) as q({', '.join(columns)})"  # noqa: S608 - our own words
        session.check()
        relation = session.cursor.sql(text)
        reader = (
            relation.to_arrow_reader(_BATCH)
            if hasattr(relation, "to_arrow_reader")
            else relation.fetch_arrow_reader(_BATCH)  # its name in DuckDB 1.4
        )
        try:
            for batch in reader:
                yield batch.column(0)
        except (
            OSError,
            pyarrow.ArrowException,
        ) as error:  # the engine's error, come by way of Arrow's stream
            raise duckdb.Error(str(error)) from None

    def _field(self, name: str, kind: str) -> str:
        """Write a value as text; NULL stays NULL, which is nothing."""
        if kind == "BOOLEAN":
            return f"case when {name} then 't' when not {name} then 'f' end"
        text = f"cast({name} as varchar)"
        if kind.startswith("DECIMAL(") or kind in _PLAIN:
            return text
        if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
            text = f"cast(to_json({name}) as varchar)"
        elif kind == "BLOB":
            text = f"lower(hex({name}))"
        quoted = f"""('"' || replace({text}, '"', '""') || '"')"""
        if not self._format.unquoted:
            return quoted
        breaking = (quote_text(self._delimiter), "'\"'", "chr(10)", "chr(13)")
        special = " or ".join(f"contains({text}, {each})" for each in breaking)
        return f"case when {special} then {quoted} else {text} end"

    def _header(self, names: Sequence[str]) -> bytes:
        """Write the names' line; nothing if it is not wanted."""
        if not self._format.include_header:
            return b""
        fields = []
        for name in names:
            plain = name.lower()
            is_safe = not any(each in plain for each in (self._delimiter, '"', "\n", "\r"))
            doubled = plain.replace('"', '""')
            fields.append(plain if self._format.unquoted and is_safe else f'"{doubled}"')
        return (self._delimiter.join(fields) + "\n").encode()

    def _write_lines(self, lines: Any, header: bytes) -> None:
        """Write a batch of lines, into further files where one is full."""
        if not len(lines):
            return
        offsets, data = _buffers(lines)
        begin = 0
        while begin < len(lines):
            end = len(lines)
            if self._most is not None and self._open is not None:
                room = self._most - self._open.plain_size
                end = int(numpy.searchsorted(offsets, offsets[begin] + room, side="right")) - 1
                if end <= begin:
                    if self._open.rows:
                        self._finish()
                        self._begin(header)
                        continue
                    end = begin + 1
            if self._open is None:
                raise RuntimeError("no file is open")
            self._open.write(data[int(offsets[begin]) : int(offsets[end])], end - begin)
            begin = end

    def _begin(self, header: bytes) -> None:
        """Open the next file."""
        number = len(self._files)
        numbered = f"{self._name}_{number:03d}" if self._is_numbered else self._name
        name = numbered + _SUFFIXES[self._format.compression]
        stack = ExitStack()
        try:
            raw = stack.enter_context(self._sink(number, name))
            self._open = _OpenFile(stack, raw, self._format.compression, name, f"{numbered}.csv")
        except BaseException:
            stack.close()
            raise
        self._open.write(header, 0)

    def _sink(self, number: int, name: str) -> AbstractContextManager[BinaryIO]:
        """Give the place for a file's bytes."""
        if not isinstance(self._target, Path):
            return self._target(number)
        path = self._target / name
        if path.parent != self._target:
            raise SqlError(f"{self._name!r} cannot begin the name of a file")
        self._target.mkdir(parents=True, exist_ok=True)
        self._written.append(path)
        return _whole_file(path)

    def _finish(self) -> None:
        """Close the file that is open."""
        if self._open is None:
            return
        size = self._open.close()
        self._files.append(ExportedFile(len(self._files), self._open.name, size, self._open.rows))
        opened, self._open = self._open, None
        opened.stack.close()


class _OpenFile:
    """A file that is being written, with its compression."""

    def __init__(self, stack: ExitStack, raw: BinaryIO, compression: str, name: str, member: str) -> None:
        self.stack = stack
        self.name = name
        self.rows = 0
        self.plain_size = 0
        self._raw = _Counted(raw)
        self._deflate = zlib.compressobj(1, zlib.DEFLATED, 31) if compression == "gzip" else None
        self._archive: zipfile.ZipFile | None = None
        self._member: Any = None
        if compression == "zip":
            self._archive = zipfile.ZipFile(
                cast("IO[bytes]", self._raw), "w", zipfile.ZIP_DEFLATED, compresslevel=1
            )
            self._member = self._archive.open(member, "w", force_zip64=True)

    def write(self, data: Any, rows: int) -> None:
        """Write plain bytes that hold so many rows."""
        self.rows += rows
        self.plain_size += len(data)
        if self._deflate is not None:
            self._raw.write(self._deflate.compress(data))
        elif self._member is not None:
            self._member.write(data)
        else:
            self._raw.write(data)

    def close(self) -> int:
        """End the compression, and give the size as written."""
        if self._deflate is not None:
            self._raw.write(self._deflate.flush())
        if self._member is not None and self._archive is not None:
            self._member.close()
            self._archive.close()
        return self._raw.size


class _Counted:
    """A writer that counts, and cannot seek (a zip file is then written in one go)."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.size = 0

    def write(self, data: Any) -> int:
        """Write all of the bytes."""
        view = memoryview(data)
        self._raw.write(view)
        self.size += len(view)
        return len(view)

    def flush(self) -> None:
        """Hand on what the writer holds back."""
        self._raw.flush()


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that gets its name when it is complete."""
    incoming = path.with_name(f".{path.name}.incoming")
    try:
        with incoming.open("wb") as file:
            yield file
        os.replace(incoming, path)
    finally:
        incoming.unlink(missing_ok=True)


def _buffers(lines: Any) -> tuple[Any, memoryview]:
    """Give a text column's offsets and bytes, without a copy."""
    wide = pyarrow.types.is_large_string(lines.type)
    if not wide and lines.type != pyarrow.string():
        lines, wide = lines.cast(pyarrow.large_string()), True
    _, offsets, data = lines.buffers()
    numbers = numpy.frombuffer(offsets, numpy.int64 if wide else numpy.int32)
    return numbers[lines.offset : lines.offset + len(lines) + 1].astype(numpy.int64), memoryview(data)


def _plain_lines(rows: Sequence[Sequence[Any]], delimiter: str) -> Any:
    """Write a few rows as lines, all values in quotes."""
    doubled = [[(value_text(value) or "").replace('"', '""') for value in row] for row in rows]
    return pyarrow.array(
        [delimiter.join(f'"{value}"' for value in row) + "\n" for row in doubled], pyarrow.string()
    )

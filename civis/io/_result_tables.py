"""The stream of a result as Arrow tables, at once or batch by batch: read, parsed and typed side by side.

It knows streams and columns; nothing of the platform.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from civis.io._arrow_text import CsvColumns, UnfitValuesError, parse_block
from civis.io._found_types import find_type
from civis.io._headers import check_wanted, known_types, split_header
from civis.io._row_blocks import BLOCK_SIZE, joined, row_pieces
from civis.io._sql_types import arrow_type

__all__ = ["OpenStream", "TableFormat", "read_batches", "read_pieces", "read_table"]

#: Opens a result from its beginning.
OpenStream = Callable[[], AbstractContextManager[BinaryIO]]

#: Blocks that are parsed at the same time.
_WORKERS = max(1, min(4, os.cpu_count() or 1))
#: The same where memory is to stay small: one parses while the next block arrives.
_FEW_WORKERS = min(2, _WORKERS)


@dataclass(frozen=True)
class TableFormat:
    """What is known of a result before its first byte.

    Parameters
    ----------
    encoding : str or None
        None is UTF-8.
    sql_types : mapping
        Types of the columns that are known, by name in small letters.
    infers : bool, default True
        Whether columns of no known type become numbers where nothing is lost by it.
    delimiter : str, default ","
    names : sequence of str or None
        The columns, where the first row may be a row of values; None where it holds the names.
    wanted : collection of str
        The columns that the user named.
    has_header : bool or None, default None
        Whether the first row holds the names; None where it does if it is `names`.
    placed_types : sequence of (str, str)
        Name and SQL type of each column in its place: they hold where names repeat, which `sql_types` cannot
        tell apart.
    """

    encoding: str | None = None
    sql_types: Mapping[str, str] = field(default_factory=dict)
    infers: bool = True
    delimiter: str = ","
    names: Sequence[str] | None = None
    wanted: Collection[str] = ()
    has_header: bool | None = None
    placed_types: Sequence[tuple[str, str]] = ()

    def check(self, names: Sequence[str]) -> None:
        """Refuse types for columns that the result does not have."""
        check_wanted(self.wanted, names)

    def columns(self, names: Sequence[str]) -> CsvColumns:
        """Give names and types together."""
        types = [arrow_type(found or "text") for found in self._known_types(names)]
        return CsvColumns(tuple(names), tuple(types), self.delimiter)

    def open_columns(self, names: Sequence[str]) -> list[bool]:
        """Tell of each column whether its values are to tell its type."""
        return [self.infers and found is None for found in self._known_types(names)]

    def _known_types(self, names: Sequence[str]) -> list[str | None]:
        """Give the SQL type of each column: by its name, and by its place where another has that name too."""
        return known_types(names, self.sql_types, self.placed_types, self.wanted)


def read_table(streams: Sequence[OpenStream], form: TableFormat) -> pa.Table:
    """Read one or several streams, which are parts of one result, into one table.

    A column whose values do not fit its type is read again as text.

    Parameters
    ----------
    streams : sequence of callable
        Read side by side; their rows are given in this order.
    form : TableFormat
    """
    unfit: frozenset[int] = frozenset()
    with ThreadPoolExecutor(_WORKERS, "civis-parse") as parsers:
        while True:
            try:
                tables = _read_all(streams, form, parsers, unfit)
            except UnfitValuesError as error:
                unfit = unfit.union(error.positions)
                continue
            break
        names = tables[0].column_names
        if any(table.column_names != names for table in tables):
            raise ValueError("the files of the result do not have the same columns")
        table = pa.concat_tables(tables)
        columns = zip(form.open_columns(names), table.columns, strict=True)
        typed = list(parsers.map(lambda each: find_type(each[1]) if each[0] else each[1], columns))
    return pa.Table.from_arrays(typed, names=names)


def read_batches(
    stream: BinaryIO, form: TableFormat, batch_rows: int
) -> Generator[pa.RecordBatch, None, None]:
    """Yield batches of so many rows (the last has what is left), all of one schema.

    The first rows tell the types of columns that have no other.

    Raises
    ------
    UnfitValuesError
        If a value does not fit its column's type.
    """
    with ThreadPoolExecutor(_FEW_WORKERS, "civis-parse") as parsers:
        header = _Header(form)
        held: deque[pa.Table] = deque()
        count = 0
        with closing(_parsed(header, stream, parsers, _FEW_WORKERS, settles=True)) as tables:
            for table in tables:
                held.append(table)
                count += len(table)
                if count >= batch_rows:
                    *whole, rest = _cut(pa.concat_tables(held), batch_rows)
                    held, count = deque([rest]), len(rest)
                    yield from whole
        if count:
            yield from pa.concat_tables(held).combine_chunks().to_batches()


def read_pieces(opened: OpenStream, form: TableFormat) -> Generator[pa.Table, None, None]:
    """Yield the tables of a stream as it comes; one without rows too, for a stream that has names only."""
    header = _Header(form)
    is_empty = True
    with (
        ThreadPoolExecutor(_WORKERS, "civis-parse") as parsers,
        opened() as stream,
        closing(_parsed(header, stream, parsers)) as tables,
    ):
        for table in tables:
            is_empty = False
            yield table
        if is_empty and header.columns is not None:
            yield header.columns.schema().empty_table()


class _Header:
    """The columns of a stream, known once its first block was seen."""

    def __init__(self, form: TableFormat, unfit: Collection[int] = ()) -> None:
        self.form = form
        self.columns: CsvColumns | None = None
        # Columns found to hold values that do not fit: these are text.
        self._unfit = unfit

    def take_from(self, block: bytes) -> bytes:
        """Read the names, and give the rows after them."""
        names, rows = split_header(block, self.form.delimiter, self.form.names, self.form.has_header)
        self.form.check(names)
        self.columns = self.form.columns(names).as_text(self._unfit)
        return rows

    def settle(self, block: bytes | memoryview) -> None:
        """Let the first rows tell what the columns of no known type are."""
        assert self.columns is not None
        found = parse_block(block, self.columns)
        types = [
            find_type(column).type if is_open else column.type
            for is_open, column in zip(self.form.open_columns(self.columns.names), found.columns, strict=True)
        ]
        self.columns = replace(self.columns, types=tuple(types))


def _read_all(
    streams: Sequence[OpenStream], form: TableFormat, parsers: ThreadPoolExecutor, unfit: frozenset[int]
) -> list[pa.Table]:
    """Read several streams side by side, each by a thread of its own."""

    def read(opened: OpenStream) -> pa.Table:
        header = _Header(form, unfit)
        with opened() as stream, closing(_parsed(header, stream, parsers)) as parsed:
            tables = list(parsed)
        columns = header.columns or form.columns(form.names or ())
        return pa.concat_tables(tables) if tables else columns.schema().empty_table()

    if len(streams) == 1:
        return [read(streams[0])]
    with ThreadPoolExecutor(min(len(streams), _WORKERS), "civis-read") as readers:
        return list(readers.map(read, streams))


def _parsed(
    header: _Header,
    stream: BinaryIO,
    parsers: ThreadPoolExecutor,
    ahead: int = _WORKERS,
    *,
    settles: bool = False,
) -> Generator[pa.Table, None, None]:
    """Yield the tables of a stream's blocks in order; a few are parsed while the next ones arrive."""
    under_way: deque[Future[pa.Table]] = deque()
    blocks = row_pieces(stream, header.form.encoding, BLOCK_SIZE // 2 if settles else BLOCK_SIZE)
    first = next(blocks, None)
    if first is None:
        return
    rows = header.take_from(b"".join(first))
    columns = header.columns
    assert columns is not None
    begin: list[list[bytes | memoryview]] = [[rows]] if rows else []
    try:
        for pieces in chain(begin, blocks):
            if settles:
                header.settle(joined(pieces))
                columns, settles = header.columns or columns, False
            under_way.append(parsers.submit(_parse_pieces, pieces, columns))
            if len(under_way) > ahead:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for each in under_way:
            each.cancel()


def _parse_pieces(pieces: Sequence[bytes | memoryview], columns: CsvColumns) -> pa.Table:
    """Parse the pieces of a block; putting them together is work for this thread too."""
    return parse_block(joined(pieces), columns)


def _cut(table: pa.Table, rows: int) -> Iterator[pa.Table | pa.RecordBatch]:
    """Give batches of so many rows, and last a table of those left over."""
    begin = 0
    while len(table) - begin >= rows:
        yield from table.slice(begin, rows).combine_chunks().to_batches()
        begin += rows
    yield table.slice(begin)

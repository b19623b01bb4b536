"""Blocks of CSV as Arrow tables: columns whose type is known are read as that, all others as text.

No value changes: what does not fit the type that its column is said to have is found, not bent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from pyarrow import csv as arrow_csv

__all__ = ["CsvColumns", "UnfitValuesError", "parse_block"]

_TRUE, _FALSE = ["t", "true", "T", "TRUE", "True", "1"], ["f", "false", "F", "FALSE", "False", "0"]


@dataclass(frozen=True)
class CsvColumns:
    """What the rows of a result are.

    Parameters
    ----------
    names : tuple of str
        They need not be distinct.
    types : tuple of pyarrow.DataType
        What the columns are read as.
    delimiter : str, default ","
    """

    names: tuple[str, ...]
    types: tuple[pa.DataType, ...]
    delimiter: str = ","

    def schema(self) -> pa.Schema:
        """Give names and types as Arrow has them."""
        return pa.schema([pa.field(*each) for each in zip(self.names, self.types, strict=True)])

    def as_text(self, positions: Collection[int]) -> CsvColumns:
        """Give the same, with some of the columns read as text."""
        types = [pa.string() if place in positions else kind for place, kind in enumerate(self.types)]
        return replace(self, types=tuple(types))


class UnfitValuesError(ValueError):
    """Values do not fit the types that their columns are said to have: the table may have changed since."""

    def __init__(self, positions: Sequence[int], text: str) -> None:
        super().__init__(positions, text)
        self.positions = positions

    def __str__(self) -> str:
        return str(self.args[1])


def parse_block(block: bytes | memoryview, columns: CsvColumns) -> pa.Table:
    r"""Parse whole rows.

    An unquoted empty value is NULL, a quoted one is ``""``. In a row of one column either is NULL, since a
    lone NULL is exported in quotes: without them it would be a blank line, which many readers skip. So it is
    with numbers, dates and so on, which have no empty text.

    Raises
    ------
    UnfitValuesError
        If values do not fit their column's type.
    pyarrow.ArrowInvalid
        If the rows do not have as many values as there are columns.

    Examples
    --------
    >>> columns = CsvColumns(("n", "zip"), (pa.int64(), pa.string()))
    >>> parse_block(b'1,"02116"\n,""\n', columns).to_pylist()
    [{'n': 1, 'zip': '02116'}, {'n': None, 'zip': ''}]
    """
    everything = range(len(columns.names))
    try:
        return _table(_parse(block, columns, everything), columns)
    except pa.ArrowInvalid:
        unfit = [place for place in everything if not _fits(block, columns, place)]
        if unfit:
            named = ", ".join(f"{columns.names[place]!r} ({columns.types[place]})" for place in unfit)
            raise UnfitValuesError(
                unfit,
                f"values do not fit the types of their columns: {named}; have these read as text, with "
                f"dtypes={ {columns.names[place]: 'varchar' for place in unfit} }",
            ) from None
        if b'""' not in bytes(block):
            raise
    texts = [place for place in everything if pa.types.is_string(columns.types[place])]
    others = [place for place in everything if place not in texts]
    found = dict(zip(texts, _parse(block, columns, texts).columns, strict=True))
    found.update(zip(others, _parse(block, columns, others, quoted_null=True).columns, strict=True))
    return pa.Table.from_arrays([found[place] for place in everything], schema=columns.schema())


def _table(parsed: pa.Table, columns: CsvColumns) -> pa.Table:
    """Give a parsed table its names."""
    return pa.Table.from_arrays(parsed.columns, schema=columns.schema())


def _fits(block: bytes | memoryview, columns: CsvColumns, place: int) -> bool:
    """Tell whether all values of one column have its type."""
    if pa.types.is_string(columns.types[place]):
        return True
    try:
        _parse(block, columns, [place], quoted_null=True)
    except pa.ArrowInvalid:
        # Rows of another width have nothing to do with types.
        _parse(block, columns.as_text([place]), [place])
        return False
    return True


def _parse(
    block: bytes | memoryview, columns: CsvColumns, places: Sequence[int], *, quoted_null: bool = False
) -> pa.Table:
    """Parse some columns of a block, in this thread: several blocks are parsed side by side."""
    # Names of our own, because those of the file need not be unique.
    names = [str(place) for place in range(len(columns.names))]
    is_single = len(names) == 1
    return arrow_csv.read_csv(
        pa.py_buffer(block),
        # One piece, in which line ends in quotes need no search for a place to cut.
        read_options=arrow_csv.ReadOptions(
            column_names=names, block_size=min(len(block) + 1, 2**31 - 1), use_threads=False
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=columns.delimiter, newlines_in_values=True, ignore_empty_lines=not is_single
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict(zip(names, columns.types, strict=True)),
            include_columns=[names[place] for place in places],
            null_values=[""],
            true_values=_TRUE,
            false_values=_FALSE,
            strings_can_be_null=True,
            quoted_strings_can_be_null=quoted_null or is_single,
        ),
    )

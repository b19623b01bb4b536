"""A result read without pyarrow: its names, its rows as UTF-8, and what kind each column has.

The frames' own libraries parse the rows; which of them does so is none of this file's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from civis.io._headers import check_wanted, known_types, split_header
from civis.io._number_texts import find_kind
from civis.io._row_blocks import utf8_pieces
from civis.io._sql_kinds import TEXT, Kind, sql_kind

if TYPE_CHECKING:
    from civis.io._readers import ReadOptions
    from civis.io._result_tables import OpenStream

__all__ = ["FALSE", "TRUE", "PlainResult", "UnfitError", "plain_result"]

#: How databases write booleans.
TRUE, FALSE = ("t", "true", "T", "TRUE", "True", "1"), ("f", "false", "F", "FALSE", "False", "0")
_READERS = 4


class UnfitError(ValueError):
    """A value does not fit the kind that its column is said to have: the column is left a text."""


@dataclass(frozen=True)
class PlainResult:
    """The rows of a result.

    Parameters
    ----------
    names : tuple of str
        They need not be distinct.
    sql_types : tuple of (str or None)
        The type of each column, as far as it is known.
    parts : tuple of bytes
        Rows without a header, as UTF-8; one for each of the result's files.
    options : ReadOptions
    """

    names: tuple[str, ...]
    sql_types: tuple[str | None, ...]
    parts: tuple[bytes, ...]
    options: ReadOptions

    @property
    def is_single(self) -> bool:
        """Whether NULL and ``""`` look alike: a lone NULL is exported in quotes."""
        return len(self.names) == 1

    def is_known(self, place: int) -> bool:
        """Whether a column's type need not be told from its values."""
        return self.options.all_text or self.sql_types[place] is not None

    def needs_values(self, place: int) -> bool:
        """Whether `kind` looks at the values."""
        return self.options.infers and not self.is_known(place)

    def kind(self, place: int, texts: Sequence[str]) -> Kind:
        """Give a column's kind: that of its SQL type, else what all its values (but NULL) tell."""
        if self.options.all_text:
            return TEXT
        sql_type = self.sql_types[place]
        if sql_type is not None:
            return sql_kind(sql_type)
        return find_kind(texts) if self.options.infers else TEXT


def plain_result(streams: Sequence[OpenStream], options: ReadOptions) -> PlainResult:
    """Fetch the streams of a result, side by side, and take their headers off.

    Raises
    ------
    ValueError
        If the files do not agree in their columns, or `dtypes` names one that is not there.
    """

    def fetch(opened: OpenStream) -> tuple[list[str], bytes]:
        with opened() as stream:
            content = b"".join(utf8_pieces(stream, options.encoding))
        return split_header(content, options.delimiter, options.names, options.has_header)

    if len(streams) == 1:
        found = [fetch(streams[0])]
    else:
        with ThreadPoolExecutor(min(len(streams), _READERS), "civis-read") as readers:
            found = list(readers.map(fetch, streams))
    names = found[0][0]
    if any(other != names for other, _ in found):
        raise ValueError("the files of the result do not have the same columns")
    check_wanted(options.wanted, names)
    types = known_types(names, options.sql_types, options.placed_types, options.wanted)
    return PlainResult(tuple(names), tuple(types), tuple(rows for _, rows in found), options)

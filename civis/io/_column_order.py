"""Columns that the user gave for a file, put in the order in which the file has them.

Columns are given in the file's order; but where they have the very names of its header, it is by these that
they are meant. It knows names; of the platform only how a file begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from civis._errors import CivisImportError
from civis._http import open_download
from civis.io._arguments import DELIMITERS
from civis.io._file_clients import transport_of
from civis.io._file_downloads import find_file
from civis.io._frames import table_names
from civis.io._row_blocks import first_row

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.io._preprocessing import PreparedFiles

__all__ = ["column_places", "order_columns"]

#: Bytes of a file that are read at a time until its first row is there, and the most that are.
_PIECE, _MOST = 1 << 16, 1 << 22
_CHARACTERS = {name: character for character, name in DELIMITERS.items()}


def order_columns(
    client: APIClient, files: PreparedFiles, columns: Sequence[Mapping[str, str]]
) -> Sequence[Mapping[str, str]]:
    """Give columns in the order of files that lie on the platform, ready for an import.

    Parameters
    ----------
    client : civis.APIClient
    files : PreparedFiles
    columns : sequence of mapping
        ``{"name", "sql_type"}`` a column.

    Raises
    ------
    CivisImportError
        If files have these columns in different orders.
    """
    if not files.has_header or len(columns) < 2:
        return columns
    in_order = list(range(len(columns)))
    found = []
    for file_id in files.file_ids:
        names = _header(client, file_id, files)
        found.append(column_places(names, table_names(names), columns) or in_order)
    for file_id, places in zip(files.file_ids, found, strict=True):
        if places != found[0]:
            raise CivisImportError(
                f"files cannot become one table because they differ in the order of their columns: file "
                f"{files.file_ids[0]} has {_names(columns, found[0])}, file {file_id} has "
                f"{_names(columns, places)}"
            )
    return [columns[place] for place in found[0]]


def column_places(
    names: Sequence[str], plain: Sequence[str], columns: Sequence[Mapping[str, str]]
) -> list[int] | None:
    """Find the place in `columns` of each column of a file, if they are the same names in some order.

    Parameters
    ----------
    names, plain : sequence of str
        The names in the file, and what they are in a table.
    columns : sequence of mapping
        The columns that the user gave.

    Returns
    -------
    list of int or None
        None where the names are others, so that only the order can be meant.

    Examples
    --------
    >>> column_places(["V", "w x"], ["v", "w_x"], [{"name": "w_x"}, {"name": "v"}])
    [1, 0]
    """
    places = {column["name"].lower(): place for place, column in enumerate(columns)}
    if not len(names) == len(plain) == len(places) == len(columns):
        return None
    found = [
        places.get(name.lower(), places.get(other.lower())) for name, other in zip(names, plain, strict=True)
    ]
    known = [place for place in found if place is not None]
    return known if len(set(known)) == len(columns) else None


def _names(columns: Sequence[Mapping[str, str]], places: Sequence[int]) -> list[str]:
    """Name columns in an order."""
    return [columns[place]["name"] for place in places]


def _header(client: APIClient, file_id: int, files: PreparedFiles) -> list[str]:
    """Read the names at the beginning of a file, of which no more is fetched than that."""
    url = find_file(client, file_id).file_url
    begin = b""
    with open_download(url, inflate=files.compression == "gzip", transport=transport_of(client)) as stream:
        while len(begin) < _MOST and (piece := stream.read(_PIECE)):
            begin += piece
            if b"\n" in piece and begin[: begin.rfind(b"\n")].count(b'"') % 2 == 0:
                break
    return first_row(begin, _CHARACTERS[files.delimiter])[0]

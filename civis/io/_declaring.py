"""What an import is told about the columns of a file whose header is known: names, types, and the keys.

It knows names and types, neither frames nor files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from civis._names import suggestion
from civis.io._column_order import column_places
from civis.io._loading import is_new

if TYPE_CHECKING:
    from civis.io._frame_csv import FrameCsv
    from civis.io._loading import Destination, TableLoad

__all__ = ["declare", "declare_keys"]


def declare(
    written: FrameCsv, load: TableLoad, destination: Destination, overrides: Mapping[str, str]
) -> Sequence[Mapping[str, str]]:
    """Give the columns for an import, in the file's order.

    Parameters
    ----------
    written : FrameCsv
    load : TableLoad
        Its `table_columns`, where there are some, are what the user wants.
    destination : Destination
    overrides : mapping
        SQL types that the user gave for some columns.

    Returns
    -------
    sequence of mapping

    Raises
    ------
    ValueError
        If a type is given for a column that the frame does not have, or two columns would get one name.
    """
    if load.table_columns is not None:
        return _given(written, load.table_columns)
    columns = _overridden(written, overrides)
    if is_new(load, destination):
        _check_names(written.names, [column["name"] for column in columns], load.table)
        return columns
    # A file's columns are told by name: they need not be in the table's order.
    names = {name.lower(): name for name in destination.columns}
    found = [
        {"name": names.get(original.lower()) or names.get(column["name"].lower(), column["name"])}
        for original, column in zip(written.names, columns, strict=True)
    ]
    _check_names(written.names, [column["name"] for column in found], load.table)
    return found


def declare_keys(
    load: TableLoad,
    originals: Sequence[str],
    destination: Destination,
) -> TableLoad:
    """Give keys the names that their columns have in the table.

    Parameters
    ----------
    load : TableLoad
        Its `table_columns` are in the file's order; its keys may be spelled as in the file or the table.
    originals : sequence of str
        The names in the file; none where it has none.
    destination : Destination

    Raises
    ------
    ValueError
        If a key is no column.
    """
    find = _KeyNames([column["name"] for column in load.table_columns or ()], originals, destination.columns)
    return replace(
        load,
        distkey=find.one("distkey", load.distkey),
        sortkey1=find.one("sortkey1", load.sortkey1),
        sortkey2=find.one("sortkey2", load.sortkey2),
        primary_keys=find.all("primary_keys", load.primary_keys),
        last_modified_keys=find.all("last_modified_keys", load.last_modified_keys),
    )


class _KeyNames:
    """What columns are called in the table, however they are spelled."""

    def __init__(self, names: Sequence[str], originals: Sequence[str], in_table: Sequence[str]) -> None:
        self._names = names
        # What is spelled exactly so comes first; of that the names of the table before those of the file.
        exact: dict[str, str] = {name: name for name in [*names, *in_table]}
        if len(originals) == len(names):
            exact = {**dict(zip(originals, names, strict=True)), **exact}
        self._known = {**{spelled.lower(): name for spelled, name in exact.items()}, **exact}

    def one(self, what: str, key: str | None) -> str | None:
        """Give the name of a key, if there is one."""
        if key is None:
            return None
        found = self._known.get(key) or self._known.get(key.lower())
        if found is None:
            raise ValueError(
                f"{what} names {key!r}, which is no column of the frame.{suggestion(key, self._names)}"
            )
        return found

    def all(self, what: str, keys: Sequence[str] | None) -> list[str] | None:
        """Give the names of several keys, if there are some."""
        return None if keys is None else [self.one(what, key) or key for key in keys]


def _given(written: FrameCsv, columns: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """Put the columns that the user gave in the file's order."""
    names = written.names
    plain = [column["name"] for column in written.columns]
    places = column_places(names, plain, columns)
    return columns if places is None else [columns[place] for place in places]


def _check_names(originals: Sequence[str], names: Sequence[str], table: str) -> None:
    """Refuse columns that would be one in the table, where names do not tell capitals apart."""
    first: dict[str, str] = {}
    for original, name in zip(originals, names, strict=True):
        other = first.setdefault(name.lower(), original)
        if other is not original:
            raise ValueError(
                f"the columns {other!r} and {original!r} would both be called {name.lower()!r} in {table}; "
                "rename one of them"
            )


def _overridden(written: FrameCsv, overrides: Mapping[str, str]) -> list[dict[str, str]]:
    """Put the user's types in place of those of the frame."""
    left = dict(overrides)
    columns = []
    for original, column in zip(written.names, written.columns, strict=True):
        for name in (original, column["name"]):
            if name in left:
                column = {**column, "sql_type": left.pop(name)}
                break
        columns.append(column)
    if left:
        unknown = next(iter(left))
        raise ValueError(
            f"table_columns gives a type for {unknown!r}, which the frame does not have."
            f"{suggestion(unknown, written.names)}"
        )
    return columns

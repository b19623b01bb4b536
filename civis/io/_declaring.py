"""What an import is told about the columns of a frame that was written as CSV: names and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from civis._names import suggestion
from civis.io._loading import is_new

if TYPE_CHECKING:
    from civis.io._frame_csv import FrameCsv
    from civis.io._loading import Destination, TableLoad

__all__ = ["declare"]


def declare(
    written: FrameCsv, load: TableLoad, destination: Destination, overrides: Mapping[str, str]
) -> Sequence[Mapping[str, str]] | None:
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
    sequence of mapping or None
        None where the platform has to look at the file itself.

    Raises
    ------
    ValueError
        If a type is given for a column that the frame does not have.
    """
    if load.table_columns is not None:
        return load.table_columns
    if written.columns is None:
        if overrides:
            raise ValueError(
                "table_columns names single columns, and further arguments say how values are written; "
                "give all columns, as a list of {'name': …, 'sql_type': …}"
            )
        return None
    columns = _overridden(written, overrides)
    if is_new(load, destination):
        return columns
    # A file's columns are told by name: they need not be in the table's order.
    names = {name.lower(): name for name in destination.columns}
    return [
        {"name": names.get(original.lower(), column["name"])}
        for original, column in zip(written.names, columns, strict=True)
    ]


def _overridden(written: FrameCsv, overrides: Mapping[str, str]) -> list[dict[str, str]]:
    """Put the user's types in place of those of the frame."""
    assert written.columns is not None
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

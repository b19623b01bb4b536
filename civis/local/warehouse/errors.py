"""The errors of the warehouse: what a caller catches, and nothing about how the engine words them.

WarehouseError
├── SqlError                 a statement was refused or failed
│   ├── Interrupted          a call was cancelled from another thread
│   └── Disturbed            the engine broke in another call, or was short of memory
├── CsvError                 a file cannot be read as CSV
├── LoadError                rows could not be loaded; the table is as it was
└── DatabaseNotFound         no database has that name
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "CsvError",
    "DatabaseNotFound",
    "Disturbed",
    "Interrupted",
    "LoadError",
    "RejectedRow",
    "SqlError",
    "WarehouseError",
]


@dataclass(frozen=True)
class RejectedRow:
    """One row of a CSV file that could not be loaded.

    Parameters
    ----------
    file : str
        The name that the source goes by.
    line : int
        The line of the file at which the row starts, counted from 1 (the header, if any, is line 1).
    column : str or None
        The table's column, or None where the row as a whole is malformed.
    value : str or None
        The text that did not fit, shortened to 100 characters; of a malformed row, the row.
    reason : str
        What is wrong, as a clause without a full stop.
    """

    file: str
    line: int
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        if self.column is not None:
            where += f", column {self.column!r}"
        return f"{where}: {self.reason}" + ("" if self.value is None else f": {self.value!r}")


class WarehouseError(Exception):
    """The root of the warehouse's errors; its text is fit to be shown to the user."""


class SqlError(WarehouseError, ValueError):
    """A statement was refused or failed; everything that the call did is undone."""


class Interrupted(SqlError):  # noqa: N818 - a call was, which is no error of its own
    """The call was cancelled; everything that it did is undone."""


class Disturbed(SqlError):  # noqa: N818 - a call was, which is no error of its own
    """The engine broke in another call, or was short of memory; this one is undone, and may be made again.

    Parameters
    ----------
    message : str
    has_committed : bool, default False
        Whether a COMMIT of the script was done before, so that it cannot be run again as a whole.
    is_starved : bool, default False
        Whether it needs more memory than the engine usually may take.
    """

    def __init__(self, message: str, *, has_committed: bool = False, is_starved: bool = False) -> None:
        super().__init__(message)
        self.has_committed, self.is_starved = has_committed, is_starved


class CsvError(WarehouseError, ValueError):
    """A file cannot be read as CSV with the options given."""


class DatabaseNotFound(WarehouseError, LookupError):  # noqa: N818 - reads as HTTP's words do
    """No database of the warehouse has that name."""


class LoadError(WarehouseError, ValueError):
    """A load failed; the table is exactly as it was.

    Parameters
    ----------
    message : str
        What was wrong and what to do.
    rejected : sequence of RejectedRow, optional
        The first rows that did not fit (100 at most).
    """

    def __init__(self, message: str, rejected: Sequence[RejectedRow] = ()) -> None:
        super().__init__(message, tuple(rejected))
        self.message = message
        self.rejected = tuple(rejected)

    def __str__(self) -> str:
        return self.message

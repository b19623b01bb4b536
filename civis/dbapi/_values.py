"""Types and values as PEP 249 has them: what a column holds, and how values are made."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Date",
    "DateFromTicks",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeCode",
    "column_of",
]


class TypeCode:
    """A kind of columns: equal to the type codes of all columns of that kind.

    Parameters
    ----------
    name : str
        What it is called.
    *codes : str
        The type codes that it stands for, without what follows in brackets.

    Examples
    --------
    >>> NUMBER == "int64", NUMBER == "decimal128", STRING == "int64"
    (True, True, False)
    """

    def __init__(self, name: str, *codes: str) -> None:
        self.name = name
        self._codes = frozenset(codes)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeCode):
            return self is other
        return other in self._codes if isinstance(other, str) else NotImplemented

    # It is equal to several texts, each with a hash of its own: in a set it would not be found by them.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"civis.dbapi.{self.name}"


#: Texts, and everything that comes as a text.
STRING: Final = TypeCode("STRING", "string", "large_string")
#: Bytes; no result has any.
BINARY: Final = TypeCode("BINARY", "binary", "large_binary")
#: Numbers and truth values.
NUMBER: Final = TypeCode(
    "NUMBER", "int16", "int32", "int64", "float", "double", "decimal128", "decimal256", "bool"
)
#: Dates, times, and both.
DATETIME: Final = TypeCode("DATETIME", "date32", "time64", "timestamp")
#: IDs of rows; no result has any.
ROWID: Final = TypeCode("ROWID")

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:  # noqa: N802 - the name that PEP 249 gives it
    """Make a date of seconds since 1970, as this machine's clock shows it."""
    return datetime.date.fromtimestamp(ticks)


def TimeFromTicks(ticks: float) -> datetime.time:  # noqa: N802 - as above
    """Make a time of day of seconds since 1970, as this machine's clock shows it."""
    return datetime.datetime.fromtimestamp(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime.datetime:  # noqa: N802 - as above
    """Make a timestamp of seconds since 1970, as this machine's clock shows it."""
    return datetime.datetime.fromtimestamp(ticks)


def column_of(field: pa.Field) -> tuple[str, str, None, None, int | None, int | None, None]:
    """Give the seven things that a cursor tells of a column; only decimals have a precision."""
    code = str(field.type).partition("(")[0].partition("[")[0]
    is_decimal = code.startswith("decimal")
    precision, scale = (field.type.precision, field.type.scale) if is_decimal else (None, None)
    return (field.name, code, None, None, precision, scale, None)

"""The database interface of Python, PEP 249: queries by `connect`, `execute`, `fetchall`.

It is made of `civis.io`, and knows nothing of the API itself. Each statement is a job of its own on the
platform, so there are no transactions: what a statement did stays.
"""

from __future__ import annotations

from typing import Final

from civis.dbapi._connection import Connection, connect
from civis.dbapi._cursor import Cursor
from civis.dbapi._exceptions import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from civis.dbapi._values import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    TypeCode,
)

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "TypeCode",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

#: The version of the interface.
apilevel: Final = "2.0"
#: Threads may share the module and its connections, not cursors.
threadsafety: Final = 2
#: ``WHERE name = ?``; with a mapping of values ``WHERE name = :name`` is understood, too.
paramstyle: Final = "qmark"

"""The exceptions of PEP 249, and which of them the client's own errors become.

::

    Warning
    Error
    ├── InterfaceError          the interface was used in a wrong way
    └── DatabaseError           the SQL failed; the platform does not tell why in a form that programs read
        ├── DataError           a value does not fit
        ├── OperationalError    no answer, no permission, no such database
        ├── IntegrityError      for completeness: warehouses keep no constraints
        ├── InternalError       the platform's own failure
        ├── ProgrammingError    SQL and values do not go together, or the platform refused the request
        └── NotSupportedError   there is no such thing here: transactions
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from civis._errors import (
    CivisAPIError,
    CivisAPIKeyError,
    CivisAPIKeyMissingError,
    CivisConnectionError,
    CivisError,
    CivisForbiddenError,
    CivisJobFailure,
    CivisRateLimitError,
    CivisServerError,
    CivisTransferError,
)

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "WithExceptions",
    "translated",
]


class Warning(Exception):  # noqa: N818 - the name that PEP 249 gives it
    """Something important happened that is no error; nothing raises it."""


class Error(Exception):
    """What all errors of this interface are; ``__cause__`` is the client's own error."""


class InterfaceError(Error):
    """The interface was used in a wrong way: a closed cursor, a library that is missing."""


class DatabaseError(Error):
    """The SQL failed. The text is what the database said."""


class DataError(DatabaseError):
    """A value does not fit: an answer's into its column's type, or a parameter's into SQL."""


class OperationalError(DatabaseError):
    """The platform gave no answer, refused the key, or has no such database."""


class IntegrityError(DatabaseError):
    """A constraint was violated; there for completeness, since a failed run is a plain `DatabaseError`."""


class InternalError(DatabaseError):
    """The platform itself failed."""


class ProgrammingError(DatabaseError):
    """SQL and parameters do not go together, or the platform found the request to be wrong."""


class NotSupportedError(DatabaseError):
    """There is no such thing: transactions, parameters of this type."""


class WithExceptions:
    """Offers the exceptions as attributes, for code that has a connection and not the module."""

    Warning: ClassVar = Warning
    Error: ClassVar = Error
    InterfaceError: ClassVar = InterfaceError
    DatabaseError: ClassVar = DatabaseError
    DataError: ClassVar = DataError
    OperationalError: ClassVar = OperationalError
    IntegrityError: ClassVar = IntegrityError
    InternalError: ClassVar = InternalError
    ProgrammingError: ClassVar = ProgrammingError
    NotSupportedError: ClassVar = NotSupportedError


#: The first that an error is an instance of decides.
_MEANINGS: Final[tuple[tuple[type[BaseException], type[Error]], ...]] = (
    (CivisJobFailure, DatabaseError),
    (CivisServerError, InternalError),
    (CivisAPIKeyError, OperationalError),
    (CivisAPIKeyMissingError, OperationalError),
    (CivisForbiddenError, OperationalError),
    (CivisRateLimitError, OperationalError),
    (CivisAPIError, ProgrammingError),
    (CivisConnectionError, OperationalError),
    (CivisTransferError, OperationalError),
    (CivisError, DatabaseError),
    (ImportError, InterfaceError),
    (TypeError, ProgrammingError),
    (ValueError, DataError),
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise the client's errors as those of PEP 249, whose cause they are."""
    try:
        yield
    except tuple(kind for kind, _ in _MEANINGS) as error:
        meaning = next(meaning for kind, meaning in _MEANINGS if isinstance(error, kind))
        raise meaning(str(error)) from error

"""A cursor: runs SQL and gives its rows, batch by batch as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from civis._errors import EmptyResultError
from civis.dbapi._binding import BoundSql, Parameters, bind, is_lone_query
from civis.dbapi._exceptions import InterfaceError, ProgrammingError, translated
from civis.dbapi._result import Result

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Self

    from civis.dbapi._connection import Connection

__all__ = ["Cursor"]

#: Name, type code, two that are None, precision, scale, None.
Column: TypeAlias = tuple[str, str, None, None, "int | None", "int | None", None]


class Cursor:
    """What runs SQL and gives its rows; made by `Connection.cursor`.

    Parameters
    ----------
    connection : Connection
        What it works with.

    Attributes
    ----------
    connection : Connection
    arraysize : int
        How many rows `fetchmany` gives by default; 1.

    Examples
    --------
    >>> from civis import dbapi
    >>> with dbapi.connect("local") as connection, connection.cursor() as cursor:  # doctest: +SKIP
    ...     cursor.execute("SELECT carrier FROM public.flights WHERE flight = ?", [1545])
    ...     print(cursor.fetchall())
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self._result: Result | None = None
        self._is_closed = False

    @property
    def description(self) -> tuple[Column, ...] | None:
        """The result's columns; None where there is no result.

        Each is a tuple of its name, its type code (equal to `STRING`, `NUMBER` or `DATETIME`), twice None,
        precision and scale of a decimal (else None), and None.
        """
        return None if self._result is None else self._result.columns

    @property
    def rowcount(self) -> int:
        """How many rows the result has, once all were fetched; -1 before.

        It is -1 also after SQL that gives no rows: the platform does not tell how many a statement changed.
        """
        return -1 if self._result is None else self._result.count

    def execute(self, operation: str, parameters: Parameters | None = None) -> Self:
        """Run SQL as a job of its own, and wait for it. Ctrl-C cancels it.

        Parameters
        ----------
        operation : str
            One or more statements; the rows of the last one that returns any are the result.
        parameters : sequence or mapping, optional
            The values for each ``?``, or by name for each ``:name``. They never become part of the SQL.

        Returns
        -------
        Cursor
            This one.

        Raises
        ------
        DatabaseError
            If the SQL failed.
        ProgrammingError
            If values and places do not go together.
        NotSupportedError
            If a value is of a type that SQL has no literal for.
        OperationalError
            If the platform gave no answer, or refused the key.
        InterfaceError
            If this is closed, or pyarrow is not installed.
        """
        self._check()
        self._forget()
        bound = bind(operation, parameters)
        self._result = self._start(bound)
        if self._result is None and is_lone_query(operation):
            # Without rows there is no output, and so no names of columns. One more job asks for them.
            self._result = self._start(_beside_a_row(bound))
            if self._result is not None:
                self._result.drop_rows()
        return self

    def executemany(self, operation: str, seq_of_parameters: Sequence[Parameters]) -> Self:
        """Run SQL once for each of several sets of values, one job after the other; rows are dropped.

        A job takes seconds: `civis.io.dataframe_to_civis` writes many rows at once.

        Parameters
        ----------
        operation : str
            As for `execute`.
        seq_of_parameters : sequence of sequence or mapping
            The values of each run. What ran before one that fails stays.

        Returns
        -------
        Cursor
            This one.

        Raises
        ------
        Error
            As for `execute`.
        """
        self._check()
        self._forget()
        for bound in [bind(operation, parameters) for parameters in seq_of_parameters]:
            self._result = self._start(bound)
            self._forget()
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """Give the next row, or None after the last.

        Raises
        ------
        Error
            If there is no result, or the download failed.
        """
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Give the next rows, at most `size` of them (by default `arraysize`).

        Raises
        ------
        Error
            If there is no result, or the download failed.
        """
        return self._rows_at_hand().take(self.arraysize if size is None else size)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give all rows that are left.

        Raises
        ------
        Error
            If there is no result, or the download failed.
        """
        return self._rows_at_hand().take(None)

    def fetch_arrow_table(self) -> pa.Table:
        """Give the whole result as a `pyarrow.Table`, which is faster than rows; none may have been fetched.

        Raises
        ------
        InterfaceError
            If rows were fetched already.
        Error
            If there is no result, or the download failed.
        """
        return self._rows_at_hand().as_table()

    def setinputsizes(self, sizes: Sequence[Any]) -> None:
        """Do nothing: types are those of the values."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: values come as long as they are."""

    def close(self) -> None:
        """End downloads; nothing can be done with the cursor afterwards."""
        self._forget()
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while (row := self.fetchone()) is not None:
            yield row

    def _start(self, bound: BoundSql) -> Result | None:
        """Run SQL and get the first batch of its result; None where it gives no rows."""
        with translated():
            batches = self.connection.run(bound)
            try:
                return Result(next(batches), batches)
            except EmptyResultError:
                return None

    def _forget(self) -> None:
        """Drop the result of what was run before."""
        if self._result is not None:
            self._result.close()
        self._result = None

    def _check(self) -> None:
        """Refuse to work when this or its connection is closed."""
        if self._is_closed or self.connection.is_closed:
            what = "cursor" if self._is_closed else "connection"
            raise InterfaceError(f"the {what} is closed; make another")

    def _rows_at_hand(self) -> Result:
        """Give the result, or refuse where there is none."""
        self._check()
        if self._result is None:
            raise ProgrammingError("there are no rows to fetch: execute a query that returns some first")
        return self._result


def _beside_a_row(bound: BoundSql) -> BoundSql:
    """Write a query that gives the columns of another, and a row of NULL where that gives none."""
    query = bound.sql.rstrip().rstrip(";")
    # The line's end, in case the query ends in a comment.
    sql = f"SELECT q.* FROM (SELECT 1 AS civis_row) AS r LEFT JOIN ({query}\n) AS q ON 1 = 1"  # noqa: S608 - its own text
    return BoundSql(sql, bound.prefix, bound.params, bound.arguments)

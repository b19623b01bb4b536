"""A connection: which database, as whom, by which client."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from civis.dbapi._cursor import Cursor
from civis.dbapi._exceptions import InterfaceError, NotSupportedError, WithExceptions, translated
from civis.dbapi._result import BATCH_ROWS
from civis.io import iter_civis_sql

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Self

    from civis.client import APIClient
    from civis.dbapi._binding import BoundSql, Parameters

__all__ = ["Connection", "connect"]


def connect(
    database: str | int,
    client: APIClient | None = None,
    *,
    credential_id: int | None = None,
    polling_interval: float | None = None,
) -> Connection:
    """Make a connection to a database of the platform.

    Parameters
    ----------
    database : str or int
        Name or ID of the database.
    client : civis.APIClient, optional
        By default one made from the environment, which is closed with the connection.
    credential_id : int, optional
        The credential to use; by default the user's default.
    polling_interval : float, optional
        Seconds between looks at a job.

    Returns
    -------
    Connection

    Raises
    ------
    OperationalError
        If there is no key, or the platform refused it or gave no answer.
    DataError
        If there is no such database.

    Examples
    --------
    >>> from civis import dbapi
    >>> connection = dbapi.connect("local")  # doctest: +SKIP
    >>> connection.execute("SELECT 1 AS one").fetchall()  # doctest: +SKIP
    [(1,)]
    """
    return Connection(database, client, credential_id=credential_id, polling_interval=polling_interval)


class Connection(WithExceptions):
    """A database of the platform, and who works with it; made by `connect`.

    Every statement is a job of its own, and what it did stays: `commit` does nothing, `rollback` refuses.

    Parameters
    ----------
    database, client, credential_id, polling_interval
        As for `connect`.

    Examples
    --------
    >>> import pandas as pd
    >>> from civis import dbapi
    >>> connection = dbapi.connect("local")  # doctest: +SKIP
    >>> pd.read_sql("SELECT 1 AS one", connection)  # doctest: +SKIP
       one
    0    1
    """

    def __init__(
        self,
        database: str | int,
        client: APIClient | None = None,
        *,
        credential_id: int | None = None,
        polling_interval: float | None = None,
    ) -> None:
        self.is_closed = True  # until there is a client to close
        self._owns_client = client is None
        self._credential_id = credential_id
        self._polling_interval = polling_interval
        with translated():
            if client is None:
                from civis.client import APIClient  # noqa: PLC0415 - those who pass one have imported it

                client = APIClient()
            self._client = client
            self.is_closed = False
            try:
                self._database = client.get_database_id(database)
            except BaseException:
                self.close()
                raise

    def __repr__(self) -> str:
        return f"<civis.dbapi.Connection to database {self._database}{', closed' * self.is_closed}>"

    def cursor(self) -> Cursor:
        """Make a cursor.

        Raises
        ------
        InterfaceError
            If this is closed.
        """
        self._check()
        return Cursor(self)

    def execute(self, operation: str, parameters: Parameters | None = None) -> Cursor:
        """Make a cursor and run SQL with it; see `Cursor.execute`."""
        return self.cursor().execute(operation, parameters)

    def commit(self) -> None:
        """Do nothing: what a statement did stays anyway.

        Raises
        ------
        InterfaceError
            If this is closed.
        """
        self._check()

    def rollback(self) -> None:
        """Refuse: every statement is a job of its own, and what it did stays.

        Raises
        ------
        NotSupportedError
            Always.
        """
        raise NotSupportedError(
            "there are no transactions: each statement is a job of its own, and what it did stays; give "
            "statements that belong together to one execute(), between BEGIN and COMMIT"
        )

    def close(self) -> None:
        """Close this, and the client where `connect` made it; nothing can be done with it afterwards."""
        if not self.is_closed and self._owns_client:
            self._client.close()
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def run(self, bound: BoundSql) -> Generator[Any, None, None]:
        """Run SQL when the first batch of its rows is asked for; for cursors."""
        batches: Generator[pa.RecordBatch, None, None] = iter_civis_sql(  # type: ignore[assignment] # it is one
            bound.sql,
            self._database,
            batch_rows=BATCH_ROWS,
            sql_params_arguments=bound.params_arguments,
            client=self._client,
            credential_id=self._credential_id,
            polling_interval=self._polling_interval,
        )
        return batches

    def _check(self) -> None:
        """Refuse to work when this is closed."""
        if self.is_closed:
            raise InterfaceError("the connection is closed; make another")

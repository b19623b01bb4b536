"""A schema for one test, worked on without the API: what a test prepares, and what it looks at afterwards."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.local import Platform

__all__ = ["FreshDatabase"]


class FreshDatabase:
    """A database of the platform, and a schema in it that is this test's own.

    Parameters
    ----------
    platform : civis.local.Platform
        It is running.
    client : civis.APIClient
        A client of it.

    Attributes
    ----------
    name : str
        The database's name, for the argument `database` of `civis.io`.
    id : int
        Its ID.
    schema : str
        The schema's name.
    client : civis.APIClient

    Examples
    --------
    >>> from civis.local import Platform
    >>> with Platform() as platform, platform.client() as client:  # doctest: +SKIP
    ...     database = FreshDatabase(platform, client)
    ...     database.execute("create table people as select 'Ada' as name")
    ...     database.rows("select * from people")
    [('Ada',)]
    """

    def __init__(self, platform: Platform, client: APIClient) -> None:
        self.client = client
        self.name = platform.warehouse.databases()[0]
        self.schema = f"test_{secrets.token_hex(4)}"
        self._database = platform.warehouse.database(self.name)
        self._user = "local"
        self._database.execute(f"create schema {self.schema}", user=self._user)

    def __repr__(self) -> str:
        return f"FreshDatabase({self.name!r}, schema={self.schema!r})"

    @property
    def id(self) -> int:
        """The database's ID."""
        return self.client.get_database_id(self.name)

    def table(self, name: str) -> str:
        """Give a table's name with the schema, as `civis.io` takes it.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
            ``"schema.table"``
        """
        return f"{self.schema}.{name}"

    def execute(self, sql: str) -> None:
        """Run one or more statements; names without a schema are this one's.

        Parameters
        ----------
        sql : str
            In Redshift's dialect, as the platform takes it.

        Raises
        ------
        civis.local.warehouse.SqlError
            When a statement fails; nothing of the others is done then.
        """
        self.rows(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query.

        Parameters
        ----------
        sql : str
            Names without a schema are this one's.

        Returns
        -------
        list of tuple
            The rows, as values of Python: numbers, texts, dates, None.
        """
        found = self._database.execute(f"set search_path to {self.schema};\n{sql}", user=self._user)
        return list(found.rows)

    def tables(self) -> list[str]:
        """Name the tables and views in the schema."""
        return [each.name for each in self._database.tables(self.schema)]

    def drop(self) -> None:
        """Remove the schema with all that is in it."""
        self._database.execute(f"drop schema if exists {self.schema} cascade", user=self._user)

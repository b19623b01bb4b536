"""Statements that every run and every request has, executed past SQLAlchemy where the database is SQLite.

Of what a short statement takes there, SQLite's own work is a tenth: the rest is finding the compiled form,
and objects around its one row. It knows statements and types; nothing of what the tables mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, StatementError

from civis.local.state.database import document_text

__all__ = ["Direct", "parameters_of"]

_Processor = Callable[[Any], Any]
#: Writes statements and values as the dialects of all engines of `State` on SQLite do.
_DIALECT = cast("sa.Dialect", sqlite.dialect(json_serializer=document_text))


@dataclass(frozen=True)
class _Compiled:
    """A statement as SQLite's driver takes it."""

    text: str
    parameters: tuple[tuple[str, _Processor | None], ...]
    constants: Mapping[str, Any]  # the values that stand in the statement itself
    columns: tuple[tuple[int, _Processor], ...]  # those whose values are not as they come

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Turn values into those that SQLite holds, in their order."""
        if self.constants:
            given = {**self.constants, **given}
        return [given[name] if process is None else process(given[name]) for name, process in self.parameters]

    def rows(self, found: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Turn what SQLite holds into values."""
        if not self.columns:
            return list(found)
        rows = [list(row) for row in found]
        for row in rows:
            for place, process in self.columns:
                row[place] = process(row[place])
        return [tuple(row) for row in rows]


class Direct:
    """A statement that is compiled once.

    Parameters
    ----------
    statement : sqlalchemy.Executable
        Its values are parameters with names, none of them expanding.
    columns : iterable of sqlalchemy.Column
        Those of the rows it gives, in their order.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from civis.local.state import State, objects, schema
    >>> table = schema.objects
    >>> names = Direct(sa.select(table.c.name).where(table.c.id == sa.bindparam("id")), [table.c.name])
    >>> with TemporaryDirectory() as folder:
    ...     state = State(f"sqlite:///{Path(folder) / 'state.db'}")
    ...     with state.begin() as connection:
    ...         stored = objects.insert(connection, "project", {}, now=0.0, name="Survey")
    ...         found = names.first(connection, {"id": stored.id})
    ...     state.close()
    >>> found
    ('Survey',)
    """

    def __init__(
        self, statement: sa.Select[Any] | sa.UpdateBase, columns: Iterable[sa.ColumnElement[Any]] = ()
    ) -> None:
        self._statement = statement
        self._columns = tuple(columns)

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute it, and give all rows.

        Parameters
        ----------
        connection : sqlalchemy.engine.Connection
            Its transaction begins with this, if it has none.
        values : mapping
            By the names of the parameters.

        Raises
        ------
        sqlalchemy.exc.StatementError
            As SQLAlchemy would raise it, of the class that tells what SQLite refused.
        """
        if connection.dialect.name != "sqlite":
            result = connection.execute(self._statement, values)
            return [tuple(row) for row in result] if result.returns_rows else []
        if not connection.in_transaction():
            connection.begin()
        driver: Any = connection.connection.dbapi_connection
        compiled = self._compiled
        try:
            given = compiled.values(values)
        except (TypeError, ValueError) as error:
            raise StatementError(str(error), compiled.text, None, error) from error
        try:
            return compiled.rows(driver.execute(compiled.text, given).fetchall())
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                compiled.text, given, error, sqlite3.Error, hide_parameters=True, dialect=_DIALECT
            ) from error

    def first(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Execute it, and give its first row; None if it gives none."""
        found = self.rows(connection, values)
        return found[0] if found else None

    @cached_property
    def _compiled(self) -> _Compiled:
        """Compile it, when it is first executed on SQLite."""
        compiled = self._statement.compile(dialect=_DIALECT)
        names = compiled.positiontup or ()
        parameters = tuple(
            (name, compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name in names
        )
        processors = [
            column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for column in self._columns
        ]
        return _Compiled(
            str(compiled),
            parameters,
            {name: compiled.binds[name].value for name in names if not compiled.binds[name].required},
            tuple((place, each) for place, each in enumerate(processors) if each is not None),
        )


def parameters_of(table: sa.Table, names: Iterable[str]) -> dict[str, sa.BindParameter[Any]]:
    """Give a parameter for the value of each of several columns, of the same name and type.

    Parameters
    ----------
    table : sqlalchemy.Table
    names : iterable of str
    """
    return {name: sa.bindparam(name, type_=table.c[name].type) for name in names}

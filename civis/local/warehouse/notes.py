"""What the engine has no place for: owners, keys, comments, declared lengths, users, groups, privileges.

It is kept in tables of a schema that users do not see, in the same file and thus the same transactions as the
tables that it is about. It knows no SQL of users.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from civis.local.warehouse.interface import Privilege, TableAttributes
from civis.local.warehouse.script import Name, quote

__all__ = ["HIDDEN_SCHEMA", "Cursor", "Notes"]

HIDDEN_SCHEMA = "civis_hidden"

_TABLES = f"""
create schema if not exists public;
create schema if not exists {HIDDEN_SCHEMA};
create table if not exists {HIDDEN_SCHEMA}.notes (
    schema_name varchar, table_name varchar, column_name varchar, kind varchar, value varchar
);
create table if not exists {HIDDEN_SCHEMA}.privileges (
    privilege varchar, object_type varchar, schema_name varchar, object_name varchar,
    grantee_type varchar, grantee varchar, is_default boolean
);
create table if not exists {HIDDEN_SCHEMA}.principals (kind varchar, name varchar);
create table if not exists {HIDDEN_SCHEMA}.members (group_name varchar, user_name varchar);
"""


class Cursor(Protocol):
    """As much of an engine's connection as is needed here."""

    def execute(self, query: str, parameters: Any = None) -> Any:
        """Run one statement."""
        ...


class Notes:
    """The notes of one database, seen through one connection's transaction.

    Parameters
    ----------
    cursor : Cursor
        The connection.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def prepare(self) -> None:
        """Make the hidden tables if they are missing."""
        for statement in _TABLES.split(";\n"):
            if statement.strip():
                self._cursor.execute(statement)

    def put(self, table: Name, kind: str, value: str | Sequence[str] | None, column: str = "") -> None:
        """Note something about a table (or schema, with an empty table name), in place of what was noted."""
        place = [table.schema, table.name, column, kind]
        self._run(
            "delete", "notes", "schema_name = ? and table_name = ? and column_name = ? and kind = ?", place
        )
        if value is not None and value != ():
            text = value if isinstance(value, str) else json.dumps(list(value))
            self._run("insert", "notes", "(?, ?, ?, ?, ?)", [*place, text])

    def table(self, table: Name) -> dict[tuple[str, str], str]:
        """Give what is noted about a table, by (column, kind); the column is empty for the table itself."""
        found = self._run(
            "select column_name, kind, value from",
            "notes",
            "schema_name = ? and table_name = ?",
            [table.schema, table.name],
        )
        return {(column, kind): value for column, kind, value in found}

    def attributes(self, table: Name) -> TableAttributes:
        """Give what is noted about a table as its attributes."""
        noted = self.table(table)

        def names(kind: str) -> tuple[str, ...]:
            return tuple(json.loads(noted.get(("", kind), "[]")))

        return TableAttributes(
            owner=noted.get(("", "owner")),
            description=noted.get(("", "description")),
            diststyle=noted.get(("", "diststyle")),
            distkey=noted.get(("", "distkey")),
            sortkeys=names("sortkeys"),
            primary_keys=names("primary_keys"),
            encodings={column: value for (column, kind), value in noted.items() if kind == "encoding"},
            column_descriptions={
                column: value for (column, kind), value in noted.items() if column and kind == "description"
            },
        )

    def rename(self, before: Name, after: Name) -> None:
        """Carry a table's notes and privileges over to its new name."""
        names = [after.schema, after.name, before.schema, before.name]
        for table, column in (("notes", "table_name"), ("privileges", "object_name")):
            self._cursor.execute(
                f"update {HIDDEN_SCHEMA}.{table} set schema_name = ?, {column} = ? "  # noqa: S608 - own names
                f"where schema_name = ? and {column} = ?",
                names,
            )

    def rename_column(self, table: Name, before: str, after: str) -> None:
        """Carry a column's notes over to its new name."""
        self._cursor.execute(
            f"update {HIDDEN_SCHEMA}.notes set column_name = ? "  # noqa: S608 - own names
            "where schema_name = ? and table_name = ? and column_name = ?",
            [after, table.schema, table.name, before],
        )

    def copy(self, source: Name, target: Name, kinds: Iterable[str]) -> None:
        """Note about one table what is noted about another."""
        wanted = set(kinds)
        for (column, kind), value in self.table(source).items():
            if kind in wanted:
                self.put(target, kind, value, column)

    def forget_dropped(self) -> None:
        """Forget all that is about tables, views and columns that are no more."""
        self._cursor.execute(
            f"delete from {HIDDEN_SCHEMA}.notes where table_name <> '' and "  # noqa: S608 - own names
            "(schema_name, table_name) not in (select (schema_name, table_name) from duckdb_tables() "
            "union all select (schema_name, view_name) from duckdb_views())"
        )
        self._cursor.execute(
            f"delete from {HIDDEN_SCHEMA}.notes where column_name <> '' and "  # noqa: S608 - own names
            "(schema_name, table_name, column_name) not in "
            "(select (schema_name, table_name, column_name) from duckdb_columns())"
        )
        self._cursor.execute(
            f"delete from {HIDDEN_SCHEMA}.privileges where object_type = 'table' "  # noqa: S608 - own names
            "and not is_default and (schema_name, object_name) not in "
            "(select (schema_name, table_name) from duckdb_tables() "
            "union all select (schema_name, view_name) from duckdb_views())"
        )

    def grant(self, privilege: Privilege) -> None:
        """Keep a privilege, once."""
        self.revoke(privilege)
        self._run("insert", "privileges", "(?, ?, ?, ?, ?, ?, ?)", _row(privilege))

    def revoke(self, privilege: Privilege) -> None:
        """Forget a privilege; ``ALL`` forgets all that the grantee has there."""
        name, *place = _row(privilege)
        condition = (
            "object_type = ? and schema_name is not distinct from ? and object_name is not distinct from ? "
            "and grantee_type = ? and grantee = ? and is_default = ?"
        )
        if name != "ALL":
            condition += " and privilege = ?"
            place = [*place, name]
        self._run("delete", "privileges", condition, place)

    def privileges(self) -> list[Privilege]:
        """List all privileges."""
        order = "true order by object_type, schema_name, object_name, grantee_type, grantee, privilege"
        return [Privilege(*row) for row in self._run("select * from", "privileges", order, [])]

    def add_principal(self, kind: str, name: str) -> None:
        """Note a user, group or role."""
        self.drop_principal(kind, name)
        self._run("insert", "principals", "(?, ?)", [kind, name])

    def drop_principal(self, kind: str, name: str) -> None:
        """Forget a user, group or role, but not who is in it."""
        self._run("delete", "principals", "kind = ? and name = ?", [kind, name])

    def set_member(self, group: str, user: str, *, is_member: bool) -> None:
        """Put a user into a group, or take them out."""
        self._run("delete", "members", "group_name = ? and user_name = ?", [group, user])
        if is_member:
            self._run("insert", "members", "(?, ?)", [group, user])

    def _run(self, verb: str, table: str, rest: str, values: list[Any]) -> list[tuple[Any, ...]]:
        """Read from, insert into or delete from one of the hidden tables."""
        place = f"{HIDDEN_SCHEMA}.{quote(table)}"
        if verb == "insert":
            self._cursor.execute(f"insert into {place} values {rest}", values)  # noqa: S608 - own words
            return []
        text = f"delete from {place}" if verb == "delete" else f"{verb} {place}"  # noqa: S608 - own words
        rows: list[tuple[Any, ...]] = self._cursor.execute(f"{text} where {rest}", values).fetchall()
        return rows


def _row(privilege: Privilege) -> list[Any]:
    """Give a privilege's fields in the order of its table."""
    return [
        privilege.privilege,
        privilege.object_type,
        privilege.schema,
        privilege.name,
        privilege.grantee_type,
        privilege.grantee,
        privilege.is_default,
    ]

"""Emptying a database without closing its file: dropping all that users made, in one transaction."""

from __future__ import annotations

from civis.local.warehouse.notes import HIDDEN_SCHEMA, Cursor
from civis.local.warehouse.script import quote

__all__ = ["empty_database"]

_SCHEMAS = f"""select schema_name from duckdb_schemas() where not internal
    and database_name = current_database() and schema_name not in ('main', '{HIDDEN_SCHEMA}')"""  # noqa: S608 - own name
_NOTES = ("notes", "privileges", "principals", "members")


def empty_database(cursor: Cursor) -> None:
    """Drop what users made and forget what was noted; the catalogue's views stay.

    Parameters
    ----------
    cursor : Cursor
        A connection with an open transaction, and nobody else at work.
    """
    for (name,) in cursor.execute(_SCHEMAS).fetchall():
        cursor.execute(f"drop schema {quote(name)} cascade")
    cursor.execute("create schema public")
    for table in _NOTES:
        cursor.execute(f"delete from {HIDDEN_SCHEMA}.{table}")  # noqa: S608 - own names

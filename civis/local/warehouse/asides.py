"""Statements that mean something on Redshift only: understood as far as they can be read back, never refused.

GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, COMMENT ON, CREATE/ALTER/DROP USER and GROUP, owners and keys of
tables, SET, ANALYZE, VACUUM. It knows the notes; the engine does none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from civis._names import suggestion
from civis.local.warehouse.catalogue import list_tables, table_kind
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.interface import Privilege
from civis.local.warehouse.notes import Cursor, Notes
from civis.local.warehouse.script import Name, Statement, Words

__all__ = ["Aside", "find_aside"]

_TABLE_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "REFERENCES")
_ALL = {
    "table": _TABLE_PRIVILEGES,
    "schema": ("CREATE", "USAGE"),
    "database": ("CREATE", "TEMPORARY"),
    "function": ("EXECUTE",),
}
GranteeType = Literal["user", "group", "role", "public"]


@dataclass(frozen=True)
class Aside:
    """A statement that the engine does not get to see; `run` notes what it says."""

    run: Callable[[Cursor, str], None]


def find_aside(statement: Statement) -> Aside | None:
    """Recognise a statement of Redshift only; None if it is for the engine."""
    words = statement.words()
    for phrase, reader in _READERS:
        if words.take(*phrase):
            return reader(words)
    return None


def _nothing(words: Words) -> Aside:
    """Have a statement that tunes Redshift do nothing."""
    return Aside(lambda cursor, user: None)


def _grant_or_revoke(
    words: Words, *, granting: bool, is_default: bool = False, schemas: tuple[str | None, ...] = ()
) -> Aside:
    """Read ``privileges ON objects TO|FROM grantees``."""
    if not granting:
        words.take("GRANT", "OPTION", "FOR")
    privileges = _privileges(words)
    if not words.take("ON"):
        return _nothing(words)  # a role is granted, or a system privilege
    kind, objects = _default_objects(words, schemas) if is_default else _objects(words)
    words.take_any("TO", "FROM")
    grantees = _grantees(words)

    def run(cursor: Cursor, user: str) -> None:
        notes = Notes(cursor)
        for schema, name in _resolved(cursor, kind, objects, is_default=is_default):
            for grantee_type, grantee in grantees:
                for privilege in privileges or _ALL.get(kind, ("ALL",)):
                    given = Privilege(privilege, kind, schema, name, grantee_type, grantee, is_default)
                    (notes.grant if granting else notes.revoke)(given)

    return Aside(run)


def _privileges(words: Words) -> list[str]:
    """Read ``SELECT, UPDATE (a, b)``; empty for ALL."""
    if words.take("ALL"):
        words.take("PRIVILEGES")
        return []
    found = []
    while True:
        found.append(words.next().text.upper())
        if words.peek() == "(":
            words.parenthesised()
        if not words.take(","):
            return found


def _objects(words: Words) -> tuple[str, list[Name]]:
    """Read what a privilege is on: its kind, and names."""
    if words.take("ALL"):
        kind = words.next().text.lower().rstrip("s")
        words.take("IN", "SCHEMA")
        return f"all {kind}", words.names()
    kind = (
        words.take_any("TABLE", "SCHEMA", "DATABASE", "FUNCTION", "PROCEDURE", "LANGUAGE").lower() or "table"
    )
    names = []
    while True:
        names.append(words.name())
        if words.peek() == "(":
            words.parenthesised()
        if not words.take(","):
            return kind, names


def _default_objects(words: Words, schemas: tuple[str | None, ...]) -> tuple[str, list[Name]]:
    """Read what a default privilege is on: ``TABLES``, in the schemas named before or in all."""
    kind = words.next().text.lower().rstrip("s")
    return kind, [Name(schema, "") for schema in schemas]


def _grantees(words: Words) -> list[tuple[GranteeType, str]]:
    """Read ``GROUP a, b, PUBLIC``."""
    found: list[tuple[GranteeType, str]] = []
    while not words.at_end:
        if words.take("PUBLIC"):
            found.append(("public", "public"))
        elif words.take("GROUP"):
            found.append(("group", words.identifier()))
        elif words.take("ROLE"):
            found.append(("role", words.identifier()))
        else:
            words.take("USER")
            found.append(("user", words.identifier()))
        if not words.take(","):
            break
    return found


def _resolved(
    cursor: Cursor, kind: str, objects: list[Name], *, is_default: bool
) -> list[tuple[str | None, str | None]]:
    """Give the (schema, name) of each object; :exc:`SqlError` if a table is missing."""
    if is_default:
        return [(each.schema, None) for each in objects]
    if kind.startswith("all "):
        return [(each.name, "*") for each in objects]
    if kind == "schema":
        return [(each.name, None) for each in objects]
    if kind != "table":
        return [(each.schema, each.name) for each in objects]
    tables = [existing(cursor, each) for each in objects]
    return [(each.schema, each.name) for each in tables]


def existing(cursor: Cursor, name: Name) -> Name:
    """Complete a table's name by its schema; :exc:`SqlError` if there is no such table or view."""
    full = Name(name.schema or "public", name.name)
    if table_kind(cursor, full) is None:
        known = [f"{each.schema}.{each.name}" for each in list_tables(cursor, None)]
        place = f"{full.schema}.{full.name}"
        raise SqlError(f'relation "{place}" does not exist.{suggestion(place, known)}')
    return full


def _default_privileges(words: Words) -> Aside:
    """Read ``[FOR USER u] [IN SCHEMA s] GRANT|REVOKE …``."""
    schemas: tuple[str | None, ...] = (None,)
    if words.take("FOR"):
        words.take("USER")
        words.names()
    if words.take("IN", "SCHEMA"):
        schemas = tuple(name.name for name in words.names())
    verb = words.take_any("GRANT", "REVOKE")
    return _grant_or_revoke(words, granting=verb == "GRANT", is_default=True, schemas=schemas)


def _comment(words: Words) -> Aside:
    """Read ``TABLE|VIEW|COLUMN|SCHEMA name IS 'text'``."""
    kind = words.next().text.upper()
    parts = [words.identifier()]
    while words.take("."):
        parts.append(words.identifier())
    if not words.take("IS"):
        raise SqlError(f"expected IS and a text: {words.statement.text[:200]}")
    text = None if words.peek() == "NULL" else words.next().text

    def run(cursor: Cursor, user: str) -> None:
        notes = Notes(cursor)
        if kind == "SCHEMA":
            notes.put(Name(parts[-1], ""), "description", text)
        elif kind == "COLUMN" and len(parts) > 1:
            table = existing(cursor, Name(parts[-3] if len(parts) > 2 else None, parts[-2]))
            notes.put(table, "description", text, parts[-1])
        elif kind in ("TABLE", "VIEW"):
            notes.put(
                existing(cursor, Name(parts[-2] if len(parts) > 1 else None, parts[-1])), "description", text
            )

    return Aside(run)


def _create_principal(words: Words, kind: str) -> Aside:
    """Read ``name [WITH] USER a, b``; a password is not kept."""
    name = words.identifier()
    words.take("WITH")
    members = [each.name for each in words.names()] if kind == "group" and words.take("USER") else []

    def run(cursor: Cursor, user: str) -> None:
        notes = Notes(cursor)
        notes.add_principal(kind, name)
        for member in members:
            notes.set_member(name, member, is_member=True)

    return Aside(run)


def _drop_principal(words: Words, kind: str) -> Aside:
    """Read ``[IF EXISTS] name, …``."""
    words.take("IF", "EXISTS")
    names = [each.name for each in words.names()]

    def run(cursor: Cursor, user: str) -> None:
        for name in names:
            Notes(cursor).drop_principal(kind, name)

    return Aside(run)


def _alter_group(words: Words) -> Aside:
    """Read ``name ADD|DROP USER a, b``."""
    group, verb = words.identifier(), words.take_any("ADD", "DROP")
    members = [each.name for each in words.names()] if words.take("USER") else []

    def run(cursor: Cursor, user: str) -> None:
        for member in members:
            Notes(cursor).set_member(group, member, is_member=verb == "ADD")

    return Aside(run)


def _alter_schema(words: Words) -> Aside:
    """Read ``name OWNER TO user`` or ``name QUOTA …``, which mean nothing here; another name is refused."""
    name = words.identifier()
    if words.take("OWNER", "TO") or words.take("QUOTA"):
        return _nothing(words)
    raise SqlError(
        f"schema {name!r} cannot be altered so here: OWNER TO and QUOTA are all; to rename it, create "
        "another one and its tables by CREATE TABLE ... AS"
    )


def _alter_table(words: Words) -> Aside | None:
    """Read what an ALTER TABLE changes beyond columns: owner, keys, style; None if it is for the engine."""
    words.take("IF", "EXISTS")
    name = words.name()
    if words.take("OWNER", "TO"):
        return _note(name, "owner", words.identifier())
    if words.take("ADD"):
        if words.take("CONSTRAINT"):
            words.identifier()
        if words.take("PRIMARY KEY"):  # one word to the tokenizer
            return _note(name, "primary_keys", tuple(words.parenthesised()))
        return _nothing(words) if words.take_any("UNIQUE", "FOREIGN KEY") else None
    if words.take("DROP", "CONSTRAINT"):
        return _nothing(words)
    return _alter_style(words, name) if words.take("ALTER") else None


def _alter_style(words: Words, name: Name) -> Aside | None:
    """Read ``ALTER DISTSTYLE …``, ``ALTER [COMPOUND] SORTKEY …``, ``ALTER COLUMN c ENCODE e``."""
    if words.take("DISTKEY"):
        return _note(name, "distkey", words.identifier())
    if words.take("DISTSTYLE"):
        style = words.next().text.lower()
        key = words.identifier() if words.take("DISTKEY") else None
        return _note(name, "distkey", key) if style == "key" else _note(name, "diststyle", style)
    words.take_any("COMPOUND", "INTERLEAVED")
    if words.take("SORTKEY"):
        return _note(name, "sortkeys", tuple(words.parenthesised()) if words.peek() == "(" else ())
    if words.take("COLUMN"):
        column = words.identifier()
        if words.take("ENCODE"):
            return _note(name, "encoding", words.identifier(), column)
        return None
    return _nothing(words) if words.take("ENCODE") else None


def _note(name: Name, kind: str, value: str | tuple[str, ...] | None, column: str = "") -> Aside:
    """Note one thing about a table that has to exist."""
    return Aside(lambda cursor, user: Notes(cursor).put(existing(cursor, name), kind, value, column))


_READERS: tuple[tuple[tuple[str, ...], Callable[[Words], Aside | None]], ...] = (
    (("GRANT",), lambda words: _grant_or_revoke(words, granting=True)),
    (("REVOKE",), lambda words: _grant_or_revoke(words, granting=False)),
    (("ALTER", "DEFAULT", "PRIVILEGES"), _default_privileges),
    (("ALTER", "TABLE"), _alter_table),
    (("ALTER", "GROUP"), _alter_group),
    (("ALTER", "USER"), _nothing),
    (("ALTER", "SCHEMA"), _alter_schema),
    (("COMMENT", "ON"), _comment),
    (("CREATE", "USER"), lambda words: _create_principal(words, "user")),
    (("CREATE", "GROUP"), lambda words: _create_principal(words, "group")),
    (("CREATE", "ROLE"), lambda words: _create_principal(words, "role")),
    (("DROP", "USER"), lambda words: _drop_principal(words, "user")),
    (("DROP", "GROUP"), lambda words: _drop_principal(words, "group")),
    (("DROP", "ROLE"), lambda words: _drop_principal(words, "role")),
    (("ANALYZE",), _nothing),
    (("ANALYSE",), _nothing),
    (("VACUUM",), _nothing),
    (("REFRESH", "MATERIALIZED", "VIEW"), _nothing),  # it is a view, and up to date
    (("LOCK",), _nothing),
    (("SET",), _nothing),
    (("RESET",), _nothing),
    (("DISCARD",), _nothing),
)

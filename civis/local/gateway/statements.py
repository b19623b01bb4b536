"""What becomes of a statement before the warehouse sees it: sessions, and questions about PostgreSQL.

A pure function of the text; it knows neither sockets nor the database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from civis.local.warehouse import Column

__all__ = ["Plan", "plan"]

_COMMENT = re.compile(r"\s*(?:/\*.*?\*/|--[^\n]*(?:\n|$))", re.DOTALL)
_TRANSACTION = re.compile(r"(begin|start\s+transaction|commit|end|rollback|abort)\b[^;]*;?\s*", re.IGNORECASE)
_TEMPORARY = re.compile(r"create\s+(?:local\s+)?temp(?:orary)?\s+table\s+(?!if\b)", re.IGNORECASE)
#: Nothing here has such a thing: a program that asks is told of none.
_EMPTY = re.compile(
    r"\b(?:from|join)\s+(?:pg_catalog\.)?pg_(?:depend|rewrite|index|description|proc|matviews)\b",
    re.IGNORECASE,
)
_PART = r"(?:(?!\bunion\b).)*"  # of a UNION
_MATVIEWS = re.compile(
    rf"\bunion\s+all\s+select\b{_PART}?\bfrom\s+pg_(?:matviews|proc)\b{_PART}", re.IGNORECASE | re.DOTALL
)
_ALIASES = re.compile(r"\bas\s+\"?(\w+)\"?\s*(?=,|\bfrom\b)", re.IGNORECASE)
#: One statement to its end: what else the message has is not to be left out with it.
_ALONE = r"(?:[^;']|'(?:[^']|'')*')*;?\s*"
_SETTINGS = re.compile(rf"(?:set|reset|discard|deallocate)\b(?!\s+search_path){_ALONE}", re.IGNORECASE)
_KILL = re.compile(rf"select\s+pg_(?:terminate|cancel)_backend\s*\({_ALONE}", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """What becomes of a message.

    Parameters
    ----------
    sql : str or None
        What the warehouse is to run; None if the answer is known.
    tag : str
        What the answer calls the statement, without numbers.
    columns : tuple of Column
        Of an answer that is known and has no rows.
    transaction : str
        ``"begin"``, ``"end"`` or nothing.
    needs_scratch : bool
        Whether the schema of temporary tables has to be there.
    """

    sql: str | None
    tag: str
    columns: tuple[Column, ...] = field(default=())
    transaction: str = ""
    needs_scratch: bool = False


def plan(text: str, scratch: str) -> Plan:
    """Tell what becomes of a message's text.

    Parameters
    ----------
    text : str
    scratch : str
        The schema of temporary tables.

    Examples
    --------
    >>> plan("BEGIN", "s").transaction, plan("/* dbt */ create temporary table t as (select 1)", "s").sql
    ('begin', 'create table "s".t as (select 1)')
    """
    sql = _without_comments(text)
    words = sql.split(None, 2)
    tag = " ".join(
        words[:2] if words and words[0].lower() in ("create", "drop", "alter") else words[:1]
    ).upper()
    if ended := _TRANSACTION.fullmatch(sql):
        is_begin = ended[1].lower().startswith(("begin", "start"))
        return Plan(None, tag.rstrip(";") or "BEGIN", transaction="begin" if is_begin else "end")
    if not sql.strip(" ;\n\t") or _SETTINGS.fullmatch(sql) or _KILL.fullmatch(sql):
        return Plan(None, tag)
    if made := _TEMPORARY.match(sql):
        return Plan(f'create table "{scratch}".{sql[made.end() :]}', "CREATE TABLE", needs_scratch=True)
    sql = _MATVIEWS.sub("", sql)
    if tag in ("SELECT", "WITH") and _EMPTY.search(sql):
        names = _ALIASES.findall(sql)
        return Plan(None, "SELECT", tuple(Column(name, "character varying") for name in names))
    return Plan(sql, tag)


def _without_comments(text: str) -> str:
    """Take away the comments that a text begins with."""
    while found := _COMMENT.match(text):
        text = text[found.end() :]
    return text.lstrip()

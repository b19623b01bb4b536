"""The engine's errors in the words that users of Redshift know.

It knows the wording of errors only; where names can be mistyped it is handed those that exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from civis._names import suggestion
from civis.local.warehouse.notes import HIDDEN_SCHEMA

__all__ = ["explain"]

_TYPE_NAMES = {
    "INT16": "smallint",
    "INT32": "integer",
    "INT64": "bigint",
    "BOOL": "boolean",
    "DOUBLE": "double",
}


def explain(
    message: str,
    tables: Callable[[], Iterable[tuple[str, str]]],
    columns: Callable[[], Iterable[str]] = list,
    statement: str = "",
) -> str:
    """Word an engine's error.

    Parameters
    ----------
    message : str
        The engine's.
    tables : callable
        Gives schema and name of all tables; called only if a name is unknown.
    columns : callable, optional
        Gives the names of columns that may have been meant; called only if one is unknown.
    statement : str, optional
        What failed; it tells the schema of a name.
    """
    first = re.sub(r"^(?:[A-Z][A-Za-z]+ )+Error: ", "", message.strip()).split("\n\n")[0].strip()
    first = first.replace(f"{HIDDEN_SCHEMA}.", "")
    for pattern, words in _WORDS:
        match = re.search(pattern, first, re.DOTALL)
        if match is not None:
            text = match.expand(words)
            if text.startswith("relation ") and "exists" not in text:
                return _missing_relation(match[1], tables, statement)
            if text.startswith("schema ") and "exists" not in text:
                return f"{text}.{suggestion(match[1], sorted({schema for schema, _ in tables()}))}"
            if text.startswith("column "):
                candidates = re.findall(r'"([^"]+)"', first.partition("Candidate")[2])
                text += suggestion(match[1], candidates or sorted(set(columns())))
            return text
    conversion = re.search(r"Could not convert string '(.*)' to (\w+)", first, re.DOTALL)
    if conversion is not None:
        name = _TYPE_NAMES.get(conversion[2], conversion[2].lower())
        return f'invalid input syntax for type {name}: "{conversion[1]}"'
    return first.split("\nDid you mean")[0]


def _missing_relation(name: str, tables: Callable[[], Iterable[tuple[str, str]]], statement: str) -> str:
    """Name a table or view that is not there, its schema if one was written, and one that is near."""
    found = re.search(rf'"?(\w+)"?\s*\.\s*"?{re.escape(name)}\b', statement, re.IGNORECASE)
    known = list(tables())
    if found is None:
        near = suggestion(name, sorted({each for _, each in known}))
        return f'relation "{name}" does not exist.{near}'
    full = f"{found[1].lower()}.{name}"
    same = [f"{schema}.{each}" for schema, each in known if each == name]
    near = suggestion(full, sorted(f"{schema}.{each}" for schema, each in known))
    if same and not near:
        near = f" Did you mean {same[0]!r}?"
    return f'relation "{full}" does not exist.{near}'


_WORDS = (
    (r'Table with name "?([^"\n]+?)"? does not exist', r'relation "\1" does not exist.'),
    (r'View with name "?([^"\n]+?)"? does not exist', r'relation "\1" does not exist.'),
    (r'Referenced column "([^"]+)" not found', r'column "\1" does not exist.'),
    (r'Table "[^"]+" does not have a column (?:named|with name) "([^"]+)"', r'column "\1" does not exist.'),
    (r"Referenced update column (\S+) not found", r'column "\1" does not exist.'),
    (
        r"Overflow in multiplication of DECIMAL\(\d+\).*",
        "numeric overflow: a product of numerics has more than 18 digits; cast one factor to numeric(38, s), "
        "where s is its scale",
    ),
    (r"(value too long for type [a-z ]+\(\d+\))", r"\1"),
    (r"^Division by zero", r"division by zero"),
    (r'Referenced table "([^"]+)" not found', r'relation "\1" does not exist.'),
    (r'Schema with name "?([^"\n]+?)"? does not exist', r'schema "\1" does not exist'),
    (r'(?:Table|View) with name "?([^"\n]+?)"? already exists', r'relation "\1" already exists'),
    (r'Schema with name "?([^"\n]+?)"? already exists', r'schema "\1" already exists'),
    (r"Function with name \"?([^\"\n]+?)\"? does not exist", r"function \1() does not exist"),
    (
        r"NOT NULL constraint failed: \S*?([^.\s]+)$",
        r'null value in column "\1" violates not-null constraint',
    ),
)

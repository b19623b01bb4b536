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


def explain(message: str, tables: Callable[[], Iterable[str]]) -> str:
    """Word an engine's error.

    Parameters
    ----------
    message : str
        The engine's.
    tables : callable
        Gives the names of all tables; called only if one is unknown.
    """
    first = re.sub(r"^(?:[A-Z][A-Za-z]+ )+Error: ", "", message.strip()).split("\n\n")[0].strip()
    first = first.replace(f"{HIDDEN_SCHEMA}.", "")
    for pattern, words in _WORDS:
        match = re.search(pattern, first, re.DOTALL)
        if match is not None:
            text = match.expand(words)
            if text.startswith("relation ") and "exists" not in text:
                text += suggestion(match[1], list(tables()))
            if text.startswith("column "):
                text += suggestion(match[1], re.findall(r'"([^"]+)"', first.partition("Candidate")[2]))
            return text
    conversion = re.search(r"Could not convert string '(.*)' to (\w+)", first, re.DOTALL)
    if conversion is not None:
        name = _TYPE_NAMES.get(conversion[2], conversion[2].lower())
        return f'invalid input syntax for type {name}: "{conversion[1]}"'
    return first.split("\nDid you mean")[0]


_WORDS = (
    (r'Table with name "?([^"\n]+?)"? does not exist', r'relation "\1" does not exist.'),
    (r'View with name "?([^"\n]+?)"? does not exist', r'relation "\1" does not exist.'),
    (r'Referenced column "([^"]+)" not found', r'column "\1" does not exist.'),
    (r'Table "[^"]+" does not have a column (?:named|with name) "([^"]+)"', r'column "\1" does not exist.'),
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

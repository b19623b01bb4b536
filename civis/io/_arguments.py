"""What the functions of `civis.io` share about their arguments: older spellings, choices, the client."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from civis._deprecation import warn_deprecated
from civis._names import suggestion

__all__ = ["DELIMITERS", "check_choice", "delimiter_name", "resolve_return_as"]

DELIMITERS = {",": "comma", "\t": "tab", "|": "pipe"}
READERS = ("list", "pandas", "polars", "arrow")


def check_choice(name: str, value: Any, choices: Collection[str]) -> None:
    """Refuse a value that is none of a few texts.

    Raises
    ------
    ValueError
        Naming the value, the choices and what is near.
    """
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        near = suggestion(value, choices) if isinstance(value, str) else ""
        raise ValueError(f"{name} cannot be {value!r}; it is one of {known}.{near}")


def delimiter_name(delimiter: str) -> str:
    """Give the platform's word for a delimiter.

    Examples
    --------
    >>> delimiter_name("|")
    'pipe'
    """
    check_choice("delimiter", delimiter, DELIMITERS)
    return DELIMITERS[delimiter]


def resolve_return_as(return_as: Any, use_pandas: bool | None) -> str:
    """Settle what a read gives, from today's keyword and the older one.

    Raises
    ------
    ValueError
        If the two contradict each other, or there is no such reader.
    """
    if isinstance(return_as, bool):
        # ``read_civis(table, database, columns, True)`` of release 1: the fourth argument was ``use_pandas``.
        return_as, use_pandas = "list", return_as
    if use_pandas is not None:
        warn_deprecated("use_pandas=", since="2.5.0", instead='return_as="pandas" or "list"', stacklevel=4)
        if return_as not in (("list", "pandas") if use_pandas else ("list",)):
            raise ValueError(
                f"use_pandas={use_pandas} contradicts return_as={return_as!r}; leave use_pandas out"
            )
        return "pandas" if use_pandas else "list"
    check_choice("return_as", return_as, READERS)
    return str(return_as)

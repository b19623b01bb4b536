"""Where expressions (``<% … %>``) stand in values; what they mean is for those who run them to know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["has_expression", "names_of_tasks", "only_expression", "split", "unclosed"]

_EXPRESSION = re.compile(r"<%(.*?)%>", re.DOTALL)
_TASK = re.compile(r"""\btask\(\s*['"]?([\w.-]+)['"]?\s*\)""", re.ASCII)


def split(text: str) -> list[tuple[str, bool]]:
    """Take a text apart into plain pieces and expressions.

    Examples
    --------
    >>> split("n = <% $.n %>!")
    [('n = ', False), ('$.n', True), ('!', False)]
    """
    pieces = _EXPRESSION.split(text)
    found = [
        (piece.strip() if number % 2 else piece, bool(number % 2)) for number, piece in enumerate(pieces)
    ]
    return [(piece, is_expression) for piece, is_expression in found if piece or is_expression]


def only_expression(text: str) -> str | None:
    """Give the expression of a text that is nothing else; its value then keeps its type.

    Examples
    --------
    >>> only_expression(" <% $.n %> "), only_expression("<% 1 %><% 2 %>")
    ('$.n', None)
    """
    pieces = split(text.strip())
    return pieces[0][0] if len(pieces) == 1 and pieces[0][1] else None


def has_expression(value: Any) -> bool:
    """Tell whether a value, or one within it, holds an expression."""
    return any(_EXPRESSION.search(text) for text in _texts(value))


def names_of_tasks(value: Any) -> list[str]:
    """List the tasks whose results a value's expressions use: ``task(name)``.

    Examples
    --------
    >>> names_of_tasks({"a": "<% task(load).result %>", "b": ["<% task('x').result %> task(no)"]})
    ['load', 'x']
    """
    return [
        name
        for text in _texts(value)
        for expression in _EXPRESSION.findall(text)
        for name in _TASK.findall(expression)
    ]


def unclosed(value: Any) -> str | None:
    """Give the beginning of an expression without an end, or None."""
    for text in _texts(value):
        rest = _EXPRESSION.sub("", text)
        if "<%" in rest:
            return rest[rest.index("<%") :][:40]
    return None


def _texts(value: Any) -> Iterator[str]:
    """Go through the texts within a value; one that holds itself is gone through once."""
    waiting, seen = [value], set[int]()
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, str):
            yield each
        elif isinstance(each, (Mapping, list)) and id(each) not in seen:
            seen.add(id(each))
            waiting += [*each, *each.values()] if isinstance(each, Mapping) else each

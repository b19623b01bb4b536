"""Expressions of workflows (YAQL, between ``<%`` and ``%>``) worked out, by the package `yaql`.

What they see is handed in: variables, and functions such as ``task(name)``. What comes back is plain: what
JSON can hold.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from civis._mistral import split

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ExpressionError", "evaluate", "is_true"]

#: Items that one expression may go through, and bytes that it may use: none may hold up all others.
_LIMITS = {"yaql.limitIterators": 100_000, "yaql.memoryQuota": 100_000_000}
_OPTIONS = {
    "yaql.convertInputData": True,
    "yaql.convertOutputData": True,
    "yaql.convertTuplesToLists": True,
    "yaql.convertSetsToLists": True,
    "yaql.iterableDicts": True,
}
#: PLY's parser keeps the state of its work in itself.
_PARSING = threading.Lock()
#: What may be a function's name; a name that is none does no harm.
_NAME = re.compile(r"\b[a-z_]+(?=\s*\()")
Functions = Mapping[str, Callable[..., Any]]


class ExpressionError(ValueError):
    """An expression cannot be worked out; the text names it and says why."""


def evaluate(value: Any, variables: Mapping[str, Any], functions: Functions) -> Any:
    """Work out all expressions within a value.

    Parameters
    ----------
    value : object
        Text that is one expression becomes its value; within other text an expression's value is written out.
    variables : mapping
        What ``$`` is.
    functions : mapping
        Further functions, by name.

    Raises
    ------
    ExpressionError

    Examples
    --------
    >>> evaluate({"n": "<% $.a + 1 %>", "text": "a is <% $.a %>"}, {"a": 1}, {})
    {'n': 2, 'text': 'a is 1'}
    """
    if isinstance(value, str):
        return _evaluate_text(value, variables, functions) if "<%" in value else value
    if isinstance(value, Mapping):
        return {
            evaluate(key, variables, functions): evaluate(each, variables, functions)
            for key, each in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [evaluate(each, variables, functions) for each in value]
    return _plain(value)


def is_true(value: Any, variables: Mapping[str, Any], functions: Functions) -> bool:
    """Tell whether a condition holds; no condition at all does.

    Examples
    --------
    >>> is_true("<% $.n > 1 %>", {"n": 1}, {}), is_true(None, {}, {})
    (False, True)
    """
    return value is None or bool(evaluate(value, variables, functions))


def _evaluate_text(text: str, variables: Mapping[str, Any], functions: Functions) -> Any:
    """Work out the expressions of a text."""
    pieces = split(text.strip())
    if len(pieces) == 1 and pieces[0][1]:
        return _work_out(pieces[0][0], variables, functions)
    return "".join(
        str(_work_out(piece, variables, functions)) if is_expression else piece
        for piece, is_expression in split(text)
    )


def _work_out(expression: str, variables: Mapping[str, Any], functions: Functions) -> Any:
    """Work out one expression."""
    try:
        context = _root_context().create_child_context()
        for name in _NAME.findall(expression):  # looking at a function's parameters takes a while
            if name in functions:
                context.register_function(functions[name], name=name)
        return _plain(_parse(expression).evaluate(data=dict(variables), context=context))
    except RecursionError:
        raise ExpressionError(f"The expression <% {expression} %> is nested too deeply.") from None
    except Exception as error:  # yaql lets through whatever the functions that it calls raise
        reason = f"there is no {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise ExpressionError(f"The expression <% {expression} %> cannot be worked out: {reason}") from None


@lru_cache(maxsize=2048)
def _parse(expression: str) -> Any:
    """Parse an expression; the same ones come again and again."""
    with _PARSING:
        return _engine()(expression)


@lru_cache(maxsize=1)
def _engine() -> Any:
    """Make yaql's engine: a tenth of a second, when the first expression is met."""
    # Few platforms run workflows; and yaql has no types.
    from yaql import YaqlFactory  # type: ignore[import-untyped]  # noqa: PLC0415 - laziness, as said above

    return YaqlFactory().create({**_LIMITS, **_OPTIONS})


@lru_cache(maxsize=1)
def _root_context() -> Any:
    """Make the context with yaql's standard library."""
    from yaql import create_context  # noqa: PLC0415 - laziness: few platforms run workflows

    context = create_context()
    for name, function in _FUNCTIONS.items():
        context.register_function(function, name=name)
    return context


def _plain(value: Any) -> Any:
    """Give what JSON can hold for what yaql gave."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, Set)):
        return [_plain(each) for each in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [_plain(each) for each in _first(value)]
    return str(value)


def _first(values: Iterable[Any]) -> Iterator[Any]:
    """Go through an iterator that may have no end, up to the limit."""
    for number, each in enumerate(values):
        if number >= _LIMITS["yaql.limitIterators"]:
            raise ValueError("it gives more items than are allowed.")
        yield each


def _dump(value: Any) -> str:
    """Write a value as JSON."""
    return json.dumps(_plain(value))


def _dump_nicely(value: Any) -> str:
    """Write a value as JSON over several lines."""
    return json.dumps(_plain(value), indent=4)


#: Functions that Mistral adds to yaql's own and that need nothing else.
_FUNCTIONS: Functions = {
    "json_dump": _dump,
    "json_pp": _dump_nicely,
    "json_parse": json.loads,
    "uuid": lambda: str(uuid.uuid4()),
}

"""From the arguments of a call to a request, or to a `TypeError` that says which argument is wrong.

Knows nothing of sending.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from civis._names import suggestion
from civis._spec import JSON_TYPE, Operation, Parameter, is_json
from civis.resources._values import (
    UnsendableError,
    cookie_pair,
    header_value,
    json_value,
    path_value,
    query_pairs,
)

#: The further argument of operations whose answers come in pages.
ITERATOR = "iterator"
#: How many arguments are told beside the near ones.
_FEW = 8
_IN_BRACES = re.compile(r"\{([^{}]*)\}")


class NotPassed:
    """The default of optional arguments: None is a value, which is sent; what was not passed is not."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "..."

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "NOT_PASSED"


NOT_PASSED = NotPassed()


class Request(NamedTuple):
    """What one call sends.

    Parameters
    ----------
    operation
        What is called.
    path
        With its parameters filled in and quoted.
    query
        Pairs, in the order of the description.
    body
        What is sent as JSON, or as it is where it is bytes; None for no body.
    headers
        Further headers.
    iterator
        Whether all pages were asked for.
    """

    operation: Operation
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    headers: Mapping[str, str] | None = None
    iterator: bool = False


def takes_iterator(operation: Operation) -> bool:
    """Whether a method has the argument ``iterator``."""
    return operation.is_paginated and all(each.name != ITERATOR for each in operation.parameters)


def bind(operation: Operation, args: Sequence[object], kwargs: Mapping[str, object]) -> Request:
    """Turn the arguments of a call into a request.

    Raises
    ------
    TypeError
        If an argument is missing, unknown, there twice, or of a type that cannot be sent.
    ValueError
        If a value would make the path another one.
    """
    called = f"{operation.resource}.{operation.name}()"
    named = dict(kwargs)
    iterator = bool(named.pop(ITERATOR, False)) if takes_iterator(operation) else False
    values = _positional(operation, args, called)
    known = {each.name: each for each in operation.parameters}
    aliases = {each.wire_name: each for each in operation.parameters if each.name == f"{each.wire_name}_"}
    for name, value in named.items():
        parameter = known.get(name) or aliases.get(name)
        if parameter is None:
            raise TypeError(_unknown(operation, name, [*known, *_iterator_of(operation)], called))
        if parameter.name in values:
            raise TypeError(f"{called} got {name!r} both by position and by name")
        if not isinstance(value, NotPassed):
            values[parameter.name] = value
    missing = [each.name for each in operation.parameters if each.required and each.name not in values]
    if missing:
        raise TypeError(f"{called} is missing {', '.join(map(repr, missing))}")
    try:
        return _request(operation, values, iterator)
    except UnsendableError as error:
        raise TypeError(f"{called}: {error}") from None
    except ValueError as error:
        raise ValueError(f"{called}: {error}") from None


def _positional(operation: Operation, args: Sequence[object], called: str) -> dict[str, object]:
    """Give the arguments passed by position their names."""
    names = [each.name for each in operation.parameters if each.required]
    if len(args) > len(names):
        optional = [each.name for each in operation.parameters if not each.required]
        by_name = f"; the others ({', '.join(optional)}) are passed by name" if optional else ""
        raise TypeError(f"{called} takes {len(names)} arguments by position, not {len(args)}{by_name}")
    return dict(zip(names, args, strict=False))


def _iterator_of(operation: Operation) -> tuple[str, ...]:
    """Name the further argument, if there is one."""
    return (ITERATOR,) if takes_iterator(operation) else ()


def _unknown(operation: Operation, name: str, known: Sequence[str], called: str) -> str:
    """Say that there is no such argument, and which one may have been meant."""
    text = f"{called} got an unexpected keyword argument {name!r}."
    text += suggestion(name, known)
    # Few are told whole: what was meant may be called quite differently, ``input`` for ``arguments``.
    if len(known) <= _FEW or not text.endswith("?"):
        text += f" It takes {', '.join(known)}." if known else " It takes none."
    return text


def _request(operation: Operation, values: Mapping[str, object], iterator: bool) -> Request:
    """Put the values where they belong."""
    in_path: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    headers: dict[str, str] = {}
    in_body: list[tuple[Parameter, object]] = []
    for parameter in operation.parameters:
        if parameter.name not in values:
            continue
        sent = _converted(parameter, values[parameter.name], operation)
        if parameter.location == "path":
            in_path[parameter.wire_name] = sent
        elif parameter.location == "query":
            query.extend(sent)
        elif parameter.location == "header":
            headers[parameter.wire_name] = sent
        elif parameter.location == "cookie":
            headers["Cookie"] = f"{headers['Cookie']}; {sent}" if "Cookie" in headers else sent
        else:
            in_body.append((parameter, sent))
    body = _body(operation, in_body, headers)
    # One pass over the path, so that a value that looks like a parameter stays what it is.
    path = _IN_BRACES.sub(lambda found: in_path.get(found[1], found[0]), operation.path)
    return Request(operation, path, tuple(query), body, headers or None, iterator)


def _body(operation: Operation, values: list[tuple[Parameter, object]], headers: dict[str, str]) -> Any:
    """Give what is sent as the body, and note its type where that is not JSON's own."""
    if not values and not (operation.takes_body and operation.body_required):
        return None
    if is_json(operation.body_type):
        body: Any = {parameter.wire_name: value for parameter, value in values if parameter.wire_name}
        for parameter, value in values:
            body = value if not parameter.wire_name else body
        if operation.body_type != JSON_TYPE and body is not None:
            headers["Content-Type"] = operation.body_type
        return body
    from civis.resources._forms import encode_content  # noqa: PLC0415 - few operations take forms

    content, headers["Content-Type"] = encode_content(operation, values)
    return content


def _converted(parameter: Parameter, value: object, operation: Operation) -> Any:
    """Turn a value into what its place in the request can hold."""
    is_platform = operation.is_platform
    try:
        if parameter.location == "path":
            return path_value(parameter, value, is_platform)
        if parameter.location == "query":
            return tuple(query_pairs(parameter, value, is_platform))
        if parameter.location == "header":
            return header_value(value, is_platform)
        if parameter.location == "cookie":
            return cookie_pair(parameter.wire_name, value, is_platform)
        return json_value(value) if is_json(operation.body_type) else value
    except UnsendableError as error:
        raise UnsendableError(f"{parameter.name}: {error}") from None

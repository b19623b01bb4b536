"""From a command to a request, and from the answer to the output. Knows no click."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from civis._errors import api_error
from civis.cli.output import as_stream, select, standard_output, write
from civis.cli.plain_output import note
from civis.resources import bind, list_all, send

if TYPE_CHECKING:
    from civis._http import Answer
    from civis._spec import Operation
    from civis.cli.state import State
    from civis.resources import Request

__all__ = ["Call", "run_call"]


class Call(NamedTuple):
    """One operation, and what is wanted of it.

    Parameters
    ----------
    operation : Operation
        What is called.
    values : Mapping
        Values by the names of parameters.
    style : str or None
        The form of the output.
    query : str or None
        A JMESPath expression.
    is_dry : bool
        Whether the request is only shown.
    all_pages : bool
        Whether every page is asked for.
    """

    operation: Operation
    values: Mapping[str, Any]
    style: str | None = None
    query: str | None = None
    is_dry: bool = False
    all_pages: bool = False


def run_call(call: Call, state: State) -> None:
    """Send what a command says, and write what comes back.

    Raises
    ------
    ValueError
        If the values make no request.
    """
    if call.operation.problem:
        raise ValueError(f"this operation cannot be called: {call.operation.problem}")
    try:
        request = bind(call.operation, (), call.values)
    except TypeError as error:
        raise ValueError(str(error)) from None
    if call.is_dry:
        _output(described(request, state.endpoint), call)
        return
    _warn(request)
    if call.all_pages:
        _output(as_stream(list_all(state.connection, call.operation, **call.values)), call)
        return
    answer = send(state.connection, request)
    if not 200 <= answer.status < 300:
        raise api_error(answer)
    _write_answer(answer, call)


def described(request: Request, endpoint: str) -> dict[str, Any]:
    """Give a request as a person, or a program, can read it; without the key."""
    from urllib.parse import urlencode  # noqa: PLC0415 - only a dry run needs it

    query = "?" + urlencode(request.query) if request.query else ""
    shown: dict[str, Any] = {
        "method": request.operation.http_method,
        "url": endpoint + request.path.lstrip("/") + query,
    }
    if request.headers:
        shown["headers"] = dict(request.headers)
    if request.body is not None:
        shown["body"] = (
            request.body.decode("utf-8", "replace") if isinstance(request.body, bytes) else request.body
        )
    return shown


def _output(value: Any, call: Call) -> None:
    """Write a value as it was asked for."""
    if call.query is not None:
        value = select(value, call.query)
    write(value, call.style)


def _write_answer(answer: Answer, call: Call) -> None:
    """Write what the platform answered; nothing where it answered without a body."""
    if not answer.content.strip():
        return
    try:
        value = answer.json()
    except ValueError:
        standard_output().write(answer.content.decode("utf-8", "replace"))
        return
    _output(value, call)
    if isinstance(value, list) and call.operation.is_paginated:
        _tell_of_pages(answer, len(value))


def _tell_of_pages(answer: Answer, count: int) -> None:
    """Tell a person that there is more than the page that was written."""
    total = answer.headers.get("X-Pagination-Total-Entries", "")
    if total.isdigit() and int(total) > count:
        note(f"{count} of {total} shown; --all gives all of them")


def _warn(request: Request) -> None:
    """Tell of an operation that is going away, and of keys that the description does not know."""
    from civis.resources import unknown_keys  # noqa: PLC0415 - the rule that client methods warn by

    told = [request.operation.deprecation] if request.operation.deprecation else []
    for text in [*told, *unknown_keys(request.operation, request.body)]:
        sys.stderr.write(f"Warning: {text}\n")

"""The way of a call: from a request through the client's session to a `Response`."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from civis._errors import api_error
from civis._spec import Operation
from civis.resources._binding import Request, bind
from civis.resources._nested import unknown_keys

if TYPE_CHECKING:
    from civis._http import Answer, Session
    from civis.response import PaginatedResponse, Response

_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


class Caller(Protocol):
    """What the methods of a resource need of their client."""

    return_type: str
    _session: Session

    def _remember(self, answer: Answer) -> None:
        """Take note of the answer to a call."""


def perform(client: Caller, request: Request, return_type: str | None = None) -> Any:
    """Send a request and give what came back, as the client's users want to have it."""
    kind = return_type or client.return_type
    if request.iterator:
        return _pages(client, request, kind)
    answer = send(client, request)
    from civis.response import wrap  # noqa: PLC0415 - 10 ms, not before there is an answer

    result = wrap(answer, kind, from_json_values=_gives_json_values(request.operation))
    client._remember(answer)
    return result


def send(client: Caller, request: Request) -> Answer:
    """Send a request."""
    return client._session.request(
        request.operation.http_method,
        request.path,
        query=request.query,
        body=request.body,
        headers=request.headers,
    )


def call_operation(client: Caller, operation: Operation, /, *args: Any, **kwargs: Any) -> Any:
    """Call an operation for the client's own ends: Responses whatever its users get, and no note of it."""
    answer = send(client, bind(operation, args, kwargs))
    from civis.response import wrap  # noqa: PLC0415 - as in `perform`

    return wrap(answer, "snake")


def list_all(client: Caller, operation: Operation, /, *args: Any, **kwargs: Any) -> Iterator[Response]:
    """List what an operation gives on all its pages, for the client's own ends."""
    request = bind(operation, args, kwargs)
    if operation.is_paginated:
        yield from _pages(client, request, "snake", is_noted=False)
    else:
        yield from call_operation(client, operation, *args, **kwargs)


class _PageSource:
    """What `PaginatedResponse` asks for pages: sends through the client's session."""

    def __init__(self, client: Caller, request: Request, is_noted: bool) -> None:
        self._client = client
        self._request = request
        self._is_noted = is_noted

    def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
        """Ask for one page."""
        answer = self._client._session.request(method, path, query=params, headers=self._request.headers)
        if not 200 <= answer.status < 300:
            raise api_error(answer)
        if self._is_noted:
            self._client._remember(answer)
        return answer


def _pages(client: Caller, request: Request, kind: str, is_noted: bool = True) -> PaginatedResponse[Any]:
    """Iterate over all pages of a request."""
    from civis.response import PaginatedResponse, as_pandas  # noqa: PLC0415 - as in `perform`

    params: dict[str, list[str]] = {}
    for name, value in request.query:
        params.setdefault(name, []).append(value)
    return PaginatedResponse(
        request.path,
        params,
        _PageSource(client, request, is_noted),
        from_json_values=_gives_json_values(request.operation),
        convert=as_pandas if kind == "pandas" else None,
    )


def _gives_json_values(operation: Operation) -> bool:
    """Say whether the answer holds JSON values, whose ``value`` keeps the case of its keys."""
    return operation.resource == "json_values" or operation.path.endswith("/outputs")


def warn_of_operation(operation: Operation) -> None:
    """Warn the user's line if the platform says that an operation is going away."""
    if operation.deprecation:
        text = f"client.{operation.resource}.{operation.name}(): {operation.deprecation}"
        warnings.warn(text, FutureWarning, stacklevel=_frames_to_user())


def warn_of_keys(request: Request) -> None:
    """Warn the user's line of keys that the objects in a body do not have, and name those that are near."""
    for message in unknown_keys(request.operation, request.body):
        warnings.warn(message, UserWarning, stacklevel=_frames_to_user())


def _frames_to_user() -> int:
    """Count the frames from the function that warns out of this package."""
    level = 2
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level

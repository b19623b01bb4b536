"""The ASGI application: takes requests off the wire and puts answers on it; decides nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from civis.local.api.access_log import AccessLog
from civis.local.api.dispatch import Dispatcher, Received, Reply
from civis.local.api.errors import ApiError

__all__ = ["build_app"]

_BLOBS = "/blobs"
#: Answered without a key: whoever starts a platform may ask here whether it is up.
_HEALTH = "/healthz"


class _Disconnected(Exception):  # noqa: N818 - no error: the client does not wait any more
    """The client is gone before its request was there."""


def build_app(
    dispatcher: Dispatcher,
    blobs: ASGIApp,
    executor: Executor,
    *,
    body_limit: int,
    others: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """Put together the platform's application.

    Parameters
    ----------
    dispatcher : Dispatcher
        Answers the API's requests.
    blobs : ASGI application
        Serves the signed URLs under ``/blobs``.
    executor : concurrent.futures.Executor
        Runs the handlers, which are plain functions.
    body_limit : int
        The longest body of an API request, in bytes; contents of files go to the signed URLs instead.
    others : sequence of starlette.routing.BaseRoute, optional
        What else is served, under paths whose first segment is none of the API's.
    """
    endpoint = _Endpoint(dispatcher, executor, body_limit)
    mounted = Starlette(routes=[Mount(_BLOBS, app=blobs), *others, Mount("", app=endpoint)])
    beside_api = {_first_segment(str(getattr(route, "path", ""))) for route in mounted.routes} - {""}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # The API's requests, by far the most, take no way round through other routes.
        is_beside = _first_segment(scope["path"]) in beside_api
        if scope["type"] == "websocket" and not is_beside:
            await send({"type": "websocket.close", "code": 1008})
            return
        await (mounted if is_beside else endpoint)(scope, receive, send)

    return AccessLog(app)


def _first_segment(path: str) -> str:
    """Give what stands between a path's first two slashes."""
    return path.lstrip("/").partition("/")[0]


class _Endpoint:
    """Everything but the blobs."""

    def __init__(self, dispatcher: Dispatcher, executor: Executor, body_limit: int) -> None:
        self._dispatcher = dispatcher
        self._executor = executor
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            content = await self._read(receive)
        except _Disconnected:
            return
        if scope["path"] == _HEALTH and scope["method"] in ("GET", "HEAD"):
            reply = Reply.of_json(200, {"status": "ok"})
        elif len(content) > self._body_limit:
            error = ApiError(413, f"The body is longer than the {self._body_limit} bytes that are accepted.")
            reply = Reply.of_json(error.status, error.body())
        else:
            received = _received(scope, content)
            reply = self._dispatcher.answer_at_once(received) or await self._wait_for(received)
        await send({"type": "http.response.start", "status": reply.status, "headers": _wire_headers(reply)})
        await send({"type": "http.response.body", "body": reply.content})

    async def _wait_for(self, received: Received) -> Reply:
        """Have a worker thread answer."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._dispatcher.answer, received)

    async def _read(self, receive: Receive) -> bytes:
        """Read the body; of one that is too long, enough to tell."""
        content = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            # What is too long is still read, as a client that is sending does not look for an answer.
            if len(content) <= self._body_limit:
                content += message.get("body", b"")
            if not message.get("more_body", False):
                return bytes(content)


def _received(scope: Scope, content: bytes) -> Received:
    """Take out of a request what the dispatcher needs."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"].decode("utf-8", "replace")
    return Received(
        scope["method"].upper(),
        raw_path.decode("latin-1"),
        parse_qsl(query, keep_blank_values=True) if query else (),
        {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        content,
    )


def _wire_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    """Write an answer's headers; 304 and 204 have no body, and no length either."""
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()
    ]
    if reply.content or reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.content)).encode()))
    return headers

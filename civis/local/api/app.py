"""The ASGI application: takes requests off the wire and puts answers on it; decides nothing itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from civis.local.api.dispatch import Dispatcher, Received, Reply
from civis.local.api.errors import ApiError

__all__ = ["build_app"]


def build_app(dispatcher: Dispatcher, blobs: ASGIApp, executor: Executor, *, body_limit: int) -> Starlette:
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
    """
    return Starlette(
        routes=[Mount("/blobs", app=blobs), Mount("", app=_Endpoint(dispatcher, executor, body_limit))]
    )


class _Endpoint:
    """Everything but the blobs."""

    def __init__(self, dispatcher: Dispatcher, executor: Executor, body_limit: int) -> None:
        self._dispatcher = dispatcher
        self._executor = executor
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            reply = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        # 304 and 204 have no body, and no Content-Length either.
        response = Response(reply.content, reply.status)
        if not reply.content and reply.status in (204, 304):
            del response.headers["content-length"]
        response.headers.update(reply.headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Reply:
        """Read the request and have it answered in a worker thread."""
        content = bytearray()
        async for chunk in request.stream():
            # What is too long is still read, as a client that is sending does not look for an answer.
            if len(content) <= self._body_limit:
                content += chunk
        if len(content) > self._body_limit:
            error = ApiError(413, f"The body is longer than the {self._body_limit} bytes that are accepted.")
            return Reply.of_json(error.status, error.body())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._executor, self._dispatcher.answer, _received(request, content)
        )


def _received(request: Request, content: bytearray) -> Received:
    """Take out of a request what the dispatcher needs."""
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"].decode("utf-8", "replace")
    return Received(
        request.method.upper(),
        raw_path.decode("latin-1"),
        parse_qsl(query, keep_blank_values=True),
        dict(request.headers),
        bytes(content),
    )

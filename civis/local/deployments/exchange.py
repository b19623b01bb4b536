"""One HTTP request handed on to a deployment's program, and its answer: streams in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import anyio
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from civis.local.api.errors import ApiError
from civis.local.deferral import Deferred
from civis.local.deployments.headers import Headers, headers_back

if TYPE_CHECKING:
    import httpcore
else:
    # Imported when first used: 30 ms of a start that most programs never need.
    httpcore = Deferred("httpcore")

__all__ = ["hand_on"]


async def hand_on(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    port: int,
    path: str,
    headers: Sequence[tuple[bytes, bytes]],
    prefix: str,
    strips_prefix: bool,
) -> None:
    """Ask a program, and answer what it answers, as it comes.

    Parameters
    ----------
    scope, receive, send
        The visitor's request.
    port : int
        The program's.
    path : str
        What the program is asked for.
    headers : sequence of (bytes, bytes)
        With which it is asked.
    prefix : str
        The path below which the program is reached.
    strips_prefix : bool
        Whether the program does not know its prefix.
    """
    names = {name for name, _ in scope["headers"]}
    has_body = bool(names & {b"content-length", b"transfer-encoding"})
    if b"transfer-encoding" in names:
        headers = [*headers, (b"transfer-encoding", b"chunked")]
    query = scope["query_string"]
    url = httpcore.URL(
        scheme=b"http",
        host=b"127.0.0.1",
        port=port,
        target=path.encode("latin-1") + (b"?" + query if query else b""),
    )
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    origins = (f"http://127.0.0.1:{port}", f"http://{host}", f"https://{host}")
    back = partial(headers_back, prefix=prefix, origins=origins, strips_prefix=strips_prefix)
    length = dict(scope["headers"]).get(b"content-length")
    exchange = _Exchange(receive, send, back, None if length is None else int(length))
    request = httpcore.Request(
        scope["method"], url, headers=headers, content=exchange.body() if has_body else None
    )
    # A connection a request: it costs a tenth of a millisecond here, and none is ever stale.
    async with httpcore.AsyncConnectionPool(max_connections=1, max_keepalive_connections=0) as pool:
        await exchange.carry(pool, request, has_body=has_body)


class _BrokenBody(Exception):  # noqa: N818 - it says what is broken
    """A body that the server did not give as a whole, such as that of a request for another protocol."""


class _Exchange:
    """One request that is handed on, and its answer."""

    def __init__(
        self, receive: Receive, send: Send, back: Callable[[Headers], Headers], length: int | None
    ) -> None:
        self._receive, self._send, self._back, self._length = receive, send, back, length
        self._is_answered = False
        self._is_read = anyio.Event()  # the body, to its end

    async def body(self) -> AsyncIterator[bytes]:
        """Give the request's body, as it comes."""
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionAbortedError("the client is gone")
            if message.get("body"):
                size += len(message["body"])
                yield message["body"]
            if not message.get("more_body", False):
                if self._length not in (None, size):
                    raise _BrokenBody
                self._is_read.set()
                return

    async def carry(
        self, pool: httpcore.AsyncConnectionPool, request: httpcore.Request, *, has_body: bool
    ) -> None:
        """Send the request and bring back the answer, unless the client goes before."""
        if not has_body:
            async for _ in self.body():
                pass
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._await_farewell, tasks.cancel_scope)
            try:
                await self._answer(pool, request)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
                if not self._is_answered:
                    await self._refuse(502, "The deployment's program does not answer; its log tells more.")
            except _BrokenBody:
                if not self._is_answered:
                    await self._refuse(400, "The request's body is not as long as its headers say.")
            except ConnectionAbortedError:
                pass
            tasks.cancel_scope.cancel()

    async def _answer(self, pool: httpcore.AsyncConnectionPool, request: httpcore.Request) -> None:
        """Ask, and pass the answer on; one that breaks off does so for the client, too."""
        answer = await pool.handle_async_request(request)
        try:
            headers = self._back(answer.headers)
            self._is_answered = True
            await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for chunk in answer.aiter_stream():
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            await self._send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    async def _await_farewell(self, scope: anyio.CancelScope) -> None:
        """Break off when the client goes: a program may talk for ever, or never say anything."""
        await self._is_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _refuse(self, status: int, message: str) -> None:
        """Answer in place of the program."""
        error = ApiError(status, message)
        answer = JSONResponse(error.body(), error.status)
        await answer({"type": "http"}, self._receive, self._send)

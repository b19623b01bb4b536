"""WebSockets to deployments: messages of a visitor handed on to the program, and back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import anyio
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

__all__ = ["hand_on_socket"]

#: What the handshake with the program writes anew.
_OF_HANDSHAKE = (b"host", b"origin", b"user-agent", b"content-length")
_NORMAL, _AWAY = 1000, 1011
#: Codes that only tell how a connection ended, and are never sent (RFC 6455, 7.4.1).
_NEVER_SENT = (1005, 1006, 1015)


async def hand_on_socket(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    port: int,
    path: str,
    headers: Sequence[tuple[bytes, bytes]],
) -> None:
    """Open a WebSocket with the program, and carry messages until one side closes.

    Parameters
    ----------
    scope, receive, send
        The visitor's side, not accepted yet.
    port : int
        The program's.
    path : str
        What the program is asked for.
    headers : sequence of (bytes, bytes)
        With which it is asked.
    """
    await receive()  # that it wants to open
    query = scope["query_string"].decode("latin-1")
    given = dict(scope["headers"])
    host = given.get(b"host", b"127.0.0.1").decode("latin-1")
    further = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name not in _OF_HANDSHAKE and not name.startswith(b"sec-websocket-")
    ]
    try:
        upstream = await connect(
            f"ws://{host}{path}{f'?{query}' if query else ''}",
            host="127.0.0.1",
            port=port,
            origin=given[b"origin"].decode("latin-1") if b"origin" in given else None,
            subprotocols=[Subprotocol(each) for each in scope.get("subprotocols") or ()] or None,
            additional_headers=further,
            user_agent_header=given.get(b"user-agent", b"").decode("latin-1") or None,
            compression=None,  # over the loopback it costs more than it saves
            max_size=None,
            ping_interval=None,  # the server pings the visitor, the program its own
            proxy=None,
        )
    except (OSError, WebSocketException, TimeoutError):
        await send({"type": "websocket.close", "code": _AWAY})
        return
    async with upstream, anyio.create_task_group() as tasks:
        await send({"type": "websocket.accept", "subprotocol": upstream.subprotocol})
        tasks.start_soon(_bring_back, upstream, send, tasks.cancel_scope)
        await _carry(receive, upstream)
        tasks.cancel_scope.cancel()


async def _carry(receive: Receive, upstream: ClientConnection) -> None:
    """Hand on what the visitor sends, until the visitor or the program is gone."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            code = message.get("code") or _NORMAL
            await upstream.close(_NORMAL if code in _NEVER_SENT else code, message.get("reason") or "")
            return
        content = message.get("text")
        try:
            await upstream.send(message["bytes"] if content is None else content)
        except ConnectionClosed:
            return


async def _bring_back(upstream: ClientConnection, send: Send, scope: anyio.CancelScope) -> None:
    """Hand back what the program sends, and that it closes."""
    # An OSError says that the visitor is gone.
    with suppress(OSError):
        with suppress(ConnectionClosed):
            async for content in upstream:
                kind = "text" if isinstance(content, str) else "bytes"
                await send({"type": "websocket.send", kind: content})
        code = upstream.close_code or _AWAY
        code = _AWAY if code in _NEVER_SENT else code
        await send({"type": "websocket.close", "code": code, "reason": upstream.close_reason or ""})
    scope.cancel()

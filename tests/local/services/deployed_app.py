"""A service for tests of deployments: it tells what it was asked, redirects, streams, and echoes WebSockets.

Run as a program by the platform; an ASGI application on the port that it is told.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import uvicorn


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request by its path."""
    if scope["type"] == "websocket":
        await _echo(scope, receive, send)
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    path = scope["path"]
    if path == "/endless":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        print("waits for the visitor to go", flush=True)
        while (await receive())["type"] != "http.disconnect":
            pass
        print("the visitor is gone", flush=True)
        return
    if path == "/leave":
        os._exit(3)
    if path == "/cut":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"1234", "more_body": True})
        os._exit(4)
    headers, status = [(b"content-type", b"application/json")], 200
    if path == "/redirect":
        status = 303
        headers.append((b"location", scope["query_string"]))
    if path == "/cookie":
        headers.append((b"set-cookie", b"own=1; Path=/; HttpOnly"))
    told = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": {name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
        "length": len(body),
        "key": os.environ["CIVIS_API_KEY"],
        "variables": {name: os.environ.get(name) for name in ("BASE_PATH", "COLOUR", "LOGIN_USERNAME")},
    }
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Send back what comes, until it is told to end."""
    await receive()
    names = scope["subprotocols"]
    await send({"type": "websocket.accept", "subprotocol": names[0] if names else None})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            print(f"the visitor left with {message['code']}", flush=True)
            return
        if message.get("text") == "end":
            await send({"type": "websocket.close", "code": 4001, "reason": "as asked"})
            return
        text = message.get("text")
        kind, value = ("bytes", message["bytes"]) if text is None else ("text", text)
        await send({"type": "websocket.send", kind: value})


if __name__ == "__main__":
    print("begins", flush=True)
    print("complains", file=sys.stderr, flush=True)
    config = uvicorn.Config(
        app, port=int(os.environ["PORT"]), log_level="error", ws="websockets-sansio", lifespan="off"
    )
    asyncio.run(uvicorn.Server(config).serve())

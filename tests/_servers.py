"""A small HTTP server that answers by a script: tables of answers, stalls, cuts, drops, optionally TLS."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What the server received."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    port: int  # of the client: one a connection

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """What the server answers.

    `cut`: bytes of the body after which the connection is closed. `drop`: close it without a word; `reset`:
    by a reset. `stall`: an event to wait for before answering. `length`: whether Content-Length is sent;
    `chunked`: send in chunks instead.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    drop: bool = False
    reset: bool = False
    stall: threading.Event | None = None
    length: bool = True
    chunked: bool = False
    close: bool = False


def json_reply(data: Any, status: int = 200, **headers: str) -> Reply:
    """Answer with JSON; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json", **named})


Script = Callable[[Request], Reply]


class ScriptedServer:
    """Serves what `script` says, or the replies queued by `answer` in turn (the last one for ever)."""

    def __init__(self, script: Script | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._queue: list[Reply] = []
        self.script = script or self._next
        self._open: set[socket.socket] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a body held back until the head is acknowledged takes 40 ms

            def setup(self) -> None:
                with owner._lock:
                    owner._open.add(self.request)
                super().setup()

            def finish(self) -> None:
                with contextlib.suppress(OSError):
                    super().finish()
                with owner._lock:
                    owner._open.discard(self.request)

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # the other side went away
                    super().handle()

            def log_message(self, *args: object) -> None:
                pass

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return lambda: owner._serve(self)
                raise AttributeError(name)

        class Server(ThreadingHTTPServer):
            daemon_threads = False
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def answer(self, *replies: Reply) -> None:
        """Queue replies."""
        self._queue.extend(replies)

    @property
    def connections(self) -> int:
        """How many connections brought requests."""
        return len({request.port for request in self.requests})

    def drop_connections(self) -> None:
        """Close all open connections from this side."""
        with self._lock:
            sockets = list(self._open)
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self.drop_connections()
        self._server.server_close()
        self._thread.join()

    def _next(self, request: Request) -> Reply:
        with self._lock:
            if not self._queue:
                return Reply(500, b"the script has ended")
            return self._queue.pop(0) if len(self._queue) > 1 else self._queue[0]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        request = Request(
            handler.command,
            handler.path,
            dict(handler.headers),
            _read_body(handler),
            handler.client_address[1],
        )
        with self._lock:
            self.requests.append(request)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            _send(handler, self.script(request))
        finally:
            with self._lock:
                self._now -= 1


def _read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """Read a body by its length or in chunks."""
    if "chunked" in handler.headers.get("Transfer-Encoding", ""):
        pieces = []
        while size := int(handler.rfile.readline(), 16):
            pieces.append(handler.rfile.read(size))
            handler.rfile.readline()
        handler.rfile.readline()
        return b"".join(pieces)
    return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Write a reply, or break the connection as it says."""
    if reply.stall is not None:
        reply.stall.wait(20)
    if reply.reset:
        option = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # linger for no time: the kernel sends a reset
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
    if reply.drop or reply.reset:
        handler.close_connection = True
        return
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    has_body = reply.status not in (204, 304)
    if reply.chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    elif reply.length and has_body:
        handler.send_header("Content-Length", str(len(reply.body)))
    if reply.close or not reply.length:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    handler.end_headers()
    if handler.command == "HEAD":
        return
    _send_body(handler, reply)


def _send_body(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Write the body as far as it is to come."""
    body = reply.body if reply.cut is None else reply.body[: reply.cut]
    if reply.chunked:
        for begin in range(0, len(body), 1000):
            piece = body[begin : begin + 1000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if reply.cut is None:
            handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.wfile.write(body)
    handler.wfile.flush()
    if reply.cut is not None:
        handler.close_connection = True


def ranged(
    content: bytes, *, etag: str | None = '"v1"', cut: Callable[[int], int | None] | None = None
) -> Script:
    """Serve a content with ranges; `cut(n)` says after how many bytes answer number n breaks off."""
    count = 0

    def script(request: Request) -> Reply:
        nonlocal count
        count += 1
        headers = {} if etag is None else {"ETag": etag}
        begin, status = 0, 200
        asked = request.headers.get("Range")
        if asked and request.headers.get("If-Range", etag) == etag:
            begin, status = int(asked[6:-1]), 206
            if begin >= len(content):
                return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        return Reply(status, content[begin:], headers, cut=None if cut is None else cut(count))

    return script


@contextlib.contextmanager
def served(script: Script | None = None, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Run a server for the length of a test."""
    with ScriptedServer(script, tls) as server:
        yield server


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another thread is about to do."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.002)

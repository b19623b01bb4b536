"""A proxy between a client and a platform that does to transfers what networks and storages do to them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import itertools
import re
import select
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: What can happen to the download of a content, or of a part of one.
DOWNLOAD_FAULTS = (
    "drop",  # the connection is closed without an answer
    "reset",  # the same by a reset
    "stall",  # half of the content comes, then nothing, on an open connection
    "truncate",  # fewer bytes than announced
    "truncate, no length",  # fewer bytes, and none announced
    "no length",  # all bytes, and none announced
    "corrupt",  # a bit is turned over
    "429",
    "500",
    "503",
    "expired",  # the URL, for ever
)
#: What can happen to the upload of a form or a part.
UPLOAD_FAULTS = (
    "drop",
    "reset",
    "drop, half sent",
    "drop, all stored",  # the storage has it, but its answer is lost
    "stall",  # no answer comes
    "corrupt",  # a bit is turned over on the way; the storage names the MD5 of what it got
    "429",
    "500",
    "503",
    "expired",
)
#: What can happen to a call of the API that is safe to repeat.
CALL_FAULTS = ("drop", "429", "503")
_EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
_LEFT_OUT = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


class FaultProxy:
    """Hands requests on to `upstream`; each transfer meets one of `faults`, each call one of `calls`.

    Parameters
    ----------
    upstream : str
        The platform's address.

    Attributes
    ----------
    faults, calls
        What the next transfers and the next calls meet; empty: nothing.
    met
        The faults that were met.
    parts
        By the key of an upload: how many parts it has, and which were confirmed to the client.
    incomplete
        Uploads that the client completed while a part was not confirmed.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.rstrip("/")
        self.faults: list[str] = []
        self.calls: list[str] = []
        self.met: list[str] = []
        self.parts: dict[str, tuple[int, set[int]]] = {}
        self.incomplete: list[str] = []
        self.sent = 0  # bytes of contents that were sent to clients
        self._keys: dict[str, str] = {}
        self._expired: set[str] = set()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        for each in list(self._server.open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def next_fault(self, target: str, is_transfer: bool, method: str) -> str:
        """Say what happens to a request; an expired URL stays so."""
        with self._lock:
            if target in self._expired:
                return "expired"
            waiting = self.faults if is_transfer else self.calls
            if not waiting or not (is_transfer or method == "GET"):
                return ""
            fault = waiting.pop(0)
            self.met.append(fault)
            if fault == "expired":
                self._expired.add(target)
            return fault

    def lead_here(self, body: bytes) -> bytes:
        """Change addresses in an answer so that they lead here, and no two are the same."""

        def changed(found: re.Match[bytes]) -> bytes:
            url = self.url.encode() + found[1]
            return url + (b"&" if b"?" in url else b"?") + b"n=%d" % next(self._numbers)

        body = re.sub(re.escape(self.upstream.encode()) + rb'(/blobs/[^"]*)', changed, body)
        return body.replace(self.upstream.encode(), self.url.encode())

    def note_call(self, method: str, target: str, body: bytes) -> None:
        """Note uploads in parts, and whether all parts were confirmed when one is completed."""
        if method != "POST":
            return
        if target.endswith("/files/multipart"):
            urls = re.findall(rb"/blobs/([0-9a-f]+)/", body)
            number = re.search(rb'"id": *(\d+)', body)
            if urls and number:
                self._keys[number[1].decode()] = urls[0].decode()
                self.parts[urls[0].decode()] = (len(urls), set())
        elif found := re.search(r"/files/multipart/(\d+)/complete$", target):
            number_of_parts, confirmed = self.parts[self._keys[found[1]]]
            if len(confirmed) != number_of_parts:
                self.incomplete.append(found[1])

    def note_part(self, target: str) -> None:
        """Note that the client was told that a part has arrived."""
        found = re.search(r"/blobs/([0-9a-f]+)/.*[?&]part=(\d+)", target)
        if found:
            with self._lock:
                self.parts[found[1]][1].add(int(found[2]))


class _Server(ThreadingHTTPServer):
    """Waits for its threads, and knows its connections."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.open: set[socket.socket] = set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: broken connections are what this is for."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultProxy
    server: _Server

    def setup(self) -> None:
        self.server.open.add(self.request)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.open.discard(self.request)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        is_transfer = self.path.startswith("/blobs/")
        fault = self.proxy.next_fault(self.path, is_transfer, "GET")
        if self._refused(fault):
            return
        status, headers, content = self._forward(b"")
        if not is_transfer or status not in (200, 206):
            self._answer(status, headers, content)
            return
        if status == 200:  # as storages do that know a checksum
            digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
            headers["Repr-Digest"] = f"sha-256=:{digest}:"
        self._send_content(status, headers, content, fault)

    def do_PUT(self) -> None:
        self._upload()

    def do_POST(self) -> None:
        self._upload()

    def do_PATCH(self) -> None:
        self._upload()

    def do_DELETE(self) -> None:
        self._upload()

    def _upload(self) -> None:
        """Hand on what has a body, or fail to."""
        is_transfer = self.path.startswith("/blobs/")
        fault = self.proxy.next_fault(self.path, is_transfer, self.command)
        size = int(self.headers.get("Content-Length", 0))
        if fault == "drop, half sent":
            self.rfile.read(size // 2)
            self._hang_up()
            return
        if fault in ("drop", "reset"):
            self._refused(fault)
            return
        body = self.rfile.read(size)
        if self._refused(fault):
            return
        if fault == "stall":
            self._wait_for_the_end()
            return
        if fault == "corrupt" and is_transfer and body:
            body = _damaged(body)
        if not is_transfer and self.path.endswith("/complete"):
            self.proxy.note_call(self.command, self.path, b"")
        status, headers, content = self._forward(body)
        if fault == "drop, all stored":
            self._hang_up()
            return
        if not is_transfer:
            if status == 201:
                self.proxy.note_call(self.command, self.path, content)
        elif self.command == "PUT" and status == 200 and fault != "corrupt":
            self.proxy.note_part(self.path)
        self._answer(status, headers, content)

    def _refused(self, fault: str) -> bool:
        """Answer without asking the platform, where the fault is of that kind."""
        if fault in ("drop", "reset"):
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._hang_up()
        elif fault == "expired":
            self._answer(403, {}, _EXPIRED)
        elif fault.isdigit():
            self._answer(int(fault), {"Retry-After": "1"}, b"busy")
        else:
            return False
        return True

    def _hang_up(self) -> None:
        """Close the connection without another word."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _wait_for_the_end(self) -> None:
        """Do nothing until the client has lost its patience."""
        self.wfile.flush()
        select.select([self.connection], [], [], 20)
        self.close_connection = True

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ask the platform; addresses in its answer lead here."""
        upstream = urlsplit(self.proxy.upstream)
        connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)
        with contextlib.closing(connection):
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _LEFT_OUT}
            connection.request(self.command, self.path, body, {**headers, "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            content = answer.read()
            found = {name: value for name, value in answer.headers.items() if name.lower() not in _LEFT_OUT}
        if "json" in found.get("Content-Type", found.get("content-type", "")):
            content = self.proxy.lead_here(content)
        return answer.status, found, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        """Send a whole answer."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_content(self, status: int, headers: dict[str, str], content: bytes, fault: str) -> None:
        """Send a content as the fault has it."""
        cut = len(content)
        if fault in ("stall", "truncate", "truncate, no length"):
            cut //= 2
        if fault == "corrupt" and content:
            content = _damaged(content)
        has_length = "no length" not in fault
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header(*(("Content-Length", str(len(content))) if has_length else ("Connection", "close")))
        self.end_headers()
        self.wfile.write(content[:cut])
        self.proxy.sent += cut
        if fault == "stall" and cut < len(content):
            self._wait_for_the_end()
        elif cut < len(content) or not has_length:
            self.wfile.flush()
            self._hang_up()


def _damaged(content: bytes) -> bytes:
    """Turn one bit over, near the beginning."""
    place = len(content) // 20
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@contextlib.contextmanager
def faulty(upstream: str) -> Iterator[FaultProxy]:
    """Run a proxy for the length of a test."""
    with FaultProxy(upstream) as proxy:
        yield proxy

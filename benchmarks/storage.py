"""A stand-in platform with its storage: takes parts and forgets them, gives contents and ranges of them.

Run as a program it prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.peers import interpreter_options, program_environment

BLOCK = 1 << 20
ETAG = '"content-1"'


class _Handler(BaseHTTPRequestHandler):
    """One connection, which moves `rate` bytes a second at most (0: as many as it can)."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rate = 0.0
    content: Path

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_PUT(self) -> None:
        self._read_body()
        self._answer(200, b"", ETag='"part-1"')

    def do_POST(self) -> None:
        body = self._read_body(is_kept=True)
        if self.path.rstrip("/").endswith("/files/multipart"):
            number = json.loads(body).get("num_parts") or json.loads(body)["numParts"]
            urls = [f"http://{self.headers['Host']}/parts/{part}?part={part}" for part in range(number)]
            self._json(201, {"id": 1, "name": "x", "uploadUrls": urls})
        else:
            self._answer(204, b"")

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        if path == "/files/1":
            size = os.path.getsize(self.content)
            url = f"http://{self.headers['Host']}/content?signature=1"
            self._json(200, {"id": 1, "name": "x", "fileUrl": url, "fileSize": size})
        elif path == "/content":
            self._send_content()
        else:
            self._json(200, {"id": 1})

    def _read_body(self, is_kept: bool = False) -> bytes:
        """Read a body into one buffer."""
        left, view = int(self.headers.get("Content-Length", 0)), memoryview(bytearray(BLOCK))
        if is_kept:
            return self.rfile.read(left)
        begin, got = time.perf_counter(), 0
        while left:
            count = self.rfile.readinto(view[: min(left, BLOCK)])  # type: ignore[attr-defined]
            if not count:
                raise ConnectionError
            left, got = left - count, got + count
            self._keep_rate(begin, got)
        return b""

    def _send_content(self) -> None:
        """Send the content, or a range of it."""
        size = os.path.getsize(self.content)
        found = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(found[1]), int(found[2] or size - 1)) if found else (0, size - 1)
        self.send_response_only(206 if found else 200)
        self.send_header("ETag", ETAG)
        self.send_header("Accept-Ranges", "bytes")
        if found:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.flush()
        begin, place = time.perf_counter(), first
        with self.content.open("rb") as file, contextlib.suppress(ConnectionError):
            while place <= last:
                most = min(BLOCK, last + 1 - place)
                place += os.sendfile(self.connection.fileno(), file.fileno(), place, most)
                self._keep_rate(begin, place - first)

    def _keep_rate(self, begin: float, moved: int) -> None:
        """Wait where the connection is ahead of its rate."""
        if self.rate:
            time.sleep(max(0.0, begin + moved / self.rate - time.perf_counter()))

    def _json(self, status: int, body: object) -> None:
        self._answer(status, json.dumps(body).encode(), **{"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole answer."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    """Says nothing about clients that leave."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def storing(content: Path, rate: float = 0.0) -> Iterator[str]:
    """Serve from a process of its own and give the address.

    Parameters
    ----------
    content : path
        What every download gets.
    rate : float, optional
        Bytes a second over one connection; 0: as many as it can. Default: 0.
    """
    command = [sys.executable, *interpreter_options(), "-m", "benchmarks.storage", str(content), str(rate)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=program_environment()
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.stdin.close()
        process.wait()


def main() -> None:
    """Serve until standard input ends."""
    _Handler.content, _Handler.rate = Path(sys.argv[1]), float(sys.argv[2])
    server = _Server(("127.0.0.1", 0), _Handler)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()

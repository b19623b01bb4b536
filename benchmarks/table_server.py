"""A stand-in platform whose query has run already: each client only has to fetch and read the result.

Run as a program (``python -m benchmarks.table_server FILE DESCRIPTION TYPES``) it prints its port and serves
the gzip file until its standard input ends.
"""

from __future__ import annotations

import json
import mmap
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

USER = {"id": 1, "username": "ann", "name": "Ann", "initials": "A", "online": True, "email": "a@example.com"}
RUN = {
    "id": 2, "sqlId": 1, "state": "succeeded", "isCancelRequested": False, "startedAt": None,
    "finishedAt": "2024-01-01T00:00:00Z", "error": None,
}  # fmt: skip

#: Bytes sent at a time.
BLOCK = 4 << 20


def answers(file: Path, description: Path, types: list[dict[str, str]], url: str) -> dict[str, Any]:
    """Give what each kind of request is answered, by a pattern of its target."""
    output = {"outputName": "out.csv.gz", "fileId": 3, "path": f"{url}content"}
    return {
        r"GET /endpoints": json.loads(description.read_text()),
        r"GET /users/me": USER,
        r"GET /databases": [{"id": 9, "name": "local", "adapter": "Redshift"}],
        r"GET /credentials": [{"id": 8, "name": "c", "type": "Database", "username": "ann", "default": True}],
        r"POST /scripts/sql/1/runs": {**RUN, "state": "queued", "output": []},
        r"GET /scripts/sql/1/runs/2": {**RUN, "output": [output]},
        r"GET /jobs/1/runs/2": {**RUN, "output": [output]},
        r"POST /scripts/sql": {"id": 1},
        r"GET /scripts/sql/1": {"id": 1},
        r"GET /files/3": {
            "id": 3, "name": "out.csv.gz", "fileUrl": f"{url}content", "fileSize": file.stat().st_size,
            "detectedInfo": {"tableColumns": types},
        },
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    """Answers what was prepared."""

    protocol_version = "HTTP/1.1"
    # An answer goes out at once and whole: without these each would take 40 ms more.
    wbufsize = 1 << 20
    disable_nagle_algorithm = True
    prepared: dict[str, bytes]
    content: mmap.mmap

    def do_GET(self) -> None:
        """Give the content, whole or a range of it, or what was prepared."""
        if self.path.startswith("/content"):
            self._send_content()
        else:
            self._send_prepared("GET")

    def do_POST(self) -> None:
        """Take a body, and give what was prepared."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._send_prepared("POST")

    def _send_content(self) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted else 0
        end = int(wanted[2]) + 1 if wanted and wanted[2] else len(self.content)
        end = min(end, len(self.content))
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(self.content)}")
        self.send_header("Content-Length", str(end - begin))
        self.send_header("ETag", '"one"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        with memoryview(self.content) as content:
            for place in range(begin, end, BLOCK):
                self.wfile.write(content[place : min(end, place + BLOCK)])

    def _send_prepared(self, method: str) -> None:
        target = f"{method} {self.path.partition('?')[0].rstrip('/')}"
        body = self.prepared.get(target, b"[]")
        self.send_response(200 if target in self.prepared else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """Says nothing about clients that leave."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until the input ends."""
    file, description, types = (Path(each) for each in sys.argv[1:4])
    server = _Server(("127.0.0.1", 0), _Handler)
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    prepared = answers(file, description, json.loads(types.read_text()), url)
    _Handler.prepared = {target: json.dumps(body).encode() for target, body in prepared.items()}
    with file.open("rb") as opened:
        _Handler.content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()

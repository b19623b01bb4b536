"""A storage service on this machine, and the resource `files` of a client that leads to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from civis._errors import CivisNotFoundError


class _Handler(BaseHTTPRequestHandler):
    """Takes forms and parts, gives contents; what goes wrong is what the test put into `storage.refuse`."""

    # One request a connection, so that no thread of the server waits for another.
    protocol_version = "HTTP/1.0"
    storage: Storage

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        boundary = b"--" + self.headers["Content-Type"].partition("boundary=")[2].encode()
        fields = {}
        for section in body.split(boundary)[1:-1]:
            head, _, content = section[2:].partition(b"\r\n\r\n")
            fields[head.split(b'name="')[1].split(b'"')[0].decode()] = content[:-2]
        assert next(iter(fields)) == "key"
        assert list(fields)[-1] == "file"
        self.storage.form_fields.append([name for name in fields if name != "file"])
        self.answer_upload(fields["key"].decode(), fields["file"])

    def do_PUT(self) -> None:
        self.answer_upload(self.path.partition("?")[0], self.rfile.read(int(self.headers["Content-Length"])))

    def answer_upload(self, key: str, content: bytes) -> None:
        assert "Authorization" not in self.headers
        if key in self.storage.refused:
            self.answer(403, b"refused")
        else:
            self.storage.contents[key] = content
            self.answer(204, b"", ETag='"1"')

    def do_GET(self) -> None:
        key = self.path.partition("?")[0]
        if key in self.storage.refused or key not in self.storage.contents:
            self.answer(404, b"gone")
            return
        content = self.storage.contents[key]
        if key in self.storage.broken:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        self.answer(206 if "Range" in self.headers else 200, content[start:])

    def answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            if status != 204 or name != "Content-Length":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Made(SimpleNamespace):
    """An answer of the platform, as far as files need it."""

    def json(self, snake_case: bool = True) -> Any:
        """The answer with the platform's own keys."""
        assert snake_case is False
        return {"uploadFields": self.upload_fields}

    def get(self, name: str) -> Any:
        """One value."""
        return getattr(self, name, None)


class Storage:
    """Contents by their keys, and the resource `files` of a client."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.contents: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.broken: set[str] = set()
        self.form_fields: list[list[str]] = []
        self.posted: list[dict[str, Any]] = []
        self.files: dict[int, Any] = {}
        self.completed: list[int] = []
        self.part_count = 0

    def post(self, name: str, **told: Any) -> Any:
        """Make a file to be sent as a form."""
        key = f"/f{len(self.files)}"
        self._add(name, told, [key])
        fields = {"policy": "signed", "x-amz-Date": "20260101", "key": key}
        return Made(id=len(self.files) - 1, upload_url=f"{self.url}/?Signature=s3cr3t", upload_fields=fields)

    def post_multipart(self, name: str, num_parts: int, **told: Any) -> Any:
        """Make a file to be sent in parts."""
        self.part_count = num_parts
        keys = [f"/f{len(self.files)}p{number}" for number in range(num_parts)]
        self._add(name, told, keys)
        return Made(id=len(self.files) - 1, upload_urls=[f"{self.url}{key}?Signature=s3cr3t" for key in keys])

    def post_multipart_complete(self, file_id: int) -> None:
        """Take a file in parts as complete."""
        self.completed.append(file_id)

    def get(self, file_id: int) -> Any:
        """A file."""
        if file_id not in self.files:
            raise CivisNotFoundError(
                SimpleNamespace(status_code=404, headers={}, content=json.dumps({}).encode())
            )
        return self.files[file_id]

    def content(self, file_id: int) -> bytes:
        """What a file holds."""
        return b"".join(self.contents[key] for key in self.files[file_id].keys)

    def add(self, content: bytes, name: str = "some.csv") -> int:
        """Put a file there."""
        self.post(name)
        self.contents[self.files[len(self.files) - 1].keys[0]] = content
        return len(self.files) - 1

    def _add(self, name: str, told: dict[str, Any], keys: list[str]) -> None:
        """Note a file."""
        self.posted.append({"name": name, **told})
        file_url = f"{self.url}{keys[0]}?Signature=s3cr3t"
        number = len(self.files)
        self.files[number] = Made(id=number, name=name, file_url=file_url, keys=keys, file_size=None)


@contextmanager
def serve() -> Iterator[Storage]:
    """Run a storage service."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = False
        storage = handler.storage = Storage(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield storage
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def storage() -> Iterator[Storage]:
    """A storage service without contents."""
    with serve() as running:
        yield running


@pytest.fixture
def client(storage: Storage) -> Any:
    """A client whose files are in that storage."""
    return SimpleNamespace(files=storage)

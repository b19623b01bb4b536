"""Blobs behind a real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from civis._clock import FakeClock
from civis.local.blobs import Blobs


@dataclass
class Served:
    """Blobs, the clock that ends their URLs, and where they lie."""

    blobs: Blobs
    clock: FakeClock
    folder: Path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    listener = socket.create_server(("127.0.0.1", 0))
    clock = FakeClock(1_700_000_000)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    blobs = Blobs(tmp_path / "blobs", b"s" * 32, lambda: base_url, clock)
    application = Starlette(routes=[Mount("/blobs", app=blobs.app)])
    server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Served(blobs, clock, tmp_path / "blobs")
    finally:
        server.should_exit = True
        thread.join()
        listener.close()

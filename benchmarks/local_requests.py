"""The local platform's answers: how many a second, and how long searches and lists of 100,000 objects take.

Also how long it takes to start, by itself and as ``civis local start``, and how much memory its process has
with these objects: at rest, after all lists were asked for, and once the SQL engine is loaded, too.

Run as ``python -m benchmarks.local_requests``. A bare Starlette application with an answer as long, on the
same server, stands beside: the ratio to it says what the platform adds, whatever else the machine is doing.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from benchmarks.tables import Table, keep, main_arguments
from civis.local.platform import Platform
from civis.local.serving import Server, bind, url_of
from civis.local.state import schema

OBJECTS = 100_000
RUNS = 50_000
_SECONDS = 1.0
_KINDS = ("sql_script", "python3_script", "import", "csv_import", "project", "notebook")
_STATES = ("succeeded", "succeeded", "failed", "cancelled")
_WORDS = ("daily", "voter", "report", "survey", "export", "Ärzte")
_LISTS = {
    "search, two words": "/search?query=voter%20daily",
    "search, all": "/search",
    "search, capitals of another alphabet": "/search?query=%C3%84RZTE",
    "search, by the last run's state": "/search?last_run_state=running",
    "scripts, a page of 50": "/scripts?limit=50",
    "scripts that are running": "/scripts?status=running",
    "jobs that never ran": "/jobs?state=idle",
    "jobs by name": "/jobs?q=voter",
    "scripts by name": "/scripts?limit=50&order=name",
    "scripts by last run": "/scripts?limit=50&order=last_run.updated_at",
    "scripts that succeeded": "/scripts?limit=50&status=succeeded",
    "scripts of an author": "/scripts?limit=50&author=1",
    "imports by last run": "/imports?limit=50&order=last_run.updated_at",
    "imports that are running": "/imports?limit=50&status=running",
    "notebooks by name": "/notebooks?limit=50&order=name",
    "projects": "/projects?limit=50",
}


class Caller:
    """One kept-alive connection to a server."""

    def __init__(self, url: str, key: str, process: int | None = None) -> None:
        self._process = process
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> bytes:
        """Ask for something that is there."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return content

    def rate(self, path: str) -> float:
        """Tell how many answers a second come one after the other."""
        begin, number = time.perf_counter(), 0
        while time.perf_counter() - begin < _SECONDS:
            self.get(path)
            number += 1
        return number / (time.perf_counter() - begin)

    def megabytes(self) -> float:
        """Tell how much memory the server's process has."""
        return float(psutil.Process(self._process).memory_info().rss / 1024**2)

    def milliseconds(self, path: str) -> float:
        """Tell how long one answer takes."""
        begin = time.perf_counter()
        self.get(path)
        return (time.perf_counter() - begin) * 1000


def serve(what: str, data_dir: Path | None = None) -> None:
    """Serve the platform, or a bare application, until the standard input ends: a program of its own."""
    if what == "platform":
        with Platform(data_dir, is_working=False) as platform:
            print(platform.url, platform.api_key, flush=True)
            sys.stdin.read()
        return

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"id": 1, "name": "x" * 1000})

    listener = bind("127.0.0.1", 0)
    server = Server(Starlette(routes=[Route("/{path:path}", answer)]), listener)
    server.start()
    print(url_of(listener.getsockname()[:2]), "no-key", flush=True)
    sys.stdin.read()
    server.stop()


@contextmanager
def served(*what: str) -> Iterator[Caller]:
    """Have a program serve, and call it."""
    command = [sys.executable, "-m", "benchmarks.local_requests", *what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        yield Caller(url, key, process.pid)
        process.stdin.close()


def started() -> float:
    """Tell how many seconds pass from ``civis local start`` on a new directory to the first answer."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "civis", "local", "start", "--port", "0", "--data-dir", folder]
        told: dict[str, str] = {}
        begin = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            while len(told) < 2:
                name, _, value = process.stdout.readline().strip().removeprefix("export ").partition("=")
                told |= {name: value} if name.startswith("CIVIS_API_") else {}
            Caller(told["CIVIS_API_ENDPOINT"], told["CIVIS_API_KEY"]).get("/users/me")
            seconds = time.perf_counter() - begin
            process.terminate()
        return seconds


def fill(platform: Platform) -> None:
    """Put many objects into a platform's state, a tenth of them archived."""
    chosen, now = random.Random(1), platform.now
    document: dict[str, object] = {
        "sql": "select 1 " * 20,
        "params": [],
        "remote_host_id": 1,
        "credential_id": 1,
    }
    document |= {"sync_type": "Dbsync", "is_outbound": False, "schedule": {}, "time_zone": "UTC"}  # imports
    with platform.state.begin() as connection:
        last = connection.execute(sa.select(schema.identities.c.last_id)).scalar_one()
        rows = [
            {
                "id": last + number,
                "kind": chosen.choice(_KINDS),
                "name": f"{chosen.choice(_WORDS)} {chosen.choice(_WORDS)} {number}",
                "author_id": 1,
                "archived": number % 10 == 0,
                "created_at": now,
                "updated_at": now - timedelta(seconds=chosen.randrange(10**6)),
                "document": document,
            }
            for number in range(1, OBJECTS + 1)
        ]
        connection.execute(sa.insert(schema.objects), rows)
        ended = [
            {
                "id": last + OBJECTS + number,
                "job_id": last + chosen.randrange(1, OBJECTS + 1),
                "state": chosen.choice(_STATES),
                "created_at": now,
                "started_at": now,
                "finished_at": now + timedelta(seconds=chosen.randrange(10**6)),
                "document": {},
            }
            for number in range(1, RUNS + 1)
        ]
        connection.execute(sa.insert(schema.runs), ended)
        connection.execute(sa.update(schema.identities).values(last_id=last + OBJECTS + RUNS))


def main() -> None:
    """Measure and print."""
    arguments = main_arguments(__doc__ or "", 5)
    print(f"load {os.getloadavg()[0]:.1f}")
    rates = Table("Answers one after the other on one connection", "answers a second")
    lists = Table(f"Searches and lists of {OBJECTS:,} objects", "milliseconds")
    memory = Table(f"Memory of the platform's process with {OBJECTS:,} objects", "MB")
    starts = Table("From the program's start to the platform's first answer", "seconds")
    with served("bare") as bare, served("platform") as platform:
        measured: dict[str, list[float]] = {"bare Starlette": [], "GET /users/me": []}
        for _ in range(arguments.repeats):  # in turn, so that both have the machine alike
            measured["bare Starlette"].append(bare.rate("/users/me"))
            measured["GET /users/me"].append(platform.rate("/users/me"))
        for name, values in measured.items():
            rates.add(name, values)
    for what in ("bare", "platform"):
        seconds = []
        for _ in range(arguments.repeats):
            begin = time.perf_counter()
            with served(what):
                seconds.append(time.perf_counter() - begin)
        starts.add(what, seconds)
    starts.add("civis local start", [started() for _ in range(arguments.repeats)])
    with tempfile.TemporaryDirectory() as folder:
        with Platform(Path(folder), is_working=False) as filled:
            fill(filled)
        with served("platform", folder) as caller:  # a process of its own, so that its memory is the server's
            caller.get("/users/me")
            memory.add("at rest", [caller.megabytes()])
            for name, path in _LISTS.items():
                lists.add(name, [caller.milliseconds(path) for _ in range(arguments.repeats)])
            memory.add("after searches and lists", [caller.megabytes()])
            [database] = json.loads(caller.get("/databases"))
            caller.get(f"/databases/{database['id']}/schemas")
            memory.add("with the SQL engine", [caller.megabytes()])
    rates.show("bare Starlette")
    starts.show("bare")
    lists.show("scripts, a page of 50")
    memory.show("at rest")
    keep(arguments.json, [rates, starts, lists, memory])


if __name__ == "__main__":
    if sys.argv[1:2] in (["platform"], ["bare"]):
        serve(sys.argv[1], Path(sys.argv[2]) if sys.argv[2:] else None)
    else:
        main()

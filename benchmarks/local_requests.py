"""The local platform's answers: how many a second, and how long searches and lists of 100,000 objects take.

Run as ``python -m benchmarks.local_requests``. A bare Starlette application with an answer as long, on the
same server, stands beside: the ratio to it says what the platform adds, whatever else the machine is doing.
"""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

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
_SECONDS = 1.0
_KINDS = ("sql_script", "python3_script", "csv_import", "project", "notebook")
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
}


class Caller:
    """One kept-alive connection to a server."""

    def __init__(self, url: str, key: str) -> None:
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

    def milliseconds(self, path: str) -> float:
        """Tell how long one answer takes."""
        begin = time.perf_counter()
        self.get(path)
        return (time.perf_counter() - begin) * 1000


def serve(what: str) -> None:
    """Serve the platform, or a bare application, until the standard input ends: a program of its own."""
    if what == "platform":
        with Platform(is_working=False) as platform:
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
def served(what: str) -> Iterator[Caller]:
    """Have a program serve, and call it."""
    command = [sys.executable, "-m", "benchmarks.local_requests", what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Caller(*process.stdout.readline().split())
        process.stdin.close()


def fill(platform: Platform) -> None:
    """Put many objects into a platform's state, a tenth of them archived."""
    chosen, now = random.Random(1), platform.now
    document = {"sql": "select 1 " * 20, "params": [], "remote_host_id": 1, "credential_id": 1}
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
        connection.execute(sa.update(schema.identities).values(last_id=last + OBJECTS))


def main() -> None:
    """Measure and print."""
    arguments = main_arguments(__doc__ or "", 5)
    print(f"load {os.getloadavg()[0]:.1f}")
    rates = Table("Answers one after the other on one connection", "answers a second")
    lists = Table(f"Searches and lists of {OBJECTS:,} objects", "milliseconds")
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
    with Platform(is_working=False) as filled:
        fill(filled)
        caller = Caller(filled.url, filled.api_key)
        for name, path in _LISTS.items():
            lists.add(name, [caller.milliseconds(path) for _ in range(arguments.repeats)])
    rates.show("bare Starlette")
    starts.show("bare")
    lists.show("scripts, a page of 50")
    keep(arguments.json, [rates, starts, lists])


if __name__ == "__main__":
    if sys.argv[1:2] in (["platform"], ["bare"]):
        serve(sys.argv[1])
    else:
        main()

"""Runs of SQL scripts that do nothing, from the requests that start them to the end of the last one.

Run as ``python -m benchmarks.sql_runs``. The platform is a process of its own; the scripts are made before
the clock starts, their runs are started by a few threads through one client, the way a user would, and the
clock stops when the platform lists no script that is queued or running.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from benchmarks.tables import Table, keep, main_arguments
from civis import APIClient
from civis.local.platform import Platform

RUNS = 1000
THREADS = 4
_WAIT_SECONDS = 0.05
_MOST_SECONDS = 300.0
_STATEMENTS = {
    "a query of one row, which becomes a file": "select 1 as a",
    "a query without rows": "select 1 as a where false",
}


def serve() -> None:
    """Serve a platform until the standard input ends: a program of its own."""
    with Platform() as platform:
        print(platform.url, platform.api_key, flush=True)
        sys.stdin.read()


@contextmanager
def served() -> Iterator[APIClient]:
    """Have a program serve a platform, and give its client."""
    command = [sys.executable, "-m", "benchmarks.sql_runs", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        os.environ["CIVIS_API_ENDPOINT"], key = process.stdout.readline().split()
        yield APIClient(api_key=key)
        process.stdin.close()


def make_scripts(client: Any, sql: str, count: int) -> list[int]:
    """Make scripts, each of which can have one run at a time."""
    [database] = client.databases.list()
    credential = client.default_database_credential_id

    def make(number: int) -> int:
        return int(client.scripts.post_sql(f"no-op {number}", sql, database.id, credential).id)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(make, range(count)))


def is_over(client: Any) -> bool:
    """Tell whether no script is queued or running."""
    return not client.scripts.list(status=["queued", "running"], limit=1)


def rate(client: Any, scripts: list[int]) -> tuple[float, float]:
    """Start a run of each script; tell how many a second were started, and how many from start to end."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        started = list(threads.map(lambda script: client.scripts.post_sql_runs(script).id, scripts))
    posted = time.perf_counter()
    while not is_over(client):
        assert time.perf_counter() - begin < _MOST_SECONDS, "the runs do not end"
        time.sleep(_WAIT_SECONDS)
    ended = time.perf_counter()
    states = {
        client.scripts.get_sql_runs(script, run).state for script, run in zip(scripts, started, strict=True)
    }
    assert states == {"succeeded"}, states
    return len(scripts) / (posted - begin), len(scripts) / (ended - begin)


def main() -> None:
    """Measure and print."""
    arguments = main_arguments(__doc__ or "", 3)
    print(f"load {os.getloadavg()[0]:.1f}")
    table = Table(f"{RUNS:,} runs of SQL scripts that do nothing", "runs a second")
    for name, sql in _STATEMENTS.items():
        with served() as client:
            scripts = make_scripts(client, sql, RUNS)
            rate(client, scripts[:50])
            figures = [rate(client, scripts) for _ in range(arguments.repeats)]
        table.add(f"{name}: started", [started for started, _ in figures])
        table.add(f"{name}: from start to end", [whole for _, whole in figures])
    table.show(f"{next(iter(_STATEMENTS))}: from start to end")
    keep(arguments.json, [table])


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()

"""The local platform: runs that do nothing, lines of logs, and CSV beside DuckDB's bare COPY.

Run as ``python -m benchmarks.local_platform``; the figures are rates, so more is better.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.tables import Table, keep, main_arguments
from civis.local.jobs import submit_run
from civis.local.platform import Platform
from civis.local.state import objects, runs
from civis.local.warehouse import CsvColumn, CsvFormat, TableLoad, Warehouse

ROWS = 1_000_000
RUNS = 1000
PROGRAMS = 20
LINES = 500_000
_QUERY = (
    f"select i as id, 'name ' || i as name, i / 7.0 as score, date '2024-01-01' + (i % 365)::int as day "
    f"from range({ROWS}) t(i)"
)
_COLUMNS = ("id", "BIGINT"), ("name", "VARCHAR(40)"), ("score", "DOUBLE PRECISION"), ("day", "DATE")


def _rate(amount: int, work: Callable[[], object]) -> float:
    """Tell how many a second."""
    begin = time.perf_counter()
    work()
    return amount / (time.perf_counter() - begin)


def run_rate(platform: Platform, kind: str = "sql_script", count: int = RUNS) -> float:
    """Queue many runs at once and wait for the last."""
    with platform.state.begin() as connection:
        [first, *_] = objects.select_objects(connection, kind)
        now = platform.clock.time()
        jobs = [
            objects.insert(connection, kind, first.document, now=now, name="no-op", author_id=first.author_id)
            for _ in range(count)
        ]

    def work() -> None:
        with platform.state.begin() as connection:
            for job in jobs:
                submit_run(platform, connection, job)
        while True:
            with platform.state.read() as connection:
                if not runs.count_runs(connection, state=("queued", "running")):
                    return
            time.sleep(0.005)

    return _rate(count, work)


def _make_container(client: Any, command: str) -> int:
    """Make a container script."""
    resources = {"cpu": 1, "memory": 64}
    return int(client.scripts.post_containers(docker_command=command, required_resources=resources).id)


def _run_container(client: Any, job: int) -> None:
    """Run a container script from the request to its end."""
    run = client.scripts.post_containers_runs(job).id
    while client.scripts.get_containers_runs(job, run).state not in ("succeeded", "failed"):
        time.sleep(0.002)


def _programs(client: Any, repeats: int) -> tuple[Table, Table]:
    """Measure what a run adds to its program, and how fast a program's lines become a log."""
    begun, lines = (
        Table("Container runs that do nothing", "seconds"),
        Table("Lines of a log", "lines a second"),
    )
    idle, loud = _make_container(client, "true"), _make_container(client, f"seq {LINES}")
    _run_container(client, idle)
    bare = [1 / _rate(1, lambda: subprocess.run(["sh", "-c", "true"], check=True)) for _ in range(PROGRAMS)]
    begun.add("the program alone", bare)
    begun.add(
        "from post_runs to succeeded", [1 / _rate(1, lambda: _run_container(client, idle)) for _ in bare]
    )
    lines.add(
        "from post_runs to succeeded",
        [_rate(LINES, lambda: _run_container(client, loud)) for _ in range(repeats)],
    )
    return begun, lines


def _transfers(folder: Path, table: Table, repeats: int) -> None:
    """Measure imports and exports of a million rows."""
    path, out = folder / "rows.csv", folder / "out.csv"
    with duckdb.connect() as bare, Warehouse(folder / "warehouse") as warehouse:
        bare.execute(f"copy ({_QUERY}) to '{path}' (header)")
        warehouse.add("local")
        database = warehouse.database("local")
        load = TableLoad(
            "drop", columns=tuple(CsvColumn(*each) for each in _COLUMNS), first_row_is_header=True
        )
        definition = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS)
        measured: dict[str, Callable[[], object]] = {
            "import, DuckDB's COPY": lambda: bare.execute(
                f"create or replace table t ({definition}); copy t from '{path}' (header)"
            ),
            "import, ours": lambda: database.load_csv([path], "public", "t", load, user="ann"),
            "export, DuckDB's COPY": lambda: bare.execute(f"copy t to '{out}' (header)"),
            "export, ours": lambda: database.export("select * from t", folder, CsvFormat(), user="ann"),
        }
        for name, work in measured.items():
            table.add(name, [_rate(ROWS, work) for _ in range(repeats)])


def main() -> None:
    """Measure and print."""
    arguments = main_arguments(__doc__ or "", 5)
    work = Table("Runs of SQL scripts that do nothing", "runs a second")
    transfers = Table("CSV of a million rows", "rows a second")
    with tempfile.TemporaryDirectory() as folder, Platform() as platform:
        client = platform.client()
        [database] = client.databases.list()
        client.scripts.post_sql("no-op", "select 1 as a", database.id, client.default_database_credential_id)
        work.add("queued at once", [run_rate(platform) for _ in range(arguments.repeats)])
        begun, lines = _programs(client, arguments.repeats)
        _transfers(Path(folder), transfers, arguments.repeats)
    work.show("queued at once")
    begun.show("the program alone")
    lines.show("from post_runs to succeeded")
    transfers.show("import, DuckDB's COPY")
    keep(arguments.json, [work, begun, lines, transfers])


if __name__ == "__main__":
    main()

"""Tables in and out: ours beside the public client and the bare parsers, on the flights of 2013.

Reads are measured on a stand-in platform whose query has run already (what is left is the client's part);
writes on the local platform, from the call to the finished import. Each figure is of a process of its own:
the median of some repeats after one that does not count, and the peak of its memory.
Run as ``python -m benchmarks.data``.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv

from benchmarks.description import description_path
from benchmarks.peers import interpreters, run_program
from benchmarks.tables import Table, keep, main_arguments
from civis.cli.demo import load_flights
from civis.io._frames import frame_columns, frame_to_arrow
from civis.local import Platform

#: What is measured: code that is repeated, after imports; `file` is the local gzip file.
READS = {
    "list": "civis.io.read_civis_sql('select 1', 'local', client=client, polling_interval=0.01)",
    "pandas": "civis.io.read_civis_sql("
    "'select 1', 'local', return_as='pandas', client=client, polling_interval=0.01)",
    "polars": "civis.io.read_civis_sql("
    "'select 1', 'local', return_as='polars', client=client, polling_interval=0.01)",
    "arrow": "civis.io.read_civis_sql("
    "'select 1', 'local', return_as='arrow', client=client, polling_interval=0.01)",
    "civis_to_csv": "civis.io.civis_to_csv("
    "target, 'select 1', 'local', client=client, polling_interval=0.01).result()",
}
BARE = {
    "polars": "polars.read_csv(file)",
    "pandas": "pandas.read_csv(file)",
    "arrow": "pyarrow.csv.read_csv(pyarrow.BufferReader(igzip.decompress(open(file, 'rb').read())))",
    "list": "list(csv.reader(gzip.open(file, 'rt', newline='')))",
}
PROGRAM = """
import gc, json, resource, sys, time, threading
action, repeats, endpoint, file, target, imports = sys.argv[1:]
import os
os.environ["CIVIS_API_ENDPOINT"] = endpoint
exec(imports)
def memory():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 2**20
def peak_memory():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024
code = compile(action, "action", "eval")
with open("/proc/self/clear_refs", "w") as f:
    f.write("5")
times, before = [], memory()
for repeat in range(1 + int(repeats)):
    start = time.perf_counter()
    kept = eval(code)
    times.append(time.perf_counter() - start)
    if not repeat:
        peak = peak_memory() - before
    del kept
    gc.collect()
print(json.dumps([times[1:], peak]))
"""
IMPORT_CLIENT = "import civis, pandas, polars, pyarrow.csv; client = civis.APIClient(api_key='k')"
IMPORT_BARE = "import csv, gzip, pandas, polars, pyarrow, pyarrow.csv\nfrom isal import igzip"
WRITE = (
    "civis.io.dataframe_to_civis("
    "frame, 'local', 'public.flights', existing_table_rows='drop', client=client, "
    "polling_interval=0.02).result()"
)
IMPORT_WRITE = (
    "import civis, pandas, os; client = civis.APIClient(api_key=os.environ['CIVIS_API_KEY'])\n"
    "frame = pandas.read_csv(file)"
)


@contextmanager
def standing_in(file: Path, types: Path) -> Iterator[str]:
    """Serve a result from a process of its own; its address."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.table_server",
        str(file),
        str(description_path()),
        str(types),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        process.stdin.close()
    finally:
        process.kill()
        process.wait()


def measure(
    python: Path, action: str, imports: str, repeats: int, endpoint: str, file: Path, environment: Any = None
) -> tuple[list[float], float]:
    """Run an action in a process of its own; its seconds and its peak of memory in MiB."""
    target = str(file.with_name("target.csv"))
    found = run_program(
        python, PROGRAM, action, str(repeats), endpoint, str(file), target, imports, environment=environment
    )
    times, peak = cast("tuple[list[float], float]", found)
    return times, peak


def _reads(folder: Path, file: Path, types: Path, repeats: int) -> list[Table]:
    """Measure reads on the stand-in."""
    tables = []
    with standing_in(file, types) as url:
        for name, action in READS.items():
            seconds = Table(f"{name}: time", "s")
            memory = Table(f"{name}: peak memory over the start", "MiB")
            programs = {who: (python, action, IMPORT_CLIENT) for who, python in interpreters().items()}
            if name == "arrow":
                del programs["public client"]  # it reads into lists, pandas and polars
            if name in BARE:
                programs["bare parser"] = (Path(sys.executable), BARE[name], IMPORT_BARE)
            for who, (python, code, imports) in programs.items():
                times, peak = measure(python, code, imports, repeats, url, file)
                seconds.add(who, times)
                memory.add(who, [peak])
            tables += [seconds, memory]
    return tables


def _writes(file: Path, repeats: int) -> Table:
    """Measure a frame written into a table of the local platform."""
    table = Table("dataframe_to_civis of the flights, from the call to the finished import", "s")
    with Platform() as platform:
        url, environment = platform.url, {"CIVIS_API_KEY": platform.api_key}
        for who, python in interpreters().items():
            times, _ = measure(python, WRITE, IMPORT_WRITE, repeats, url, file, environment)
            table.add(who, times)
    return table


def main() -> None:
    """Measure and print."""
    arguments = main_arguments(__doc__ or "", 5)
    with TemporaryDirectory() as name:
        folder = Path(name)
        flights = frame_to_arrow(load_flights())
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(flights, sink)
        file, types = folder / "flights.csv.gz", folder / "types.json"
        file.write_bytes(gzip.compress(sink.getvalue().to_pybytes(), 1))
        columns = frame_columns(flights)
        types.write_text(json.dumps([{"name": c["name"], "sqlType": c["sql_type"]} for c in columns]))
        tables = [*_reads(folder, file, types, arguments.repeats), _writes(file, arguments.repeats)]
    for table in tables:
        table.show("public client" if any(row[0] == "public client" for row in table.rows) else "bare parser")
    keep(arguments.json, tables)


if __name__ == "__main__":
    main()

"""Tables in and out: ours beside the public client and the bare parsers, on the flights of 2013.

Reads are measured on a stand-in platform whose query has run already: what is left are the calls around the
query, which a result of one row shows apart, and the data. Writes are measured on the local platform, from
the call to the finished import. Processes take turns; each repeats what it does after once that does not
count. Wall time is the median of all repeats; processor time and the peak of memory are the least ones.

Run as ``python -m benchmarks.data``; ``--copies 15`` reads 514 MB of CSV
instead of 34, and ``--stream 5`` streams 5 GB in batches as well, and measures the memory.
"""

from __future__ import annotations

import gzip
import itertools
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv

from benchmarks.description import description_path
from benchmarks.peers import interpreters, run_program
from benchmarks.tables import Table, keep, main_parser
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
times, processor, before = [], [], memory()
for repeat in range(1 + int(repeats)):
    start, used = time.perf_counter(), time.process_time()
    kept = eval(code)
    times.append(time.perf_counter() - start)
    processor.append(time.process_time() - used)
    if not repeat:
        peak = peak_memory() - before
    del kept
    gc.collect()
print(json.dumps([times[1:], processor[1:], peak]))
"""
STREAM = (
    "sum(batch.num_rows for batch in civis.io.iter_civis_sql("
    "'select 1', 'local', client=client, polling_interval=0.01))"
)
IMPORT_CLIENT = "import civis, pandas, polars, pyarrow.csv; client = civis.APIClient(api_key='k')"
IMPORT_STREAM = "import civis, pyarrow.csv; client = civis.APIClient(api_key='k')"
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


@dataclass
class Sample:
    """What a process measured: wall and processor seconds of each repeat, and its peak of memory in MiB."""

    times: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)


def measure(
    sample: Sample,
    program: tuple[Path, str, str],
    repeats: int,
    endpoint: str,
    file: Path,
    environment: Any = None,
) -> None:
    """Run an interpreter's action with its imports in a process of its own, and note what it measured."""
    python, action, imports = program
    target = str(file.with_name("target.csv"))
    found = run_program(
        python, PROGRAM, action, str(repeats), endpoint, str(file), target, imports, environment=environment
    )
    times, processor, peak = cast("tuple[list[float], list[float], float]", found)
    sample.times += times
    sample.processor += processor
    sample.peaks.append(peak)


def _read(name: str, urls: tuple[str, str], file: Path, repeats: int, rounds: int) -> list[Table]:
    """Measure one kind of read on two stand-ins: one has the result, the other one row of it."""
    programs = {
        who: (python, READS[name], IMPORT_CLIENT)
        for who, python in interpreters().items()
        if name != "arrow" or who == "ours"  # the public client reads into lists, pandas and polars
    }
    if name in BARE:
        programs["bare parser"] = (Path(sys.executable), BARE[name], IMPORT_BARE)
    whole = {who: Sample() for who in programs}
    calls = {who: Sample() for who in programs if who != "bare parser"}
    for _, (who, program) in itertools.product(range(rounds), programs.items()):
        measure(whole[who], program, repeats, urls[0], file)
        if who in calls:
            measure(calls[who], program, repeats, urls[1], file)
    seconds, processor = Table(f"{name}: wall time", "s"), Table(f"{name}: processor time", "s")
    apart, memory = Table(f"{name}: wall time, the data's part", "s"), Table(f"{name}: peak memory", "MiB")
    for who, sample in whole.items():
        seconds.add(who, sample.times)
        around = statistics.median(calls[who].times) if who in calls else 0.0
        apart.add(who, [each - around for each in sample.times])
        processor.add(who, [min(sample.processor)])
        memory.add(who, [min(sample.peaks)])
    return [seconds, apart, processor, memory]


def _stream(folder: Path, file: Path, types: Path, gigabytes: float) -> Table:
    """Measure the memory of a process that reads a large result in batches."""
    header, _, rows = gzip.decompress(file.read_bytes()).partition(b"\n")
    member = gzip.compress(rows, 1)
    large = folder / "large.csv.gz"
    with large.open("wb") as target:
        target.write(gzip.compress(header + b"\n"))
        for _ in range(round(gigabytes * 1e9 / len(rows))):
            target.write(member)
    sample = Sample()
    with standing_in(large, types) as url:
        measure(sample, (Path(sys.executable), STREAM, IMPORT_STREAM), 0, url, large)
    table = Table(f"{gigabytes:g} GB in batches: peak memory over the start", "MiB")
    table.add("ours", sample.peaks)
    large.unlink()
    return table


def _writes(file: Path, repeats: int) -> Table:
    """Measure a frame written into a table of the local platform."""
    table = Table("dataframe_to_civis of the flights, from the call to the finished import", "s")
    with Platform() as platform:
        url, environment = platform.url, {"CIVIS_API_KEY": platform.api_key}
        for who, python in interpreters().items():
            sample = Sample()
            measure(sample, (python, WRITE, IMPORT_WRITE), repeats, url, file, environment)
            table.add(who, sample.times)
    return table


def _files(folder: Path, copies: int = 1) -> tuple[Path, Path, Path]:
    """Write the flights as a result, one row of them as another, and the types of their columns."""
    flights = pa.concat_tables([frame_to_arrow(load_flights())] * copies)
    for name, table in (("flights", flights), ("row", flights.slice(0, 1))):
        sink = pa.BufferOutputStream()
        pyarrow.csv.write_csv(table, sink)
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(sink.getvalue().to_pybytes(), 1))
    columns = frame_columns(flights)
    types = [{"name": column["name"], "sqlType": column["sql_type"]} for column in columns]
    (folder / "types.json").write_text(json.dumps(types))
    return folder / "flights.csv.gz", folder / "row.csv.gz", folder / "types.json"


def main() -> None:
    """Measure and print."""
    parser = main_parser(__doc__ or "", 5)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each kind, which take turns")
    parser.add_argument("--only", choices=[*READS, "write"], nargs="*", default=[*READS, "write"])
    parser.add_argument("--copies", type=int, default=1, help="how often the flights are in the result read")
    parser.add_argument("--stream", type=float, default=0.0, help="gigabytes to stream in batches")
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        file, row, types = _files(folder, arguments.copies)
        tables = []
        with standing_in(file, types) as url, standing_in(row, types) as row_url:
            for kind in (kind for kind in arguments.only if kind in READS):
                tables += _read(kind, (url, row_url), file, arguments.repeats, arguments.rounds)
        if "write" in arguments.only:
            tables.append(_writes(file, arguments.repeats))
        if arguments.stream:
            tables.append(_stream(folder, file, types, arguments.stream))
    for table in tables:
        names = [row[0] for row in table.rows]
        bases = (who for who in ("public client", "bare parser", "ours") if who in names)
        table.show(next(bases))
    keep(arguments.json, tables)


if __name__ == "__main__":
    main()

"""Files up and down: ours beside the public client and beside bare loops, and the memory of streams.

Run as ``python -m benchmarks.transfers``; rates, so more is better. It writes files of twice ``--megabytes``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import platform
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.description import description_path
from benchmarks.peers import interpreters, run_program
from benchmarks.storage import storing
from benchmarks.tables import Table, keep
from civis._http.inflate import Inflater, engines

# What the two clients do, with the same program.
UPLOAD = """
import json, sys, time
import civis, civis.io
client = civis.APIClient(api_key="k", local_api_spec=sys.argv[1])
client.files.post_multipart
begin = time.perf_counter()
civis.io.file_to_civis(sys.argv[2], client=client)
print(json.dumps(time.perf_counter() - begin))
"""
DOWNLOAD = """
import json, sys, time
import civis, civis.io
client = civis.APIClient(api_key="k", local_api_spec=sys.argv[1])
client.files.get
begin = time.perf_counter()
civis.io.civis_to_file(1, sys.argv[2], client=client)
print(json.dumps(time.perf_counter() - begin))
"""
# The least that a program can do: a request for each part in each of eight threads; one request for all.
BARE_PUTS = """
import json, os, sys, time
from concurrent.futures import ThreadPoolExecutor
import urllib3
url, path, part, threads = os.environ["CIVIS_API_ENDPOINT"], sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pool = urllib3.PoolManager(maxsize=threads, blocksize=1 << 20)
size = os.path.getsize(path)
def blocks(file, offset):
    end = min(offset + part, size)
    while offset < end:
        block = os.pread(file, min(1 << 20, end - offset), offset)
        offset += len(block)
        yield block
def put(offset):
    length = str(min(part, size - offset))
    headers = {"Content-Length": length}
    answer = pool.request("PUT", url + f"parts/{offset}", body=blocks(file, offset), headers=headers)
    assert answer.status == 200
begin = time.perf_counter()
file = os.open(path, os.O_RDONLY)
with ThreadPoolExecutor(threads) as workers:
    list(workers.map(put, range(0, size, part)))
print(json.dumps(time.perf_counter() - begin))
"""
BARE_GET = """
import json, os, sys, time
import urllib3
pool = urllib3.PoolManager(blocksize=1 << 20)
begin = time.perf_counter()
answer = pool.request("GET", os.environ["CIVIS_API_ENDPOINT"] + "content", preload_content=False)
with open(sys.argv[1], "wb") as target:
    while block := answer.read1(1 << 20):
        target.write(block)
print(json.dumps(time.perf_counter() - begin))
"""
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
"""
PIPE_MEMORY = """
import json, os, sys, threading
import civis, civis.io
client = civis.APIClient(api_key="k", local_api_spec=sys.argv[1])
client.files.post_multipart
size = int(sys.argv[2])
reading, writing = os.pipe()
def fill():
    block = bytes(1 << 20)
    with os.fdopen(writing, "wb", buffering=0) as target:
        for _ in range(size >> 20):
            view = memoryview(block)
            while view:
                view = view[target.write(view):]
thread = threading.Thread(target=fill)
thread.start()
before = peak()
civis.io.file_to_civis(os.fdopen(reading, "rb"), "pipe", client=client, size=size)
thread.join()
print(json.dumps([peak(), before]))
"""
STREAM_MEMORY = """
import json, os, sys
from civis._http import open_download
total = 0
for _ in range(int(sys.argv[1])):
    with open_download(os.environ["CIVIS_API_ENDPOINT"] + "content", inflate=sys.argv[2] == "gzip") as stream:
        while block := stream.read(1 << 20):
            total += len(block)
print(json.dumps([peak(), total]))
"""
MB = 1_000_000
PART = 16 << 20
MOST_AT_ONCE = 8


def _make_content(path: Path, megabytes: int) -> int:
    """Write bytes that cannot be compressed, 64 MB of them again and again."""
    block = random.Random(1).randbytes(64 * MB)
    with path.open("wb") as file:
        for begin in range(0, megabytes, 64):
            file.write(block[: min(64, megabytes - begin) * MB])
    return path.stat().st_size


def _measure(folder: Path, content: Path, rate: float, repeats: int, title: str) -> list[Table]:
    """Measure uploads and downloads over connections of some rate."""
    size, spec = content.stat().st_size / MB, str(description_path())
    ours, public = interpreters().values()
    up, down = (
        Table(f"Upload of {size:.0f} MB{title}", "MB/s"),
        Table(f"Download of {size:.0f} MB{title}", "MB/s"),
    )
    target = str(folder / "target")
    with storing(content, rate) as url:
        environment = {"CIVIS_API_ENDPOINT": url}

        def rates(python: Path, program: str, *arguments: str) -> list[float]:
            found = []
            for _ in range(repeats):
                Path(target).unlink(missing_ok=True)
                seconds = run_program(python, program, *arguments, environment=environment)
                found.append(size / float(seconds))  # type: ignore[arg-type]
            return found

        puts = (str(content), str(PART), str(MOST_AT_ONCE))
        up.add("bare loop of parallel PUTs", rates(ours, BARE_PUTS, *puts))
        up.add("ours", rates(ours, UPLOAD, spec, str(content)))
        up.add("public client", rates(public, UPLOAD, spec, str(content)))
        down.add("bare GET", rates(ours, BARE_GET, target))
        down.add("ours", rates(ours, DOWNLOAD, spec, target))
        down.add("public client", rates(public, DOWNLOAD, spec, target))
    Path(target).unlink()
    up.show("bare loop of parallel PUTs")
    down.show("bare GET")
    return [up, down]


def _inflating(repeats: int) -> Table:
    """Measure the libraries that undo gzip, on a table as text."""
    chance = random.Random(2)
    rows = "".join(
        f'{chance.randint(1, 10**6)},{chance.random():.6f},"text {chance.randint(1, 9999)}"\n'
        for _ in range(10**6)
    ).encode()
    packed = gzip.compress(rows, 6)
    table = Table(f"Inflating {len(packed) / MB:.0f} MB of gzip", "MB of text a second")
    for engine in reversed(list(engines())):
        name = getattr(engine, "__name__", "isal.igzip_lib")
        table.add(name, [len(rows) / MB / _inflate(engine, packed) for _ in range(repeats)])
    table.show("zlib")
    return table


def _inflate(engine: Any, packed: bytes) -> float:
    """Inflate by an engine and tell how long it took."""
    begin = time.perf_counter()
    inflater = Inflater(engine)
    for place in range(0, len(packed), 1 << 20):
        for _ in inflater.feed(packed[place : place + (1 << 20)]):
            pass
    inflater.finish()
    return time.perf_counter() - begin


def _memory(folder: Path, content: Path) -> Table:
    """Measure the peak of processes that stream."""
    table = Table("Peak memory of the whole process", "MB")
    spec, ours = str(description_path()), interpreters()["ours"]
    packed = folder / "packed.gz"
    with packed.open("wb") as target, gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as pack:
        block = random.Random(3).randbytes(5 * MB).hex().encode()
        for _ in range(50):
            pack.write(block)
    with storing(content) as url:
        environment = {"CIVIS_API_ENDPOINT": url}
        peak, before = run_program(ours, PEAK + PIPE_MEMORY, spec, str(2 << 30), environment=environment)  # type: ignore[misc]
        table.add("before the upload", [before])
        table.add("upload of 2 GB from a pipe", [peak])
        peak, total = run_program(ours, PEAK + STREAM_MEMORY, "5", "plain", environment=environment)  # type: ignore[misc]
        table.add(f"{total / 1e9:.1f} GB streamed", [peak])
    with storing(packed) as url:
        environment = {"CIVIS_API_ENDPOINT": url}
        peak, total = run_program(ours, PEAK + STREAM_MEMORY, "10", "gzip", environment=environment)  # type: ignore[misc]
        table.add(f"{total / 1e9:.1f} GB inflated while streamed", [peak])
    table.show("before the upload")
    return table


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--json", type=Path, help="keep the figures in this file")
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = folder / "content"
        _make_content(content, arguments.megabytes)
        tables = _measure(folder, content, 0.0, arguments.repeats, "")
        tables += _measure(folder, content, 100 * MB, 1, ", 100 MB/s a connection")
        tables += [_inflating(arguments.repeats), _memory(folder, content)]
    keep(arguments.json, tables)


if __name__ == "__main__":
    main()

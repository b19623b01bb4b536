"""Calls in containers of the local platform, beside joblib's loky and a local Dask cluster.

Overhead of one call that does nothing, calls a second in bulk, at which length of calls each backend pays,
and what a call costs in requests and bytes beside the public client. Dask is installed in an environment of
its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.parallel_traffic import OURS, measure_traffic
from benchmarks.peers import FOLDER, program_environment
from benchmarks.tables import Table, keep, main_arguments

JOBS = 4
#: Calls, and seconds that each takes.
LOADS = ((100, 0.0), (1000, 0.0), (40, 0.1), (16, 1.0))
BULK = f"{LOADS[1][0]} x {LOADS[1][1]} s"

LOAD = """
import json, sys, time
import joblib
from joblib import Parallel, delayed

def work(seconds):
    time.sleep(seconds)

def measure(backend, jobs, loads):
    found = {}
    with joblib.parallel_config(backend=backend):
        Parallel(n_jobs=jobs)(delayed(work)(0) for _ in range(jobs))
        for count, seconds in loads:
            start = time.perf_counter()
            Parallel(n_jobs=jobs)(delayed(work)(seconds) for _ in range(count))
            found[f"{count} x {seconds} s"] = time.perf_counter() - start
    return found

if __name__ == "__main__":
    backend, jobs, loads = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    if backend == "dask":
        from dask.distributed import Client
        client = Client(n_workers=jobs, threads_per_worker=1, dashboard_address=None)
    if backend == "civis":
        import civis.parallel
        civis.parallel.register()
    print(json.dumps(measure(backend, jobs, loads)))
    if backend == "dask":
        client.close()
"""
SINGLE = """
import json, os, time
import civis
from civis.parallel import CivisExecutor
from math import sqrt
client = civis.APIClient()
seen = []
plain = client._session.request
def counted(method, path, **more):
    answer = plain(method, path, **more)
    seen.append((method, path))
    return answer
client._session.request = counted
found = []
with CivisExecutor(2, client=client) as executor:
    executor.submit(sqrt, 4).result()
    del seen[:]
    for _ in range(10):
        start = time.perf_counter()
        executor.submit(sqrt, 4).result()
        found.append(time.perf_counter() - start)
print(json.dumps({"seconds": found, "calls": len(seen) / 10}))
"""


def dask_python() -> Path:
    """Make, once, an environment with Dask, and return its interpreter."""
    environment = FOLDER / f"dask-{sys.version_info.major}.{sys.version_info.minor}"
    python = environment / "bin" / "python"
    if not (environment / "complete").exists():
        uv = [sys.executable, "-m", "uv"]
        make = ["venv", "-q", "--allow-existing", "--python", sys.executable, str(environment)]
        subprocess.run([*uv, *make], check=True)
        packages = ["dask[distributed]", "joblib"]
        subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), *packages], check=True)
        (environment / "complete").touch()
    return python


def _run(python: Path, program: str, *arguments: str, on_platform: bool = False) -> Any:
    """Run a program that prints JSON, if wished with a platform of its own."""
    FOLDER.mkdir(exist_ok=True)
    script = FOLDER / "parallel_load.py"
    script.write_text(program)
    before = [sys.executable, "-m", "civis", "local", "exec", "--"] if on_platform else []
    answer = subprocess.run(
        [*before, str(python), str(script), *arguments],
        capture_output=True,
        text=True,
        env=program_environment(),
        cwd=Path(__file__).resolve().parents[1],
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr[-2000:])
    return json.loads(answer.stdout.splitlines()[-1])


def _singles(repeats: int) -> list[Table]:
    """Measure one call at a time."""
    ours = [_run(Path(sys.executable), SINGLE, on_platform=True) for _ in range(repeats)]
    seconds = Table("One call that does nothing, from submit to result", "seconds")
    seconds.add(OURS, [median(each["seconds"]) for each in ours])
    calls = Table("API calls of the program for one such call", "calls")
    calls.add(OURS, [each["calls"] for each in ours])
    return [seconds, calls]


def _loads(repeats: int) -> list[Table]:
    """Measure loads of calls by each backend."""
    arguments = (str(JOBS), json.dumps(LOADS))
    backends: dict[str, Callable[[], Any]] = {
        "loky": lambda: _run(Path(sys.executable), LOAD, "loky", *arguments),
        "dask, local cluster": lambda: _run(dask_python(), LOAD, "dask", *arguments),
        OURS: lambda: _run(Path(sys.executable), LOAD, "civis", *arguments, on_platform=True),
    }
    tables: dict[str, Table] = {}
    rates = Table(f"Calls a second in bulk, batched as each backend does: {BULK}", "calls a second")
    for name, measure in backends.items():
        found = [measure() for _ in range(repeats)]
        for load in found[0]:
            table = tables.setdefault(
                load, Table(f"{load}, {JOBS} workers of {os.cpu_count()} cores", "seconds")
            )
            table.add(name, [each[load] for each in found])
            if load == BULK:
                rates.add(name, [LOADS[1][0] / each[load] for each in found])
    return [*tables.values(), rates]


def main() -> None:
    arguments = main_arguments(__doc__, repeats=3)
    start = time.perf_counter()
    tables = [*_singles(arguments.repeats), *_loads(arguments.repeats)]
    # The public client starts a container a call: this takes minutes.
    tables += measure_traffic(1)
    for table in tables:
        table.show(OURS)
    keep(arguments.json, tables)
    print(f"measured in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

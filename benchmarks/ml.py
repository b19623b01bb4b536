"""Predictions of a large table by one job and by several: seconds, processor seconds, memory.

Run as ``python -m benchmarks.ml``. It starts a platform of its own, makes a table there, trains a model on a
few of its rows, and predicts all of them into another table.
"""

from __future__ import annotations

import argparse
import os
import platform as machine
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import civis
from civis.client import APIClient
from civis.ml import ModelPipeline

TABLE, SCORES = "public.people", "public.scores"
FIRST_ROWS = 5000
MODELS: Mapping[str, Mapping[str, Any]] = {
    "sparse_logistic": {},
    "random_forest_classifier": {},
}
COLUMNS = (
    "jobs", "seconds", "export", "predict", "load", "serial", "speedup", "jobs' cpu", "platform's cpu",
    "job's peak MB", "platform's peak MB", "load average",
)  # fmt: skip


@dataclass(frozen=True)
class Served:
    """A platform that runs in a process of its own."""

    process: psutil.Process
    client: APIClient

    def cpu(self) -> float:
        """Give the seconds of processor that it used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def forget_peak(self) -> None:
        """Have the peak of its memory counted anew, where the system can."""
        path = Path(f"/proc/{self.process.pid}/clear_refs")
        if path.exists():
            path.write_text("5", encoding="ascii")

    def peak_mb(self) -> float:
        """Give the most memory that it had, in MB."""
        path = Path(f"/proc/{self.process.pid}/status")
        if not path.exists():
            return float(self.process.memory_info().rss) / 2**20
        lines = path.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Start a platform, and stop it."""
    command = [sys.executable, "-m", "civis", "local", "start", "--data-dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        variables: dict[str, str] = {}
        while len(variables) < 2:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the platform ended with status {process.wait()}")
            if line.strip().startswith("export "):
                name, _, value = line.strip().removeprefix("export ").partition("=")
                variables[name] = value
        os.environ.update(variables)
        with civis.APIClient() as client:
            yield Served(psutil.Process(process.pid), client)
    finally:
        process.terminate()
        process.wait(60)


def make_table(client: APIClient, rows: int, columns: int) -> pd.DataFrame:
    """Make the table by doubling a small one with noise, and give the small one."""
    chance = np.random.default_rng(7)
    names = [f"x{number}" for number in range(columns)]
    first = pd.DataFrame(chance.normal(size=(FIRST_ROWS, columns)), columns=names)
    first["yes"] = (first[names[0]] + chance.normal(size=FIRST_ROWS) > 0).astype(int)
    first.insert(0, "id", range(FIRST_ROWS))
    civis.io.dataframe_to_civis(first, "local", TABLE, existing_table_rows="drop", client=client).result()
    noisy = ", ".join(f"{name} + random() * 0.01" for name in names)
    count = FIRST_ROWS
    while count < rows:
        sql = f"INSERT INTO {TABLE} SELECT id + {count}, {noisy}, yes FROM {TABLE} WHERE id < {rows - count}"
        civis.io.query_civis(sql, "local", client=client).result()
        count *= 2
    return first


def predict(platform: Served, model: ModelPipeline, n_jobs: int, rows: int) -> dict[str, float]:
    """Predict the table once, and measure it."""
    platform.forget_peak()
    cpu, begin = platform.cpu(), time.perf_counter()
    future = model.predict(
        table_name=TABLE,
        database_name="local",
        output_table=SCORES,
        if_exists="drop",
        n_jobs=n_jobs,
        polling_interval=0.2,
    )
    info = future.metadata
    seconds = time.perf_counter() - begin
    assert info["data"]["n_rows"] == rows
    counted = civis.io.read_civis_sql(f"SELECT count(*) FROM {SCORES}", "local", client=platform.client)
    assert int(counted[1][0]) == rows
    usages = [info["usage"], *(job["usage"] for job in info["jobs"])]
    steps = info["usage"]["seconds"]
    return {
        "jobs": len(usages),
        "seconds": seconds,
        **steps,
        "serial": 1 - steps["predict"] / seconds,
        "jobs' cpu": sum(each["cpu_seconds"] for each in usages),
        "platform's cpu": platform.cpu() - cpu,
        "job's peak MB": max(each.get("memory_mb", 0.0) for each in usages),
        "platform's peak MB": platform.peak_mb(),
        "load average": os.getloadavg()[0],
    }


def show(name: str, found: list[dict[str, float]]) -> None:
    """Print a model's table."""
    print(f"\n{name}")
    print("  ".join(column.rjust(max(8, len(column))) for column in COLUMNS))
    for each in found:
        each["speedup"] = found[0]["seconds"] / each["seconds"]
        cells = (f"{each[column]:.0f}" if column == "jobs" else f"{each[column]:.2f}" for column in COLUMNS)
        widths = (max(8, len(column)) for column in COLUMNS)
        print("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)), flush=True)


def main() -> None:
    """Measure each model with each number of jobs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    arguments = parser.parse_args()
    print(f"Python {machine.python_version()}, {os.cpu_count()} cores, {machine.machine()}")
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as platform:
        first = make_table(platform.client, arguments.rows, arguments.columns)
        print(f"{arguments.rows} rows of {arguments.columns} columns", flush=True)
        for each in arguments.models:
            model = ModelPipeline(each, "yes", "id", dict(MODELS[each]), client=platform.client)
            model.train(first, validation_data="skip").result()
            found = [predict(platform, model, n_jobs, arguments.rows) for n_jobs in arguments.jobs]
            show(each, found)


if __name__ == "__main__":
    main()

"""Runs as the client sees them: futures that raise what went wrong, logs followed while they grow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")
if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

import civis
from civis.futures import CivisFuture
from civis.local.platform import Platform

RESOURCES = {"cpu": 100, "memory": 100}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client of a platform that runs for the tests of this file."""
    with Platform() as platform:
        yield platform.client()


def test_a_memory_hog_is_a_memory_error_and_the_platform_goes_on(client: Any) -> None:
    source = "kept = bytearray(300_000_000)\nimport time; time.sleep(60)"
    script = client.scripts.post_python3("hog", source, required_resources=RESOURCES)
    run = client.scripts.post_python3_runs(script.id)
    future = CivisFuture(
        client.scripts.get_python3_runs, (script.id, run.id), polling_interval=0.05, client=client
    )
    with pytest.raises(MemoryError, match="Process ran out of its 100 MB memory"):
        future.result(timeout=60)
    assert future.state == "failed"
    after = client.scripts.post_containers(docker_command="echo still here", required_resources=RESOURCES)
    civis.utils.run_job(after.id, client=client, polling_interval=0.05).result(timeout=60)


def test_each_line_is_seen_before_the_next_is_written(client: Any, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    # The program writes a line only when the reader has made the file that answers the one before.
    source = (
        "import os, sys, time\n"
        "for number in range(4):\n"
        "    print('line', number, file=(sys.stdout, sys.stderr)[number % 2])\n"
        f"    while not os.path.exists(f'{seen}{{number}}'):\n"
        "        time.sleep(0.005)\n"
    )
    script = client.scripts.post_python3("talks", source, required_resources=RESOURCES)
    client.scripts.post_python3_runs(script.id)
    found: list[tuple[str, str]] = []
    for line in civis.utils.job_logs(script.id, client=client):
        Path(f"{seen}{len(found)}").touch()
        found.append((line.message, line.level))
    assert found == [(f"line {number}", ("info", "error")[number % 2]) for number in range(4)]

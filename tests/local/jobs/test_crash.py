"""Many runs on few workers, and a platform that is killed in the middle of them."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

pytest.importorskip("duckdb")
if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

from civis import APIClient
from civis.local.jobs.transitions import LOST
from tests._started import StartedPlatform, started_platform

DONE = ("succeeded", "failed", "cancelled")
MANY = [pytest.param(24, id="some"), pytest.param(200, marks=pytest.mark.slow, id="many")]


def client_of(platform: StartedPlatform) -> Any:
    return APIClient(
        api_key=platform.environment["CIVIS_API_KEY"], endpoint=platform.environment["CIVIS_API_ENDPOINT"]
    )


def queue_runs(client: Any, count: int, command: str) -> list[tuple[int, int]]:
    """Make as many container scripts, each with a run."""
    found = []
    for number in range(count):
        script = client.scripts.post_containers(
            docker_command=command.format(number=number), required_resources={"cpu": 2, "memory": 64}
        )
        found.append((script.id, client.scripts.post_containers_runs(script.id).id))
    return found


def queue_sql_runs(client: Any, count: int, sql: str) -> list[tuple[int, int]]:
    """Make as many SQL scripts, then a run of each."""
    [database] = client.databases.list()
    credential = client.default_database_credential_id
    scripts = [
        client.scripts.post_sql(f"n {number}", sql.format(number=number), database.id, credential).id
        for number in range(count)
    ]
    return [(script, client.scripts.post_sql_runs(script).id) for script in scripts]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for processes, which have no clock to fake."""
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it does not come to an end")


def ends(client: Any, queued: list[tuple[int, int]]) -> list[Any]:
    """Wait until all runs are over, and give them."""
    found: dict[int, Any] = {}

    def are_over() -> bool:
        for job_id, run_id in queued:
            if run_id not in found:
                run = client.scripts.get_containers_runs(job_id, run_id)
                if run.state not in DONE:
                    return False
                found[run_id] = run
        return True

    wait_until(are_over)
    return [found[run_id] for _, run_id in queued]


def lines_of(folder: Path) -> list[str]:
    """What the scripts noted: a line at the start of each."""
    notes = folder / "notes"
    return notes.read_text(encoding="utf-8").split() if notes.exists() else []


@pytest.mark.parametrize("count", MANY)
def test_runs_on_few_workers_all_end_each_once(tmp_path: Path, count: int) -> None:
    command = f"echo {{number}} >> {tmp_path}/notes; mkdir {tmp_path}/{{number}}"
    with started_platform(tmp_path / "data", "--workers", "4") as platform:
        queued = queue_runs(client_of(platform), count, command)
        runs = ends(client_of(platform), queued)
    assert [run.state for run in runs] == ["succeeded"] * count
    assert sorted(map(int, lines_of(tmp_path))) == list(range(count))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent's death")
@pytest.mark.parametrize("count", MANY)
def test_a_platform_that_is_killed_loses_no_run_and_repeats_none(tmp_path: Path, count: int) -> None:
    mark = f"7{os.getpid()}"  # seconds that no other process sleeps
    # The first ones have children in sessions of their own, and would go on for ever.
    stuck = f"echo {{number}} >> {tmp_path}/notes; setsid sleep {mark} & sleep {mark}"
    quick = f"echo {{number}} >> {tmp_path}/notes; sleep 0.01"
    with started_platform(tmp_path / "data", "--workers", "4") as platform:
        client = client_of(platform)
        first = queue_runs(client, 2, stuck)
        queued = queue_runs(client, count, quick.replace("{number}", "q{number}"))
        keys = list(client.users.list_api_keys("me", iterator=True))
        wait_until(lambda: {"0", "1", "q1"} <= set(lines_of(tmp_path)))
        platform.kill()
    wait_until(lambda: f"sleep {mark}" not in subprocess.check_output(["ps", "-eo", "args"], text=True))

    with started_platform(tmp_path / "data", "--workers", "4") as platform:
        client = client_of(platform)
        stuck_runs, runs, noted = ends(client, first), ends(client, queued), lines_of(tmp_path)
        assert [(run.state, run.error) for run in stuck_runs] == [("failed", LOST)] * 2
        for number, run in enumerate(runs):
            assert (run.state, run.error) in [("succeeded", None), ("failed", LOST)]
            assert run.state == "failed" or f"q{number}" in noted
        assert len(noted) == len(set(noted))  # none twice
        missing = {f"q{number}" for number in range(count)} - set(noted)
        assert len(missing) <= 4  # cut short between their start and their first command
        active = [key for key in client.users.list_api_keys("me", iterator=True) if key.active]
        assert len(active) == len([key for key in keys if key.active and not key.name.startswith("run ")])


@pytest.mark.parametrize("count", MANY)
def test_sql_runs_that_end_together_are_killed_with_true_states(tmp_path: Path, count: int) -> None:
    with started_platform(tmp_path / "data") as platform:
        client = client_of(platform)
        [(first, run)] = queue_sql_runs(client, 1, "create table notes (number int)")
        wait_until(lambda: client.scripts.get_sql_runs(first, run).state == "succeeded")
        queued = queue_sql_runs(client, count, "insert into notes values ({number}); select 1")
        wait_until(lambda: client.scripts.get_sql_runs(*queued[count // 4]).state in DONE)
        platform.kill()

    with started_platform(tmp_path / "data") as platform:
        client = client_of(platform)
        runs: list[Any] = []
        for script, run in queued:
            wait_until(lambda: client.scripts.get_sql_runs(script, run).state in DONE)  # noqa: B023 - called now
            runs.append(client.scripts.get_sql_runs(script, run))
        [(last, run)] = queue_sql_runs(client, 1, "select number from notes order by number")
        wait_until(lambda: client.scripts.get_sql_runs(last, run).state == "succeeded")
        [output] = client.scripts.get_sql_runs(last, run).output
        with urlopen(output["path"]) as answer:
            noted = [int(line.strip(b'"')) for line in gzip.decompress(answer.read()).split()[1:]]
    assert len(noted) == len(set(noted))  # none twice
    for number, each in enumerate(runs):
        assert (each.state, each.error) in [("succeeded", None), ("failed", LOST)]
        assert each.state == "failed" or (number in noted and len(each.output) == 1)
    assert sum(each.state == "succeeded" for each in runs) > count // 4 - 16

"""The public client, unmodified and in an environment of its own, against the local platform.

A script a topic; they run side by side, since they mostly wait, and each has names of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import civis
from tests._started import StartedPlatform, started_platform

if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

PUBLIC_CLIENT = "civis==2.10.1"
FOLDER = Path(__file__).parent / "scripts"
TOPICS = ("round_trips", "tables", "programs", "executors", "objects", "flows")
SIDE_BY_SIDE = 4

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def public_python(pytestconfig: pytest.Config) -> Path:
    """A Python with the public client installed; kept between runs, since installing takes a while."""
    folder = pytestconfig.cache.mkdir("public-client") / f"{PUBLIC_CLIENT}-{sys.version_info.minor}"
    python = folder / "bin" / "python"
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for command in (
                ["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)],
                ["uv", "pip", "install", "--quiet", "--python", str(python), PUBLIC_CLIENT, "pandas"],
            ):
                answer = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
                if answer.returncode:
                    pytest.skip(f"{PUBLIC_CLIENT} cannot be installed here: {answer.stderr.strip()[-300:]}")
            (folder / "complete").touch()
    return python


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedPlatform]:
    with started_platform(tmp_path_factory.mktemp("public-client") / "platform") as platform:
        yield platform


@pytest.fixture(scope="session")
def run_script(
    public_python: Path, platform: StartedPlatform, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Ended]:
    """Run a topic's script to its end, in a folder of its own if none is given."""
    home = tmp_path_factory.mktemp("home")  # the client keeps nothing between runs

    def run(topic: str, folder: Path | None = None) -> Ended:
        folder = folder or tmp_path_factory.mktemp(topic)
        return subprocess.run(
            [str(public_python), "-W", "ignore", str(FOLDER / f"{topic}.py"), str(folder)],
            capture_output=True,
            text=True,
            env={**os.environ, **platform.environment, "PYTHONPATH": "", "HOME": str(home)},
            cwd=folder,
            timeout=150,
        )

    return run


@pytest.fixture(scope="session")
def ended(
    run_script: Callable[[str], Ended], request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Ended]]:
    """Give how a topic's script ended."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # then it is other processes that run the other topics
        yield run_script
        return
    items = [item for item in request.session.items if hasattr(item, "callspec")]
    chosen = {item.callspec.params.get("topic") for item in items}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        running: dict[str, Future[Ended]] = {
            topic: pool.submit(run_script, topic) for topic in TOPICS if topic in chosen
        }
        yield lambda topic: running[topic].result()


@pytest.mark.parametrize("topic", TOPICS)
def test_the_public_client_does_all_of_it(topic: str, ended: Callable[[str], Ended]):
    answer = ended(topic)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    if topic == "round_trips":
        assert "civis 2.10.1: all round trips equal" in answer.stdout


def test_each_client_reads_what_the_other_left(
    run_script: Callable[..., Ended],
    platform: StartedPlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.syspath_prepend(str(FOLDER))
    records = runpy.run_path(str(FOLDER / "records.py"))
    for name, value in platform.environment.items():
        monkeypatch.setenv(name, value)
    with civis.APIClient() as client:
        (tmp_path / "ours.json").write_text(json.dumps(records["leave"](client, "ours")))
        answer = run_script("records", tmp_path)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        records["check"](client, json.loads((tmp_path / "theirs.json").read_text()))

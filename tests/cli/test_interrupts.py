"""Ctrl-C, closed pipes and settings of the process: the command line as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from civis._version import __version__
from civis.client import APIClient
from civis.local import Platform

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such signals")
COMMAND = [sys.executable, "-m", "civis"]


@pytest.fixture
def environment(platform: Platform) -> dict[str, str]:
    """Give the environment of a command line of that platform."""
    return {**os.environ, "CIVIS_API_ENDPOINT": platform.url, "CIVIS_API_KEY": platform.api_key}


@contextmanager
def started(
    environment: dict[str, str], *arguments: object, stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """Run a command line in a process that is gone afterwards."""
    command = [*COMMAND, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=environment, stdin=stdin, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Press Ctrl-C, and give the status and what was said about it."""
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_ctrl_c_at_the_prompt_runs_nothing(
    environment: dict[str, str], client: APIClient, platform: Platform
) -> None:
    ours, theirs = os.openpty()
    try:
        with started(environment, "sql", "-d", "local", stdin=theirs) as process:
            assert process.stderr is not None
            assert "Ctrl-D" in process.stderr.readline()
            os.write(ours, b"CREATE TABLE public.never (a int);\n")
            status, errors = interrupted(process)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (status, errors.strip()) == (130, "Interrupted.")
    assert not client.queries.list(hidden=True)


def test_what_is_typed_is_run_at_the_end(environment: dict[str, str]) -> None:
    ours, theirs = os.openpty()
    try:
        with started(environment, "sql", "-d", "local", stdin=theirs) as process:
            assert process.stderr is not None
            process.stderr.readline()
            os.write(ours, b"SELECT 1\n\nAS one\n\x04")
            output, errors = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert (process.returncode, output.split()) == (0, ["one", "───", "1"]), errors


@pytest.mark.parametrize("cancels", [False, True])
def test_ctrl_c_while_a_job_runs(environment: dict[str, str], client: APIClient, cancels: bool) -> None:
    source = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
    job_id = client.scripts.post_python3("long", source).id
    more = ["--cancel-on-interrupt"] if cancels else []
    with started(environment, "jobs", "run", job_id, "--follow", *more) as process:
        assert process.stdout is not None
        while "begun" not in (line := process.stdout.readline()):
            assert line
        status, errors = interrupted(process)
    run = client.jobs.list_runs(job_id)[0]
    assert status == 130
    assert ("was cancelled" if cancels else f"civis jobs cancel {job_id} {run.id}") in errors
    assert errors.splitlines()[-1] == "Interrupted."
    if not cancels:
        assert run.state == "running"
        client.jobs.delete_runs(job_id, run.id)


def test_a_reader_that_goes_away_is_no_traceback(environment: dict[str, str]) -> None:
    with started(environment, "spec", "show", "--raw") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
        process.wait(60)
    assert "Traceback" not in errors


def test_the_version_needs_nothing_but_python() -> None:
    program = (
        "import sys\n"
        "from civis.cli import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit as error:\n    assert error.code == 0\n"
        "print(sorted({'click', 'yaml', 'urllib3', 'requests', 'pandas'} & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout.splitlines() == [f"civis, version {__version__}", "[]"], ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["jobs", "list", "--help"], ["sql", "--help"]])
def test_help_needs_nothing_but_click(arguments: list[str], tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from civis.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as error:\n    assert error.code == 0\n"
        "print(sorted({'yaml', 'urllib3', 'requests', 'pandas', 'jmespath', 'logging'} & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.stdout.splitlines()[-1] == "[]", ended.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_letters_that_the_terminal_lacks_are_no_error(
    environment: dict[str, str], client: APIClient, encoding: str
) -> None:
    project = client.projects.post("José 日本", "x")
    with started({**environment, "PYTHONIOENCODING": encoding}, "projects", "get", project.id) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert ("name: José 日本" in output) == (encoding == "utf-8")

"""Ctrl-C, closed pipes and settings of the process: the command line as a process of its own."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from civis._version import __version__
from civis.client import APIClient
from civis.io import file_to_civis
from civis.local import Platform
from tests.io.faults import FaultProxy

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


Found = TypeVar("Found")


def until(look: Callable[[], Found | None], process: subprocess.Popen[str]) -> Found:
    """Look again and again until there is something, as long as a process runs."""
    while (found := look()) is None:
        assert process.poll() is None, "the command ended too early"
        time.sleep(0.02)
    return found


def _query(client: APIClient, text: str, state: str) -> int | None:
    """Find the query with that text in that state."""
    found = (each for each in client.queries.list(hidden=True) if each.sql == text and each.state == state)
    return next((each.id for each in found), None)


def _script(client: APIClient, text: str, state: str) -> int | None:
    """Find the SQL script with that text in that state."""
    found = (each.id for each in client.scripts.list(hidden=True, type="sql") if each.state == state)
    return next((each for each in found if client.scripts.get_sql(each).sql == text), None)


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


def test_ctrl_c_cancels_a_running_query(environment: dict[str, str], client: APIClient) -> None:
    text = "SELECT count(*) FROM range(4000000000) a, range(1000) b WHERE a.range % 7 = b.range % 5"
    with started(environment, "sql", "-d", "local", "-c", text) as process:
        query = until(lambda: _query(client, text, "running"), process)
        status, errors = interrupted(process)
    assert (status, errors.strip().splitlines()[-1]) == (130, "Interrupted.")
    assert client.queries.get(query).state == "cancelled"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_ctrl_c_during_an_export_leaves_what_was_there(
    environment: dict[str, str], client: APIClient, tmp_path: Path, kind: str
) -> None:
    target = tmp_path / f"rows.{kind}"
    target.write_text("as it was")
    text = (
        f"SELECT count(*) FROM range(4000000001) a, range(1000) b WHERE a.range % 7 = b.range % 5 -- {kind}"
    )
    with started(environment, "sql", "-d", "local", "-c", text, "-o", target) as process:
        script = until(lambda: _script(client, text, "running"), process)
        status, _ = interrupted(process)
    assert status == 130
    assert client.scripts.get_sql(script).state == "cancelled"
    assert (target.read_text(), os.listdir(tmp_path)) == ("as it was", [target.name])


@pytest.mark.parametrize("before", [None, "as it was"])
def test_ctrl_c_during_a_download_leaves_what_was_there(
    environment: dict[str, str], client: APIClient, platform: Platform, tmp_path: Path, before: str | None
) -> None:
    file_id = file_to_civis(io.BytesIO(os.urandom(1 << 20)), "rows.bin", client=client)
    folder = tmp_path / "here"
    folder.mkdir()
    target = folder / "rows.bin"
    if before is not None:
        target.write_text(before)
    with FaultProxy(platform.url) as proxy:
        proxy.faults = ["stall"]
        there = {**environment, "CIVIS_API_ENDPOINT": proxy.url}
        with started(there, "files", "download", file_id, target) as process:
            until(lambda: proxy.met or None, process)
            until(lambda: [each for each in os.listdir(folder) if each != target.name] or None, process)
            status, errors = interrupted(process)
    assert (status, errors.splitlines()[-1]) == (130, "Interrupted.")
    assert os.listdir(folder) == ([] if before is None else [target.name])
    assert before is None or target.read_text() == before


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


def test_completion_of_names_needs_no_click() -> None:
    program = (
        "import sys\n"
        "from civis.cli import main\n"
        "try:\n    main([])\nexcept SystemExit as error:\n    assert error.code == 0\n"
        "print(sorted({'click', 'yaml', 'urllib3'} & set(sys.modules)), file=sys.stderr)\n"
    )
    typed = {"_CIVIS_COMPLETE": "bash_complete", "COMP_WORDS": "civis jobs list-r", "COMP_CWORD": "2"}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **typed},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.splitlines() == ["plain,list-runs", "plain,list-runs-logs", "plain,list-runs-outputs"]
    assert ended.stderr == "[]\n"


@pytest.mark.parametrize("arguments", [["jobs", "list", "--help"], ["jobs", "-h"], ["users", "get-me"]])
def test_help_and_plain_calls_need_no_click(arguments: list[str], environment: dict[str, str]) -> None:
    program = (
        "import sys\n"
        "from civis.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as error:\n    assert error.code == 0\n"
        "print(sorted({'click', 'jmespath', 'requests'} & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stdout.splitlines()[-1] == "[]", ended.stderr


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


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "ascii:surrogateescape"])
def test_letters_that_the_terminal_lacks_are_no_error(
    environment: dict[str, str], client: APIClient, encoding: str
) -> None:
    project = client.projects.post("José 日本", "x")
    with started({**environment, "PYTHONIOENCODING": encoding}, "projects", "get", project.id) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert ("name: José 日本" in output) == (encoding == "utf-8")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_long_error_is_wrapped_between_words_for_people_only(
    environment: dict[str, str], is_terminal: bool
) -> None:
    ours, theirs = os.openpty()
    try:
        command = [*COMMAND, "jobs", "get", "99999"]
        ended = subprocess.run(
            command,
            env={**environment, "COLUMNS": "60"},
            stderr=theirs if is_terminal else subprocess.PIPE,
            timeout=60,
        )
        shown = os.read(ours, 4096) if is_terminal else ended.stderr
    finally:
        os.close(ours)
        os.close(theirs)
    lines = shown.decode().splitlines()
    assert lines[0].startswith("Error: (404) There is no job with ID 99999.")
    assert " ".join(" ".join(lines).split()).endswith("]")
    assert [len(line) < 60 for line in lines] == ([True] * len(lines) if is_terminal else [False])
    assert len(lines) > 1 or not is_terminal

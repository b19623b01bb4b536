"""``civis local``: what it prints, what it runs, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from civis.cli.root import root as main
from civis.local import Platform

CIVIS = [sys.executable, "-m", "civis"]
NEEDS_SIGNALS = pytest.mark.skipif(os.name != "posix", reason="this system has no such signals")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run([*CIVIS, *arguments], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    "command", [[], ["start"], ["exec"], ["database"], ["database", "add"], ["user"], ["reset"], ["demo"]]
)
def test_every_command_has_help(command: list[str]) -> None:
    result = CliRunner().invoke(main, ["local", *command, "--help"])
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")


@NEEDS_SIGNALS
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_start_serves_until_it_is_told_to_stop(tmp_path: Path, number: str) -> None:
    command = [*CIVIS, "local", "start", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines: list[str] = []
        # The lines come at once, although the output is a pipe.
        for line in process.stdout:
            lines.append(line.strip())
            if "Ctrl-C" in line:
                break
        exports = dict(
            line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export ")
        )
        url, key = exports["CIVIS_API_ENDPOINT"], exports["CIVIS_API_KEY"]
        assert url in lines[0]
        assert requests.get(url + "users/me", auth=(key, ""), timeout=60).status_code == 200
        process.send_signal(getattr(signal, number))
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert (tmp_path / "api-key").read_text().strip() == key


@NEEDS_SIGNALS
def test_requests_are_told_when_asked_for(tmp_path: Path) -> None:
    command = [*CIVIS, "local", "start", "--log-requests", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        # What is printed comes after the lines above, so that only the last of them tells that it listens.
        while not requests.get(f"{url}healthz?key=hidden", timeout=60).ok:
            pass
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line.split()[1:4] for line in errors.splitlines()] == [["GET", "/healthz", "200"]]


def test_start_keeps_its_data_where_the_user_keeps_such(tmp_path: Path) -> None:
    # A directory that is taken ends the command, and the message tells which one it is.
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    with Platform(tmp_path / "civis" / "local"):
        ended = subprocess.run(
            [*CIVIS, "local", "start"], capture_output=True, text=True, timeout=120, env=environment
        )
    assert ended.returncode == 2
    assert str(tmp_path / "civis" / "local") in ended.stderr


def test_a_taken_port_is_one_line_and_status_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("local", "start", "--data-dir", str(tmp_path), "--port", port)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        f"Error: port {port} on 127.0.0.1 is in use by another program; choose another, or 0 for a free one"
    ]


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--what"], ["more"]])
def test_a_wrong_option_is_usage(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, ["local", "start", *arguments])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "local start --help" in result.stderr


def test_exec_gives_a_command_its_platform_and_its_status() -> None:
    program = (
        "import base64, os, sys, urllib.request\n"
        "key = base64.b64encode((os.environ['CIVIS_API_KEY'] + ':').encode()).decode()\n"
        "request = urllib.request.Request(os.environ['CIVIS_API_ENDPOINT'] + 'users/me')\n"
        "request.add_header('Authorization', 'Basic ' + key)\n"
        "print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status)\n"
        "sys.exit(7)\n"
    )
    ended = run("local", "exec", "--", sys.executable, "-c", program)
    assert (ended.returncode, ended.stdout.strip()) == (7, "200"), ended.stderr


def test_exec_needs_no_dashes_and_leaves_options_to_the_command() -> None:
    ended = run("local", "exec", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--data-dir", "x")
    assert ended.stdout.strip() == "['--data-dir', 'x']", ended.stderr


def test_exec_keeps_data_in_a_directory(tmp_path: Path) -> None:
    ended = run("local", "exec", "--data-dir", str(tmp_path), "--", sys.executable, "-c", "")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "state.sqlite").exists()


def test_exec_without_a_command_is_usage() -> None:
    result = CliRunner().invoke(main, ["local", "exec"])
    assert result.exit_code == 2
    assert "Missing the command to run" in result.stderr


def test_exec_of_what_is_not_there_is_127() -> None:
    ended = run("local", "exec", "--", "no-such-command-anywhere")
    assert ended.returncode == 127
    assert ended.stderr.strip() == "Error: the command 'no-such-command-anywhere' was not found"


@NEEDS_SIGNALS
def test_exec_of_what_is_no_program_is_126(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    assert run("local", "exec", "--", str(tmp_path / "text")).returncode == 126


@NEEDS_SIGNALS
def test_exec_hands_signals_on() -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(5))\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    command = [*CIVIS, "local", "exec", "--", sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 5


@NEEDS_SIGNALS
def test_exec_tells_which_signal_ended_the_command() -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run("local", "exec", "--", sys.executable, "-c", program).returncode == 128 + 9


def test_a_database_is_added(tmp_path: Path) -> None:
    for _ in range(2):
        ended = run("local", "database", "add", "sales", "--data-dir", str(tmp_path))
        assert ended.returncode == 0, ended.stderr
        assert "'sales'" in ended.stdout
    with Platform(tmp_path) as platform:
        assert sorted(platform.warehouse.databases()) == ["local", "sales"]


@pytest.mark.parametrize("name", ["", " "])
def test_a_database_without_a_name_is_one_line_and_status_2(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(main, ["local", "database", "add", name, "--data-dir", str(tmp_path)])
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "name" in result.stderr


def test_a_directory_that_is_a_file_is_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(main, ["local", "start", "--data-dir", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"Error: cannot write to the directory {tmp_path / 'file'}: File exists; use another one"
    ]


def test_users_are_added_and_their_keys_work(tmp_path: Path) -> None:
    def add(*arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["local", "user", "add", *arguments, "--data-dir", str(tmp_path / "p")]
        )

    shown = add("ada", "--full-name", "Ada")
    assert shown.exit_code == 0, shown.stderr
    file = tmp_path / "grace.key"
    written = add("grace", "--key-file", str(file))
    assert (written.exit_code, written.stdout) == (0, ""), written.stderr
    assert file.stat().st_mode & 0o077 == 0
    with Platform(tmp_path / "p") as platform:
        for key, expected in (
            (shown.stdout.strip(), ("ada", "Ada")),
            (file.read_text().strip(), ("grace", "grace")),
        ):
            found = requests.get(platform.url + "users/me", auth=(key, ""), timeout=60).json()
            assert (found["username"], found["name"]) == expected
    again = add("ada")
    assert again.exit_code == 2
    assert len(again.stderr.splitlines()) == 1
    assert "ada" in again.stderr


@NEEDS_SIGNALS
@pytest.mark.parametrize("command", [["user", "add", "ada"], ["database", "add", "sales"]])
def test_adding_something_leaves_queued_runs_as_they_are(tmp_path: Path, command: list[str]) -> None:
    with Platform(tmp_path, workers=1) as platform, platform.client() as client:
        scripts = [client.scripts.post_python3("p", "import time; time.sleep(600)").id for _ in range(2)]
        runs = [client.scripts.post_python3_runs(each).id for each in scripts]
    result = CliRunner().invoke(main, ["local", *command, "--data-dir", str(tmp_path)])
    assert result.exit_code == 0, result.stderr
    with Platform(tmp_path, is_working=False) as platform, platform.client() as client:
        states = [client.scripts.get_python3_runs(*each).state for each in zip(scripts, runs, strict=True)]
    assert states == ["failed", "queued"]


def test_a_reset_that_is_not_wanted_touches_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    result = CliRunner().invoke(main, ["local", "reset", "--data-dir", str(folder)], input="n\n")
    assert result.exit_code == 1
    assert str(folder) in result.stderr
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent's death")
def test_a_command_ends_with_an_exec_that_is_killed(tmp_path: Path) -> None:
    # The end of the pipe tells that the command is gone, as it alone holds it besides `exec`.
    program = "import signal; print('ready', flush=True); signal.pause()"
    command = [*CIVIS, "local", "exec", "--data-dir", str(tmp_path), "--", sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        process.kill()
        assert process.communicate(timeout=60)[0] == ""


@NEEDS_SIGNALS
def test_a_command_has_the_signals_of_a_shell() -> None:
    # Python ignores SIGPIPE, and its children must not: `yes | head -1` would never end.
    program = "exec grep -E '^Sig(Ign|Blk)' /proc/self/status" if sys.platform == "linux" else "echo"
    plain = subprocess.run(["sh", "-c", program], capture_output=True, text=True, check=True)
    ended = run("local", "exec", "--", "sh", "-c", program)
    assert (ended.returncode, ended.stdout) == (0, plain.stdout), ended.stderr


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("", 130)])
def test_a_reset_asks_first(tmp_path: Path, answer: str, status: int) -> None:
    with Platform(tmp_path) as platform, platform.client() as client:
        client.projects.post("kept?", "x")
        key = platform.api_key
    result = CliRunner().invoke(main, ["local", "reset", "--data-dir", str(tmp_path)], input=answer)
    assert result.exit_code == status
    with Platform(tmp_path) as platform, platform.client() as client:
        assert [each.name for each in client.projects.list()] == ([] if status == 0 else ["kept?"])
        assert platform.api_key == key

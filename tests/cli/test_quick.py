"""What is done without click does what click does, and ends as it does."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from civis.cli import main
from civis.cli.plain_output import note
from civis.cli.quick_call import status_of_call
from civis.cli.quick_help import page_of
from civis.local import Platform

from .conftest import Run, run_here

#: Command lines and whether they are run without click.
CALLS: dict[str, tuple[list[str], bool]] = {
    "no value": (["users", "get-me"], True),
    "underscores": (["users", "get_me"], True),
    "an integer": (["users", "get", "1"], True),
    "what is not there": (["jobs", "get", "999999"], True),
    "a list": (["databases", "list"], True),
    "too many": (["users", "get-me", "1"], False),
    "too few": (["jobs", "get"], False),
    "no integer": (["jobs", "get", "x"], False),
    "a file": (["jobs", "get", "@file"], False),
    "an option": (["jobs", "list", "--limit", "1"], False),
    "no such operation": (["jobs", "lst"], False),
    "no such resource": (["jbs", "list"], False),
    "an own command": (["files", "upload", "x"], False),
    "a command of the root": (["spec", "show"], False),
    "an empty word": (["jobs", ""], False),
}


@pytest.mark.parametrize("name", CALLS)
def test_plain_calls(name: str, civis: Run, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, is_quick = CALLS[name]
    status = status_of_call(arguments)
    told = capsys.readouterr()
    assert (status is not None) is is_quick
    if not is_quick:
        assert (told.out, told.err) == ("", "")
        return
    by_click = civis(*arguments, code=status)
    assert told.out == by_click.stdout
    assert told.err.partition("[request")[0] == by_click.stderr.partition("[request")[0]


def test_no_key_is_told_without_click_as_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of_call(["users", "get-me"]) == 2
    assert capsys.readouterr().err == run_here("users", "get-me", code=2).stderr


def test_who_asks_how_a_name_goes_on_calls_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_CIVIS_COMPLETE", "bash_source")
    with pytest.raises(SystemExit) as told:
        main(["users", "get-me"])
    assert told.value.code == 0
    assert "_civis_completion()" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["nothing", "--help"],
        ["jobs", "nothing", "--help"],
        ["jobs", "run", "--help"],
        ["sql", "--help"],
        ["local", "start", "--help"],
        ["--debug", "jobs", "--help"],
        ["jobs", "get", "1", "-h"],
    ],
)
def test_other_help_is_left_to_click(arguments: list[str]) -> None:
    assert page_of(arguments) is None


WIDTHS = [("60", 58), ("80", 78), ("200", 78), ("20", 50), ("x", 78)]


@pytest.mark.parametrize(("columns", "longest"), WIDTHS)
def test_pages_fit_the_terminal(columns: str, longest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    page = page_of(["files", "--help"])
    assert page is not None
    assert longest - 25 < max(map(len, page.splitlines())) <= longest


LINES = [
    ["--version"],
    ["jobs", "list", "--help"],
    ["users", "get-me"],
    ["--output", "json", "users", "get-me"],
]


def ended(platform: Platform, line: list[str], redirected: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a shell that redirects its output."""
    words = " ".join([sys.executable, "-m", "civis", *line])
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{words} {redirected}"],
        env={**os.environ, "CIVIS_API_ENDPOINT": platform.url, "CIVIS_API_KEY": platform.api_key},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")
@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_full_disk_is_one_line_and_status_2(line: list[str], platform: Platform) -> None:
    result = ended(platform, line, "> /dev/full")
    assert (result.returncode, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert "No space left on device" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="bash closes the streams")
@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_closed_streams_are_no_error(line: list[str], platform: Platform) -> None:
    assert ended(platform, line, ">&- 2>&-").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["jobs", "get"],
        ["jobs", "list", "--limt", "1"],
        ["--outpt", "json"],
        ["sql"],
        ["jobs", "lst"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line_that_names_the_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as told:
        main(arguments)
    assert told.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith(" --help")


def test_examples_of_help_stand_in_lines_of_their_own() -> None:
    assert "\n  civis sql -d local -f report.sql -o report.csv\n" in run_here("sql", "--help").stdout
    assert "\\b" not in run_here("completion", "--help").stdout


@pytest.mark.parametrize(
    ("variables", "is_pale"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
    ids=["terminal", "NO_COLOR", "dumb", "empty NO_COLOR"],
)
def test_notes_are_pale_where_colours_are_wanted(
    variables: dict[str, str], is_pale: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"TERM": "xterm", "COLUMNS": "20", "NO_COLOR": "", **variables}.items():
        monkeypatch.setenv(name, value)
    note("No room for: createdAt, currentSignInAt")
    plain = "No room for:\ncreatedAt,\ncurrentSignInAt"
    assert stream.getvalue() == (f"\x1b[2m{plain}\x1b[0m\n" if is_pale else f"{plain}\n")

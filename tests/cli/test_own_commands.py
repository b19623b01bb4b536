"""Our own commands, end to end against a local platform."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from pathlib import Path

import pytest
import requests

from civis._http import RetryPolicy
from civis.cli.groups import load
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES
from civis.cli.retrying import policy_for
from civis.client import APIClient
from civis.local import Platform
from civis.resources import API_SPEC_PATH, read_local_spec
from tests._servers import wait_until

from .conftest import Run, run_here

API = read_local_spec(API_SPEC_PATH)
PATHS = [[name] for name in AT_ROOT] + [
    [resource.replace("_", "-"), name] for resource, commands in IN_RESOURCES.items() for name in commands
]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_without_key_or_network(path: list[str]) -> None:
    shown = run_here(*path, "--help").output
    assert shown.startswith(f"Usage: civis {' '.join(path)} ")
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_lines_in_lists_fit(path: list[str]) -> None:
    own = AT_ROOT[path[0]] if len(path) == 1 else IN_RESOURCES[path[0]][path[1]]
    assert load(own).name == path[-1]
    assert len(own.help) <= 60


def test_the_list_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run_here("--help").output
    assert max(map(len, shown.splitlines())) <= 80
    for name in [*AT_ROOT, "jobs", "match-targets", "workflows"]:
        assert f"\n  {name} " in shown


def test_who_am_i(civis: Run) -> None:
    assert "username: local\n" in civis("users", "get-me").stdout
    assert json.loads(civis("users", "get-me", "--json-output").stdout)["username"] == "local"
    assert json.loads(civis("--json-output", "users", "get-me").stdout)["username"] == "local"
    assert civis("users", "get-me", "--query", "username").stdout == "local\n"


def test_every_page(civis: Run, client: APIClient) -> None:
    for number in range(7):
        client.projects.post(f"project {number}", "a project")
    page = civis("projects", "list", "--limit", 3, "--output", "jsonl").stdout.splitlines()
    every = civis("projects", "list", "--limit", 3, "--all", "--output", "jsonl").stdout.splitlines()
    assert (len(page), len(every)) == (3, 7)
    assert set(json.loads(every[0])) == set(json.loads(page[0]))
    names = civis("projects", "list", "--all", "--query", "[].name", "--output", "json").stdout
    assert sorted(json.loads(names)) == [f"project {number}" for number in range(7)]
    with_header = civis("projects", "list", "--all", "--output", "csv").stdout.splitlines()
    assert len(with_header) == 8


def test_a_refusal_is_one_line_and_status_1(civis: Run) -> None:
    result = civis("jobs", "get", 987654, code=1)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: (404) ")
    assert "GET /jobs/987654" in line


def test_debugging_tells_more(civis: Run) -> None:
    result = civis("--debug", "jobs", "get", 987654, code=1)
    assert "Traceback" in result.stderr
    assert "DEBUG civis" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: (404) ")


def test_an_answer_without_a_body_prints_nothing(civis: Run, client: APIClient) -> None:
    project = client.projects.post("short-lived", "x")
    file_id = client.files.post("a.txt").id
    assert civis("files", "put-projects", file_id, project.id).stdout == ""


def test_no_key_is_one_line_and_status_2() -> None:
    result = run_here("users", "get-me", code=2)
    assert "no API key was found" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_nobody_listening_is_one_line_and_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", "http://127.0.0.1:9/")
    monkeypatch.setenv("CIVIS_API_KEY", "key")
    monkeypatch.setattr("civis._clock.SystemClock.sleep", lambda self, seconds: None, raising=False)
    result = run_here("files", "download", 1, "-", code=1)
    told, error = result.stderr.splitlines()
    assert told == "The platform gave no good answer (Connection refused); trying again, Ctrl-C stops."
    assert error.startswith("Error: ")
    assert "after 4 attempts" in error
    assert result.stdout == ""
    assert logging.getLogger("civis.http.retries").handlers == []


def test_debugging_tells_of_the_description_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", "http://127.0.0.1:9/")
    monkeypatch.setenv("CIVIS_API_KEY", "key")
    monkeypatch.setattr("civis._clock.SystemClock.sleep", lambda self, seconds: None, raising=False)
    lines = run_here("--debug", "jobs", "get", 1, code=1).stderr.splitlines()
    assert sum("/endpoints" in line and "tried again" in line for line in lines) == 3
    assert not any("Ctrl-C" in line for line in lines)


@pytest.mark.parametrize(
    ("address", "is_watched", "attempts"),
    [
        ("http://127.0.0.1:9/", False, 4),
        ("http://localhost:9/", True, 4),
        ("https://api.civisanalytics.com/", True, 6),
        ("https://api.civisanalytics.com/", False, None),
    ],
)
def test_how_often_connecting_is_tried(
    address: str, is_watched: bool, attempts: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_watched)
    monkeypatch.setattr(sys, "stderr", stream)
    assert policy_for(address) == RetryPolicy(connect_attempts=attempts)


# Files


def test_a_file_goes_up_and_down(civis: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "héllo.bin", tmp_path / "back.bin"
    source.write_bytes(bytes(range(256)))
    file_id = civis("files", "upload", source, "--expires-at", "never", "--description", "D").stdout.strip()
    found = json.loads(civis("files", "get", file_id, "--output", "json").stdout)
    assert (found["name"], found["expiresAt"], found["description"]) == ("héllo.bin", None, "D")
    civis("files", "download", file_id, target)
    assert target.read_bytes() == source.read_bytes()
    assert civis("files", "download", file_id, "-").stdout_bytes == source.read_bytes()
    (tmp_path / "folder").mkdir()
    civis("files", "download", file_id, tmp_path / "folder")
    assert (tmp_path / "folder" / "héllo.bin").read_bytes() == source.read_bytes()


def test_standard_input_goes_up(civis: Run) -> None:
    file_id = civis("files", "upload", "-", "--name", "in.txt", input=b"a\r\n\xff").stdout.strip()
    assert civis("files", "download", file_id, "-").stdout_bytes == b"a\r\n\xff"
    assert "--name" in civis("files", "upload", "-", input=b"a", code=2).stderr


def test_a_failed_download_leaves_what_was_there(civis: Run, tmp_path: Path) -> None:
    target = tmp_path / "good.txt"
    target.write_text("good")
    result = civis("files", "download", 987654, target, code=1)
    assert "no file 987654" in result.stderr
    assert target.read_text() == "good"
    assert os.listdir(tmp_path) == ["good.txt"]


def test_each_option_of_an_upload_stands_alone(civis: Run, client: APIClient, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    options = {
        "name": ["--name", "N"],
        "expires": ["--expires-at", "2099-01-02"],
        "text": ["--description", "T"],
    }
    for chosen in (["name"], ["expires"], ["text"], ["name", "expires", "text"]):
        words = [word for each in chosen for word in options[each]]
        file = client.files.get(int(civis("files", "upload", tmp_path / "a.txt", *words).stdout))
        assert file.name == ("N" if "name" in chosen else "a.txt")
        assert str(file.expires_at).startswith("2099-01-02") == ("expires" in chosen)
        assert file.description == ("T" if "text" in chosen else None)


# SQL and tables


@pytest.fixture
def table(civis: Run) -> str:
    """Make a table of three rows."""
    rows = "(1, 'José'), (2, '日本'), (3, NULL)"
    civis(
        *("sql", "-d", "local", "-q", "-c"),
        "DROP TABLE IF EXISTS public.people;"
        f"CREATE TABLE public.people (id int, name varchar); INSERT INTO public.people VALUES {rows}",
    )
    return "public.people"


def test_sql_shows_a_table(civis: Run, table: str) -> None:
    shown = civis("sql", "-d", "local", "-c", f"SELECT * FROM {table} ORDER BY id").stdout
    assert shown == "id  name\n──  ────\n 1  José\n 2  日本\n 3\n"
    assert len(civis("sql", "-d", "local", "-n", 1, "-c", f"SELECT * FROM {table}").stdout.splitlines()) == 3
    assert civis("sql", "-d", "local", "-q", "-c", f"SELECT * FROM {table}").stdout == ""


@pytest.mark.parametrize(
    "text", ["DELETE FROM {}\n\nWHERE id = 1", "DELETE FROM {} WHERE id = 1;\r\n", "\n-- é\nSELECT 1\n\n\n"]
)
def test_sql_sends_what_comes_in_byte_for_byte(civis: Run, client: APIClient, table: str, text: str) -> None:
    sql = text.format(table)
    civis("sql", "-d", "local", input=sql.encode())
    newest = client.queries.list(limit=1, order="created_at", order_dir="desc", hidden=True)[0]
    assert client.queries.get(newest.id).sql == sql
    left = civis("sql", "-d", "local", "-c", f"SELECT count(*) FROM {table}").stdout.split()[-1]
    assert left == ("2" if "DELETE" in text else "3")


def test_sql_from_a_file_to_files(civis: Run, table: str, tmp_path: Path) -> None:
    import pandas as pd

    (tmp_path / "q.sql").write_text(f"SELECT id, name FROM {table} ORDER BY id")
    for name in ("out.csv", "out.parquet"):
        assert civis("sql", "-d", "local", "-f", tmp_path / "q.sql", "-o", tmp_path / name).stdout == ""
    assert (tmp_path / "out.csv").read_text() == '"id","name"\n1,"José"\n2,"日本"\n3,\n'
    assert pd.read_parquet(tmp_path / "out.parquet")["name"].tolist()[:2] == ["José", "日本"]
    assert sorted(os.listdir(tmp_path)) == ["out.csv", "out.parquet", "q.sql"]
    piped = civis("sql", "-d", "local", "-f", tmp_path / "q.sql", "--output", "csv").stdout
    assert piped == (tmp_path / "out.csv").read_text()


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("json", '[\n  {\n    "id": "1",\n    "name": "José"\n  }\n]\n'),
        ("jsonl", '{"id":"1","name":"José"}\n'),
        ("yaml", "- id: '1'\n  name: José\n"),
        ("csv", "id,name\n1,José\n"),
    ],
)
def test_forms_of_rows(civis: Run, table: str, style: str, expected: str) -> None:
    query = f"SELECT * FROM {table} ORDER BY id"
    assert civis("sql", "-d", "local", "-n", 1, "--output", style, "-c", query).stdout == expected


def test_sql_that_fails_is_status_3_and_harms_no_file(civis: Run, tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("good")
    for more in ([], ["-o", tmp_path / "o.csv"]):
        result = civis("sql", "-d", "local", "-c", "SELEC 1", *more, code=3)
        assert "syntax error" in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "o.csv").read_text() == "good"
    assert os.listdir(tmp_path) == ["o.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ["-c", ""],
        ["-c", " \n"],
        ["-c", "SELECT 1", "-f", __file__],
        ["-c", "SELECT 1", "-o", "x.csv", "-n", "3"],
        ["-c", "SELECT 1", "-q", "-n", "3"],
        ["-c", "SELECT 1", "-o", "x.csv", "--output", "yaml"],
        ["-c", "SELECT 1", "-n", "101"],
        ["-c", "SELECT 1", "-o", "/no/such/folder/x.csv"],
    ],
)
def test_sql_used_wrongly_runs_nothing(civis: Run, client: APIClient, words: list[str]) -> None:
    before = len(list(client.queries.list(hidden=True, iterator=True)))
    civis("sql", "-d", "local", *words, code=2)
    assert len(list(client.queries.list(hidden=True, iterator=True))) == before


def test_no_such_database(civis: Run) -> None:
    assert "Did you mean 'local'?" in civis("sql", "-d", "locl", "-c", "SELECT 1", code=2).stderr


@pytest.mark.parametrize("is_piped", [False, True])
def test_a_table_goes_in_and_out(civis: Run, tmp_path: Path, is_piped: bool) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,name\n1,x\n2,y\n")
    name = f"public.from_{'pipe' if is_piped else 'file'}"
    words = ["tables", "import", "-" if is_piped else source, name, "-d", "local"]
    content = source.read_bytes() if is_piped else None
    civis(*words, input=content)
    assert "exists" in civis(*words, input=content, code=None).stderr
    civis(*words, "--existing-rows", "append", input=content)
    out = civis("tables", "export", name, "-d", "local").stdout
    assert (
        sorted(out.splitlines()) == ['"id","name"', '1,"x"', '1,"x"', '2,"y"', '2,"y"']
        or len(out.splitlines()) == 5
    )
    civis("tables", "export", name, tmp_path / "out.csv", "-d", "local", "--columns", "name", "--no-headers")
    assert sorted((tmp_path / "out.csv").read_text().split()) == ['"x"', '"x"', '"y"', '"y"']


# Jobs


def script(client: APIClient, source: str) -> int:
    """Make a Python script and return its ID."""
    return int(client.scripts.post_python3("of the tests", source).id)


def test_a_job_is_run_and_followed(civis: Run, client: APIClient) -> None:
    job_id = script(client, "print('hello from the job')")
    followed = civis("jobs", "run", job_id, "--follow")
    run_id = followed.stderr.strip()
    assert "hello from the job" in followed.stdout
    for words in (["follow-log", job_id], ["follow-run-log", job_id, run_id]):
        shown = civis("jobs", *words).stdout
        assert [line for line in shown.splitlines() if line.endswith(" hello from the job")]
    civis("jobs", "wait", job_id)
    civis("jobs", "wait", job_id, run_id)
    assert "has ended already: succeeded" in civis("jobs", "cancel", job_id, run_id, code=1).stderr


def test_a_job_that_fails_is_status_3(civis: Run, client: APIClient) -> None:
    job_id = script(client, "raise SystemExit('no luck')")
    result = civis("jobs", "run", job_id, "--wait", code=3)
    assert result.stdout.strip().isdigit()
    assert len(result.stderr.splitlines()) == 1
    assert civis("jobs", "wait", job_id, code=3).stderr.startswith("Error: (From job")


def test_a_run_is_waited_for_in_vain_and_cancelled(civis: Run, client: APIClient) -> None:
    job_id = script(client, "import time; time.sleep(30)")
    run_id = civis("jobs", "run", job_id).stdout.strip()
    assert "it goes on" in civis("jobs", "wait", job_id, "--timeout", 0.01, code=1).stderr
    civis("jobs", "cancel", job_id)
    assert "cancelled" in civis("jobs", "wait", job_id, run_id, code=3).stderr


def test_a_job_that_never_ran(civis: Run, client: APIClient) -> None:
    job_id = script(client, "")
    for words in (["follow-log"], ["wait"], ["cancel"]):
        assert "has never run" in civis("jobs", *words, job_id, code=1).stderr


# Notebooks, pages


def test_a_notebook_from_start_to_end(
    civis: Run, client: APIClient, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "jupyter-lab"  # unless a real one is installed
    source = Path(__file__).parents[1] / "local" / "services" / "notebook_server.py"
    program.write_text(f"#!{sys.executable}\n{source.read_text()}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    made = civis("notebooks", "new", "python3", "--name", "N", "--memory", 900, "--no-open").stdout
    notebook = client.notebooks.get(int(made))
    assert (notebook.name, notebook.memory, notebook.language) == ("N", 900, "python3")
    civis("notebooks", "down", made.strip())
    assert "no server that runs" in civis("notebooks", "down", made.strip(), code=1).stderr
    page = f"{platform.url}notebooks/{notebook.id}\n"
    assert civis("notebooks", "open", made.strip()).stdout == page
    civis("notebooks", "up", made.strip(), "--cpu", 600)
    assert client.notebooks.get(int(made)).cpu == 600
    wait_until(lambda: client.notebooks.get(int(made)).most_recent_deployment.state == "running")
    page = civis("notebooks", "open", made.strip()).stdout.strip()
    with requests.Session() as session:
        assert session.get(page, timeout=60).ok
        url = f"{page.partition('civis-platform-auth')[0]}api/contents/notebook.ipynb"
        body = {
            "type": "notebook",
            "format": "json",
            "content": session.get(url, timeout=60).json()["content"],
        }
        body["content"]["metadata"]["mark"] = 7
        assert session.put(url, json=body, timeout=60).ok
    civis("notebooks", "down", made.strip())
    civis("notebooks", "download", made.strip(), tmp_path / "n.ipynb")
    assert json.loads((tmp_path / "n.ipynb").read_text())["metadata"]["mark"] == 7


def test_a_notebook_without_a_file(civis: Run, client: APIClient, tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text("good")
    assert (
        "no file"
        in civis("notebooks", "download", client.notebooks.post().id, tmp_path / "n.ipynb", code=1).stderr
    )
    assert (tmp_path / "n.ipynb").read_text() == "good"


def test_pages(civis: Run, platform: Platform) -> None:
    assert civis("open", 5).stdout == f"{platform.url}jobs/5\n"
    assert civis("open", 5, "--run", 6, "--print").stdout == f"{platform.url}jobs/5/runs/6\n"
    assert civis("open", 5, "--kind", "reports").stdout == f"{platform.url}reports/5\n"
    assert "jobs only" in civis("open", 5, "--kind", "files", "--run", 6, code=2).stderr


# Workflows

DEFINITION = "version: '2.0'\nworkflow:\n  input: [a]\n  tasks:\n    a:\n      action: std.noop\n"


def test_a_workflow_is_checked_and_run(civis: Run, client: APIClient, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(DEFINITION)
    assert "is a valid workflow" in civis("workflows", "validate", tmp_path / "good.yaml").stderr
    wrong = civis("workflows", "validate", "-", input=DEFINITION.replace("noop", "nope"), code=1)
    assert "standard input: " in wrong.stderr
    workflow = client.workflows.post("of the tests", definition=DEFINITION)
    made = civis("workflows", "run", workflow.id, "--input", "{a: 1}", "--wait", code=None)
    assert client.workflows.get_executions(workflow.id, int(made.stdout)).input == {"a": 1}
    assert made.exit_code == 0, made.stderr
    assert "--input" in civis("workflows", "run", workflow.id, "--input", "3", code=2).stderr


# The description


def test_the_description(civis: Run, tmp_path: Path) -> None:
    assert "operations: " in civis("spec", "show").stdout
    assert "post-runs" in civis("spec", "show", "jobs").stdout
    assert "API URL: ``GET /jobs``" in civis("spec", "show", "jobs", "list").stdout
    assert "Did you mean 'jobs'?" in civis("spec", "show", "job", code=2).stderr
    assert " resources of http" in civis("spec", "refresh").stderr
    raw = json.loads(civis("spec", "show", "--raw").stdout)
    civis("spec", "diff", code=None)
    del raw["paths"]["/jobs/{id}"]
    (tmp_path / "old.json").write_text(json.dumps(raw))
    changes = json.loads(civis("spec", "diff", tmp_path / "old.json", "--output", "json", code=1).stdout)
    assert {"change": "added", "operation": "jobs get", "what": ""} in changes
    civis("spec", "stubs", tmp_path)
    assert (tmp_path / "civis-stubs" / "resources" / "types" / "__init__.pyi").exists()


def test_a_resource_that_only_the_platform_has_is_found(civis: Run) -> None:
    assert civis("channels", "--help", code=None).exit_code in (0, 2)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    assert "_CIVIS_COMPLETE" in run_here("completion", shell).output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("civis job", "jobs"),
        ("civis jobs follow-r", "follow-run-log"),
        ("civis jobs list-r", "list-runs"),
        ("civis jobs list --order-d", "--order-dir"),
        ("civis jobs list --order-dir d", "desc"),
        ("civis files put-shares-users 1 [2] ma", "manage"),
        ("civis local da", "database"),
    ],
)
def test_completion(words: str, expected: str) -> None:
    from click.shell_completion import BashComplete

    from civis.cli.root import root

    *before, last = words.split()[1:]
    found = BashComplete(root, {}, "civis", "_CIVIS_COMPLETE").get_completions(before, last)
    assert expected in [each.value for each in found]


@pytest.mark.parametrize(
    ("words", "is_quick"),
    [
        ("civis ", True),
        ("civis job", True),
        ("civis jobs ", True),
        ("civis jobs list-r", True),
        ("civis nothing", True),
        ("civis files ", True),
        ("civis match-targets ", True),
        ("civis match_targets l", True),
        ("civis nothing l", False),
        ("civis local ", False),
        ("civis --prof", False),
        ("civis --debug jobs", False),
        ("civis 'jobs' li", False),
        ("civis jobs list --lim", False),
    ],
)
def test_quick_completion_is_that_of_click(
    words: str, is_quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.shell_completion import BashComplete

    from civis.cli.quick_completion import answer_to
    from civis.cli.root import root

    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    quick = answer_to("bash_complete")
    assert (quick is not None) is is_quick
    slow = BashComplete(root, {}, "civis", "_CIVIS_COMPLETE").complete()
    assert quick is None or quick.splitlines() == slow.splitlines()
    assert answer_to("zsh_complete") is None


def test_completion_makes_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.shell_completion import ZshComplete

    from civis.cli.operations import ResourceGroup
    from civis.cli.root import root

    monkeypatch.setattr(ResourceGroup, "get_command", None)
    found = ZshComplete(root, {}, "civis", "_CIVIS_COMPLETE").get_completions(["jobs"], "")
    about = {each.value: each.help for each in found}
    assert about["run"] == "Start a job, and wait for it or follow its log."
    assert about["list-runs"] == "List its runs, newest first"


def test_no_own_command_hides_an_operation() -> None:
    hidden = [
        (resource, name)
        for resource, commands in IN_RESOURCES.items()
        for name in commands
        if name.replace("-", "_") in getattr(API.resources.get(resource), "operations", ())
    ]
    assert hidden == []

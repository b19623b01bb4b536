"""Python and container scripts as child processes of the platform."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from civis.local.services import script_environment

if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)


@pytest.fixture
def run_python(api: Any) -> Any:
    def run(source: str, **fields: Any) -> tuple[Any, list[str]]:
        script = api.call("POST", "scripts/python3", 201, {"name": "p", "source": source, **fields})
        run = api.run(script["id"])
        return run, api.log(script["id"], run["id"]).split("\n")

    return run


@pytest.fixture
def make_container(api: Any) -> Any:
    def make(command: str | None, **fields: Any) -> int:
        body = {"required_resources": {"cpu": 1, "memory": 8}, "docker_command": command, **fields}
        return int(api.call("POST", "scripts/containers", 201, body)["id"])

    return make


def test_a_program_talks_to_the_platform_as_its_user(api: Any, run_python: Any) -> None:
    source = (
        "import json, os, urllib.request as u\n"
        "request = u.Request(os.environ['CIVIS_API_ENDPOINT'] + 'users/me',\n"
        "    headers={'Authorization': 'Bearer ' + os.environ['CIVIS_API_KEY']})\n"
        "print(json.load(u.urlopen(request))['username'])\n"
        "print(os.environ['CIVIS_JOB_ID'] + '/' + os.environ['CIVIS_RUN_ID'])\n"
        "print(os.environ['CIVIS_API_KEY'])\n"
    )
    run, (user, ids, key) = run_python(source)
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert user == api.get("users/me")["username"]
    assert ids.endswith(f"/{run['id']}")
    assert key != api.platform.api_key
    api.session.auth = (key, "")  # the key ended with the run
    try:
        api.refusal("GET", "users/me", 401)
    finally:
        api.session.auth = (api.platform.api_key, "")


def test_a_program_may_do_no_more_than_the_key_that_asked_for_its_run(api: Any) -> None:
    source = (
        "import os, urllib.error as e, urllib.request as u\n"
        "def ask(method, path):\n"
        "    request = u.Request(os.environ['CIVIS_API_ENDPOINT'] + path, method=method,\n"
        "        headers={'Authorization': 'Bearer ' + os.environ['CIVIS_API_KEY']})\n"
        "    try:\n"
        "        return u.urlopen(request).status\n"
        "    except e.HTTPError as error:\n"
        "        return error.code\n"
        "print(ask('GET', 'scripts'), ask('GET', 'users/me'))\n"
        "if '{child}': print(ask('POST', 'jobs/{child}/runs'))\n"
    )

    def make(child: int | str, **fields: Any) -> int:
        body = {"name": "p", "source": source.replace("{child}", str(child)), **fields}
        return int(api.call("POST", "scripts/python3", 201, body)["id"])

    child = make("")
    parent = make(child)
    triggered = make("", parent_id=parent)
    verbs = {"getAllowed": True, "postAllowed": True}
    constraints = [
        {"constraintType": "prefix", "constraint": "/scripts", **verbs},
        {"constraintType": "prefix", "constraint": "/jobs", **verbs},
    ]
    body = {"name": "restricted", "expiresIn": 600, "constraints": constraints}
    token = api.call("POST", "users/me/api_keys", 200, body)["token"]
    own, api.session.auth = api.session.auth, (token, "")
    try:
        run = api.run(parent)
    finally:
        api.session.auth = own
    assert api.log(parent, run["id"]).split("\n") == ["200 403", "201"]
    for job in (child, triggered):
        started = api.get(f"jobs/{job}/runs")[0]["id"]
        assert api.wait(job, started)["state"] == "succeeded"
        assert api.log(job, started) == "200 403"


def test_a_program_that_fails_says_why(run_python: Any) -> None:
    run, log = run_python("import sys\nprint('first')\nsys.exit('it broke')")
    assert run["state"] == "failed"
    assert run["error"] == "The program ended with code 1: it broke"
    assert log == ["first", "it broke", run["error"]]


def test_arguments_are_environment_variables(run_python: Any) -> None:
    run, log = run_python(
        "import os\nprint(os.environ['NAME'], os.environ['FLAG'], os.environ['N'])",
        params=[
            {"name": "name", "type": "string"},
            {"name": "flag", "type": "bool"},
            {"name": "n", "type": "integer", "default": "3"},
        ],
        arguments={"name": "O'Brien", "flag": True},
    )
    assert (run["state"], log) == ("succeeded", ["O'Brien true 3"])


def test_the_platforms_own_secrets_stay_with_it(run_python: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    _, log = run_python("import os\nprint('AWS_SECRET_ACCESS_KEY' in os.environ)")
    assert log == ["False"]


OUTPUTS = [
    pytest.param("printf 'a\\nb'", ["a", "b"], id="a last line without an end"),
    pytest.param("printf 'a\\r\\n\\nb\\n'", ["a", "", "b"], id="line ends of Windows, an empty line"),
    pytest.param("printf '\\303'; sleep 0.1; printf '\\244\\n'", ["ä"], id="a character in two parts"),
    pytest.param("printf '\\377\\000x\\n'", ["�x"], id="bytes that are no text"),
    pytest.param("echo out; echo err >&2", ["out", "err"], id="both streams"),
    pytest.param("head -c 25000 /dev/zero | tr '\\0' x", ["x" * 10000, "x" * 10000, "x" * 5000], id="long"),
    pytest.param("exec >&- 2>&-; sleep 0.1", [""], id="closes its output and goes on"),
    pytest.param("sleep 600 & echo done", ["done"], id="leaves something behind"),
]


@pytest.mark.parametrize(("command", "lines"), OUTPUTS)
def test_what_a_program_writes_is_the_log(
    api: Any, make_container: Any, command: str, lines: list[str]
) -> None:
    script = make_container(command)
    run = api.run(script)
    assert (run["state"], run["error"]) == ("succeeded", None)
    text = "\n".join(api.log(script, run["id"]).split("\n"))
    assert text.replace("\n", "") == "".join(lines)


CANCELLED = [
    pytest.param("echo up; sleep 600", id="ends when it is asked to"),
    pytest.param("echo up; sleep 600 & sleep 600; wait", id="with what it started"),
]


@pytest.mark.parametrize("command", CANCELLED)
def test_a_cancelled_program_ends(api: Any, make_container: Any, command: str) -> None:
    script = make_container(command)
    run = api.call("POST", f"scripts/containers/{script}/runs", 202)
    for _ in range(6000):
        if api.log(script, run["id"]) == "up":
            break
        time.sleep(0.01)  # the program starts in its own time; there is no clock to fake
    api.call("DELETE", f"scripts/containers/{script}/runs/{run['id']}", 202)
    assert api.wait(script, run["id"])["state"] == "cancelled"


FAILED = [
    pytest.param("kill -9 $$", {}, "The program was ended by signal 9.", id="killed"),
    pytest.param("exit 3", {}, "The program ended with code 3.", id="a code"),
    pytest.param(None, {}, "no docker_command", id="no command"),
]


@pytest.mark.parametrize(("command", "fields", "message"), FAILED)
def test_what_fails(
    api: Any, make_container: Any, command: str, fields: dict[str, Any], message: str
) -> None:
    run = api.run(make_container(command, **fields))
    assert run["state"] == "failed"
    assert message in run["error"]


MISSING = [
    pytest.param("r", {"name": "r", "source": "cat(1)"}, "R is not installed: there is no 'Rscript'", id="R"),
    pytest.param("javascript", {"source": "1"}, "Node.js is not installed", id="JavaScript"),
    pytest.param("dbt", {"name": "d", "repoHttpUri": "github.com/a/b"}, "dbt is not installed", id="dbt"),
]


@pytest.mark.parametrize(("segment", "body", "message"), MISSING)
def test_a_program_that_is_not_installed_is_named(
    api: Any, monkeypatch: pytest.MonkeyPatch, segment: str, body: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr(script_environment.sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    if segment == "javascript":
        body = {**body, "name": "j", "remote_host_id": api.database_id, "credential_id": api.credential_id}
    script = api.call("POST", f"scripts/{segment}", 201, body)
    run = api.run(script["id"])
    assert (run["state"], message in run["error"]) == ("failed", True)

"""Every operation as a command: it is built, has help, and sends what the client's method sends."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from civis.cli.groups import dashed
from civis.cli.operations import OperationCommand
from civis.cli.quick_help import page_of
from civis.client import APIClient
from civis.resources import API_SPEC_PATH, read_local_spec
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

from .conftest import run_here

API = read_local_spec(API_SPEC_PATH)
ENDPOINTS = Path(API_SPEC_PATH).read_bytes()


def script(request: Request) -> Reply:
    """Answer the description, and to everything else an empty object."""
    if request.path.endswith("/endpoints"):
        return Reply(200, ENDPOINTS, {"Content-Type": "application/json"})
    return json_reply({})


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    """A server that keeps what it is asked."""
    with served(script) as running:
        yield running


@pytest.fixture(autouse=True)
def _configured(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
    monkeypatch.setenv("CIVIS_API_KEY", "key-of-the-tests")


def sample(schema: Any) -> Any:
    """Give a value of a schema that is awkward to type."""
    kind = schema.type
    if kind == "array":
        items = schema.items
        one = sample(items) if items is not None else "x"
        return [one, one]
    plain = {"integer": 7, "number": 0.5, "boolean": True, "object": {"a": [1, "é"], "b": None}}
    return plain.get(kind, "a b/ü?&")


def typed(value: Any) -> str:
    """Write a value as it is typed."""
    return value if isinstance(value, str) else json.dumps(value)


def typed_option(name: str, value: Any, schema: Any) -> list[str]:
    """Write an option; arrays of plain values one by one."""
    option = f"--{dashed(name)}"
    if schema.type == "array" and not isinstance(value[0], (dict, list)):
        return [word for each in value for word in (option, typed(each))]
    return [option, typed(value)]


def sent(server: ScriptedServer) -> list[tuple[str, str, Any]]:
    """Take what the server was asked since the last time."""
    found = [
        (each.method, each.target, json.loads(each.body) if each.body else None)
        for each in server.requests
        if not each.path.endswith("/endpoints")
    ]
    server.requests.clear()
    return found


@pytest.mark.parametrize("resource", list(API.resources))
def test_every_operation_sends_what_the_client_sends(resource: str, server: ScriptedServer) -> None:
    server.requests.clear()
    with APIClient(local_api_spec=API_SPEC_PATH) as client:
        for operation in API.resources[resource].operations.values():
            if operation.path == "/endpoints":
                continue
            values = {each.name: sample(each.schema) for each in operation.parameters}
            required = [typed(values[each.name]) for each in operation.parameters if each.required]
            options = [
                word
                for each in operation.parameters
                if not each.required
                for word in typed_option(each.name, values[each.name], each.schema)
            ]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the objects have keys that nobody knows
                getattr(getattr(client, resource), operation.name)(**values)
            by_client = sent(server)
            run_here(dashed(resource), dashed(operation.name), *options, "--", *required)
            assert sent(server) == by_client, f"{resource} {operation.name}"
            assert len(by_client) == 1


@pytest.mark.parametrize("resource", list(API.resources))
def test_every_operation_has_help_for_80_columns(resource: str) -> None:
    for operation in API.resources[resource].operations.values():
        name = dashed(operation.name)
        shown = run_here(dashed(resource), name, "--help").output
        assert shown.startswith(f"Usage: civis {dashed(resource)} {name}"), shown
        assert page_of([dashed(resource), name, "-h"], 80) == shown.rstrip(
            "\n"
        )  # what is printed without click
        assert f"{operation.http_method} {operation.path}" in " ".join(shown.split())
        for each in operation.parameters:
            assert (each.name.strip("_").upper() if each.required else f"--{dashed(each.name)}") in shown
        long = [line for line in shown.splitlines() if len(line) > 80 and "API: " not in line]
        assert not long, long


@pytest.mark.parametrize("resource", list(API.resources))
def test_every_resource_lists_its_operations(resource: str) -> None:
    shown = run_here(dashed(resource), "--help").output
    for operation in API.resources[resource].operations.values():
        assert f"  {dashed(operation.name)}" in shown
    assert page_of([dashed(resource), "--help"], 80) == shown.rstrip("\n")
    assert max(map(len, shown.splitlines())) <= 80


def test_a_parameter_called_as_an_option_of_ours_keeps_its_name() -> None:
    command = OperationCommand(API.resources["users"].operations["list"])
    names = {name for each in command.params for name in each.opts}
    assert {"--query", "--cli-query", "--output"} <= names
    shown = run_here("users", "list", "--query", "ada", "--cli-query", "url", "--dry-run").output
    assert shown.strip().endswith("/users?query=ada")


def test_older_spellings_of_commands_and_options_work() -> None:
    dashes = run_here("scripts", "list-types", "--dry-run").output
    assert run_here("scripts", "list_types", "--dry-run").output == dashes
    assert "page_num=2" in run_here("jobs", "list", "--page_num", "2", "--dry-run").output


CASES = {
    "one value is a text": (["jobs", "list", "--state", "running"], "jobs?state=running"),
    "several values have commas between": (
        ["jobs", "list", "--state", "running", "--state", "failed"],
        "jobs?state=running%2Cfailed",
    ),
    "a boolean needs no value": (["jobs", "list", "--hidden"], "jobs?hidden=True"),
    "a boolean takes one": (["jobs", "list", "--hidden=false"], "jobs?hidden=False"),
    "a path is quoted": (["users", "get", "--", "a/b"], None),
    "-F gives required ones, too": (["jobs", "get", "-F", "id=5"], "jobs/5"),
}


@pytest.mark.parametrize("name", CASES)
def test_urls(name: str, server: ScriptedServer) -> None:
    arguments, expected = CASES[name]
    if expected is not None:
        position = arguments.index("--") if "--" in arguments else len(arguments)
        shown = run_here(*arguments[:position], "--dry-run", "--output", "json", *arguments[position:]).output
        assert json.loads(shown)["url"] == server.url + expected


WRONG = {
    "a mistyped resource": (["job", "list"], "Did you mean 'jobs'?"),
    "a mistyped method": (["jobs", "lst"], "Did you mean 'list'?"),
    "a mistyped option": (["jobs", "list", "--limt", "3"], "Did you mean '--limit'?"),
    "a mistyped field": (["jobs", "list", "-F", "limt=3"], "Did you mean 'limit'?"),
    "a missing argument": (["jobs", "get"], "Missing argument: ID."),
    "an argument too many": (["jobs", "get", "1", "2"], "Too many arguments: 2."),
    "no number": (["jobs", "get", "x"], "Argument ID: 'x' is not a whole number."),
    "no number in an option": (["jobs", "list", "--limit", "x"], "'x' is not a whole number"),
    "no truth value": (["jobs", "list", "--hidden=maybe"], "'maybe' is not true or false"),
    "no object": (["scripts", "post-containers", "3"], "expected an object in JSON or YAML"),
    "twice": (["jobs", "list", "--limit", "3", "-F", "limit=4"], "given both by an option and by -F"),
    "no expression": (["jobs", "list", "--cli-query", "["], "There is no option '--cli-query'"),
    "a folder in a path": (["users", "get-api-keys", "..", "1"], "cannot stand in a path"),
    "no JSON output and another": (["--json-output", "--output", "csv", "jobs", "list"], "contradict"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_told_and_nothing_is_sent(name: str, server: ScriptedServer) -> None:
    arguments, expected = WRONG[name]
    server.requests.clear()
    result = run_here(*arguments, code=2)
    assert expected in " ".join(result.stderr.split())
    assert sent(server) == []


def test_a_dry_run_sends_nothing_and_shows_no_key(server: ScriptedServer) -> None:
    server.requests.clear()
    result = run_here("jobs", "put-archive", 3, "true", "--dry-run", "--output", "json")
    assert json.loads(result.stdout) == {
        "method": "PUT",
        "url": f"{server.url}jobs/3/archive",
        "body": {"status": True},
    }
    assert server.requests == []


def test_unknown_keys_in_objects_are_warned_of() -> None:
    result = run_here("scripts", "post-containers", '{"cpu": 1, "memroy": 2}')
    assert "Warning: " in result.stderr
    assert "Did you mean 'memory'?" in result.stderr

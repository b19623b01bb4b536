"""Recorded requests, sent to a platform with examples in place of the objects that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import requests

from civis._names import camel_to_snake
from civis.local import catalog
from civis.local.state import runs
from tests.local.services.examples import CREATED, OPERATIONS, Examples, base_of
from tests.local.services.other_examples import arguments_of
from tests.local.services.test_all_operations import prepare

#: The examples whose IDs fields of bodies and queries hold, wherever they are.
NAMED = {
    "credential_id": "credential",
    "credential": "credential",
    "credentials": "credential",
    "database": "database",
    "database_id": "database",
    "remote_host_id": "database",
    "remote_host_credential_id": "credential",
    "from_template_id": "/templates/scripts",
    "template_id": "/templates/reports",
    "script_id": "/scripts/sql",
    "user_id": "other user",
    "running_as_id": "user",
    "from_job_chain": "/scripts/sql",
    "file_id": "/files",
    "model_id": "/models",
    "author": "user",
    "owner": "user",
    "sync_id": "sync",
}
#: Schemas and tables that requests name and examples have.
_RENAMED = ((r"visible_schema|test_\d+", "public"), (r"table_name\d+", "people"))


def operation_of(exchange: dict[str, Any]) -> catalog.CatalogOperation:
    """Give the operation that was asked for."""
    method, path = exchange["operation"].split(" ")
    return OPERATIONS[method, path.rstrip("/")]


def replay(examples: Examples, exchange: dict[str, Any]) -> requests.Response:
    """Send a recorded request, about examples; what it changes is an example of its own."""
    operation, before = operation_of(exchange), dict(examples.ids)
    try:
        _prepare(examples, operation)
        if exchange["response"]["status"] == 409:
            _have_running(examples, examples.ids[base_of(operation.path) or ""])
        values = _path_values(examples, operation)
        path = operation.path.format(**values)
        body = _renamed(examples, exchange["request"]["body"], values)
        query = "&".join(f"{name}={value}" for name, value in _query(examples, exchange["request"]["query"]))
        return examples.call(operation.method, f"{path}?{query}" if query else path, body)
    finally:
        examples.ids.update(before)


def _have_running(examples: Examples, job_id: int) -> None:
    """Have a run of a job be queued, which no worker takes."""
    with examples.platform.state.begin() as connection:
        runs.insert_run(connection, job_id, now=examples.platform.clock.time())


def _query(examples: Examples, query: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give a query's parameters one by one."""
    for name, value in query.items():
        given = examples.ids[NAMED[name]] if name in NAMED and str(value).isdecimal() else value
        for each in given if isinstance(given, list) else [given]:
            yield name, each


def _prepare(examples: Examples, operation: catalog.CatalogOperation) -> None:
    """Have what a request changes be an example of its own, with the parts that it names."""
    base = base_of(operation.path)
    if base is None or operation.path == base:
        return
    if operation.method != "GET" and not re.search(r"/(runs|executions|tags)/\{", operation.path):
        examples.ids[base] = examples.make(base)["id"]
    prepare(examples, operation, f"{base}/{examples.ids[base]}")


def _path_values(examples: Examples, operation: catalog.CatalogOperation) -> dict[str, Any]:
    """Fill what a path has in braces."""
    given = arguments_of(examples, operation)
    base = base_of(operation.path)
    names = re.findall(r"\{(\w+)\}", operation.path)
    first = examples.ids.get(base) if base else None
    values = {name: given.get(name) for name in names}
    if names and values[names[0]] is None:
        values[names[0]] = first
    for name in names[1:]:
        if values[name] is None:
            values[name] = examples.ids.get(f"{base} {name}")
    return values


def _renamed(examples: Examples, value: Any, values: dict[str, Any], key: str = "") -> Any:
    """Put the examples' IDs into a body."""
    if isinstance(value, dict) and key == "file":
        return {"id": examples.ids["/files"]}
    if isinstance(value, dict) and value.get("objectType") == "JSONValue":
        return {**value, "objectId": examples.ids["/json_values"]}
    if isinstance(value, dict) and key != "id":
        return {name: _renamed(examples, each, values, camel_to_snake(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(examples, each, values, key) for each in value]
    if key in NAMED and isinstance(value, int) and not isinstance(value, bool):
        return examples.ids[NAMED[key]]
    if key == "object_id":
        return examples.ids["/files"]
    if isinstance(value, str):
        for pattern, name in _RENAMED:
            if re.fullmatch(pattern, value):
                return name
    return value


def differences(recorded: Any, given: Any, kind: catalog.Type | None, where: str = "answer") -> Iterator[str]:
    """Say where an answer's fields or types are not those of a recorded one; null is of any type."""
    if recorded is None or given is None:
        return
    if _kind(recorded) != _kind(given):
        yield f"{where} is {_kind(given)}, was {_kind(recorded)}"
    elif isinstance(recorded, dict):
        if kind is not None and not kind.fields:  # keys are data
            return
        if set(recorded) != set(given):
            yield f"{where} has the fields {sorted(set(recorded) ^ set(given))} too many or too few"
        for name in recorded.keys() & given.keys():
            below = kind.fields.get(name) if kind else None
            yield from differences(recorded[name], given[name], below, f"{where}.{name}")
    elif isinstance(recorded, list) and recorded and given:
        item = kind.items if kind is not None and kind.items is not None else kind
        yield from differences(recorded[0], given[0], item, f"{where}[0]")


def _kind(value: Any) -> str:
    """Name the type of a JSON value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def fill_for_replay(examples: Examples) -> None:
    """Make what recorded requests name: a template of a script with parameters, a host with a login."""
    names = ("n", "id", "state", "table")
    params = [{"name": name, "type": "string", "required": False} for name in names]
    script = examples.resolved({**CREATED["/scripts/sql"], "sql": "select 1", "params": params})
    script_id = examples.call("POST", "scripts/sql", script).json()["id"]
    template = {"name": "with parameters", "scriptId": script_id}
    examples.ids["/templates/scripts"] = examples.call("POST", "templates/scripts", template).json()["id"]
    host = {"name": "mine", "type": "RemoteHostTypes::JDBC", "url": "jdbc:mysql//myHost/myDb"}
    host_id = examples.call("POST", "remote_hosts", host).json()["id"]
    login = {"type": "Database", "username": "myUsername", "password": "myPassword", "remoteHostId": host_id}
    assert examples.call("POST", "credentials", login).ok

"""Requests and answers recorded from the platform: the client sends the one and reads the other."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from civis._errors import CivisAPIError, CivisAPIKeyError
from civis._names import camel_to_snake
from civis._spec import Operation
from civis.client import APIClient
from civis.response import ListResponse, Response
from tests._servers import Reply, ScriptedServer, served

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
if not REFERENCE.is_dir():
    pytest.skip("no reference material beside this checkout", allow_module_level=True)
EXCHANGES: list[dict[str, Any]] = json.loads((REFERENCE / "recorded_exchanges.json").read_text())
SPEC_PATH = REFERENCE / "api_spec.json"


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with served(lambda request: Reply(200, b"{}")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ScriptedServer) -> Iterator[APIClient]:
    with APIClient("key", local_api_spec=SPEC_PATH, endpoint=server.url, retries=0) as client:
        client.users.get_me()  # opens the connection that all tests use
        yield client


def operation_of(client: APIClient, exchange: dict[str, Any]) -> Operation | None:
    """The operation that was called, or None for one without a method."""
    verb, path = exchange["operation"].split(" ")
    wanted = (verb, path.rstrip("/"))
    return next((each for each in client._api.operations() if (each.http_method, each.path) == wanted), None)


def arguments_of(operation: Operation, request: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the call that a recorded request stands for."""
    names = operation.path.strip("/").split("/")
    steps = urlsplit(request["path"]).path.strip("/").split("/")
    in_path = {name: unquote(step) for name, step in zip(names, steps, strict=True) if name.startswith("{")}
    query = {camel_to_snake(name): value for name, value in request["query"].items()}
    body = {camel_to_snake(name): value for name, value in (request["body"] or {}).items()}
    given: dict[str, Any] = {}
    for each in operation.parameters:
        source: dict[str, Any] = {"query": query, "body": body}.get(each.location, {})
        if each.location == "path":
            given[each.name] = in_path[f"{{{each.wire_name}}}"]
        elif each.wire_name in source:
            given[each.name] = source[each.wire_name]
    return given


@pytest.mark.parametrize(
    "exchange", EXCHANGES, ids=[f"{n} {each['operation']}" for n, each in enumerate(EXCHANGES)]
)
def test_exchange(exchange: dict[str, Any], client: APIClient, server: ScriptedServer) -> None:
    operation = operation_of(client, exchange)
    if operation is None:
        verb, path = exchange["operation"].split(" ")
        assert any(
            (each.http_method, each.path) == (verb, path.rstrip("/"))
            for each in client._api.operations(everything=True)
        )
        return
    response = exchange["response"]
    content = b"" if response["body"] is None else json.dumps(response["body"]).encode()
    server.script = lambda request: Reply(response["status"], content, response["headers"])
    method = getattr(getattr(client, operation.resource), operation.name)
    arguments = arguments_of(operation, exchange["request"])
    missing = [each.name for each in operation.parameters if each.required and each.name not in arguments]
    arguments |= dict.fromkeys(missing, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        if response["status"] >= 400:
            with pytest.raises(CivisAPIError) as error:
                method(**arguments)
            assert error.value.status_code == response["status"]
            check_request(server, operation, exchange["request"], missing)
            return
        result = method(**arguments)
    check_request(server, operation, exchange["request"], missing)
    check_result(result, response["body"])


def check_request(
    server: ScriptedServer, operation: Operation, wanted: dict[str, Any], missing: list[str]
) -> None:
    """Just that method, path, query and body were sent."""
    sent = server.requests[-1]
    assert sent.method == operation.http_method
    assert unquote(sent.path) == unquote(urlsplit(wanted["path"]).path).rstrip("/")
    pairs = parse_qsl(sent.target.partition("?")[2])
    query = {camel_to_snake(key): value for key, value in wanted["query"].items()}
    expected = []
    for each in operation.parameters:
        if each.location == "query" and each.name in query:
            name = f"{each.wire_name}[]" if each.schema.type == "array" else each.wire_name
            values = query[each.name] if isinstance(query[each.name], list) else [query[each.name]]
            expected += [(name, str(value)) for value in values]
    assert [pair for pair in pairs if pair[0] not in missing] == expected
    if wanted["body"] is None and not missing:
        assert sent.body == b""
    if wanted["body"] is not None:
        body = {key: value for key, value in json.loads(sent.body).items() if key not in missing}
        known = {each.wire_name for each in operation.parameters if each.location == "body"}
        named = {camel_to_snake(key): value for key, value in wanted["body"].items()}
        assert body == {key: value for key, value in named.items() if key in known}


#: Answers that are not recorded but may come: status, headers, content, and what the call gives or raises.
JSON = {"Content-Type": "application/json; charset=utf-8"}
ODD: dict[str, tuple[Reply, Any]] = {
    "an array for an object": (Reply(200, b'[{"someId": 1}]', JSON), [{"some_id": 1}]),
    "an array of numbers": (Reply(200, b"[1, 2]", JSON), [1, 2]),
    "null": (Reply(200, b"null", JSON), None),
    "nothing": (Reply(200, b"", JSON), {}),
    "no content": (Reply(204), {}),
    "accepted, nothing": (Reply(202, b""), {}),
    "accepted": (Reply(202, b'{"runId": 3}', JSON), {"run_id": 3}),
    "created": (Reply(201, b'{"oAuth": {"s3": 1}}', JSON), {"o_auth": {"s3": 1}}),
    "reset content": (Reply(205, b""), {}),
    "names of all kinds": (
        Reply(200, b'{"provideAPIKey": 1, "s3Url": 2, "_private": 3, "already_snake": 4, "x2y": 5}', JSON),
        {"provide_api_key": 1, "s3_url": 2, "_private": 3, "already_snake": 4, "x2y": 5},
    ),
    "an empty array": (Reply(200, b"[]", JSON), []),
    "a page of HTML as an error": (
        Reply(500, b"<html>oh</html>", {"Content-Type": "text/html"}),
        CivisAPIError,
    ),
    "an error that is an array": (Reply(422, b'["bad"]', JSON), CivisAPIError),
    "an error that is null": (Reply(400, b"null", JSON), CivisAPIError),
    "an error without a body": (Reply(404), CivisAPIError),
    "an error that is a text": (Reply(409, b'"taken"', JSON), CivisAPIError),
    "a refused key": (Reply(401, b'{"errorDescription": "no"}', JSON), CivisAPIKeyError),
    "payment required": (Reply(402, b"{}", JSON), CivisAPIError),
    "a teapot": (Reply(418, b'{"error": "teapot", "code": 418}', JSON), CivisAPIError),
}


@pytest.mark.parametrize("word", ODD)
@pytest.mark.parametrize("called", ["jobs.get", "jobs.list", "scripts.post_sql_runs", "jobs.put_archive"])
def test_answers_that_are_not_recorded(
    word: str, called: str, client: APIClient, server: ScriptedServer
) -> None:
    reply, wanted = ODD[word]
    server.script = lambda request: reply
    resource, name = called.split(".")
    method = getattr(getattr(client, resource), name)
    required = [1 for each in method.operation.parameters if each.required]
    if isinstance(wanted, type):
        with pytest.raises(wanted) as error:
            method(*required)
        assert error.value.status_code == reply.status
        assert str(reply.status) in str(error.value)
        return
    result = method(*required)
    assert result == wanted
    if isinstance(wanted, dict):
        assert isinstance(result, Response)
        assert all(getattr(result, key) == result[key] == value for key, value in wanted.items())


def check_result(result: Any, body: Any) -> None:
    """Every field can be reached in both spellings, at every depth outside of what keeps its case."""
    if isinstance(body, list):
        assert isinstance(result, ListResponse)
        assert len(result) == len(body)
        for mine, theirs in zip(result, body, strict=True):
            check_result(mine, theirs)
    elif isinstance(body, dict):
        assert isinstance(result, Response)
        for key, value in body.items():
            assert result[key] == result[camel_to_snake(key)]
            if not hasattr(Response, key):  # a field named as a method (``values``) is asked for as an item
                assert getattr(result, key) == getattr(result, camel_to_snake(key)) == result[key]
            if isinstance(value, dict) and key not in ("arguments", "environmentVariables", "value"):
                check_result(result[key], value)
            elif not isinstance(value, (dict, list)):
                assert result[key] == value
    elif body is None:
        assert not result
    else:
        assert result == body

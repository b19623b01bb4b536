"""What holds for every operation of the description: name, signature, docstring, and what a call sends."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest

from civis._names import camel_to_snake
from civis.client import APIClient
from civis.response import ListResponse, Response
from tests._servers import ScriptedServer, json_reply, served

SPEC_PATH = Path(__file__).resolve().parents[3] / "shared" / "reference" / "api_spec.json"
SPEC: dict[str, Any] = json.loads(SPEC_PATH.read_text()) if SPEC_PATH.is_file() else {"paths": {}}
OPERATIONS = [(verb, path) for path, item in SPEC["paths"].items() for verb in item]
if not OPERATIONS:
    pytest.skip("no reference material beside this checkout", allow_module_level=True)

ARRAYS = ("credentials/types", "databases/{id}/users", "jobs/{id}/children", "jobs/{id}/parents")
VALUES = {"integer": 7, "number": 1.5, "string": "a b/ç?&%", "boolean": True, "object": {"k": [None]}}


def definition(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference of the reference."""
    reference = node.get("$ref")
    return SPEC["definitions"][reference.rsplit("/", 1)[1]] if reference else node


def described(verb: str, path: str) -> tuple[list[dict[str, Any]], dict[str, Any], list[str]]:
    """The parameters outside the body, the body's properties, and which of these are required."""
    operation = SPEC["paths"][path][verb]
    parameters = operation["parameters"] or []
    outside = [each for each in parameters if each["in"] != "body"]
    bodies = [definition(each["schema"]) for each in parameters if each["in"] == "body"]
    properties = {name: definition(each) for body in bodies for name, each in body["properties"].items()}
    return outside, properties, [name for body in bodies for name in body.get("required", [])]


def expected_name(verb: str, path: str) -> tuple[str, str]:
    """The names by the rules, worked out from the raw description alone."""
    resource, *rest = path.strip("/").split("/")
    words, before = [], resource
    for step in rest:
        if not step.startswith("{"):
            words.append(step)
        elif before.startswith("{"):
            words.append(step.strip("{}"))
        before = step
    head = verb
    if verb == "get" and not before.startswith("{"):
        schema = SPEC["paths"][path][verb]["responses"]["200"].get("schema", {})
        bare = path.strip("/")
        is_array = schema.get("type") == "array" and not bare.endswith("/shares") and bare != "search"
        head = "list" if is_array or bare in ARRAYS or bare.endswith("/git/commits") else "get"
    return resource.replace("-", "_"), "_".join([head, *words]).replace("-", "_")


def example(schema: dict[str, Any]) -> Any:
    """A value of a type."""
    if schema.get("type") == "array":
        return [example(definition(schema["items"])), example(definition(schema["items"]))]
    return VALUES[definition(schema)["type"]]


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with served(lambda request: json_reply({"someField": 1})) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ScriptedServer) -> Iterator[APIClient]:
    with APIClient("key", local_api_spec=SPEC, endpoint=server.url, retries=0) as client:
        client.users.get_me()  # opens the connection that all tests use
        yield client


@pytest.mark.parametrize(("verb", "path"), OPERATIONS, ids=[f"{verb} {path}" for verb, path in OPERATIONS])
def test_operation(verb: str, path: str, client: APIClient, server: ScriptedServer) -> None:
    raw = SPEC["paths"][path][verb]
    resource_name, name = expected_name(verb, path)
    if resource_name == "feature_flags":
        assert resource_name not in dir(client)
        return
    resource = getattr(client, resource_name)
    if "deprecated" in raw["summary"].lower():
        with pytest.raises(AttributeError, match="no longer offered"):
            getattr(resource, name)
        return
    method = getattr(resource, name)
    outside, properties, needed = described(verb, path)
    check_signature(method, outside, properties, needed)
    check_docstring(method, raw, verb, path, outside, properties)

    required = [each for each in outside if each["required"]]
    by_position = [example(each) for each in required] + [
        example(each) for key, each in properties.items() if key in needed
    ]
    by_name = {each["name"]: example(each) for each in outside if not each["required"]}
    by_name |= {camel_to_snake(key): example(each) for key, each in properties.items() if key not in needed}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = method(*by_position, **by_name)
    assert bool(said) == bool(raw["x-deprecation-warning"])
    assert all(each.category is FutureWarning and each.filename == __file__ for each in said)
    assert result == {"some_field": 1}
    assert client.last_response == result

    sent = server.requests[-1]
    assert sent.method == verb.upper()
    filled = path.rstrip("/")
    for each in outside:
        if each["in"] == "path":
            filled = filled.replace(f"{{{each['name']}}}", quote(str(example(each)), safe=""))
    assert sent.path == filled
    assert unquote(sent.path).count("{") == 0
    assert parse_qsl(sent.target.partition("?")[2]) == expected_query(outside)
    if properties:
        assert json.loads(sent.body) == {
            camel_to_snake(key): example(each) for key, each in properties.items()
        }
        assert sent.headers["Content-Type"] == "application/json"
    else:
        assert sent.body == b""
        assert "Content-Type" not in sent.headers


def expected_query(outside: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The pairs of the query string, in the description's order."""
    pairs: list[tuple[str, str]] = []
    for each in outside:
        if each["in"] == "query" and each["type"] == "array":
            pairs += [(f"{each['name']}[]", str(value)) for value in example(each)]
        elif each["in"] == "query":
            pairs.append((each["name"], str(example(each))))
    return pairs


def check_signature(method: Any, outside: list[Any], properties: dict[str, Any], needed: list[str]) -> None:
    """Required arguments first and in order, optional ones by name, the iterator where there are pages."""
    signature = inspect.signature(method)
    positional = [each["name"] for each in outside if each["required"]]
    positional += [camel_to_snake(key) for key in properties if key in needed]
    optional = [each["name"] for each in outside if not each["required"]]
    optional += [camel_to_snake(key) for key in properties if key not in needed]
    is_paged = {"limit", "page_num"} <= set(optional) and method.operation.http_method == "GET"
    arguments = signature.parameters.values()
    assert [each.name for each in arguments if each.kind is each.POSITIONAL_OR_KEYWORD] == positional
    found = [each.name for each in arguments if each.kind is each.KEYWORD_ONLY]
    assert found == [*optional, *(["iterator"] if is_paged else [])]
    assert all(each.annotation is not inspect.Parameter.empty for each in arguments)
    assert signature.return_annotation is not inspect.Signature.empty
    if not is_paged:
        assert signature.return_annotation in (Response, ListResponse)
    assert all(repr(each.default) == "..." for each in arguments if each.name in optional)


def check_docstring(
    method: Any, raw: dict[str, Any], verb: str, path: str, outside: list[Any], properties: dict[str, Any]
) -> None:
    """Summary, URL, each parameter, each field of the answer."""
    text = inspect.getdoc(method) or ""
    assert text.startswith(raw["summary"].strip())
    assert f"API URL: ``{verb.upper()} {path.rstrip('/')}``" in text
    for name in [*(each["name"] for each in outside), *map(camel_to_snake, properties)]:
        assert f"\n{name} : " in text
    good = next(answer for status, answer in raw["responses"].items() if status.startswith("2"))
    schema = good.get("schema", {})
    fields = definition(schema.get("items", schema)).get("properties", {})
    returned = text.partition("Returns\n-------")[2]
    assert returned
    for field in fields:
        assert f"- {camel_to_snake(field)} : " in returned
    assert all(len(line) <= 110 or " " not in line.strip() for line in text.splitlines()[1:])

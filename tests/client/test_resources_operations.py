"""What holds for every operation of the description: name, signature, docstring, and what a call sends."""

from __future__ import annotations

import inspect
import json
import random
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest

from civis._names import camel_to_snake, near_names
from civis.client import APIClient
from civis.local.catalog import description
from civis.resources import bind
from civis.response import ListResponse, Response
from tests._servers import ScriptedServer, json_reply, served

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "api_spec.json"
#: The platform's own description, where it lies beside the checkout, and the local platform's.
SPECS: dict[str, Any] = {"local": description("all")}
if REFERENCE.is_file():
    SPECS["platform"] = json.loads(REFERENCE.read_text())
OPERATIONS = [
    (source, verb, path)
    for source, spec in SPECS.items()
    for path, item in spec["paths"].items()
    for verb in item
]
ARRAYS = ("credentials/types", "databases/{id}/users", "jobs/{id}/children", "jobs/{id}/parents")
VALUES = {"integer": 7, "number": 1.5, "string": "a b/ç?&%", "boolean": True}


class Raw:
    """An operation as the description has it, read by as little code as will do."""

    def __init__(self, source: str, verb: str, path: str) -> None:
        self.spec, self.verb, self.path = SPECS[source], verb, path
        self.node: dict[str, Any] = self.spec["paths"][path][verb]
        parameters = self.node.get("parameters") or []
        self.outside = [each for each in parameters if each["in"] != "body"]
        bodies = [self.definition(each["schema"]) for each in parameters if each["in"] == "body"]
        self.must_send = any(each.get("required") for each in parameters if each["in"] == "body")
        self.properties = {
            name: self.definition(each)
            for body in bodies
            for name, each in body.get("properties", {}).items()
        }
        self.needed = [name for body in bodies for name in body.get("required", [])]

    def definition(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference."""
        reference = node.get("$ref")
        return self.spec["definitions"][reference.rsplit("/", 1)[1]] if reference else node

    def example(self, schema: dict[str, Any], depth: int = 0) -> Any:
        """A value of a type."""
        schema = self.definition(schema)
        if schema.get("type") == "array":
            return [
                self.example(schema.get("items", {}), depth),
                self.example(schema.get("items", {}), depth),
            ]
        if schema.get("type") != "object" and "properties" not in schema:
            return VALUES[schema.get("type", "string")]
        if not schema.get("properties"):
            return {"k": [None]}
        if depth > 3:
            return {}
        return {key: self.example(each, depth + 1) for key, each in schema["properties"].items()}

    def names(self) -> tuple[str, str]:
        """The names by the rules."""
        resource, *rest = self.path.strip("/").split("/")
        words, before = [], resource
        for step in rest:
            if not step.startswith("{"):
                words.append(step)
            elif before.startswith("{"):
                words.append(step.strip("{}"))
            before = step
        head = self.verb
        if self.verb == "get" and not before.startswith("{"):
            schema = next(iter(self.node["responses"].values())).get("schema", {})
            bare = self.path.strip("/")
            is_array = schema.get("type") == "array" and not bare.endswith("/shares") and bare != "search"
            is_array = is_array or bare in ARRAYS or bare.endswith("/git/commits")
            is_array = is_array or (bare.startswith("scripts/") and bare.endswith("/history"))
            head = "list" if is_array else "get"
        return resource.replace("-", "_"), "_".join([head, *words]).replace("-", "_")


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with served(lambda request: json_reply({"someField": 1})) as server:
        yield server


@pytest.fixture(scope="module")
def client(request: pytest.FixtureRequest, server: ScriptedServer) -> Iterator[APIClient]:
    """A client of the description that the test names."""
    with APIClient("key", local_api_spec=SPECS[request.param], endpoint=server.url, retries=0) as client:
        client.users.get_me()  # opens the connection that all tests use
        yield client


@pytest.mark.parametrize(
    ("client", "source", "verb", "path"),
    [(operation[0], *operation) for operation in OPERATIONS],
    ids=[" ".join(operation) for operation in OPERATIONS],
    indirect=["client"],
)
def test_operation(client: APIClient, source: str, verb: str, path: str, server: ScriptedServer) -> None:
    raw = Raw(source, verb, path)
    resource_name, name = raw.names()
    if resource_name == "feature_flags":
        assert resource_name not in dir(client)
        return
    resource = getattr(client, resource_name)
    if "deprecated" in raw.node["summary"].lower():
        with pytest.raises(AttributeError, match="no longer offered"):
            getattr(resource, name)
        return
    method = getattr(resource, name)
    assert method.__name__ == name
    assert method.operation.problem is None
    check_signature(method, raw)
    check_docstring(method, raw)
    check_full_call(method, raw, client, server)
    check_bare_call(method, raw)
    check_refusals(method, raw, server)


def arguments(raw: Raw) -> tuple[list[Any], dict[str, Any]]:
    """A value for each argument: those required by position, the others by name."""
    by_position = [raw.example(each) for each in raw.outside if each["required"]]
    by_position += [raw.example(each) for key, each in raw.properties.items() if key in raw.needed]
    by_name = {each["name"]: raw.example(each) for each in raw.outside if not each["required"]}
    by_name |= {
        camel_to_snake(key): raw.example(each)
        for key, each in raw.properties.items()
        if key not in raw.needed
    }
    return by_position, by_name


def check_full_call(method: Any, raw: Raw, client: APIClient, server: ScriptedServer) -> None:
    """With every argument passed, every one is sent, in its place and spelling."""
    by_position, by_name = arguments(raw)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        result = method(*by_position, **by_name)
    assert [str(each.message) for each in said] == [
        f"client.{method.operation.resource}.{method.operation.name}(): {text.strip()}"
        for text in [raw.node.get("x-deprecation-warning")]
        if text
    ]
    assert all(each.category is FutureWarning and each.filename == __file__ for each in said)
    assert result == {"some_field": 1}
    assert client.last_response == result

    sent = server.requests[-1]
    assert sent.method == raw.verb.upper()
    assert sent.path == filled_path(raw)
    assert unquote(sent.path).count("{") == 0
    assert parse_qsl(sent.target.partition("?")[2]) == expected_query(raw, raw.outside)
    if raw.properties:
        assert json.loads(sent.body) == {
            camel_to_snake(key): raw.example(each) for key, each in raw.properties.items()
        }
        assert sent.headers["Content-Type"] == "application/json"
    else:
        assert sent.body == b""
        assert "Content-Type" not in sent.headers


def check_bare_call(method: Any, raw: Raw) -> None:
    """What was not passed is not sent, and without anything to send there is no body."""
    request = bind(method.operation, arguments(raw)[0], {})
    required = [each for each in raw.outside if each["required"]]
    assert list(request.query) == expected_query(raw, required)
    needed = [key for key in raw.properties if key in raw.needed]
    body = {camel_to_snake(key): raw.example(raw.properties[key]) for key in needed}
    assert request.body == (body if body or raw.must_send else None)
    assert request.headers is None


def check_refusals(method: Any, raw: Raw, server: ScriptedServer) -> None:
    """An argument too many, a misspelt or missing one, and a path that would be another are never sent."""
    before = len(server.requests)
    by_position, by_name = arguments(raw)
    called = f"{method.operation.resource}.{method.operation.name}()"
    with pytest.raises(TypeError, match=re.escape(called)):
        method(*by_position, 1)
    if by_position:
        with pytest.raises(TypeError, match=re.escape(f"{called} is missing")):
            method(*by_position[:-1], **by_name)
    names = list(inspect.signature(method).parameters)
    for name in names[-1:]:
        with pytest.raises(TypeError, match=rf"unexpected keyword argument '{name}z'.*Did you mean '{name}'"):
            method(*by_position, **{f"{name}z": 1})
    required = [each["in"] for each in raw.outside if each["required"]]
    for number in [number for number, place in enumerate(required) if place == "path"][-1:]:
        for odd in ("", ".", ".."):
            with pytest.raises(ValueError, match="cannot stand in a path"):
                method(*by_position[:number], odd, *by_position[number + 1 :])
    assert len(server.requests) == before


def filled_path(raw: Raw) -> str:
    """The path with its values, quoted."""
    filled = raw.path.rstrip("/")
    for each in raw.outside:
        if each["in"] == "path":
            filled = filled.replace(f"{{{each['name']}}}", quote(str(raw.example(each)), safe=""))
    return filled


def expected_query(raw: Raw, outside: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The pairs of the query string, in the description's order."""
    pairs: list[tuple[str, str]] = []
    for each in outside:
        if each["in"] == "query" and each["type"] == "array":
            pairs += [(f"{each['name']}[]", str(value)) for value in raw.example(each)]
        elif each["in"] == "query":
            pairs.append((each["name"], str(raw.example(each))))
    return pairs


def check_signature(method: Any, raw: Raw) -> None:
    """Required arguments first and in order, optional ones by name, the iterator where there are pages."""
    signature = inspect.signature(method)
    positional = [each["name"] for each in raw.outside if each["required"]]
    positional += [camel_to_snake(key) for key in raw.properties if key in raw.needed]
    optional = [each["name"] for each in raw.outside if not each["required"]]
    optional += [camel_to_snake(key) for key in raw.properties if key not in raw.needed]
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


def check_docstring(method: Any, raw: Raw) -> None:
    """Summary, URL, each parameter, each field of the answer."""
    text = inspect.getdoc(method) or ""
    assert text.startswith(raw.node["summary"].strip())
    assert f"API URL: ``{raw.verb.upper()} {raw.path.rstrip('/')}``" in text
    for name in [*(each["name"] for each in raw.outside), *map(camel_to_snake, raw.properties)]:
        assert f"\n{name} : " in text
    good = next(answer for status, answer in raw.node["responses"].items() if status.startswith("2"))
    schema = good.get("schema", {})
    fields = raw.definition(schema.get("items", schema)).get("properties", {})
    returned = text.partition("Returns\n-------")[2]
    assert returned
    for field in fields:
        assert f"- {camel_to_snake(field)} : " in returned
    assert all(len(line) <= 110 or " " not in line.strip() for line in text.splitlines()[1:])


@pytest.mark.parametrize("client", SPECS, indirect=True)
def test_the_names_of_earlier_releases(client: APIClient) -> None:
    """Of GETs that answer an object, ``list_…`` still works beside ``get_…``, and says what to write."""
    found = 0
    for resource in client._api.resources.values():
        for old, new in resource.older_names.items():
            with pytest.warns(FutureWarning, match=rf"client\.{resource.name}\.{new}\(\)"):
                method = getattr(getattr(client, resource.name), old)
            assert method is getattr(getattr(client, resource.name), new)
            found += 1
    assert found > 50
    assert client._api.resources["users"].older_names["list_me"] == "get_me"


@pytest.mark.parametrize("client", SPECS, indirect=True)
def test_what_was_meant(client: APIClient) -> None:
    """Of single slips of the finger in any name, the first guess is right."""
    chance = random.Random(5)
    right = tried = 0
    for operation in chance.sample(list(client._api.operations()), 150):
        resource = client._api.resources[operation.resource]
        for name, known in (
            (operation.resource, list(client._api.resources)),
            (operation.name, list(resource.operations)),
            *((each.name, [one.name for one in operation.parameters]) for each in operation.parameters[-1:]),
        ):
            wrong = slip(name, chance)
            if wrong in known or len(name) < 3:
                continue
            tried += 1
            right += near_names(wrong, known)[:1] == [name]
    assert tried > 200
    assert right / tried >= 0.95


def slip(name: str, chance: random.Random) -> str:
    """A letter left out, doubled, swapped or replaced."""
    at = chance.randrange(len(name) - 1) if len(name) > 1 else 0
    return chance.choice(
        [
            name[:at] + name[at + 1 :],
            name[: at + 1] + name[at:],
            name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
            name[:at] + chance.choice("abcdefghijklmnopqrstuvwxyz") + name[at + 1 :],
        ]
    )

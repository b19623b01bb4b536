"""Every operation on one object, asked through the client on a platform with an example of each kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests

from civis._spec import load_spec
from civis.base import CivisAPIError
from civis.local import Platform, catalog
from civis.local.catalog import Type
from civis.local.catalog.nulls import may_be_null
from civis.local.services import all_routes
from tests.local.services.examples import CREATED, OPERATIONS, Examples, base_of

#: How paths go on whose operations need something made before; each with what makes it.
PARTS = {
    "deployment_id": ("/deployments", "deploymentId"),
    "token_id": ("/tokens", "id"),
    "name": ("/resources", "name"),
}
ROUTES = all_routes()
#: Fields of answers that are objects, although described as arrays: of shares, of searches.
SINGLE = {"readers", "totalResults"}
JSON_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
    "array": list,
}


def problems(value: Any, kind: Type, where: str = "answer") -> Iterator[str]:
    """Say what of a value is not as the catalogue says, at every depth."""
    # A JSON value, or a preference, is of any type, although described as text.
    if value is None or where == "answer.value" or where.startswith("answer.preferences."):
        return
    if not isinstance(value, JSON_TYPES[kind.kind]) or (kind.kind == "integer" and isinstance(value, bool)):
        yield f"{where} is {value!r}, not of type {kind!r}"
    elif kind.enum and value not in kind.enum:
        yield f"{where} is {value!r}, none of {kind.enum}"
    elif kind.format in ("time", "date-time", "date"):
        try:
            datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        except ValueError:
            yield f"{where} is no moment: {value!r}"
    else:
        yield from problems_inside(value, kind, where)


def as_answered(shape: Type, content: Any) -> Type:
    """Give the shape that an answer has: shares and searches are objects, although described as arrays."""
    is_single = isinstance(content, dict) and bool(SINGLE & content.keys())
    return shape.items if is_single and shape.items is not None else shape


def problems_inside(value: Any, kind: Type, where: str) -> Iterator[str]:
    """Say what is wrong with the parts of a value."""
    if kind.kind == "array" and kind.items is not None:
        for number, each in enumerate(value):
            yield from problems(each, kind.items, f"{where}[{number}]")
    elif kind.fields:
        if list(value) != list(kind.fields):
            yield f"{where} has the fields {sorted(set(value) ^ set(kind.fields))} too many or too few"
        for name, each in kind.fields.items():
            if value.get(name) is None and not may_be_null(kind.name, name):
                yield f"{where}.{name} of a {kind!r} is null, and never may be"
            yield from problems(value.get(name), each, f"{where}.{name}")
    elif kind.values is not None:
        for name, each in value.items():
            yield from problems(each, kind.values, f"{where}.{name}")


@pytest.fixture(scope="module")
def examples(platform: Platform) -> Iterator[Examples]:
    """A platform with an example of each kind."""
    with requests.Session() as session:
        session.auth = (platform.api_key, "")
        examples = Examples(platform, session)
        examples.fill()
        yield examples


@pytest.mark.parametrize("base", CREATED, ids=lambda base: base.strip("/").replace("/", "-"))
def test_lives_of_objects(examples: Examples, base: str) -> None:
    created = examples.make(base)
    path = f"{base}/{created['id']}"

    def has(method: str, rest: str = "") -> bool:
        return any(
            key[0] == method and re.fullmatch(re.escape(base) + r"/\{\w+\}" + rest, key[1]) for key in ROUTES
        )

    def ok(method: str, where: str, body: Any = None) -> Any:
        answer = examples.call(method, where, body)
        assert answer.ok, f"{method} {where}: {answer.text}"
        return answer.json() if answer.content else None

    if has("GET"):
        assert ok("GET", path)["id"] == created["id"]
    if ("GET", base) in ROUTES:
        listed = ok("GET", base)
        assert base == "/queries" or created["id"] in [each["id"] for each in listed]
    name = next((each for each in ("name", "displayName", "filename", "modelName") if each in created), None)
    if has("PATCH") and name in {each.wire_name for each in patch_of(base).parameters}:
        changed = ok("PATCH", path, {name: "renamed"})
        assert changed is None or changed[name] == "renamed"
        assert ok("GET", path)[name] == "renamed"
    if has("PUT", "/archive"):
        ok("PUT", f"{path}/archive", {"status": True})
        if ("GET", base) in ROUTES and "archived" in {
            each.name for each in OPERATIONS["GET", base].parameters
        }:
            assert created["id"] not in [each["id"] for each in ok("GET", base)]
            assert created["id"] in [each["id"] for each in ok("GET", f"{base}?archived=all")]
        ok("PUT", f"{path}/archive", {"status": False})
    if has("DELETE") and base != "/queries":
        ok("DELETE", path)
        if has("GET"):
            left = examples.call("GET", path)
            assert left.status_code == 404 or left.json().get("archived") is not False


def patch_of(base: str) -> catalog.CatalogOperation:
    """Give the operation that changes an object."""
    return next(
        each
        for key, each in OPERATIONS.items()
        if key[0] == "PATCH" and re.fullmatch(re.escape(base) + r"/\{\w+\}", key[1])
    )


#: Operations on one object that have an example; those on runs, tables and users are tested with their areas.
ON_EXAMPLES = [
    OPERATIONS[key]
    for key in sorted(ROUTES)
    if key in OPERATIONS
    and base_of(key[1]) is not None
    and not re.search(
        r"/(runs|builds|members|tags|executions)/\{|checkout|whitelist|/favorites|\{alias\}|\{script_id|/syncs",
        key[1],
    )
]
#: Requests after which an example is not what it was.
ALTERING = r"DELETE [^}]*\}|.*/(archive|transfer|runs|redeploy|grants|git.*|resources.*|auto_share|cancel)"
#: What these answer for good reasons instead of success, by a pattern of "METHOD path".
REFUSED = (
    (r"GET /reports/\{id\}/refresh.*", 404),  # no refresh was asked for
    (r"POST .*/cancel", 409),  # nothing runs
    (r"GET .*/git/commits/\{commit_hash\}", 404),
    (r"GET /files/\{id\}/preview", 400),  # nothing was uploaded
    (r"GET /remote_hosts/\{id\}/data_sets", 422),
    (r"POST /remote_hosts/\{id\}/authenticate", 400),
    (r"POST /credentials/\{id\}/temporary", 400),
    (r"POST /queries/\{id\}/runs", 409),  # the first one goes on
)


@pytest.fixture(scope="module")
def methods() -> dict[tuple[str, str], tuple[str, str]]:
    """The client's resource and method of each operation."""
    found = load_spec(catalog.description()).operations()
    return {(each.http_method.upper(), each.path.rstrip("/")): (each.resource, each.name) for each in found}


@pytest.mark.parametrize("operation", ON_EXAMPLES, ids=lambda each: f"{each.method} {each.path}")
def test_answers_are_as_described(
    examples: Examples,
    client: Any,
    methods: dict[tuple[str, str], tuple[str, str]],
    operation: catalog.CatalogOperation,
) -> None:
    key = f"{operation.method} {operation.path}"
    base = base_of(operation.path)
    assert base is not None
    before = dict(examples.ids)
    if re.fullmatch(ALTERING, key):  # what one test does to an example is none of another's business
        examples.ids[base] = examples.make(base)["id"]
    prepare(examples, operation, f"{base}/{examples.ids[base]}")
    arguments = examples.arguments(operation)
    examples.ids.update(before)
    expected = next((status for pattern, status in REFUSED if re.fullmatch(pattern, key)), None)
    resource, name = methods.get((operation.method, operation.path), (None, None))
    if resource is None:  # an operation that clients make no method of
        path = operation.path.format(**arguments)
        answer = examples.call(operation.method, path, {})
    else:
        method = getattr(getattr(client, resource), name)
        if expected is not None:
            with pytest.raises(CivisAPIError) as refused:
                method(**arguments)
            assert refused.value.status_code == expected
            return
        answer = method(**arguments)
    assert answer.status_code == operation.success_status, answer.text
    if answer.content:
        shape, content = operation.returns, answer.json()
        if isinstance(content, list) and shape is not None and shape.kind != "array":
            content = content[0] if content else None  # described as an object, but a list
        assert shape is not None
        assert not list(problems(content, as_answered(shape, content)))


def prepare(examples: Examples, operation: catalog.CatalogOperation, path: str) -> None:
    """Make the parts of an object that an operation asks for."""
    base, ids = base_of(operation.path), examples.ids
    if "{commit_hash}" in operation.path:
        ids[f"{base} commit_hash"] = "0123456789"
    elif operation.path.endswith("/git/commits"):
        body = {"gitRepoUrl": "https://127.0.0.1:9/team/code"}
        assert examples.call("PUT", f"{path}/git", body).ok
    for name, (rest, field) in PARTS.items():
        if f"{{{name}}}" in operation.path:
            made = examples.call("POST", f"{path}{rest}", {"name": "part"})
            assert made.ok, made.text
            ids[f"{base} {name}"] = made.json()[field]
    ids[f"{base} parent_project_id"] = ids["above"]
    ids[f"{base} job_id"] = "1"


@pytest.fixture(scope="module")
def client(platform: Platform) -> Any:
    """A client that gives answers as they came."""
    return platform.client(return_type="raw")

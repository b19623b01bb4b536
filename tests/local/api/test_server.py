"""The platform over HTTP: authentication, routing, headers, errors, the description."""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
import requests

from civis.local import Platform, catalog

JSON = "application/json; charset=utf-8"


def test_basic_and_bearer_open_it(platform: Platform) -> None:
    url = platform.url + "users/me"
    bearer = {"Authorization": f"Bearer {platform.api_key}"}
    assert requests.get(url, auth=(platform.api_key, "anything"), timeout=60).status_code == 200
    assert requests.get(url, headers=bearer, timeout=60).json()["username"] == "local"


@pytest.mark.parametrize("path", ["users/me", "endpoints", "nowhere"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["without", "wrong"])
def test_nothing_opens_without_a_key(platform: Platform, path: str, headers: dict[str, str]) -> None:
    answer = requests.get(platform.url + path, headers=headers, timeout=60)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Civis Platform"'
    assert answer.headers["Content-Type"] == JSON
    assert answer.json().keys() == {"error", "errorDescription", "code"}
    assert (answer.json()["error"], answer.json()["code"]) == ("unauthorized", 401)
    assert "wrong" not in answer.text


CASES = [
    ("an unknown path", "GET", "nowhere", 404, "not_found", "could not be found"),
    ("another method", "PUT", "users/me", 405, "method_not_allowed", "only GET, PATCH"),
    ("no ID", "GET", "users/abc", 404, "not_found", "could not be found"),
    ("no such object", "GET", "users/999999", 404, "not_found", "no user with the ID 999999"),
    ("a wrong value", "GET", "users?limit=x", 400, "bad_request", "limit must be an integer, not 'x'"),
    ("a page before the first", "GET", "users?page_num=0", 400, "bad_request", "page_num must be 1 or more"),
]


@pytest.mark.parametrize(
    ("method", "path", "status", "error", "text"), [pytest.param(*each[1:], id=each[0]) for each in CASES]
)
def test_errors_have_the_platforms_form(
    api: Callable[..., requests.Response], method: str, path: str, status: int, error: str, text: str
) -> None:
    answer = api(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, JSON)
    assert answer.json() == {
        "error": error,
        "errorDescription": answer.json()["errorDescription"],
        "code": status,
    }
    assert text in answer.json()["errorDescription"]


def test_a_required_parameter_is_named(api: Callable[..., requests.Response]) -> None:
    answer = api("POST", "users/me/api_keys", json={"name": "k"})
    assert answer.status_code == 400
    assert answer.json()["errorDescription"] == "The given request was not as expected: expiresIn is missing."


def test_every_answer_has_an_id_and_the_limits(api: Callable[..., requests.Response]) -> None:
    first, second, third = api("GET", "users/me"), api("GET", "users/me/"), api("GET", "nowhere")
    ids = {each.headers["X-Request-Id"] for each in (first, second, third)}
    assert len(ids) == 3
    left = [int(each.headers["X-RateLimit-Remaining"]) for each in (first, second, third)]
    assert left == [left[0], left[0] - 1, left[0] - 2]
    assert int(first.headers["X-RateLimit-Limit"]) > left[0]


def test_head_is_get_without_the_body(api: Callable[..., requests.Response]) -> None:
    answer = api("HEAD", "users/me")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(api: Callable[..., requests.Response], body: bytes) -> None:
    answer = api("PATCH", "users/me", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_the_description_is_sent_once(api: Callable[..., requests.Response], platform: Platform) -> None:
    first = api("GET", "endpoints")
    assert first.json() == json.loads(json.dumps(catalog.description("all", marks_nulls=True)))
    tag = first.headers["ETag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = api("GET", "endpoints/", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert api("GET", "endpoints", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("", False),
    ],
)
def test_long_answers_are_compressed_for_who_can_read_that(
    api: Callable[..., requests.Response], accepted: str, is_compressed: bool
) -> None:
    answer = api("GET", "endpoints", headers={"Accept-Encoding": accepted}, stream=True)
    with answer:
        raw = answer.raw.read(decode_content=False)
    assert (answer.headers.get("Content-Encoding") == "gzip") is is_compressed
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert json.loads(gzip.decompress(raw) if is_compressed else raw)["swagger"] == "2.0"


def test_an_unexpected_error_tells_its_number_and_nothing_else(
    platform: Platform, api: Callable[..., requests.Response], caplog: pytest.LogCaptureFixture
) -> None:
    # A preference that is no mapping, as only a broken database would have it.
    with platform.state.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET document = '[1]'")
    try:
        answer = api("PATCH", "users/me", json={"preferences": {"query_preview_rows": 5}})
    finally:
        platform.reset()
    number = answer.headers["X-Request-Id"]
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "internal_server_error",
        "errorDescription": f"Something went wrong on the platform; its log tells about {number}.",
        "code": 500,
    }
    assert number in caplog.text
    assert platform.api_key not in caplog.text


def test_what_is_no_http_is_not_answered_with_a_crash(platform: Platform) -> None:
    host, port = platform.url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert connection.recv(100).startswith((b"HTTP/1.1 400", b""))
    assert requests.get(platform.url, auth=(platform.api_key, ""), timeout=60).status_code == 404


def sample(kind: catalog.Type, depth: int = 0) -> Any:
    """Make a value of a type."""
    if kind.enum:
        return kind.enum[0]
    if kind.kind == "array":
        return [sample(kind.items, depth + 1)] if kind.items and depth < 3 else []
    if kind.kind == "object":
        return {name: sample(field, depth + 1) for name, field in kind.fields.items() if depth < 3}
    text = "2026-01-01" if kind.format in ("date", "date-time", "time") else "x"
    return {"integer": 1, "number": 1.5, "boolean": True}.get(kind.kind, text)


def request_of(operation: catalog.CatalogOperation, *, is_full: bool) -> tuple[str, dict[str, Any]]:
    """Make a path and the options of a request with all, or only the required, parameters."""
    path, query, body = operation.path, [], {}
    for parameter in operation.parameters:
        value = sample(parameter.schema)
        if parameter.location == "path":
            path = path.replace("{" + parameter.wire_name + "}", str(value))
        elif not (is_full or parameter.required):
            continue
        elif parameter.location == "query":
            name = parameter.wire_name + "[]" * isinstance(value, list)
            query += [(name, str(each)) for each in (value if isinstance(value, list) else [value])]
        else:
            body[parameter.wire_name] = value
    return path, {"params": query, "json": body or None}


OPERATIONS = [each for each in catalog.operations() if each.path != "/endpoints"]
RESOURCES = sorted({each.resource for each in OPERATIONS})


@pytest.mark.parametrize("is_full", [False, True], ids=["least", "full"])
@pytest.mark.parametrize("resource", RESOURCES)
def test_every_operation_gives_a_proper_answer(
    api: Callable[..., requests.Response], resource: str, is_full: bool
) -> None:
    for operation in OPERATIONS:
        if operation.resource != resource:
            continue
        path, options = request_of(operation, is_full=is_full)
        answer = api(operation.method, path, **options)
        what = f"{operation.method} {operation.path}: {answer.status_code} {answer.text:.300}"
        assert answer.status_code in {operation.success_status, 400, 403, 404, 409, 422}, what
        if answer.status_code != operation.success_status:
            assert answer.json().keys() == {"error", "errorDescription", "code"}, what
        elif operation.item is not None and operation.item.fields:
            content = answer.json()
            items = content if isinstance(content, list) else [content]  # a search's answer is an object
            assert all(list(item) == list(operation.item.fields) for item in items), what


def test_nothing_of_the_server_is_told(api: Callable[..., requests.Response]) -> None:
    answer = api("GET", "users/me")
    assert "Server" not in answer.headers
    assert not re.search(r"uvicorn|starlette|python", str(answer.headers), re.IGNORECASE)

"""Requests that no client of good will sends: each gets an error in the platform's form, and never a 5xx."""

from __future__ import annotations

import http.client
import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from civis.local import Platform
from civis.local.api.access_log import logger


@dataclass(frozen=True)
class Sent:
    """One request as it goes over the wire, and the status that must come back."""

    what: str
    method: str
    target: str
    status: int
    body: bytes | None = None
    content_type: str | None = "application/json"


DEEP = b'{"name": ' + b"[" * 100_000
CASES = [
    Sent("broken JSON", "POST", "/files", 400, b"{"),
    Sent("no UTF-8", "POST", "/files", 400, b'{"name": "\xff"}'),
    Sent("UTF-16", "POST", "/files", 400, '{"name": "a"}'.encode("utf-16")),
    Sent("half a character", "POST", "/files", 400, rb'{"name": "\ud800"}'),
    Sent("deep JSON", "POST", "/files", 400, DEEP),
    Sent("deep and whole", "POST", "/files", 400, b'{"name":' * 500 + b"1" + b"}" * 500),
    Sent("too many digits", "POST", "/files", 400, b'{"name": ' + b"1" * 9999 + b"}"),
    Sent("an array", "POST", "/files", 400, b"[]"),
    Sent("wrong content type", "POST", "/files", 415, b"name=a", "application/x-www-form-urlencoded"),
    Sent("text", "POST", "/files", 415, b'{"name": "a"}', "text/plain"),
    Sent("a wrong type", "POST", "/files", 400, b'{"name": {"a": 1}}'),
    Sent("nothing that is needed", "POST", "/files", 400, b"{}"),
    Sent("a negative page", "GET", "/scripts?page_num=-1", 400),
    Sent("a negative limit", "GET", "/scripts?limit=-5", 400),
    Sent("a huge limit", "GET", "/scripts?limit=99999999999999999999", 400),
    Sent("a huge page", "GET", "/scripts?page_num=9223372036854775808", 400),
    Sent("a page beyond the last", "GET", "/scripts?page_num=9223372036854775807", 200),
    Sent("a number and a separator", "GET", "/scripts?page_num=1%1C", 200),
    Sent("the same name twice", "GET", "/scripts?limit=1&limit=2", 200),
    Sent("the same name twice, one wrong", "GET", "/scripts?limit=1&limit=x", 400),
    Sent("no UTF-8 in the query", "GET", "/scripts?type=%FF", 400),
    Sent("half an escape", "GET", "/scripts?limit=%", 400),
    Sent("NUL in the query", "GET", "/users?query=%00", 400),
    Sent("NUL in the path", "GET", "/files/%00", 404),
    Sent("an ID that overflows", "GET", "/files/9223372036854775808", 404),
    Sent("the largest ID", "GET", "/files/9223372036854775807", 404),
    Sent("a negative ID", "GET", "/files/-1", 404),
    Sent("an ID with a fraction", "GET", "/files/1.5", 404),
    Sent("an encoded slash", "GET", "/users%2Fme", 404),
    Sent("an encoded slash in an ID", "GET", "/users/me%2Fapi_keys", 404),
    Sent("two slashes", "GET", "/users//me", 404),
    Sent("dots", "GET", "/files/../users/me", 404),
    Sent("encoded dots", "GET", "/files/%2e%2e/users/me", 404),
    Sent("no path", "GET", "/", 404),
    Sent("an unknown path", "GET", "/nowhere/at/all", 404),
    Sent("a very long path", "GET", "/" + "a" * 20_000, 404),
    Sent("a wrong verb", "DELETE", "/users/me", 405),
    Sent("OPTIONS", "OPTIONS", "/files", 405),
    Sent("an unknown verb", "PROPFIND", "/files", 405),
    Sent("HEAD of nothing", "HEAD", "/nowhere", 404),
    Sent("unknown fields", "POST", "/json_values", 201, b'{"valueStr": "1", "what": 1}'),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own, for what must find nothing half-written."""
    with Platform(tmp_path_factory.mktemp("robust")) as running:
        yield running


def send(platform: Platform, case: Sent, key: str | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request exactly as it is written; requests would tidy it up."""
    address = urlsplit(platform.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        headers = {"Authorization": f"Bearer {key or platform.api_key}"}
        if case.body is not None and case.content_type:
            headers["Content-Type"] = case.content_type
        connection.request(case.method, case.target, case.body, headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.what) for case in CASES])
def test_what_nobody_should_send(small: Platform, case: Sent, caplog: pytest.LogCaptureFixture) -> None:
    answer, content = send(small, case)
    assert answer.status == case.status, content
    assert answer.headers["X-Request-Id"]
    assert "Traceback" not in caplog.text
    if case.status >= 400 and case.method != "HEAD":
        body = json.loads(content)
        assert body.keys() == {"error", "errorDescription", "code"}
        assert body["code"] == case.status
    if case.status == 405:
        assert answer.headers["Allow"]


def test_a_body_over_the_limit_is_refused(small: Platform) -> None:
    limit = small.settings.body_limit
    case = Sent("too long", "POST", "/files", 413, b'{"name": "' + b"a" * limit + b'"}')
    answer, content = send(small, case)
    assert (answer.status, json.loads(content)["error"]) == (413, "request_entity_too_large")
    assert send(small, Sent("next", "GET", "/users/me", 200))[0].status == 200


def test_a_client_that_goes_away_leaves_nothing(small: Platform, caplog: pytest.LogCaptureFixture) -> None:
    address = urlsplit(small.url)
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=60) as connection:
        head = f"POST /files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {small.api_key}\r\n"
        connection.sendall(head.encode() + b"Content-Length: 1000\r\n\r\n{")
    assert send(small, Sent("next", "GET", "/users/me", 200))[0].status == 200
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 401)])
def test_health_is_told_without_a_key(small: Platform, method: str, status: int) -> None:
    answer, content = send(small, Sent("health", method, "/healthz", status), key="none")
    assert answer.status == status
    if method == "GET":
        assert json.loads(content) == {"status": "ok"}


def test_a_line_a_request_without_its_query(small: Platform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=logger.name)
    answer, _ = send(small, Sent("an ID", "GET", "/users/me?signature=hidden", 200))
    send(small, Sent("a blob", "GET", "/blobs/nothing?signature=hidden", 403))
    # The client has its answer before the line is written.
    send(small, Sent("next", "GET", "/healthz", 200))
    lines = [each.getMessage() for each in caplog.records if each.name == logger.name]
    first, blob = lines[0].split(), lines[1].split()
    assert first[:3] == ["GET", "/users/me", "200"]
    assert float(first[3]) > 0
    assert first[4:] == ["ms", answer.headers["X-Request-Id"]]
    assert blob[:3] == ["GET", "/blobs/nothing", "403"]
    assert "hidden" not in "".join(lines)
    assert small.api_key not in "".join(lines)

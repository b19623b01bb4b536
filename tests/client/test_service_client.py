"""The client of a service: a real web service, signed in by a cookie that the platform leads to."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import Any

import pytest

from civis._errors import CivisAPIError, CivisClientError, CivisNotFoundError
from civis.service_client import ServiceClient
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

KEY = "sEcReT-kEy"
TOKEN = "ToKeN-0123"
DESCRIPTION: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Books", "version": "1"},
    "paths": {
        "/books": {
            "get": {
                "summary": "List books",
                "responses": {
                    "200": {"description": "", "schema": {"type": "array", "items": {"type": "object"}}}
                },
            },
            "post": {
                "summary": "Add a book",
                "parameters": [
                    {
                        "name": "body",
                        "in": "body",
                        "required": True,
                        "schema": {
                            "type": "object",
                            "required": ["bookTitle"],
                            "properties": {"bookTitle": {"type": "string"}},
                        },
                    }
                ],
                "responses": {"200": {"description": ""}},
            },
        }
    },
}


class Service:
    """A service behind the platform's gate: without the cookie of a sign-in it answers 401."""

    def __init__(self) -> None:
        self.server = ScriptedServer(self)
        self.session = 0
        self.hops = 0

    def __call__(self, request: Request) -> Reply:
        if request.path == "/sign-in":
            if TOKEN not in request.target:
                return Reply(403)
            return Reply(302, headers={"Location": "/gate", "Set-Cookie": "hop=1; Path=/"})
        cookies = SimpleCookie(request.headers.get("Cookie", ""))
        if request.path == "/gate":
            assert cookies["hop"].value == "1"
            self.session += 1
            return Reply(404, headers={"Set-Cookie": f"session={self.session}; Path=/; HttpOnly"})
        if "session" not in cookies or cookies["session"].value != str(self.session):
            return json_reply({"message": "who are you?"}, 401)
        if request.path.endswith("/endpoints"):
            return json_reply(DESCRIPTION)
        if request.path.endswith("/books"):
            return json_reply([{"bookTitle": "A"}] if request.method == "GET" else {"bookTitle": "B"})
        return json_reply({"message": "no such page"}, 404)

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.server.requests]


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with service.server:
        yield service


@pytest.fixture
def platform(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    url = service.server.url

    def script(request: Request) -> Reply:
        if request.path == "/services/7":
            deployment = {"displayUrl": f"{url}sign-in?token={TOKEN}", "state": "running"}
            return json_reply({"id": 7, "currentUrl": url, "currentDeployment": deployment})
        if request.path == "/services/8":
            return json_reply({"id": 8, "currentUrl": url, "currentDeployment": None})
        return json_reply({"errorDescription": "no such service"}, 404)

    with served(script) as platform:
        monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
        monkeypatch.setenv("CIVIS_API_KEY", KEY)
        yield platform


def test_one_request_a_call_after_the_first(service: Service, platform: ScriptedServer) -> None:
    with ServiceClient(7) as client:
        assert client.books.list()[0].book_title == "A"
        assert service.calls == ["GET /sign-in", "GET /gate", "GET /endpoints", "GET /books"]
        assert len(platform.requests) == 1
        for _ in range(5):
            client.books.list()
        assert len(service.calls) == 9
        assert len(platform.requests) == 1
        assert service.server.connections == 1
        assert client.last_response.json() == [{"bookTitle": "A"}]


def test_the_key_stays_with_the_platform(service: Service, platform: ScriptedServer) -> None:
    with ServiceClient(7) as client:
        client.books.list()
    assert "Authorization" in platform.requests[0].headers
    assert not any("Authorization" in request.headers for request in service.server.requests)


def test_a_lost_sign_in_is_renewed(service: Service, platform: ScriptedServer) -> None:
    with ServiceClient(7) as client:
        client.books.list()
        service.session += 1  # the service forgets its users
        before = len(service.calls)
        assert client.books.post(book_title="B").book_title == "B"
        assert service.calls[before:] == ["POST /books", "GET /sign-in", "GET /gate", "POST /books"]
        assert len(platform.requests) == 2


def test_threads_share_the_sign_in(service: Service, platform: ScriptedServer) -> None:
    with ServiceClient(7) as client:
        client.books.list()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: client.books.list()[0].book_title, range(40)))
    assert found == ["A"] * 40
    assert service.calls.count("GET /sign-in") == 1


def test_root_path_and_raw(service: Service, platform: ScriptedServer) -> None:
    below = {**DESCRIPTION, "paths": {f"/api{path}": item for path, item in DESCRIPTION["paths"].items()}}
    with ServiceClient(7, root_path="/api", return_type="raw", local_api_spec=below) as client:
        assert client.books.list().json() == [{"bookTitle": "A"}]
        assert service.calls[-1] == "GET /api/books"
        assert "GET /endpoints" not in service.calls
        assert "books" in dir(client)


@pytest.mark.parametrize("return_type", ["pandas", "", None])
def test_return_types(return_type: Any) -> None:
    with pytest.raises(ValueError, match="'snake', 'raw'"):
        ServiceClient(7, api_key=KEY, return_type=return_type)


def test_what_can_go_wrong(service: Service, platform: ScriptedServer) -> None:
    with ServiceClient(9) as client, pytest.raises(CivisNotFoundError, match="no such service"):
        _ = client.books
    with ServiceClient(8) as client, pytest.raises(CivisClientError, match="not deployed"):
        _ = client.books
    with ServiceClient(7, swagger_path="/none") as client, pytest.raises(CivisAPIError, match="no such page"):
        _ = client.books
    with (
        ServiceClient(7, swagger_path="/books") as client,
        pytest.raises(CivisClientError, match="swagger_path="),
    ):
        _ = client.books
    with ServiceClient(7) as client, pytest.raises(AttributeError, match="Did you mean 'books'"):
        _ = client.boks


def test_a_refused_sign_in(service: Service, platform: ScriptedServer) -> None:
    platform.script = lambda request: json_reply(
        {
            "currentUrl": service.server.url,
            "currentDeployment": {"displayUrl": f"{service.server.url}sign-in"},
        }
    )
    with ServiceClient(7) as client, pytest.raises(CivisAPIError, match="403"):
        _ = client.books


def test_secrets_are_not_to_be_seen(
    service: Service, platform: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with ServiceClient(7) as client:
        client.get_base_url()
        client.books.list()
        shown = repr(client) + repr(vars(client)) + repr(vars(client._session))
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(client)
    assert KEY not in shown
    assert TOKEN not in shown + caplog.text

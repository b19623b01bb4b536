"""`civis.base`: the names that user code imports, and calls of paths that have no method."""

from __future__ import annotations

import threading

import pytest
import requests

import civis.base
from civis._errors import CivisNotFoundError
from civis.base import CivisAsyncResultBase, Endpoint, get_base_url, open_session, tostr_urljoin
from civis.client import APIClient
from civis.response import PaginatedResponse
from tests._servers import Reply, json_reply, served


def test_states() -> None:
    assert civis.base.FINISHED == ["success", "succeeded"]
    assert civis.base.FAILED == ["failed"]
    assert civis.base.NOT_FINISHED == ["queued", "running"]
    assert civis.base.CANCELLED == ["cancelled"]
    assert civis.base.FINISHED + civis.base.FAILED + civis.base.CANCELLED == civis.base.DONE


def test_every_name_is_there() -> None:
    for name in civis.base.__all__:
        assert getattr(civis.base, name) is not None


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_base_url() == "https://api.civisanalytics.com/"
    monkeypatch.setenv("CIVIS_API_ENDPOINT", "http://127.0.0.1:1/api")
    assert get_base_url() == "http://127.0.0.1:1/api/"
    assert tostr_urljoin("http://h/", "a/", 3) == "http://h/a/3"


def test_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda request: json_reply([{"aB": 1}])) as server:
        monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
        endpoint = Endpoint({"api_key": "k", "max_retries": 1})
        assert endpoint._call_api("GET", "jobs", params={"limit": 1})[0].a_b == 1
        assert server.requests[0].target == "/jobs?limit=1"
        assert endpoint._build_path("jobs/") == f"{server.url}jobs"
        server.script = lambda request: json_reply([{"aB": 1}], X_Pagination_Total_Pages="1")
        assert len(list(PaginatedResponse("jobs", {}, endpoint))) == 1
        server.script = lambda request: Reply(404)
        with pytest.raises(CivisNotFoundError):
            endpoint._make_request("GET", "jobs")
        endpoint._session().close()


def test_open_session(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda request: json_reply({"id": 1})) as server:
        monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
        with open_session("k", user_agent="mine") as session:
            assert session.get(server.url + "jobs").json() == {"id": 1}
        headers = server.requests[0].headers
    assert headers["Authorization"] == "Basic azo="
    assert headers["User-Agent"].startswith("mine (Python")


def test_open_session_waits_no_longer_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    with served(lambda request: Reply(stall=release)) as server:
        monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
        monkeypatch.setattr("civis.base.DEFAULT_TIMEOUT", (1, 0.05))
        with open_session("k", max_retries=0) as session, pytest.raises(requests.ConnectionError):
            session.get(server.url + "jobs")
        release.set()


def test_an_endpoint_follows_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", "http://127.0.0.1:1/")
    with served(lambda request: json_reply({"aB": 1})) as server:
        spec = {"swagger": "2.0", "paths": {}}
        with APIClient("k", endpoint=server.url, local_api_spec=spec) as client:
            endpoint = Endpoint(client=client)
            assert endpoint._build_path("jobs") == f"{server.url}jobs"
            assert endpoint._call_api("GET", "jobs").a_b == 1
            assert client.last_response.a_b == 1


def test_a_result_that_nobody_can_cancel() -> None:
    result = CivisAsyncResultBase()
    assert not result.done()
    with pytest.raises(NotImplementedError):
        result.cancel()

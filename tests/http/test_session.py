"""The session over real connections: headers, retries, redirects, time limits, threads, forks."""

from __future__ import annotations

import base64
import gc
import logging
import os
import pickle
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from civis._clock import FakeClock
from civis._env import Secret
from civis._errors import CivisClientError, CivisConnectionError, CivisTimeoutError
from civis._http import Session
from tests._servers import Reply, Request, ScriptedServer, json_reply, served, wait_until

KEY = "sEcReT-kEy-0123456789"
ENCODED = base64.b64encode(f"{KEY}:".encode()).decode()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with served() as server:
        yield server


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[Session]:
    session = open_session(server.url)
    yield session
    session.close()


def open_session(url: str, **options: Any) -> Session:
    options.setdefault("clock", FakeClock(1e9))
    return Session(url, Secret(KEY), user_agent="test (Python)", **options)


def test_headers(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    monkeypatch.setenv("CIVIS_JOB_ID", "12")
    monkeypatch.setenv("CIVIS_RUN_ID", "34")
    server.answer(json_reply({}))
    session = open_session(server.url)
    session.request("GET", "users/me", headers={"X-More": "1"})
    session.close()
    headers = server.requests[0].headers
    assert headers["Authorization"] == f"Basic {ENCODED}"
    assert headers["User-Agent"] == "test (Python)"
    assert headers["Accept"] == "application/json"
    assert (headers["X-Civis-Job-ID"], headers["X-Civis-Run-ID"], headers["X-More"]) == ("12", "34", "1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, "/jobs"),
        ({"limit": 5, "hidden": True, "q": "a b&c"}, "/jobs?limit=5&hidden=true&q=a+b%26c"),
        ([("id[]", "1"), ("id[]", "2")], "/jobs?id%5B%5D=1&id%5B%5D=2"),
        ({"state": ["a", "b"], "none": None}, "/jobs?state=a&state=b&none="),
        ({"name": "ü€"}, "/jobs?name=%C3%BC%E2%82%AC"),
    ],
)
def test_queries(server: ScriptedServer, session: Session, query: Any, expected: str) -> None:
    server.answer(json_reply({}))
    session.request("GET", "jobs", query=query)
    assert server.requests[0].target == expected


def test_body_is_json_and_nothing_else_is_sent(server: ScriptedServer, session: Session) -> None:
    server.answer(json_reply({"id": 1}, 201, X_Kind="new"))
    answer = session.request("post", "/jobs", body={"name": "ü", "list": [None]})
    assert (answer.status, answer.json(), answer.headers["x-kind"]) == (201, {"id": 1}, "new")
    assert server.requests[0].body == b'{"name":"\\u00fc","list":[null]}'
    assert server.requests[0].headers["Content-Type"] == "application/json"
    session.request("DELETE", "jobs/1")
    assert "Content-Type" not in server.requests[1].headers


def test_a_body_that_is_no_json_is_refused_before_it_is_sent(
    server: ScriptedServer, session: Session
) -> None:
    with pytest.raises(ValueError, match="NaN"):
        session.request("POST", "jobs", body={"x": float("nan")})
    assert server.requests == []


def test_requests_response(server: ScriptedServer, session: Session) -> None:
    server.answer(json_reply({"id": 1}, X_A="b"))
    raw = session.request("GET", "jobs").to_requests()
    assert (raw.status_code, raw.json(), raw.headers["x-a"], raw.ok) == (200, {"id": 1}, "b", True)
    assert raw.url == f"{server.url}jobs"
    assert "Authorization" not in raw.request.headers


def test_one_connection_for_many_calls(server: ScriptedServer, session: Session) -> None:
    server.answer(json_reply({}))
    for _ in range(50):
        session.request("GET", "jobs")
    assert server.connections == 1


def test_retries_until_it_works(server: ScriptedServer, session: Session) -> None:
    server.answer(
        Reply(503), Reply(429, headers={"Retry-After": "2"}), Reply(drop=True), json_reply({"id": 1})
    )
    answer = session.request("GET", "jobs")
    assert (answer.status, answer.attempts) == (200, 4)
    assert session.clock.slept[1] >= 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_an_answer_that_breaks_off_is_asked_for_again(
    server: ScriptedServer, session: Session, cut: int
) -> None:
    server.answer(Reply(body=b'{"id": 1}', cut=cut), json_reply({"id": 1}))
    assert session.request("GET", "jobs").json() == {"id": 1}


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(reset=True), Reply(body=b"{}", cut=1)])
def test_a_post_that_may_have_been_carried_out_is_sent_once(
    server: ScriptedServer, session: Session, reply: Reply
) -> None:
    server.answer(reply)
    with pytest.raises(CivisConnectionError, match="look before sending it again"):
        session.request("POST", "jobs/1/runs")
    assert len(server.requests) == 1


def test_a_post_after_the_server_closed_the_idle_connection(server: ScriptedServer, session: Session) -> None:
    server.answer(json_reply({}))
    session.request("GET", "jobs")
    server.drop_connections()
    wait_until(lambda: not server._open)
    assert session.request("POST", "jobs", body={}).attempts == 1
    assert [request.method for request in server.requests] == ["GET", "POST"]


def test_a_connection_idle_for_long_is_not_used(
    server: ScriptedServer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer(json_reply({}))
    session.request("GET", "jobs")
    later = time.monotonic() + 31
    monkeypatch.setattr("time.monotonic", lambda: later)
    session.request("GET", "jobs")
    assert server.connections == 2


def test_a_post_to_a_port_where_nobody_listens_is_repeated() -> None:
    with served() as server:
        url = server.url
    session = open_session(url, retries=3)
    with pytest.raises(CivisConnectionError, match="after 4 attempts"):
        session.request("POST", "jobs")
    session.close()


def test_time_limits() -> None:
    release = threading.Event()
    with served(lambda request: Reply(stall=release)) as server:
        session = open_session(server.url, retries=0)
        with pytest.raises(CivisTimeoutError, match="timeout="):
            session.request("GET", "jobs", timeout=0.05)
        with pytest.raises(CivisTimeoutError):
            session.request("POST", "jobs", timeout=(1, 0.05))
        release.set()
        session.close()


def test_time_limits_have_defaults() -> None:
    session = open_session("http://127.0.0.1:1/")
    assert session.timeout == (10, 60)
    with pytest.raises(ValueError, match="timeout="):
        open_session("http://127.0.0.1:1/", timeout=-1)


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "GET", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
def test_redirects(server: ScriptedServer, session: Session, status: int, method: str, then: str) -> None:
    server.answer(Reply(status, headers={"Location": "/there?x=1"}), json_reply({"id": 1}))
    body = None if method == "GET" else {"a": 1}
    assert session.request(method, "here", body=body).json() == {"id": 1}
    last = server.requests[1]
    assert (last.method, last.target, bool(last.body)) == (then, "/there?x=1", then != "GET")
    assert "Authorization" in last.headers


def test_a_redirect_to_another_host_gets_no_key(server: ScriptedServer, session: Session) -> None:
    with served() as other:
        other.answer(json_reply({"id": 1}))
        server.answer(Reply(307, headers={"Location": f"{other.url}x"}))
        assert session.request("GET", "here", headers={"Cookie": "a=b"}).json() == {"id": 1}
        assert not {"Authorization", "Cookie"} & set(other.requests[0].headers)


def test_endless_redirects_end(server: ScriptedServer, session: Session) -> None:
    server.answer(Reply(302, headers={"Location": "/again"}))
    assert session.request("GET", "here").status == 302
    assert len(server.requests) == 11


@pytest.mark.parametrize("url", ["http://api.example.com/", "http://10.0.0.1/", "http://127.example.com/"])
def test_no_key_in_clear_over_a_network(url: str) -> None:
    with pytest.raises(CivisClientError, match="allow_http=True"):
        open_session(url)
    open_session(url, allow_http=True).close()
    Session(url, None, user_agent="x").close()


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://[::1]:1/", "http://127.0.0.2/", "https://h/"])
def test_a_key_may_go_to_this_machine_or_encrypted(url: str) -> None:
    open_session(url).close()


def test_threads_do_not_wait_for_each_other() -> None:
    together = threading.Barrier(16)

    def script(request: Request) -> Reply:
        together.wait(20)  # answers only when 16 requests are here at once
        return json_reply({})

    with served(script) as server:
        session = open_session(server.url)
        with ThreadPoolExecutor(16) as pool:
            statuses = list(
                pool.map(lambda number: session.request("GET", f"jobs/{number}").status, range(64))
            )
        session.close()
        assert statuses == [200] * 64
        assert server.most_at_once == 16


def test_close_leaves_no_connection(server: ScriptedServer) -> None:
    server.answer(json_reply({}))
    session = open_session(server.url)
    session.request("GET", "jobs")
    session.close()
    wait_until(lambda: not server._open)
    with pytest.raises(CivisClientError, match="closed"):
        session.request("GET", "jobs")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(server: ScriptedServer, session: Session) -> None:
    server.answer(json_reply({}))
    session.request("GET", "parent")
    session.pools._lock.acquire()  # as if another thread were just making a pool
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if session.request("GET", "child").status == 200 else 1
        finally:
            os._exit(status)
    session.pools._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    session.request("GET", "parent")
    ports = [request.port for request in server.requests]
    assert ports[0] == ports[2] != ports[1]


def test_one_record_an_attempt(
    server: ScriptedServer, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(Reply(503), Reply(drop=True), json_reply({}, X_Request_ID="r-9"))
    session.request("GET", "jobs", query={"token": "hidden-token"})
    records = [record for record in caplog.records if record.name == "civis.http"]
    assert [(record.civis_outcome, record.civis_attempt) for record in records] == [  # type: ignore[attr-defined]
        (503, 1),
        ("ProtocolError", 2),
        (200, 3),
    ]
    assert records[2].civis_request_id == "r-9"  # type: ignore[attr-defined]
    assert records[2].getMessage().startswith("GET /jobs: 200 in 0 ms (attempt 3, request r-9")
    assert not any("hidden-token" in record.getMessage() for record in records)


def secrets_in(text: str | bytes) -> bool:
    data = text.encode() if isinstance(text, str) else text
    return KEY.encode() in data or ENCODED.encode() in data


def test_the_key_is_nowhere_to_be_seen(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(Reply(drop=True))
    session = open_session(server.url, retries=1)
    with pytest.raises(CivisConnectionError) as caught:
        session.request("GET", "jobs")
    error = caught.value
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert not secrets_in("".join(shown.format()))
    assert not secrets_in(pickle.dumps(error))
    assert not secrets_in(repr(vars(error)))
    assert not secrets_in(repr(session) + repr(vars(session)))
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(session)
    assert not secrets_in(caplog.text)
    session.close()


def test_proxy_of_the_environment(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8,direct.test")
    server.answer(json_reply({}))
    session = Session("http://behind.test/", None, user_agent="x")
    assert session.request("GET", "jobs").status == 200
    assert server.requests[0].target == "http://behind.test/jobs"
    session.close()
    session = Session(server.url, None, user_agent="x")
    session.request("GET", "jobs")
    assert server.requests[1].target == "/jobs"
    session.close()


def test_proxy_with_a_password(server: ScriptedServer) -> None:
    server.answer(json_reply({}))
    proxy = server.url.replace("http://", "http://ann:p%40ss@")
    session = Session("http://behind.test/", None, user_agent="x", proxies={"http": proxy})
    session.request("GET", "jobs")
    assert (
        server.requests[0].headers["proxy-authorization"] == "Basic " + base64.b64encode(b"ann:p@ss").decode()
    )
    session.close()


def test_certificates_that_cannot_be_read(tmp_path: Any) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for options in ({"verify": str(broken)}, {"verify": str(tmp_path / "none.pem")}, {"cert": str(broken)}):
        session = Session("https://127.0.0.1:1/", None, user_agent="x", **options)  # type: ignore[arg-type]
        with pytest.raises(CivisClientError, match="certificate"):
            session.request("GET", "jobs")
        session.close()


def test_sessions_are_freed(server: ScriptedServer) -> None:
    server.answer(json_reply({}))
    session = open_session(server.url)
    session.request("GET", "jobs")
    pools = session.pools
    session.close()
    from civis._http.pools import _ALL_POOLS

    del session
    assert pools in _ALL_POOLS
    identity = id(pools)
    del pools
    gc.collect()
    assert identity not in {id(each) for each in _ALL_POOLS}

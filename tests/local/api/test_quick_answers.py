"""Requests that are answered without a thread of their own, and when they are not."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from civis.local import Platform
from civis.local.api import Call, NotFound, Routes
from civis.local.api.dispatch import Dispatcher, Received, Reply
from civis.local.services import all_routes


def _dispatcher(platform: Platform, answer: Any, *, is_quick: bool = True) -> Dispatcher:
    routes = Routes()
    routes("GET", "/users/me", is_quick=is_quick)(answer)
    return Dispatcher(platform, routes)


def _request(platform: Platform, method: str = "GET", path: str = "/users/me") -> Received:
    return Received(method, path, (), {"authorization": f"Bearer {platform.api_key}"}, b"")


def _asked_twice(dispatcher: Dispatcher, received: Received) -> Reply | None:
    """What is asked for the first time has to be loaded, which a worker does."""
    assert dispatcher.answer_at_once(received) is None
    return dispatcher.answer_at_once(received)


def _named(call: Call) -> dict[str, Any]:
    return {"name": threading.current_thread().name}


def _missing(call: Call) -> dict[str, Any]:
    raise NotFound("There is none.")


def _broken(call: Call) -> dict[str, Any]:
    raise ZeroDivisionError


@pytest.mark.parametrize(("handler", "status"), [(_named, 200), (_missing, 404), (_broken, 500)])
def test_a_quick_answer_is_that_of_a_worker(platform: Platform, handler: Any, status: int) -> None:
    dispatcher = _dispatcher(platform, handler)
    at_once, by_worker = _asked_twice(dispatcher, _request(platform)), dispatcher.answer(_request(platform))
    assert at_once is not None
    assert (at_once.status, at_once.headers.keys()) == (status, by_worker.headers.keys())
    assert status == 500 or at_once.content == by_worker.content  # the other tells its own number


def test_a_key_is_asked_for_as_always(platform: Platform) -> None:
    dispatcher = _dispatcher(platform, _named)
    refused = _asked_twice(dispatcher, Received("GET", "/users/me", (), {}, b""))
    assert refused is not None
    assert refused.status == 401


@pytest.mark.parametrize(
    ("method", "path", "is_quick"),
    [("GET", "/users/me", False), ("PATCH", "/users/me", True), ("GET", "/nowhere", True)],
    ids=["slow", "writing", "unknown"],
)
def test_other_requests_are_left_to_workers(
    platform: Platform, method: str, path: str, is_quick: bool
) -> None:
    dispatcher = _dispatcher(platform, _named, is_quick=is_quick)
    assert _asked_twice(dispatcher, _request(platform, method, path)) is None


def test_nothing_waits_while_the_platform_holds_still(platform: Platform) -> None:
    dispatcher = _dispatcher(platform, _named)
    assert _asked_twice(dispatcher, _request(platform)) is not None
    with dispatcher.gate.closed():
        assert dispatcher.answer_at_once(_request(platform)) is None
    assert dispatcher.answer_at_once(_request(platform)) is not None
    with dispatcher.gate.closed():  # whoever was inside has left
        pass


def test_what_has_to_wait_for_a_writer_is_left_to_a_worker(platform: Platform) -> None:
    def locked(call: Call) -> dict[str, Any]:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    assert _asked_twice(_dispatcher(platform, locked), _request(platform)) is None


def test_how_a_run_is_getting_on_is_quick() -> None:
    routes = all_routes()
    quick = {key for key in routes if routes.is_quick(key)}
    assert {("GET", "/users/me"), ("GET", "/jobs/{id}/runs/{run_id}")} < quick
    assert ("GET", "/scripts/containers/{id}/runs/{run_id}") in quick
    assert {method for method, _ in quick} == {"GET"}
    assert {path for _, path in quick if not path.endswith("/runs/{run_id}")} == {"/users/me"}

"""One request, one transaction: what is undone, what is repeated, what waits for the commit."""

from __future__ import annotations

from typing import Any

import pytest

from civis.local import Platform
from civis.local.api import Call, Conflict, Routes
from civis.local.api.dispatch import Dispatcher, Received
from civis.local.state import accounts


def ask(platform: Platform, routes: Routes, method: str) -> Any:
    """Have a handler of one's own answer for the path ``/users/me``."""
    headers = {"authorization": f"Bearer {platform.api_key}"}
    return Dispatcher(platform, routes).answer(Received(method, "/users/me", (), headers, b""))


def rename(connection: Any, user_id: int, name: str) -> None:
    """Write something that can be looked for."""
    accounts.update_user(connection, user_id, now=0.0, name=name)


def name_of(platform: Platform, user_id: int = 1) -> str:
    """Look for it."""
    with platform.state.read() as connection:
        return accounts.fetch_user(connection, user_id).name


@pytest.mark.parametrize("error", [Conflict("No."), RuntimeError("broken")], ids=["refused", "broken"])
def test_a_request_that_fails_changes_nothing_and_calls_nobody(platform: Platform, error: Exception) -> None:
    called: list[str] = []
    routes = Routes()

    @routes("PATCH", "/users/me")
    def patch(call: Call) -> None:
        rename(call.connection, call.user.id, "Changed")
        call.after_commit(lambda: called.append("after"))
        raise error

    before = name_of(platform)
    assert ask(platform, routes, "PATCH").status in (409, 500)
    assert name_of(platform) == before
    assert called == []


def test_callbacks_see_what_was_committed_and_may_fail(platform: Platform) -> None:
    seen: list[str] = []
    routes = Routes()

    @routes("PATCH", "/users/me")
    def patch(call: Call) -> dict[str, Any]:
        rename(call.connection, call.user.id, "Committed")
        call.after_commit(lambda: [][0])
        call.after_commit(lambda: seen.append(name_of(platform)))
        return {}

    assert ask(platform, routes, "PATCH").status == 200
    assert seen == ["Committed"]


def test_a_read_that_writes_is_repeated_when_another_writer_was_faster(platform: Platform) -> None:
    attempts: list[int] = []
    routes = Routes()

    @routes("GET", "/users/me")
    def get(call: Call) -> dict[str, Any]:
        attempts.append(len(attempts))
        if len(attempts) == 1:
            with platform.state.begin() as other:
                rename(other, call.user.id, "Faster")
        rename(call.connection, call.user.id, f"Attempt {len(attempts)}")
        return {}

    assert ask(platform, routes, "GET").status == 200
    assert attempts == [0, 1]
    assert name_of(platform) == "Attempt 2"


def test_a_read_does_not_wait_for_a_writer(platform: Platform) -> None:
    routes = Routes()
    routes("GET", "/users/me")(lambda call: {"id": call.user.id})
    with platform.state.begin() as connection:
        rename(connection, 1, "Unfinished")
        assert ask(platform, routes, "GET").status == 200

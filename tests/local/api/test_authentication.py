"""Keys in headers, restrictions of keys, limits of requests."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from civis._clock import FakeClock
from civis.local.api.authentication import KeyUses, RateLimiter, is_allowed, token_of
from civis.local.api.errors import ApiError, Unauthorized


def basic(text: str) -> str:
    """Write a header of basic authentication."""
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        basic("key:"),
        basic("key"),
        basic("key:password:more"),
        "Bearer key",
        "bearer  key ",
        basic("key:").replace("B", "b", 1),
    ],
)
def test_the_key_is_read(header: str) -> None:
    assert token_of(header) == "key"


@pytest.mark.parametrize(
    "header",
    [None, "", "Basic", "Bearer ", "Basic !!!", basic(":password"), "Digest key", "key", "Basic /w=="],
)
def test_a_header_without_a_key_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthorized) as caught:
        token_of(header)
    assert "password" not in str(caught.value)


def constraint(kind: str, text: str | None, *verbs: str) -> dict[str, Any]:
    """Make a restriction that allows these verbs."""
    return {"constraint_type": kind, "constraint": text, **{f"{verb}_allowed": True for verb in verbs}}


LONG = ("/" + "a" * 3000, False)
CASES = [
    ("none", [], "DELETE", "/files/1", True),
    ("a verb", [constraint("verb", None, "get")], "GET", "/files/1", True),
    ("another verb", [constraint("verb", None, "get")], "POST", "/files/1", False),
    ("exactly", [constraint("exact", "/users/me", "get")], "GET", "/users/me/", True),
    ("not exactly", [constraint("exact", "/users", "get")], "GET", "/users/me", False),
    ("begins so", [constraint("prefix", "files", "get")], "GET", "/files/1", True),
    ("begins otherwise", [constraint("prefix", "/files", "get")], "GET", "/users/me", False),
    ("a pattern", [constraint("regex", r"^/files/\d+$", "put")], "PUT", "/files/12", True),
    ("not the pattern", [constraint("regex", r"^/files/\d+$", "put")], "PUT", "/files/a", False),
    ("a pattern that other engines never end with", [constraint("regex", "(a+)+b$", "get")], "GET", *LONG),
    ("a path that is too long", [constraint("regex", "a", "get")], "GET", "/" + "a" * 100_000, False),
    ("a pattern of before", [constraint("regex", "(?=/files)", "get")], "GET", "/files", False),
    ("one of two", [constraint("exact", "/a", "get"), constraint("exact", "/b", "get")], "GET", "/b", True),
    ("an unknown type", [constraint("odd", "/a", "get")], "GET", "/a", False),
]


@pytest.mark.parametrize(
    ("constraints", "method", "path", "expected"), [pytest.param(*each[1:], id=each[0]) for each in CASES]
)
def test_a_restricted_key(constraints: list[dict[str, Any]], method: str, path: str, expected: bool) -> None:
    assert is_allowed(constraints, method, path) is expected


def test_a_used_up_limit_says_when_to_come_again() -> None:
    clock = FakeClock()
    limiter = RateLimiter(2, 300.0, clock)
    assert [limiter.take(1), limiter.take(1), limiter.take(2)] == [1, 0, 1]
    clock.advance(100)
    with pytest.raises(ApiError) as caught:
        limiter.take(1)
    assert caught.value.status == 429
    assert caught.value.headers == {
        "Retry-After": "200",
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
    }
    clock.advance(200)
    assert limiter.take(1) == 1


def test_uses_wait_to_be_written() -> None:
    uses = KeyUses()
    uses.count(3, 10.0)
    uses.count(3, 11.0)
    assert uses.pending(3) == (2, 11.0)
    assert uses.pending(4) == (0, None)
    uses.clear()
    assert uses.pending(3) == (0, None)

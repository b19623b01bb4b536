"""What is hidden in texts and JSON before they are shown, and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis._masking import is_secret_name, mask_text, mask_value, printable, readable

TEXTS = [
    pytest.param(
        "GET https://s3.test/k?X-Amz-Date=1&X-Amz-Signature=ab now", "GET https://s3.test/k?*** now", id="S3"
    ),
    pytest.param(
        "https://s3.test/k?AWSAccessKeyId=A&Signature=a%3D&Expires=1", "https://s3.test/k?***", id="S3 2"
    ),
    pytest.param("https://b.test/k?sv=1&sig=abc", "https://b.test/k?***", id="Azure"),
    pytest.param("https://g.test/k?X-Goog-Signature=abc", "https://g.test/k?***", id="Google"),
    pytest.param("'https://h/a?access_token=abc'", "'https://h/a?***'", id="a token"),
    pytest.param("https://h/a?limit=2&page_num=3", "https://h/a?limit=2&page_num=3", id="an open query"),
    pytest.param("/files/1?token=abc&x=2", "/files/1?token=***&x=2", id="a path"),
    pytest.param("https://me:abc@git.test/r.git", "https://***@git.test/r.git", id="a user"),
    pytest.param("mail me@h.test about a=b", "mail me@h.test about a=b", id="mail"),
    pytest.param("Authorization: Basic azprZXk6", "Authorization: ***", id="Basic"),
    pytest.param(
        "{'Authorization': 'Bearer abc.def', 'A': 1}", "{'Authorization': '***', 'A': 1}", id="Bearer"
    ),
    pytest.param("sent Bearer abcdefgh.ijkl", "sent Bearer ***", id="a scheme alone"),
    pytest.param("Set-Cookie: session=abc; Path=/", "Set-Cookie: *** Path=/", id="a cookie"),
    pytest.param("basic rules, bearer of news", "basic rules, bearer of news", id="words"),
    pytest.param("the password is too short", "the password is too short", id="plain words"),
    pytest.param("signal=5 design=6", "signal=5 design=6", id="names that begin or end alike"),
]


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_texts(text: str, shown: str) -> None:
    assert mask_text(text) == shown
    assert mask_text(mask_text(text)) == shown


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "secretAccessKey",
        "secret_access_key",
        "sessionToken",
        "DB_PASSWORD",
        "apiKey",
        "token",
        "x-jwt",
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)
    assert mask_value({name: "abc"}) == {name: "***"}


@pytest.mark.parametrize(
    "name", ["primaryKey", "username", "tokens", "passwordAge", "key", "secretary", "remoteHostId"]
)
def test_open_names(name: str) -> None:
    assert not is_secret_name(name)


def test_only_texts_are_hidden_by_name() -> None:
    told: dict[str, Any] = {
        "provideAPIKey": True,
        "inputToken": 3,
        "token": None,
        "password": "",
        "apiKey": {"id": 1},
    }
    assert mask_value(told) == told
    assert mask_value({"password": ["too short"]}, by_name=False) == {"password": ["too short"]}


def test_what_is_nested_too_deep_is_not_shown() -> None:
    value: Any = 1
    for _ in range(500):
        value = [value]
    assert "…" in repr(mask_value(value))


def test_control_characters() -> None:
    assert printable("a\x1b[31m\n\tb\ud800\u202e") == "a\ufffd[31m\n\tb\ufffd\ufffd"
    assert readable("x" * 2000) == "x" * 1000 + " …"


@given(st.text(alphabet="abcTokenSig=&?:/@-_ \"'X", max_size=60))
def test_a_signature_never_shows(before: str) -> None:
    text = f"{before} https://h/k?X-Amz-Signature=5ab10f00d"
    assert "5ab10f00d" not in mask_text(text)


@pytest.mark.parametrize(
    "piece",
    ["a://b?", "token", "a_", "x-", "://", "basic ", "authorization: ", "sig=", "a://", "a=b,", "a://@"],
)
def test_long_texts_take_no_more_than_their_length(piece: str) -> None:
    """A pattern that went back and forth would take minutes here."""
    assert mask_text(piece * (200_000 // len(piece)) + "?sig=5ab1").count("5ab1") == 0

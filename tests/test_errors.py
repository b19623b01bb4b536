"""The tree of errors: built from anything, pickled without secrets, worded for people."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis import _errors

CLASSES = [
    (401, _errors.CivisAPIKeyError, PermissionError),
    (403, _errors.CivisForbiddenError, PermissionError),
    (404, _errors.CivisNotFoundError, LookupError),
    (409, _errors.CivisConflictError, _errors.CivisAPIError),
    (418, _errors.CivisAPIError, _errors.CivisClientError),
    (422, _errors.CivisValidationError, ValueError),
    (429, _errors.CivisRateLimitError, _errors.CivisAPIError),
    (500, _errors.CivisServerError, _errors.CivisAPIError),
    (599, _errors.CivisServerError, _errors.CivisAPIError),
]


@pytest.mark.parametrize(("status", "kind", "builtin"), CLASSES)
def test_a_status_picks_the_class(status: int, kind: type, builtin: type):
    error = _errors.api_error(SimpleNamespace(status=status, headers={}, content=b"{}"))
    assert type(error) is kind
    assert isinstance(error, builtin)
    assert error.status_code == status


TEXTS = [
    (b'{"error":"not_found","errorDescription":"no file 7","code":404}', "(404) no file 7 (GET /files/7)"),
    (b'{"errors":{"name":["is too long","is odd"]}}', "name is too long, is odd"),
    (b'["a list"]', '["a list"]'),
    (b"<html><body>Bad gateway</body></html>", "Not Found"),
    (b"plain words", "plain words"),
    (b"\xff\xfe", "(404)"),
    (b"", "Not Found"),
]


@pytest.mark.parametrize(("content", "said"), TEXTS)
def test_the_servers_words_are_shown(content: bytes, said: str):
    answer = SimpleNamespace(
        status=404,
        headers={"X-Request-Id": "r-1"},
        content=content,
        reason="Not Found",
        method="GET",
        url="https://user:secret@h.test/files/7?X-Signature=abc",
        attempts=1,
    )
    error = _errors.api_error(answer)
    assert said in str(error)
    assert "[request r-1]" in str(error)
    for text in (str(error), repr(error), repr(vars(error))):
        assert "secret" not in text
        assert "abc" not in text


def test_a_missing_key_says_how_to_set_one():
    assert "CIVIS_API_KEY" in str(_errors.CivisAPIKeyMissingError())
    assert "CIVIS_API_KEY" in str(_errors.api_error(SimpleNamespace(status=401, content=b"")))
    assert isinstance(_errors.CivisAPIKeyMissingError(), OSError)


ERRORS = [
    _errors.api_error(SimpleNamespace(status=s, content=b'{"errors":{"a":["b"]}}', attempts=3))
    for s, *_ in CLASSES
] + [
    _errors.CivisJobFailure("it broke", SimpleNamespace(state="failed"), 1, 2),
    _errors.EmptyResultError("nothing"),
    _errors.CivisImportError("columns differ"),
    _errors.CivisAPIKeyMissingError(),
    _errors.CivisConnectionError("refused"),
    _errors.CivisTimeoutError("60 s"),
    _errors.CivisTransferError("cut"),
    _errors.CivisImmutableResponseError("read-only"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: Exception):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_a_pickled_failure_leaves_its_response_behind():
    failure = _errors.CivisJobFailure("x", {"path": "https://s.test/?Signature=abc"}, 1, 2)
    assert b"Signature" not in pickle.dumps(failure)
    assert str(failure) == "(From job 1 / run 2) x"
    assert str(_errors.CivisJobFailure("x", job_id=1)) == "(From job 1) x"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    status=st.integers() | st.none() | st.text(),
    content=st.binary()
    | json_values.map(lambda v: __import__("json").dumps(v).encode())
    | st.none()
    | st.integers(),
    headers=st.dictionaries(st.text(), st.text()) | st.none() | st.integers(),
    url=st.text() | st.none() | st.just("http://[bad"),
)
def test_building_one_never_fails(status: object, content: object, headers: object, url: object):
    error = _errors.api_error(
        SimpleNamespace(status=status, content=content, headers=headers, url=url, method="GET")
    )
    assert isinstance(error, _errors.CivisAPIError)
    assert str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_an_object_that_raises_at_every_touch_still_becomes_an_error():
    class Odd:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError(name)

    assert str(_errors.api_error(Odd())).startswith("(0)")


def full_answer() -> SimpleNamespace:
    return SimpleNamespace(
        status=422,
        headers={"X-Request-Id": "r-1", "Retry-After": "2.5"},
        content=b'{"errorDescription":"not so","code":"bad","errors":{"name":["is too long"]}}',
        method="POST",
        url="https://h.test/api/files?token=abc",
        attempts=3,
    )


def test_what_an_error_knows():
    error = _errors.api_error(full_answer())
    assert (error.status_code, error.error_message, error.error_code) == (422, "not so", "bad")
    assert error.errors == {"name": ["is too long"]}
    assert (error.request_id, error.retry_after, error.attempts) == ("r-1", 2.5, 3)
    assert (error.method, error.url) == ("POST", "https://h.test/api/files")
    assert error.args == ("not so",)
    assert str(error) == (
        "(422) not so: name is too long (POST /api/files) after 3 attempts [request r-1]"
    )  # fmt: skip


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
def test_a_duplicate_knows_the_same(duplicate: Callable[[Exception], Exception]):
    error = _errors.api_error(full_answer())
    again = duplicate(error)
    assert (type(again), vars(again), str(again), again.args) == (
        type(error),
        vars(error),
        str(error),
        error.args,
    )


TOLD = [
    pytest.param(b'{"message": {"a": 1}}', '{"a": 1}', id="an object for a text"),
    pytest.param(b'{"errorDescription": ["a", "b"]}', '["a", "b"]', id="a list for a text"),
    pytest.param(b'{"errorDescription": "", "error": "gone"}', "gone", id="an empty text before one"),
    pytest.param(b'{"detail": "' + b"x" * 5000 + b'"}', "x" * 1000 + " …", id="a long text"),
    pytest.param(b'{"message": "a\\u001b[31mb\\ud800"}', "a\ufffd[31mb\ufffd", id="control characters"),
    pytest.param(
        b'{"message": "see https://s3.test/k?Signature=ab"}', "see https://s3.test/k?***", id="a signature"
    ),
    pytest.param(b'{"message": {"password": "abc"}}', '{"password": "***"}', id="a password"),
]


@pytest.mark.parametrize(("content", "said"), TOLD)
def test_what_a_server_says_is_made_fit_to_be_printed(content: bytes, said: str):
    answer = SimpleNamespace(status=500, content=content)
    assert _errors.api_error(answer).error_message == said


def test_errors_by_field_are_kept_and_masked():
    content = b'{"errors": {"password": ["is too short"], "url": "https://s3.test/k?Signature=ab"}}'
    error = _errors.api_error(SimpleNamespace(status=422, content=content))
    assert error.errors == {"password": ["is too short"], "url": "https://s3.test/k?***"}
    assert "password is too short; url https://s3.test/k?***" in str(error)


def test_one_root():
    kinds = [
        each for each in vars(_errors).values() if isinstance(each, type) and issubclass(each, Exception)
    ]
    assert len(kinds) > 15
    assert all(issubclass(kind, _errors.CivisError) for kind in kinds)
    assert {kind.__name__ for kind in kinds} <= set(_errors.__all__)

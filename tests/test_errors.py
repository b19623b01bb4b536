"""The tree of errors: built from anything, pickled without secrets, worded for people."""

from __future__ import annotations

import pickle
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

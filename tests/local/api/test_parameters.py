"""A request's parameters against an operation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.local.api.errors import ApiError, BadRequest, NotFound
from civis.local.api.parameters import read_body, read_parameters
from civis.local.catalog import CatalogOperation, CatalogParameter, Type

STRING, INTEGER = Type("string"), Type("integer")
OPERATION = CatalogOperation(
    resource="things",
    method="POST",
    path="/things/{id}",
    spelling="/things/{id}",
    parameters=(
        CatalogParameter("id", "id", "path", True, INTEGER),
        CatalogParameter("limit", "limit", "query", False, INTEGER),
        CatalogParameter("query", "query", "query", False, STRING),
        CatalogParameter("state", "state", "query", False, Type("array", items=STRING)),
        CatalogParameter("remote_host_id", "remoteHostId", "body", True, INTEGER),
        CatalogParameter("arguments", "arguments", "body", False, Type("object")),
        CatalogParameter("name", "name", "body", False, STRING),
        CatalogParameter("needed_by", "neededBy", "body", False, Type("array", items=INTEGER)),
    ),
    body=None,
    returns=None,
    success_status=200,
    summary="",
)
PATH, BODY = {"id": "4"}, {"remoteHostId": 1}
LEAST = {"id": 4, "remote_host_id": 1}

READ: list[tuple[str, list[tuple[str, str]], dict[str, Any], dict[str, Any]]] = [
    ("camelCase", [], {"remoteHostId": "7"}, {"remote_host_id": 7}),
    ("snake_case", [], {"remote_host_id": 7}, {"remote_host_id": 7}),
    ("unknown names are ignored", [("what", "1")], {**BODY, "ever": 2}, {}),
    ("an array", [("state[]", "a"), ("state[]", "b")], BODY, {"state": ["a", "b"]}),
    ("an array without brackets", [("state", "a"), ("state", "b")], BODY, {"state": ["a", "b"]}),
    ("the last of several", [("limit", "1"), ("limit", "2")], BODY, {"limit": 2}),
    ("an empty number is none", [("limit", "")], BODY, {}),
    ("an empty text is one", [("query", "")], BODY, {"query": ""}),
    ("null in an array is left out", [], {**BODY, "neededBy": [1, None]}, {"needed_by": [1]}),
    ("null is kept", [], {**BODY, "name": None}, {"name": None}),
    ("free keys stay", [], {**BODY, "arguments": {"aB": {"cD": 1}}}, {"arguments": {"aB": {"cD": 1}}}),
]


@pytest.mark.parametrize(
    ("query", "body", "expected"), [pytest.param(*each[1:], id=each[0]) for each in READ]
)
def test_parameters_are_read(
    query: list[tuple[str, str]], body: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert read_parameters(OPERATION, PATH, query, body) == {**LEAST, **expected}


def test_every_problem_is_named() -> None:
    with pytest.raises(BadRequest) as caught:
        read_parameters(OPERATION, PATH, [("limit", "many")], {})
    problems = "limit must be an integer, not 'many', remoteHostId is missing"
    assert caught.value.message == f"The given request was not as expected: {problems}."


@pytest.mark.parametrize("body", [{}, {"remoteHostId": None}], ids=["absent", "null"])
def test_what_is_required_must_be_there(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="remoteHostId is missing"):
        read_parameters(OPERATION, PATH, [], body)


@pytest.mark.parametrize("text", ["x", "", "1.5", "9" * 30, "1\x00"])
def test_a_path_that_is_no_id_leads_nowhere(text: str) -> None:
    with pytest.raises(NotFound):
        read_parameters(OPERATION, {"id": text}, [], BODY)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", {}),
        (b" \n", {}),
        (b"null", {}),
        (b'{"a": [1]}', {"a": [1]}),
        ('{"ä": "😀"}'.encode(), {"ä": "😀"}),
    ],
)
def test_a_body_is_read(content: bytes, expected: dict[str, Any]) -> None:
    assert read_body(content) == expected


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"{", "not valid JSON", id="cut off"),
        pytest.param(b"[1]", "must be a JSON object, not an array", id="an array"),
        pytest.param(b'"a"', "must be a JSON object, not a string", id="a string"),
        pytest.param(b'{"a": NaN}', "NaN is no JSON value", id="no number"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="no UTF-8"),
        pytest.param(b'{"a":' * 100_000, "more than 100 levels", id="too deep"),
        pytest.param(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "more than 100 levels", id="just too deep"),
        pytest.param(rb'{"a": "\ud800"}', "unpaired surrogate", id="half a character"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON", id="too many digits"),
    ],
)
def test_a_body_that_is_none_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(BadRequest, match=text):
        read_body(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"null", {}, id="no value"),
        pytest.param(b"\xef\xbb\xbf{}", {}, id="a mark of the byte order"),
        pytest.param(b'{"a": "' + b"[{" * 500 + b'"}', {"a": "[{" * 500}, id="brackets in a text"),
        pytest.param(
            b'{"a": "\\"' + b"[" * 200 + b'"}', {"a": '"' + "[" * 200}, id="after a quote in a text"
        ),
        pytest.param(b'{"a": [' + b"[]," * 200 + b"[]]}", {"a": [[]] * 201}, id="wide, not deep"),
    ],
)
def test_brackets_are_counted_where_they_nest(content: bytes, expected: dict[str, Any]) -> None:
    assert read_body(content) == expected


@pytest.mark.parametrize(
    ("content_type", "is_read"),
    [
        ("", True),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/merge-patch+json", True),
        ("text/plain", False),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
    ],
)
def test_what_is_said_to_be_no_json_is_not_read_as_such(content_type: str, is_read: bool) -> None:
    if is_read:
        assert read_body(b'{"a": 1}', content_type) == {"a": 1}
        return
    with pytest.raises(ApiError, match="must be sent as application/json") as caught:
        read_body(b'{"a": 1}', content_type)
    assert caught.value.status == 415
    assert read_body(b"", content_type) == {}


@given(st.binary())
def test_any_bytes_are_a_body_or_a_bad_request(content: bytes) -> None:
    try:
        body = read_body(content)
    except BadRequest:
        return
    assert isinstance(body, dict)

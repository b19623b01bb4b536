"""A request's parameters against an operation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.local.api.errors import BadRequest, NotFound
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
        pytest.param(b"\xff\xfe", "not valid JSON", id="no UTF-8"),
        pytest.param(b'{"a":' * 100_000, "not valid JSON", id="too deep"),
        pytest.param(rb'{"a": "\ud800"}', "unpaired surrogate", id="half a character"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON", id="too many digits"),
    ],
)
def test_a_body_that_is_none_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(BadRequest, match=text):
        read_body(content)


@given(st.binary())
def test_any_bytes_are_a_body_or_a_bad_request(content: bytes) -> None:
    try:
        body = read_body(content)
    except BadRequest:
        return
    assert isinstance(body, dict)

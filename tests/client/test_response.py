"""Responses: a mapping over what the platform sent, in either spelling, read-only and cheap."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from civis._errors import CivisAPIError, CivisImmutableResponseError
from civis._http import Answer
from civis.response import ListResponse, Response, find, find_one, wrap

DATA: dict[str, Any] = {
    "id": 3,
    "lastRun": {"createdAt": "x", "provideAPIKey": [{"aB": 1}, {"aB": [[{"cD": 2}]]}]},
    "arguments": {"myVar": {"x_Y": 1}, "MY_LIST": [{"kE": 1}]},
    "environmentVariables": {"PATH_To": "p"},
    "items": [1, "a", None],
    "nothing": None,
}
SNAKE: dict[str, Any] = {
    "id": 3,
    "last_run": {"created_at": "x", "provide_api_key": [{"a_b": 1}, {"a_b": [[{"c_d": 2}]]}]},
    "arguments": {"myVar": {"x_Y": 1}, "MY_LIST": [{"kE": 1}]},
    "environment_variables": {"PATH_To": "p"},
    "items": [1, "a", None],
    "nothing": None,
}


def answer(body: bytes | Any = b"{}", status: int = 200, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, content, "GET", "https://h/jobs?key=hidden")


@pytest.fixture
def response() -> Response:
    return Response(copy.deepcopy(DATA), headers={"X-RateLimit-Remaining": "7", "x-ratelimit-limit": "9"})


def test_both_spellings_at_every_depth(response: Response) -> None:
    assert response.last_run.created_at == response.lastRun.createdAt == "x"
    assert response["last_run"]["createdAt"] == response["lastRun"]["created_at"] == "x"
    assert response.last_run.provide_api_key[0].a_b == response.lastRun.provideAPIKey[0].aB == 1
    assert response.last_run.provide_api_key[1].a_b[0][0].c_d == 2
    assert response.nothing is None
    assert response["items"] == [1, "a", None]


def test_keys_that_belong_to_users_keep_their_case(response: Response) -> None:
    assert response.arguments.myVar.x_Y == 1
    assert list(response.arguments) == ["myVar", "MY_LIST"]
    assert response.arguments["MY_LIST"][0].kE == 1
    assert response.environment_variables.PATH_To == "p"
    assert not hasattr(response.arguments, "my_var")
    assert "my_var" not in response.arguments


def test_a_mapping(response: Response) -> None:
    assert isinstance(response, Mapping)
    assert list(response) == list(SNAKE)
    assert dict(response) == {**response} == SNAKE
    assert dict(response.items()) == SNAKE
    assert list(response.keys()) == list(SNAKE)
    assert list(response.values()) == list(SNAKE.values())
    assert len(response) == len(SNAKE)
    assert response.get("lastRun") == response.get("last_run")
    assert (response.get("none"), response.get("none", 5)) == (None, 5)
    assert "last_run" in response
    assert "lastRun" in response
    assert "none" not in response
    assert 5 not in response
    match response:
        case {"id": number}:
            assert number == 3
        case _:
            pytest.fail("no match")


def test_plain_copies(response: Response) -> None:
    assert response.json() == SNAKE
    assert response.json(snake_case=False) == DATA
    for plain in (response.json(), response.json(snake_case=False)):
        plain["arguments"]["myVar"]["x_Y"] = 2
        plain["items"].append(1)
    assert response.json_data == DATA
    assert type(response.json()["last_run"]) is dict


@pytest.mark.parametrize("other", [DATA, SNAKE, Response(DATA), Response(SNAKE), {**Response(DATA)}])
def test_equal(response: Response, other: object) -> None:
    assert response == other
    assert other == response
    assert response != {"id": 3}
    assert response != 3


def test_missing_names_say_what_is_there(response: Response) -> None:
    with pytest.raises(AttributeError, match="Did you mean 'last_run'"):
        _ = response.lst_run
    with pytest.raises(KeyError, match="Did you mean 'last_run'"):
        response["lst_run"]
    with pytest.raises(AttributeError, match="it is empty"):
        _ = Response({}).id
    assert not hasattr(response, "__fspath__")


@pytest.mark.parametrize(
    "write",
    [
        lambda r: setattr(r, "id", 4),
        lambda r: setattr(r, "_state", 4),
        lambda r: delattr(r, "id"),
        lambda r: r.__setitem__("id", 4),
        lambda r: r.__delitem__("id"),
        lambda r: setattr(r.last_run, "created_at", 4),
    ],
)
def test_read_only(response: Response, write: Any) -> None:
    with pytest.raises(CivisImmutableResponseError, match=r"response\.json\(\)"):
        write(response)
    assert response == DATA


def test_shown(response: Response) -> None:
    assert repr(response) == f"Response({SNAKE!r})"
    assert eval(repr(response)) == response
    shown = pprint.pformat(response)
    assert shown.startswith("Response({'")
    assert "\n" in shown
    assert eval(shown) == response
    assert {"last_run", "json", "id"} <= set(dir(response))
    assert "<th>last_run</th>" in response._repr_html_()
    assert "&lt;b&gt;" in Response({"a": "<b>"})._repr_html_()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled(response: Response, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(response, protocol))
    assert again == response
    assert again.headers == response.headers
    assert pickle.loads(pickle.dumps(response.arguments, protocol)) == response.arguments
    every = ListResponse([DATA], {"a": "b"})
    again = pickle.loads(pickle.dumps(every, protocol))
    assert (again, again.headers, type(again)) == (every, every.headers, ListResponse)


def test_pickled_headers_keep_their_ways() -> None:
    reply = answer({})
    reply.headers = HTTPHeaderDict({"X-RateLimit-Limit": "3"})
    assert pickle.loads(pickle.dumps(wrap(reply))).headers["x-ratelimit-limit"] == "3"


def test_copied(response: Response) -> None:
    assert copy.copy(response) == copy.deepcopy(response) == response
    assert copy.deepcopy(response).json_data is not response.json_data
    every = ListResponse([DATA], {"a": "b"})
    assert copy.copy(every) == copy.deepcopy(every) == every


def test_headers(response: Response) -> None:
    assert (response.calls_remaining, response.rate_limit) == (7, 9)
    assert (Response({}).calls_remaining, Response({}).rate_limit, Response({}).headers) == (None, None, {})
    assert Response({}, headers={"X-RateLimit-Limit": "many"}).rate_limit is None


def test_names_as_the_platform_wrote_them() -> None:
    response = Response(DATA, snake_case=False)
    assert list(response) == list(DATA)
    assert response.lastRun.createdAt == "x"
    assert not hasattr(response, "last_run")
    assert response.json() == DATA


def test_older_order_of_arguments() -> None:
    with pytest.warns(FutureWarning, match="headers="):
        response = Response({"aB": 1}, False, {"X-RateLimit-Limit": "3"})  # type: ignore[misc]
    assert (list(response), response.rate_limit) == (["aB"], 3)
    with pytest.raises(TypeError):
        Response({}, True, {}, 4)
    with pytest.raises(TypeError, match="list"):
        Response([])  # type: ignore[arg-type]
    assert Response(None) == {}


def test_json_values() -> None:
    value = {"aB": [{"cD": 1}]}
    response = Response({"id": 1, "value": value, "myName": {"aB": 1}}, from_json_values=True)
    assert response.value == response["value"] == value
    assert type(response.value) is dict
    assert response.my_name.a_b == 1
    assert response.json() == {"id": 1, "value": value, "my_name": {"a_b": 1}}
    assert pickle.loads(pickle.dumps(response)).value == value
    assert wrap(answer([{"value": value}]), from_json_values=True)[0].value == value
    assert Response({"value": value}).value.a_b[0].c_d == 1


def test_names_that_fall_together() -> None:
    response = Response({"userId": 1, "user_id": 2, "id": 3})
    assert (response.user_id, response.userId, len(response), response.json()) == (
        2, 1, 3, {"userId": 1, "user_id": 2, "id": 3},
    )  # fmt: skip


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), json_data, max_size=5))
@settings(deadline=None)
def test_any_object(data: dict[str, Any]) -> None:
    response = Response(data)
    assert len(list(response)) == len(response) == len(data)
    assert response == data == response.json(snake_case=False)
    assert response == response.json()
    assert pickle.loads(pickle.dumps(response)) == response
    for name in response:
        assert response[name] == response.get(name)
        assert name in response
    for key in data:
        assert key in response


# -- lists --------------------------------------------------------------------------------------------------


def test_list() -> None:
    found = wrap(
        answer([{"aB": 1}, {"aB": 2}], X_Pagination_Total_Entries="30", X_Pagination_Total_Pages="15",
               X_Pagination_Current_Page="1", X_RateLimit_Limit="5", X_RateLimit_Remaining="4")
    )  # fmt: skip
    assert isinstance(found, list)
    assert type(found) is ListResponse
    assert [item.a_b for item in found] == [1, 2]
    assert found == [{"a_b": 1}, {"aB": 2}]
    assert found != [{"a_b": 1}]
    assert found.json() == [{"a_b": 1}, {"a_b": 2}]
    assert found.json(snake_case=False) == [{"aB": 1}, {"aB": 2}]
    assert (found.total, found.has_more, found.rate_limit, found.calls_remaining) == (30, True, 5, 4)
    assert found[0].headers == found.headers
    assert "<th>a_b</th>" in found._repr_html_()
    plain = wrap(answer(["a", 1]))
    assert (plain, plain.total, plain.has_more) == (["a", 1], None, False)
    assert "<pre>" in plain._repr_html_()
    deep = wrap(answer([[{"aB": 1}], 2]))
    assert (deep[0][0].a_b, deep.json()) == (1, [[{"a_b": 1}], 2])
    assert deep.json(snake_case=False) == [[{"aB": 1}], 2]
    assert pickle.loads(pickle.dumps(deep)) == deep


def test_list_as_tables() -> None:
    found = wrap(answer([{"aB": 1, "c": "x"}, {"aB": 2, "c": None}]))
    pandas = pytest.importorskip("pandas")
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["a_b", "c"]
    polars = pytest.importorskip("polars")
    assert found.to_polars().shape == (2, 2)
    assert isinstance(found.to_polars(), polars.DataFrame)
    series = wrap(answer({"aB": 1}), "pandas")
    assert (type(series).__name__, series["a_b"]) == ("Series", 1)
    assert type(wrap(answer([{"aB": 1}]), "pandas")).__name__ == "DataFrame"
    assert len(wrap(answer(b"", 204), "pandas")) == 0
    straight = pandas.DataFrame(found)
    assert list(straight["a_b"]) == [1, 2]
    assert list(pandas.DataFrame(found[:1]).columns) == ["a_b", "c"]


# -- what answers become -------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [answer(b"", 204), answer(b"", 200), answer(b" \n", 202), answer({}, 200)])
def test_nothing_is_an_empty_response(reply: Answer) -> None:
    found = wrap(reply)
    assert type(found) is Response
    assert (found, len(found)) == ({}, 0)


@pytest.mark.parametrize("body", [b"<html>login</html>", b"\xff\xfe", b"{", b"[" * 100_000, b"not json"])
def test_no_json_is_a_clear_error(body: bytes) -> None:
    with pytest.raises(CivisAPIError, match="is not JSON") as caught:
        wrap(answer(body, Content_Type="text/html"))
    assert "text/html" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).error_message == caught.value.error_message


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("return_type", ["snake", "raw", "pandas"])
def test_an_error_is_raised_whatever_is_to_be_returned(status: int, return_type: str) -> None:
    with pytest.raises(CivisAPIError, match=f"{status}"):
        wrap(answer({"errorDescription": "no"}, status), return_type)


def test_raw() -> None:
    raw = wrap(answer({"aB": 1}, X_A="b"), "raw")
    assert (type(raw).__module__, raw.json(), raw.headers["x-a"]) == ("requests.models", {"aB": 1}, "b")
    with pytest.raises(ValueError, match="snake, raw, pandas"):
        wrap(answer({}), "camel")


# -- find ---------------------------------------------------------------------------------------------------

PEOPLE = [
    Response({"id": 1, "isActive": True, "items": [1]}),
    Response({"id": 2, "isActive": False, "items": []}),
    Response({"id": 3, "isActive": 1}),
]


@pytest.mark.parametrize(
    ("function", "wanted", "expected"),
    [
        pytest.param(None, {"id": 2}, [2], id="a value"),
        pytest.param(None, {"id": lambda number: number > 1}, [2, 3], id="a predicate"),
        pytest.param(None, {"is_active": True}, [1], id="True itself"),
        pytest.param(None, {"is_active": False}, [2], id="False itself"),
        pytest.param(None, {"isActive": 1}, [1, 3], id="1 is equal to True"),
        pytest.param(None, {"items": [1]}, [1], id="a field named as a method"),
        pytest.param(None, {"none": 1}, [], id="no such field"),
        pytest.param(lambda person: person.id < 3, {"is_active": bool}, [1], id="both"),
        pytest.param(None, {}, [1, 2, 3], id="all"),
    ],
)
def test_find(function: Any, wanted: dict[str, Any], expected: list[int]) -> None:
    assert [person.id for person in find(PEOPLE, function, **wanted)] == expected
    first = find_one(iter(PEOPLE), function, **wanted)
    assert (None if first is None else first.id) == (expected[0] if expected else None)


def test_find_takes_any_objects() -> None:
    assert find([1 + 2j, 3 + 4j], imag=4.0) == [3 + 4j]
    assert find([{"a": 1}, {"a": 2}, {}, None, "text"], a=2) == [{"a": 2}]
    assert find(iter([1, 2, 3]), lambda number: number > 1) == [2, 3]
    assert find([], a=1) == []
    assert find_one([None, 3], imag=0) == 3


class Peculiar:
    """An object whose attribute compares as arrays do, or cannot be read at all."""

    def __init__(self, value: Any) -> None:
        self.value = value

    @property
    def broken(self) -> Any:
        raise AttributeError("broken")


def test_find_among_peculiar_objects() -> None:
    numpy = pytest.importorskip("numpy")
    objects = [Peculiar(numpy.array([1, 2])), Peculiar(numpy.array([1, 3])), Peculiar(numpy.array([1]))]
    assert find(objects, value=numpy.array([1, 3])) == [objects[1]]
    assert find(objects, broken=1) == []


def test_a_field_found_in_one_spelling_is_found_in_another() -> None:
    first, second, third = Response({"userId": 1}), Response({"user_id": 2}), Response({"UserId": 3})
    for _ in range(2):
        assert (first.user_id, second.user_id, third.user_id) == (1, 2, 3)
    both = Response({"userId": 1, "user_id": 2})
    assert (first.user_id, both.user_id, both.userId) == (1, 2, 1)
    assert not hasattr(second, "userId")
    assert not hasattr(Response({}), "user_id")
    kept = Response({"userId": 1}, snake_case=False)
    assert not hasattr(kept, "user_id")
    assert kept.get("user_id") is None


def test_methods_win_over_fields_and_items_over_methods() -> None:
    response = Response({"items": [1], "json": 2, "headers": 3, "get": 4, "jsonData": 5, "keys": 6})
    for _ in range(2):
        assert (response["items"], response["json"], response["headers"]) == ([1], 2, 3)
        assert dict(response.items()) == response.json()
        assert (response.headers, response.get("get"), response["json_data"]) == ({}, 4, 5)
        assert response.json_data["jsonData"] == 5
        assert next(iter(response.keys())) == "items"


class Mine(Response):
    """A class of a user's own."""

    kind = "mine"

    def double(self) -> int:
        return int(self.id) * 2


@pytest.mark.parametrize("snake_case", [True, False])
def test_subclasses(snake_case: bool) -> None:
    mine = Mine({"id": 3, "aB": 1}, snake_case=snake_case)
    assert (mine.double(), mine.kind, mine.aB, hasattr(mine, "a_b")) == (6, "mine", 1, snake_case)
    with pytest.raises(CivisImmutableResponseError):
        mine.other = 1


def test_a_list_is_made_once_and_an_object_on_request() -> None:
    response = Response({"rows": [[1], [2]], "run": {"id": 1}})
    assert response.rows is response["rows"]
    assert response.run == response["run"]
    response.rows.append(3)
    assert response.json() == response.json_data == {"rows": [[1], [2]], "run": {"id": 1}}

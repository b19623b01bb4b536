"""All pages of a list: how many requests they take, what runs ahead, what comes of odd pages."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from typing import Any

import pytest

from civis._errors import CivisAPIError, CivisError, CivisNotFoundError
from civis._http import Answer
from civis.base import Endpoint
from civis.client import APIClient
from civis.local import Platform
from civis.response import PaginatedResponse
from tests._servers import json_reply, served


def answer(body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, named, json.dumps(body).encode(), "GET", "https://h/jobs?key=hidden")


class Pages:
    """Pages of numbers, as an endpoint gives them."""

    def __init__(self, *pages: list[int], named: bool = True) -> None:
        self.pages = pages
        self.named = named
        self.asked: list[dict[str, Any]] = []
        self.fails = 0

    def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
        self.asked.append(dict(params))
        if self.fails:
            self.fails -= 1
            raise CivisError("try again")
        number = params["page_num"]
        items = [{"myId": each} for each in self.pages[number - 1]] if number <= len(self.pages) else []
        total = sum(map(len, self.pages))
        headers = {"X_Pagination_Total_Pages": str(len(self.pages)), "X_Pagination_Total_Entries": str(total)}
        headers = headers if self.named else {}
        return answer(items, **headers)


@pytest.mark.parametrize(
    ("pages", "named", "requests"),
    [
        pytest.param([[1, 2], [3]], True, 2, id="no empty request"),
        pytest.param([[1, 2], [3]], False, 3, id="until an empty page"),
        pytest.param([[]], True, 1, id="nothing"),
        pytest.param([[1], [], [3]], True, 2, id="an empty page is the end"),
    ],
)
def test_pages(pages: list[list[int]], named: bool, requests: int) -> None:
    endpoint = Pages(*pages, named=named)
    found = [item.my_id for item in PaginatedResponse("jobs", {"limit": 2, "page_num": 9}, endpoint)]
    expected = [each for page in pages[:requests] for each in page]
    assert found == expected
    assert [asked["page_num"] for asked in endpoint.asked] == list(range(1, requests + 1))
    assert all(asked["limit"] == 2 for asked in endpoint.asked)


def test_pages_go_on_and_never_begin_again() -> None:
    endpoint = Pages([1, 2], [3, 4])
    pages = PaginatedResponse("jobs", None, endpoint)
    assert endpoint.asked == []
    assert next(pages).my_id == 1
    assert [item.my_id for item in pages] == [2, 3, 4]
    assert list(pages) == []
    assert len(endpoint.asked) == 2


def test_a_page_that_failed_is_asked_for_again() -> None:
    endpoint = Pages([1], [2])
    pages = PaginatedResponse("jobs", None, endpoint)
    next(pages)
    endpoint.fails = 1
    with pytest.raises(CivisError):
        next(pages)
    assert next(pages).my_id == 2


def test_pages_as_plain_json() -> None:
    assert PaginatedResponse("jobs", None, Pages([1], [2])).json() == [{"my_id": 1}, {"my_id": 2}]
    assert PaginatedResponse("jobs", None, Pages([1])).json(snake_case=False) == [{"myId": 1}]


# -- how many ------------------------------------------------------------------------------------------------


def test_the_number_of_all_objects_is_known_with_the_first_page() -> None:
    endpoint = Pages([1, 2], [3])
    pages = PaginatedResponse("jobs", None, endpoint)
    assert bool(pages)
    assert endpoint.asked == []
    assert len(pages) == pages.total == 3
    assert len(endpoint.asked) == 1
    assert [item.my_id for item in pages] == [1, 2, 3]
    assert (len(pages), len(endpoint.asked)) == (3, 2)
    assert repr(pages) == "<PaginatedResponse of jobs: 2 pages read of 3 objects>"


def test_the_number_is_not_always_known() -> None:
    pages = PaginatedResponse("jobs", None, Pages([1, 2], [3], named=False))
    assert pages.total is None
    with pytest.raises(TypeError, match="does not say how many"):
        len(pages)
    assert len(list(pages)) == 3
    assert repr(PaginatedResponse("jobs", None, Pages())) == "<PaginatedResponse of jobs: 0 pages read>"


@pytest.mark.parametrize("told", ["-1", "many", "9" * 30, ""])
def test_a_number_that_cannot_be_is_no_number(told: str) -> None:
    class Odd:
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            return answer([1], X_Pagination_Total_Entries=told, X_Pagination_Total_Pages="1")

    pages = PaginatedResponse("jobs", None, Odd())
    with pytest.raises(TypeError, match="does not say"):
        len(pages)
    assert list(pages) == [1]


# -- odd pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"id": 1}, id="an object"),
        pytest.param("text", id="a text"),
        pytest.param(3, id="a number"),
    ],
)
def test_a_page_that_is_no_list(body: Any) -> None:
    class Odd:
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            return answer(body)

    with pytest.raises(CivisAPIError, match="a page of a list was expected"):
        next(PaginatedResponse("jobs", None, Odd()))


def test_a_page_that_is_no_json() -> None:
    class Odd:
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            return Answer(200, {}, b"<html>", "GET", "https://h/jobs")

    with pytest.raises(CivisAPIError, match="not JSON"):
        next(PaginatedResponse("jobs", None, Odd()))


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}"])
def test_an_empty_page_of_any_kind_is_the_end(content: bytes) -> None:
    class Odd:
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            return Answer(200, {}, content, "GET", "https://h/jobs")

    assert list(PaginatedResponse("jobs", None, Odd())) == []


def test_items_that_are_no_objects_and_answers_without_bytes() -> None:
    class Decoded:
        def __init__(self) -> None:
            self.headers = {"X-Pagination-Total-Pages": "1"}

        def json(self) -> Any:
            return [1, "a", None, {"aB": 1}]

    class Odd:
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Any:
            return Decoded()

    assert list(PaginatedResponse("jobs", None, Odd())) == [1, "a", None, {"a_b": 1}]
    assert PaginatedResponse("jobs", None, Odd()).json() == [1, "a", None, {"a_b": 1}]


# -- ahead ---------------------------------------------------------------------------------------------------


def page_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "civis-page"]


def test_the_next_page_is_asked_for_while_this_one_is_worked_on() -> None:
    """The server answers page 2 before anybody has asked the iterator for an object of it."""
    second_asked = threading.Event()

    def reply(request: Any) -> Any:
        page = 2 if "page_num=2" in request.target else 1
        if page == 2:
            second_asked.set()
        return json_reply([{"myId": page}], X_Pagination_Total_Pages="2", X_Pagination_Total_Entries="2")

    with served(reply) as server, APIClientOf(server.url) as endpoint:
        pages = PaginatedResponse("jobs", None, endpoint).prefetch()
        assert next(pages).my_id == 1
        assert second_asked.wait(20)
        assert next(pages).my_id == 2
        assert list(pages) == []
        assert len(server.requests) == 2
    assert page_threads() == []


class APIClientOf:
    """An endpoint of a server of the test's own."""

    def __init__(self, url: str) -> None:
        self.endpoint = Endpoint({"api_key": "k"})
        self.endpoint._base_url = url

    def __enter__(self) -> Endpoint:
        return self.endpoint

    def __exit__(self, *error: object) -> None:
        self.endpoint._session().close()


@pytest.mark.parametrize("named", [True, False])
def test_working_ahead_asks_for_the_same_pages(named: bool) -> None:
    endpoint = Pages([1, 2], [3], [4], named=named)
    assert [item.my_id for item in PaginatedResponse("jobs", None, endpoint).prefetch()] == [1, 2, 3, 4]
    assert [asked["page_num"] for asked in endpoint.asked] == [1, 2, 3] + [4] * (not named)
    assert PaginatedResponse("jobs", None, Pages([1], [2])).prefetch().json() == [{"my_id": 1}, {"my_id": 2}]


def test_an_error_ahead_comes_when_its_page_is_due_and_the_page_is_asked_for_again() -> None:
    endpoint = Pages([1, 2], [3])
    pages = PaginatedResponse("jobs", None, endpoint).prefetch()
    first = next(pages)
    assert first.my_id == 1
    pages._ahead.result()  # type: ignore[union-attr]  # so that the failure below is that of a later request
    endpoint.fails = 0
    assert [item.my_id for item in pages] == [2, 3]
    failing = Pages([1], [2])

    class FailsOnce:
        left = 1

        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            if params["page_num"] == 2 and self.left:
                self.left = 0
                raise CivisError("try again")
            return failing._make_request(method, path, params)

    pages = PaginatedResponse("jobs", None, FailsOnce()).prefetch()
    assert next(pages).my_id == 1
    with pytest.raises(CivisError, match="try again"):
        next(pages)
    assert next(pages).my_id == 2


def test_an_iterator_that_is_dropped_leaves_nothing() -> None:
    may_answer = threading.Event()

    class Slow(Pages):
        def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Answer:
            if params["page_num"] == 2:
                assert may_answer.wait(20)
            return super()._make_request(method, path, params)

    endpoint = Slow([1], [2], [3])
    pages = PaginatedResponse("jobs", None, endpoint).prefetch()
    assert next(pages).my_id == 1
    gone = weakref.ref(pages)
    del pages
    gc.collect()
    assert gone() is None
    may_answer.set()
    for thread in page_threads():
        thread.join(20)
    assert page_threads() == []
    assert [asked["page_num"] for asked in endpoint.asked] == [1, 2]


# -- the local platform --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> Any:
    with Platform() as platform, platform.client() as made:
        for number in range(7):
            made.projects.post(name=f"project {number}", description="of a test")
        yield made


@pytest.mark.parametrize("ahead", [False, True])
def test_over_http(client: APIClient, ahead: bool) -> None:
    pages = client.projects.list(iterator=True, limit=3)
    pages = pages.prefetch() if ahead else pages
    assert sorted(project.name for project in pages) == [f"project {number}" for number in range(7)]
    assert len(pages) == 7


def test_a_page_tells_whether_there_are_more(client: APIClient) -> None:
    first = client.projects.list(limit=3)
    assert (len(first), first.total, first.has_more) == (3, 7, True)
    last = client.projects.list(limit=3, page_num=3)
    assert (len(last), last.total, last.has_more) == (1, 7, False)
    assert "3 items of 7 on all pages" in first._repr_html_()
    with pytest.raises(CivisNotFoundError):
        client.projects.get(987654321)

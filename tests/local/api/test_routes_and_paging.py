"""The table of handlers, the pages of a list, and the callbacks after a commit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from civis.local.api import BadRequest, Page, Routes, page_of
from civis.local.api.call import AfterCommit
from civis.local.api.errors import ApiError, NotImplementedHere, Unauthorized
from civis.local.services import all_routes, module_names


def handler(call: Any) -> None:
    """Answer with nothing."""


def other(call: Any) -> None:
    """Answer with nothing either."""


def test_a_table_refuses_two_handlers_for_one_operation() -> None:
    routes = Routes()
    routes("get", "/things/")(handler)
    assert routes.get(("GET", "/things")) is handler
    routes("GET", "/things")(handler)
    with pytest.raises(ValueError, match="GET /things has another handler already: handler"):
        routes("GET", "/things")(other)


def test_tables_are_gathered() -> None:
    first, second = Routes(), Routes()
    first("GET", "/a")(handler)
    second("GET", "/b")(other)
    gathered = Routes()
    gathered.include([first, second, first])
    assert sorted(gathered) == [("GET", "/a"), ("GET", "/b")]


def test_every_service_is_found() -> None:
    assert "civis.local.services.accounts" in module_names()
    assert ("GET", "/users/me") in all_routes()


def entries(limit: int, offset: int) -> list[int]:
    """Give a part of 105 entries."""
    return list(range(105))[offset : offset + limit]


PAGES = [
    ("by default", {}, range(50), 1, 50, 3),
    ("a page of its own size", {"limit": 10, "page_num": 2}, range(10, 20), 2, 10, 11),
    ("the last", {"limit": 10, "page_num": 11}, range(100, 105), 11, 10, 11),
    ("beyond the last", {"page_num": 10**18}, range(0), 10**18, 50, 3),
    ("lowered to the maximum", {"limit": 10**9}, range(105), 1, 1000, 1),
    ("null is as absent", {"limit": None, "page_num": None}, range(50), 1, 50, 3),
]


@pytest.mark.parametrize(
    ("params", "items", "number", "limit", "pages"), [pytest.param(*each[1:], id=each[0]) for each in PAGES]
)
def test_a_page_is_cut(params: dict[str, int], items: range, number: int, limit: int, pages: int) -> None:
    page = page_of(SimpleNamespace(params=params), 105, entries)  # type: ignore[arg-type]
    assert list(page.items) == list(items)
    assert page.headers() == {
        "X-Pagination-Per-Page": str(limit),
        "X-Pagination-Current-Page": str(number),
        "X-Pagination-Total-Pages": str(pages),
        "X-Pagination-Total-Entries": "105",
    }


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": -1}, {"page_num": 0}])
def test_a_page_that_cannot_be_is_refused(params: dict[str, int]) -> None:
    with pytest.raises(BadRequest, match="must be 1 or more"):
        page_of(SimpleNamespace(params=params), 105, entries)  # type: ignore[arg-type]


def test_an_empty_list_has_one_page() -> None:
    assert Page([], 0).pages == 1


def test_all_callbacks_run_once_in_order_even_if_one_fails() -> None:
    done: list[int] = []
    callbacks = AfterCommit()
    callbacks(lambda: done.append(1))
    callbacks(lambda: [][0])
    callbacks(lambda: done.append(2))
    with pytest.raises(IndexError):
        callbacks.run()
    callbacks.run()
    assert done == [1, 2]


@pytest.mark.parametrize(
    ("error", "body"),
    [
        (ApiError(404, "Gone."), {"error": "not_found", "errorDescription": "Gone.", "code": 404}),
        (ApiError(422, "No.", "odd"), {"error": "odd", "errorDescription": "No.", "code": 422}),
        (ApiError(599, "No."), {"error": "error", "errorDescription": "No.", "code": 599}),
        (
            NotImplementedHere("GET", "/models"),
            {
                "error": "not_implemented",
                "errorDescription": "The local platform does not offer GET /models.",
                "code": 501,
            },
        ),
    ],
)
def test_an_error_has_the_platforms_form(error: ApiError, body: dict[str, object]) -> None:
    assert error.body() == body


def test_no_key_is_asked_for_one() -> None:
    assert Unauthorized().headers["WWW-Authenticate"].startswith("Basic ")

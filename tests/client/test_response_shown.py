"""How responses look in a console and in a notebook."""

from __future__ import annotations

import pprint
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest

from civis.response import ListResponse, Response


class Table(HTMLParser):
    """Reads a table back: rows of cells, and the text around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.after = ""
        self._cell: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        self._cell = [] if tag in ("th", "td", "p", "pre") else self._cell

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self._cell is not None:
            self.rows[-1].append("".join(self._cell))
        elif tag == "p" and self._cell is not None:
            self.after = "".join(self._cell)

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table>",
    "&lt;",
    "a\nb",
    "'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_html_comes_from_the_data(text: str) -> None:
    for found in (Response({text: text}), ListResponse([{text: text}]), ListResponse([{"a": [text]}, text])):
        table = Table(found._repr_html_())
        assert set(table.tags) <= {"style", "table", "thead", "tbody", "tr", "th", "td", "p"}
    assert Table(Response({text: text})._repr_html_()).rows == [[text, text]]
    assert set(Table(ListResponse([text])._repr_html_()).tags) == {"pre", "p"}


def test_an_object_is_a_table_of_names_and_values() -> None:
    table = Table(
        Response({"id": 1, "lastRun": {"endedAt": None}, "note": None, "tags": ["a"]})._repr_html_()
    )
    assert table.rows == [["id", "1"], ["last_run", "{'ended_at': None}"], ["note", ""], ["tags", "['a']"]]


def test_a_list_is_a_table_with_a_row_an_object() -> None:
    table = Table(ListResponse([{"aB": 1}, {"aB": 2, "c": "x"}, 3])._repr_html_())
    assert table.rows == [["a_b", "c"], ["1", ""], ["2", "x"], ["3"]]
    assert table.after == "3 items"


COUNTS = [
    pytest.param(1, None, "1 item", id="one"),
    pytest.param(0, None, "0 items", id="none"),
    pytest.param(60, None, "60 items, the first 50 shown", id="more than are shown"),
    pytest.param(60, "60", "60 items, the first 50 shown", id="all on this page"),
    pytest.param(2, "1200", "2 items of 1,200 on all pages", id="more pages"),
]


@pytest.mark.parametrize(("count", "total", "said"), COUNTS)
def test_a_list_says_how_much_there_is(count: int, total: str | None, said: str) -> None:
    headers = {} if total is None else {"X-Pagination-Total-Entries": total}
    table = Table(ListResponse([{"id": number} for number in range(count)], headers)._repr_html_())
    assert table.after == said
    assert len(table.rows) <= 51


def test_a_list_of_very_many_fields() -> None:
    table = Table(ListResponse([{f"key{number}": 1 for number in range(100)}])._repr_html_())
    assert (len(table.rows[0]), table.after) == (60, "1 item, 40 more columns")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        pytest.param({}, "Response({})", id="empty"),
        pytest.param({"aB": [1, {"cD": None}]}, "Response({'a_b': [1, {'c_d': None}]})", id="nested"),
        pytest.param({"arguments": {"aB": 1}}, "Response({'arguments': {'aB': 1}})", id="keys of users"),
        pytest.param({"a": "x" * 500}, f"Response({{'a': '{'x' * 300}…'}})", id="a long text"),
        pytest.param({"a": [0] * 60}, f"Response({{'a': [{'0, ' * 50}… 10 more]}})", id="a long list"),
    ],
)
def test_text_of_an_object(data: dict[str, Any], shown: str) -> None:
    assert repr(Response(data)) == str(Response(data)) == shown


def test_text_of_a_list() -> None:
    found = ListResponse([{"aB": number} for number in range(60)])
    assert repr(found[:2]) == "[Response({'a_b': 0}), Response({'a_b': 1})]"
    assert repr(found).startswith("[Response({'a_b': 0}), ")
    assert repr(found).endswith("Response({'a_b': 49}), … 10 more]")
    assert repr(ListResponse([])) == "[]"


def test_text_of_what_is_a_json_value() -> None:
    response = Response({"id": 1, "value": {"aB": 1}}, from_json_values=True)
    assert repr(response) == "Response({'id': 1, 'value': {'aB': 1}})"
    assert pprint.pformat(response) == repr(response)
    assert Table(response._repr_html_()).rows[1] == ["value", "{'aB': 1}"]


class Printer:
    """What IPython gives to objects that print themselves."""

    def __init__(self) -> None:
        self.text = ""

    @contextmanager
    def group(self, indent: int, opening: str, closing: str) -> Iterator[None]:
        self.text += opening
        yield
        self.text += closing

    def pretty(self, value: Any) -> None:
        self.text += repr(value)


def test_ipython_prints_all_of_it_but_secrets() -> None:
    printer = Printer()
    Response({"aB": "x" * 500, "password": "abc"})._repr_pretty_(printer, False)
    assert printer.text == f"Response({{'a_b': '{'x' * 500}', 'password': '***'}})"


def test_completion_offers_fields_and_methods() -> None:
    offered = dir(Response({"lastRun": {"createdAt": 1}, "not a name": 2}))
    assert {"last_run", "json", "get", "headers"} <= set(offered)
    assert "not a name" not in offered
    assert "created_at" in dir(Response({"lastRun": {"createdAt": 1}}).last_run)

"""The forms of the output, what is taken out of an answer, and lists that are written as they come."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.cli.documents import load_yaml
from civis.cli.output import STYLES, write
from civis.cli.tabular import write_grid, write_table

ROWS = [{"id": 1, "name": "José"}, {"id": 22, "name": "日本", "ok": True}]

FORMS: dict[tuple[str, str], tuple[Any, str]] = {
    ("yaml", "an object"): (ROWS[0], "id: 1\nname: José\n"),
    ("yaml", "a list"): (ROWS, "- id: 1\n  name: José\n- id: 22\n  name: 日本\n  ok: true\n"),
    ("yaml", "no items"): ([], "[]\n"),
    ("yaml", "a text"): ("a: b", "a: b\n"),
    ("yaml", "a number"): (3, "3\n"),
    ("yaml", "nothing"): (None, "null\n"),
    ("json", "an object"): (ROWS[0], '{\n  "id": 1,\n  "name": "José"\n}\n'),
    ("json", "no items"): ([], "[]\n"),
    ("jsonl", "an object"): (ROWS[0], '{"id":1,"name":"José"}\n'),
    ("jsonl", "a list"): (ROWS, '{"id":1,"name":"José"}\n{"id":22,"name":"日本","ok":true}\n'),
    ("jsonl", "no items"): ([], ""),
    ("csv", "an object"): (ROWS[0], "id,name\n1,José\n"),
    ("csv", "nested"): ([{"a": {"b": 1}, "c": None}], 'a,c\n"{""b"":1}",\n'),
    ("csv", "plain values"): (["a,b", 2], 'value\n"a,b"\n2\n'),
    ("csv", "no items"): ([], ""),
    ("table", "a list"): (ROWS, "id  name  ok\n──  ────  ────\n 1  José\n22  日本  true\n"),
    ("table", "an object"): (ROWS[0], "field  value\n─────  ─────\nid     1\nname   José\n"),
    ("table", "plain values"): ([1, 20], "value\n─────\n    1\n   20\n"),
    ("table", "no items"): ([], ""),
}


@pytest.mark.parametrize(("style", "name"), FORMS)
def test_forms(style: str, name: str) -> None:
    value, expected = FORMS[style, name]
    stream = io.StringIO()
    write(value, style, stream)
    assert stream.getvalue() == expected


@pytest.mark.parametrize("style", STYLES)
def test_a_list_that_comes_bit_by_bit_is_written_the_same(style: str) -> None:
    rows = [dict(ROWS[0], ok=None), ROWS[1]]
    whole, parts = io.StringIO(), io.StringIO()
    write(rows, style, whole)
    write(iter(rows), style, parts)
    assert parts.getvalue() == whole.getvalue()


@pytest.mark.parametrize("style", ["yaml", "json", "jsonl", "csv"])
def test_items_are_written_when_they_come(style: str) -> None:
    stream = io.StringIO()

    def items() -> Iterator[dict[str, int]]:
        yield {"id": 41}
        yield {"id": 42}
        assert "41" in stream.getvalue()
        yield {"id": 43}
        assert "42" in stream.getvalue()

    write(items(), style, stream)
    assert "43" in stream.getvalue()


def test_a_row_with_further_columns_does_not_lose_them_in_csv() -> None:
    with pytest.raises(ValueError, match="further columns ok"):
        write(ROWS, "csv", io.StringIO())


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def lines(columns: list[str], rows: list[list[Any]], room: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write a table to a terminal."""
    monkeypatch.setenv("COLUMNS", str(room))
    stream = Terminal()
    write_grid(columns, rows, stream)
    return stream.getvalue().splitlines()


def test_a_wide_column_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = lines(["id", "text"], [[1, "x" * 100], [2, "日本" * 30]], 30, monkeypatch)
    assert max(map(len, shown)) == 30
    assert shown[2].endswith("x…")
    assert shown[3].endswith("日…") or shown[3].endswith("本…")


def test_columns_without_room_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"column_{number}" for number in range(20)]
    shown = lines(names, [["v" * 12] * 20], 40, monkeypatch)
    assert max(map(len, shown)) <= 40
    assert shown[0].split()[0].startswith("column_")


def test_what_a_terminal_would_obey_is_not_written() -> None:
    stream = io.StringIO()
    write_table([{"name": "a\x1b[31mb\nc\x9bd"}], stream)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", stream.getvalue())
    assert len(stream.getvalue().splitlines()) == 3


scalars = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
tables = st.lists(st.fixed_dictionaries({"a": scalars, "b c": scalars}), min_size=1, max_size=5)


@given(tables)
def test_every_form_reads_back(rows: list[dict[str, Any]]) -> None:
    written = {}
    for style in STYLES:
        stream = io.StringIO(newline="")
        write(rows, style, stream)
        written[style] = stream.getvalue()
    assert load_yaml(written["yaml"]) == rows
    assert json.loads(written["json"]) == rows
    assert [json.loads(line) for line in written["jsonl"].split("\n") if line] == rows
    read = list(csv.reader(io.StringIO(written["csv"], newline="")))
    assert [len(row) for row in read] == [2] * (len(rows) + 1)
    for row, cells in zip(rows, read[1:], strict=True):
        for name, cell in zip(read[0], cells, strict=True):
            assert not isinstance(row[name], str) or cell == row[name]
    assert len(written["table"].splitlines()) == len(rows) + 2

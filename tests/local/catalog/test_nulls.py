"""Which fields of answers may be null: marked in what is served, true of the hosted platform's answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from civis.local.catalog import Type, description, operations
from civis.local.catalog.files import read_file
from civis.local.catalog.nulls import may_be_null

_FILE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "recorded_exchanges.json"


def nodes(node: object) -> Iterator[dict[str, Any]]:
    """All mappings in a description."""
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from nodes(each)
    elif isinstance(node, list):
        for each in node:
            yield from nodes(each)


def test_what_is_served_marks_nulls_in_answers_only() -> None:
    served = description(marks_nulls=True)
    fields = served["definitions"]["File"]["properties"]
    assert "x-nullable" not in fields["id"]
    assert fields["description"]["x-nullable"] is True
    requests = {name: each for name, each in served["definitions"].items() if name.endswith("Request")}
    parameters = [each["parameters"] for item in served["paths"].values() for each in item.values()]
    assert not [each for each in nodes([requests, parameters]) if "x-nullable" in each]


def test_what_ships_says_what_the_hosted_platform_says() -> None:
    assert not [each for each in nodes(description()) if "x-nullable" in each]


def test_every_name_that_is_listed_is_one_of_an_answer() -> None:
    content, known = read_file("present.yaml"), set(fields_of([each.returns for each in operations()]))
    always, but_not = content["always"].split(), content["but_not"].split()
    assert set(always) <= {field for _, field in known}
    named = {f"{shape or ''}.{field}" for shape, field in known if field in always}
    assert set(but_not) <= named | {f"{shape}.*" for shape, _ in known}


def fields_of(types: list[Type | None]) -> Iterator[tuple[str | None, str]]:
    """All fields of shapes, at every depth, each with its shape's name."""
    seen, left = set(), list(types)
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        left += [each.items, each.values, *each.fields.values()]
        yield from ((each.name, field) for field in each.fields)


def wrong_nulls(value: Any, kind: Type | None, where: str) -> Iterator[str]:
    """Say which fields of an answer are null and never may be."""
    if isinstance(value, list):
        for each in value:
            yield from wrong_nulls(each, kind.items if kind is not None and kind.items else kind, where)
    elif isinstance(value, dict) and kind is not None:
        shape = kind.items if kind.items is not None else kind
        for name, each in shape.fields.items():
            if name in value and value[name] is None and not may_be_null(shape.name, name):
                yield f"{where}: {shape!r}.{name}"
            yield from wrong_nulls(value.get(name), each, where)


@pytest.mark.skipif(not _FILE.is_file(), reason="no reference material beside this checkout")
def test_recorded_answers_have_no_null_where_none_may_be() -> None:
    returns = {(each.method, each.path): each.returns for each in operations()}
    found: list[str] = []
    for exchange in json.loads(_FILE.read_text(encoding="utf-8")):
        method, path = exchange["operation"].split(" ")
        if exchange["response"]["status"] < 300:
            kind = returns[method, path.rstrip("/")]
            found += wrong_nulls(exchange["response"]["body"], kind, exchange["operation"])
    assert not found

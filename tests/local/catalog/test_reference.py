"""The catalogue's facts are those of the platform's own description; its words are not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from civis.local.catalog import description, operations

REFERENCE = Path(__file__).resolve().parents[3] / "../shared/reference/api_spec.json"
BEYOND_REFERENCE = {("get", "/channels/")} | {
    (each.method.lower(), each.spelling) for each in operations() if each.is_former
}
PLAIN = ("type", "format", "enum")

pytestmark = pytest.mark.skipif(
    not REFERENCE.exists(), reason="the platform's description is not beside the checkout"
)


@lru_cache(maxsize=1)
def reference() -> dict[str, Any]:
    """The description that the platform answers."""
    read: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return read


class Facts:
    """Spells out a description's operations without wording, references resolved."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._definitions = whole["definitions"]
        self.operations = {
            (method, path): self._operation(operation)
            for path, item in whole["paths"].items()
            for method, operation in item.items()
        }

    def _operation(self, operation: Mapping[str, Any]) -> dict[str, Any]:
        ((status, answer),) = operation["responses"].items()
        plain = [each for each in operation["parameters"] if each["in"] != "body"]
        bodies = [each for each in operation["parameters"] if each["in"] == "body"]
        body = [self._schema(each["schema"], ()) for each in bodies]
        return {
            "status": status,
            "deprecated": operation["deprecated"],
            "warns": operation["x-deprecation-warning"] is not None,
            # Clients make no method of an operation whose summary says so.
            "left out by clients": "deprecated" in operation["summary"].lower(),
            "order": [each["name"] for each in plain if each["in"] == "path"],
            "parameters": {
                (each["in"], each["name"]): (each["required"], self._schema(each, ())) for each in plain
            },
            "body": body,
            "body required": [each["required"] for each in bodies],
            "answer": self._schema(answer["schema"], ()) if "schema" in answer else None,
        }

    def _schema(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            if name in within:
                return {"within": len(within) - within.index(name)}
            return self._schema(self._definitions[name], (*within, name))
        facts = {key: schema[key] for key in PLAIN if key in schema}
        if "items" in schema:
            facts["items"] = self._schema(schema["items"], within)
        if isinstance(schema.get("additionalProperties"), Mapping):
            facts["values"] = self._schema(schema["additionalProperties"], within)
        if schema.get("properties"):
            # In their order: it is that of arguments by position.
            facts["properties"] = [(n, self._schema(s, within)) for n, s in schema["properties"].items()]
            facts["required"] = sorted(schema.get("required", ()))
        return facts


def test_facts_equal_the_reference(record_property: pytest.RecordProperty) -> None:
    """Names, paths, methods, parameters, types, required flags and answers, of every operation."""
    theirs = Facts(reference()).operations
    ours = Facts(description()).operations
    record_property("operations compared", len(ours))
    print(f"{len(ours)} operations compared")
    assert ours.keys() - theirs.keys() == BEYOND_REFERENCE
    assert theirs.keys() - ours.keys() == set()
    wrong = [
        (*key, part)
        for key, facts in theirs.items()
        for part, fact in facts.items()
        if ours[key][part] != fact
    ]
    assert not wrong


def sentences(node: object) -> Iterator[str]:
    """All wording in a description: summaries, descriptions, warnings."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("summary", "description", "x-deprecation-warning") and isinstance(value, str):
                yield from re.split(r"(?<=[.!?])\s+|\n+", value)
            else:
                yield from sentences(value)
    elif isinstance(node, list):
        for each in node:
            yield from sentences(each)


def words(sentence: str) -> str:
    """A sentence without capitals and punctuation."""
    return " ".join(re.findall(r"[a-z0-9_]+", sentence.lower()))


def test_wording_is_our_own() -> None:
    """No sentence of six words or more stands in the platform's description too."""
    theirs = {words(each) for each in sentences(reference())}
    ours = {words(each) for each in sentences(description())}
    assert {each for each in ours & theirs if len(each.split()) >= 6} == set()


def test_routes_have_no_slash_at_their_end() -> None:
    """The server routes by paths without it, whatever the description spells."""
    routed = {(each.method.lower(), each.path) for each in operations()}
    spelled = {(m, p.rstrip("/")) for p, item in reference()["paths"].items() for m in item}
    assert spelled <= routed

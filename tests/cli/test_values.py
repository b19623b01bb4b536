"""What is typed, and the values that it stands for."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from civis._spec import Operation, Parameter, Schema
from civis.cli.documents import dump_yaml, load_yaml
from civis.cli.fields import read_fields
from civis.cli.values import parse_document, value_of

INTEGERS = {"type": "array", "items": {"type": "integer"}}
TEXTS = {"type": "array", "items": {"type": "string"}}
OBJECTS = {"type": "array", "items": {"type": "object"}}

VALUES: dict[str, tuple[dict[str, Any], str, Any]] = {
    "integer": ({"type": "integer"}, "-3", -3),
    "large integer": ({"type": "integer"}, "12345678901234567890", 12345678901234567890),
    "number": ({"type": "number"}, "1e3", 1000.0),
    "whole number": ({"type": "number"}, "3", 3),
    "true": ({"type": "boolean"}, "TRUE", True),
    "no": ({"type": "boolean"}, "no", False),
    "text": ({"type": "string"}, " a: [b ", " a: [b "),
    "text that looks like a number": ({"type": "string"}, "007", "007"),
    "text with an at": ({"type": "string"}, "@@ada", "@ada"),
    "integers in JSON": (INTEGERS, "[1, 2]", [1, 2]),
    "integers with commas": (INTEGERS, "1, 2,3", [1, 2, 3]),
    "one integer": (INTEGERS, "1", [1]),
    "one text": (TEXTS, "a", ["a"]),
    "texts in YAML": (TEXTS, "[a, b c]", ["a", "b c"]),
    "object in YAML": ({"type": "object"}, "{a: NO, b: 2020-01-01}", {"a": "NO", "b": "2020-01-01"}),
    "object in JSON": ({"type": "object"}, '{"a": {"b": null}}', {"a": {"b": None}}),
    "objects": (OBJECTS, "[{a: 1}]", [{"a": 1}]),
    "anything": ({}, "[1, x]", [1, "x"]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    schema, text, expected = VALUES[name]
    assert value_of(text, Schema(schema)) == expected


PARTS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "a text with a comma": (TEXTS, "a, b", ["a, b"]),
    "an array": (TEXTS, '["a", "b"]', ["a", "b"]),
    "integers": (INTEGERS, "1,2", [1, 2]),
    "an object": (OBJECTS, "{a: 1}", [{"a": 1}]),
    "anything": ({"type": "array"}, "5", [5]),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_of_arrays(name: str) -> None:
    schema, text, expected = PARTS[name]
    assert value_of(text, Schema(schema), is_part=True) == expected


@pytest.mark.parametrize("name", ["params.yaml", "params.json"])
@pytest.mark.parametrize("prefix", ["@", ""])
def test_files(tmp_path: Path, name: str, prefix: str) -> None:
    (tmp_path / name).write_text('[{"a": "é"}]', encoding="utf-8")
    assert value_of(f"{prefix}{tmp_path / name}", Schema(OBJECTS), is_part=True) == [{"a": "é"}]
    assert value_of(f"{prefix}{tmp_path / name}", Schema(OBJECTS)) == [{"a": "é"}]


def test_a_file_is_read_to_the_byte(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"SELECT 1;\r\n\r\n")
    assert value_of(f"@{tmp_path / 'a.sql'}", Schema({"type": "string"})) == "SELECT 1;\r\n\r\n"


@pytest.mark.parametrize(("text", "schema"), [("@-", {"type": "object"}), ("-", {"type": "object"})])
def test_standard_input(text: str, schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a: 1"), encoding="utf-8"))
    assert value_of(text, Schema(schema)) == {"a": 1}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no integer": ({"type": "integer"}, "1.5", "'1.5' is not a whole number"),
    "digits of elsewhere": ({"type": "integer"}, "٣", "is not a whole number"),
    "no boolean": ({"type": "boolean"}, "", "'' is not true or false"),
    "no number": ({"type": "number"}, "x", "'x' is not a number"),
    "no object": ({"type": "object"}, "[1]", "expected an object in JSON or YAML, or @FILE: it is an array"),
    "no YAML": ({"type": "object"}, "{a", "neither JSON nor YAML in line"),
    "no file": ({"type": "object"}, "@nowhere.yaml", "nowhere.yaml cannot be read: No such file"),
    "a bad element": (INTEGERS, "1,x", "'x' is not a whole number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    schema, text, expected = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(expected)):
        value_of(text, Schema(schema))


def operation() -> Operation:
    """Give an operation with parameters of many kinds."""
    shapes: dict[str, dict[str, Any]] = {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "userIds": INTEGERS,
        "schedule": {
            "type": "object",
            "properties": {"scheduled": {"type": "boolean"}, "scheduledDays": INTEGERS},
        },
        "params": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
            },
        },
        "arguments": {"type": "object"},
    }
    names = {"userIds": "user_ids"}
    parameters = [
        Parameter(names.get(name, name), name, "body", False, Schema(shape)) for name, shape in shapes.items()
    ]
    return Operation("scripts", "post", "POST", "/scripts", parameters=tuple(parameters))


FIELDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "plain": (["id=3", "name=3"], {"id": 3, "name": "3"}),
    "with an equals sign": (["name=a=b"], {"name": "a=b"}),
    "null": (["name=null"], {"name": None}),
    "the platform's spelling": (["userIds=1,2"], {"user_ids": [1, 2]}),
    "dashes": (["user-ids=1,2"], {"user_ids": [1, 2]}),
    "one more": (["user_ids[]=1", "user_ids[]=2"], {"user_ids": [1, 2]}),
    "into an object": (["schedule.scheduled=true"], {"schedule": {"scheduled": True}}),
    "two into an object": (
        ["schedule.scheduled=true", "schedule.scheduledDays[]=1"],
        {"schedule": {"scheduled": True, "scheduledDays": [1]}},
    ),
    "objects in an array": (
        ["params[0].name=1", "params[0].size=1", "params[1].name=b"],
        {"params": [{"name": "1", "size": 1}, {"name": "b"}]},
    ),
    "brackets for keys": (["arguments[A]=1", "arguments[B.C]=x"], {"arguments": {"A": 1, "B.C": "x"}}),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields(name: str) -> None:
    fields, expected = FIELDS[name]
    assert read_fields(operation(), fields) == expected


WRONG_FIELDS = {
    "no equals sign": (["id"], "has no '='"),
    "unknown": (["nmae=1"], "Did you mean 'name'?"),
    "twice": (["id=1", "id=2"], "'id' is given twice"),
    "both kinds": (["params[0].name=a", "params.b=c"], "both as an array and as an object"),
    "no name": ([".=1"], "no name of a field"),
    "too far": (["user_ids[99999]=1"], "is no place in an array"),
}


@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_wrong_fields(name: str) -> None:
    fields, expected = WRONG_FIELDS[name]
    with pytest.raises(ValueError, match=re.escape(expected)):
        read_fields(operation(), fields)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


# What is drawn is random in size; on a busy machine one large value counts as slow.
@settings(suppress_health_check=[HealthCheck.too_slow])
@example({"0E0": None, "a": "1e5"})
@given(documents.filter(lambda value: not isinstance(value, str)))
def test_what_is_written_as_yaml_reads_the_same(value: Any) -> None:
    assert load_yaml(dump_yaml(value)) == value


@given(texts)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_document(text)

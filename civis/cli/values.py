"""From what is typed to the values of an operation's parameters. Knows neither requests nor click.

A text stands for itself, ``@file`` for what is in a file, ``@-`` for standard input, ``@@`` for an ``@``.
Arrays and objects are written in JSON or YAML.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civis._spec import Schema

__all__ = ["choices", "merged", "one_of_array", "parse_document", "read_text", "value_of", "word_for"]

_WORDS = {"integer": "INTEGER", "number": "NUMBER", "boolean": "BOOLEAN", "string": "TEXT"}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DOCUMENTS = (".yaml", ".yml", ".json")
_CONTAINERS: Mapping[str, type] = {"array": list, "object": dict}
_PARTS_OF = {"array": "an array", "object": "an object"}


def word_for(schema: Schema) -> str:
    """Name what is expected, as help shows it."""
    if schema.type == "array":
        items = schema.items
        return _WORDS.get((items.type if items is not None else None) or "", "ARRAY")
    return _WORDS.get(schema.type or "", "OBJECT" if schema.type == "object" else "VALUE")


def choices(schema: Schema) -> list[str]:
    """List the values that a schema names."""
    items = schema.items if schema.type == "array" else None
    named = (items or schema).enum
    if not named and (items or schema).type == "boolean":
        return ["true", "false"]
    return [str(each) for each in named if each not in ("", None)]


def value_of(text: str, schema: Schema, *, is_part: bool = False) -> Any:
    """Turn a text into a value of a parameter.

    Raises
    ------
    ValueError
        If it is none; the message says what is expected.

    Examples
    --------
    >>> from civis._spec import Schema
    >>> value_of("3", Schema({"type": "integer"})), value_of("[1, 2]", Schema({"type": "array"}))
    (3, [1, 2])
    """
    kind = schema.type
    if kind == "array" and is_part:
        return one_of_array(text, schema)
    if kind in _CONTAINERS:
        return _container(text, schema)
    content = read_text(text)
    if kind == "string":
        return content
    if kind is None:
        return parse_document(content)
    return _plain(content.strip(), kind)


def _plain(text: str, kind: str) -> Any:
    """Turn a text into a number or a truth value."""
    if kind == "boolean" and text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number":
        try:
            return int(text) if _INTEGER.fullmatch(text) else float(text)
        except ValueError:
            pass
    expected = {"boolean": "true or false", "integer": "a whole number", "number": "a number"}
    if kind not in expected:
        return text
    raise ValueError(f"{text!r} is not {expected[kind]}")


def _container(text: str, schema: Schema) -> Any:
    """Turn a text into an array or an object."""
    kind = schema.type or ""
    value, problem = _attempt(text)
    if isinstance(value, _CONTAINERS[kind]):
        return value
    if not text.startswith("@") and os.path.isfile(text):  # a file's bare name, as before this release
        return _container(f"@{text}", schema)
    if kind == "array" and isinstance(value, (str, int, float)) and not text.startswith("@"):
        return [each for part in text.split(",") for each in one_of_array(part.strip(), schema)]
    raise ValueError(
        f"expected {_PARTS_OF[kind]} in JSON or YAML, or @FILE: {problem or f'it is {_named(value)}'}"
    )


def _attempt(text: str) -> tuple[Any, str]:
    """Read an array or an object, or say why not."""
    try:
        return parse_document(read_text("@-" if text == "-" else text)), ""
    except ValueError as error:
        return None, str(error)


def one_of_array(text: str, schema: Schema) -> list[Any]:
    """Turn one of several texts into the elements that it stands for: one, or those of an array in it."""
    items = schema.items
    if text.startswith(("[", "@")) or text == "-" or (text.endswith(_DOCUMENTS) and os.path.isfile(text)):
        is_file = not text.startswith(("[", "@", "-"))
        content = read_text(f"@{text}" if is_file else "@-" if text == "-" else text)
        value = parse_document(content)
        return value if isinstance(value, list) else [value]
    if items is None or items.type is None:
        return [parse_document(text)]
    if items.type in ("integer", "number"):
        return [_plain(part.strip(), items.type) for part in text.split(",")]
    return [value_of(text, items)]


def read_text(text: str) -> str:
    """Give what a text stands for: the content of a file, or itself."""
    if text.startswith("@@"):
        return text[1:]
    if not text.startswith("@"):
        return text
    path = text[1:]
    if path == "-":
        return sys.stdin.buffer.read().decode("utf-8") if hasattr(sys.stdin, "buffer") else sys.stdin.read()
    try:
        with open(os.path.expanduser(path), encoding="utf-8", newline="") as file:
            return file.read()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read: {error.strerror or error}; write @@ for a leading @"
        ) from None


def parse_document(text: str) -> Any:
    """Read JSON or YAML; times stay texts, and only ``true`` and ``false`` are truth values.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> parse_document("{country: NO, since: 2020-01-01}")
    {'country': 'NO', 'since': '2020-01-01'}
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    from civis.cli.documents import load_yaml  # noqa: PLC0415 - PyYAML takes 15 ms

    return load_yaml(text)


def _named(value: object) -> str:
    """Name the kind of a value in a message."""
    kinds = {dict: "an object", list: "an array", str: "a text", bool: "a truth value", type(None): "empty"}
    return kinds.get(type(value), "a number")


def merged(parts: Sequence[list[Any]]) -> list[Any]:
    """Join what several options gave for one array."""
    return [each for part in parts for each in part]

"""The types of values that are no objects and no arrays."""

from __future__ import annotations

from collections.abc import Mapping

from civis._spec import Schema

_TYPES: Mapping[str, str] = {"integer": "int", "number": "float", "string": "str", "boolean": "bool"}


def scalar(schema: Schema, *, is_input: bool) -> str:
    """Write the type of one value.

    Answers are typed more widely than arguments: a platform that learns a new word is no mistake of a
    program that reads it. Times may be passed as Python has them, and come as text.
    """
    if is_input and schema.enum:
        return f"Literal[{', '.join(repr(value) for value in schema.enum)}]"
    if is_input and schema.type == "string" and schema.format == "date-time":
        return "str | DateTime"
    if is_input and schema.type == "string" and schema.format == "date":
        return "str | Date"
    return _TYPES.get(schema.type or "", "Any")

"""What a page says of one operation, worked out from its description. Knows nothing of Sphinx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from civis._names import camel_to_snake
from civis._spec import Operation, Parameter, Schema, SpecError, type_name
from civis.cli.groups import dashed
from civis.resources import bind

#: Objects in objects are shown, and made up for examples, down to here.
DEPTH = 6
#: Longer calls take a line for each argument: what a page shows without scrolling, less "answer = ".
_WIDTH = 62
_TEXTS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "2026-01-31T12:00:00Z",
    "uri": "https://example.com/",
    "email": "ada@example.com",
}


class Field(NamedTuple):
    """A parameter of a request, or a field of an answer.

    Parameters
    ----------
    name, type, meaning
        In words.
    required
        Whether it must be passed; None for a field of an answer.
    fields
        What is in it.
    """

    name: str
    type: str
    meaning: str
    required: bool | None
    fields: tuple[Field, ...] = ()


def parameters(operation: Operation) -> tuple[Field, ...]:
    """Give the arguments of an operation, those that must be passed first."""
    ordered = sorted(operation.parameters, key=lambda each: not each.required)
    found = [_field(each.name, each.schema, each.description, each.required, DEPTH) for each in ordered]
    if operation.is_paginated and all(each.name != "iterator" for each in ordered):
        meaning = "True gives a generator over all items of all pages; False, the default, one page."
        found.append(Field("iterator", "bool", meaning, False))
    return tuple(found)


def returned(operation: Operation) -> tuple[str, tuple[Field, ...]]:
    """Give the class of the answer and its fields, or those of its items."""
    schema = operation.returns
    is_list = operation.name == "list" or operation.name.startswith("list_")
    kind = "ListResponse" if is_list else "Response"
    if is_list and operation.is_paginated:
        kind = "ListResponse; with iterator=True PaginatedResponse"
    return kind, _fields(schema, DEPTH) if schema is not None else ()


def example(operation: Operation) -> str:
    """Write a call with made-up values, and what becomes of its answer."""
    values = {each.name: sample(each) for each in operation.parameters if each.required}
    bind(operation, (), values)  # an example that could not be sent stops the build
    written = [f"{name}={_written(value)}" for name, value in values.items()]
    if operation.is_paginated:
        written.append("iterator=True")
    call = _call(f"client.{operation.resource}.{operation.name}", written)
    _, fields = returned(operation)
    shown = next((each.name for each in fields if each.name.isidentifier()), None)
    if operation.is_paginated:
        return f"for item in {call}:\n    print(item{'.' + shown if shown else ''})"
    if shown is None:
        return call
    if operation.returns is not None and operation.returns.type == "array":
        return f"for item in {call}:\n    print(item.{shown})"
    return f"answer = {call}\nprint(answer.{shown})"


def command(operation: Operation) -> str:
    """Write how the command line calls an operation.

    Examples
    --------
    >>> command(Operation("match_targets", "get", "GET", "/match_targets"))
    'civis match-targets get'
    """
    arguments = [each.name.strip("_").upper() for each in operation.parameters if each.required]
    return " ".join(["civis", dashed(operation.resource), dashed(operation.name), *arguments])


def _written(value: object) -> str:
    """Write a made-up value, its texts in double quotes."""
    text = repr(value)
    return text if '"' in text else text.replace("'", '"')


def _call(name: str, arguments: list[str]) -> str:
    """Write a call, on several lines where it is long."""
    line = f"{name}({', '.join(arguments)})"
    return (
        line if len(line) <= _WIDTH else "\n".join([f"{name}(", *(f"    {each}," for each in arguments), ")"])
    )


def sample(parameter: Parameter) -> object:
    """Make up a value for an argument."""
    return _sample(parameter.schema, parameter.name, parameter.description, DEPTH)


def _sample(schema: Schema, name: str, description: str, depth: int) -> object:
    """Make up a value of a shape."""
    if schema.enum:
        return schema.enum[0]
    if schema.is_file:
        return "data.csv"
    if schema.type == "array":
        items = _items(schema)
        return [_sample(items, name, items.description, depth - 1)] if items is not None and depth else []
    if schema.type == "object":
        return _sample_object(schema, depth) if depth else {}
    numbers = {"integer": 123, "number": 0.5, "boolean": True}
    if schema.type in numbers:
        return numbers[schema.type]
    if "date" in description and name.endswith(("date", "_on")):
        return _TEXTS["date"]
    return _TEXTS.get(schema.format or "", name.strip("_").replace("_", "-"))


def _sample_object(schema: Schema, depth: int) -> dict[str, object]:
    """Make up an object: what it must hold, or else its first field."""
    names = [name for name in schema.properties if name in schema.required] or list(schema.properties)[:1]
    found = {name: schema.properties[name] for name in names}
    return {
        camel_to_snake(name): _sample(each, camel_to_snake(name), each.description, depth - 1)
        for name, each in found.items()
    }


def _field(name: str, schema: Schema, description: str, required: bool | None, depth: int) -> Field:
    """Describe one value and what is in it."""
    words = " ".join(description.split()).rstrip(".")
    unnamed = [repr(value) for value in schema.enum if str(value) not in words]
    if unnamed:
        words = f"{words}. One of: {', '.join(map(repr, schema.enum))}".lstrip(". ")
    words = f"{words[:1].upper()}{words[1:]}." if words else ""
    return Field(name, type_name(schema), words, required, _fields(schema, depth - 1, required))


def _fields(schema: Schema, depth: int, required: bool | None = None) -> tuple[Field, ...]:
    """Describe the fields of an object, or of the objects in an array."""
    if schema.type == "array":
        items = _items(schema)
        return _fields(items, depth, required) if items is not None and depth > 0 else ()
    if depth <= 0:
        return ()
    return tuple(
        _field(camel_to_snake(name), each, each.description, None if required is None else is_needed, depth)
        for name, each, is_needed in _properties(schema)
    )


def _properties(schema: Schema) -> Iterator[tuple[str, Schema, bool]]:
    """Give the properties that can be read."""
    for name in schema.properties:
        try:
            yield str(name), schema.properties[name], name in schema.required
        except (SpecError, RecursionError):
            continue


def _items(schema: Schema) -> Schema | None:
    """Say what an array holds, or None where that points nowhere."""
    try:
        return schema.items
    except (SpecError, RecursionError):
        return None


_IN_BRACES = re.compile(r"\{(\w+)\}")


def local_path(operation: Operation) -> str:
    """Write a path as the local platform's catalogue does, with parameters in snake_case."""
    return _IN_BRACES.sub(lambda found: f"{{{camel_to_snake(found[1])}}}", operation.path)

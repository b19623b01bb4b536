"""An operation's docstring in numpydoc's form, written when somebody reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from civis._names import camel_to_snake
from civis._spec.model import Operation, Parameter
from civis._spec.schema import Schema, SpecError

WIDTH = 88
#: Objects in objects are described down to here.
DEPTH = 6
_INDENT = "    "


def render_docstring(operation: Operation) -> str:
    """Write an operation's docstring.

    Examples
    --------
    >>> from civis._spec import load_spec
    >>> api = load_spec({"swagger": "2.0", "paths": {"/jobs/{id}": {"get": {"summary": "Show a job"}}}})
    >>> print(render_docstring(api.resources["jobs"].operations["get"]).splitlines()[0])
    Show a job
    """
    lines = [operation.summary or f"Call {operation.http_method} {operation.path}", ""]
    if operation.description and operation.description != operation.summary:
        lines += [*wrap(operation.description, WIDTH), ""]
    lines += [f"API URL: ``{operation.http_method} {operation.path}``", ""]
    if operation.deprecation:
        lines += [".. deprecated::", *_indented(wrap(operation.deprecation, WIDTH - 4)), ""]
    if operation.problem:
        lines += ["This method cannot be called:", *wrap(operation.problem, WIDTH), ""]
    lines += _parameters(operation)
    lines += _returns(operation)
    return "\n".join(lines).rstrip() + "\n"


def _parameters(operation: Operation) -> list[str]:
    """Give the section on arguments, those that must be passed first."""
    ordered = sorted(operation.parameters, key=lambda parameter: not parameter.required)
    lines: list[str] = []
    for parameter in ordered:
        lines += _parameter(parameter)
    if operation.is_paginated and not any(each.name == "iterator" for each in ordered):
        lines += ["iterator : bool, optional", *_indented(wrap(_ITERATOR, WIDTH - 4))]
    return ["Parameters", "----------", *lines, ""] if lines else []


_ITERATOR = (
    "If True, return a generator over all items of all pages, which asks for each page when it is needed; "
    "limit is then the size of a page and page_num does nothing. Default: False."
)


_FILE = "A path, an open file, bytes, or a tuple of a file's name and one of these."


def _parameter(parameter: Parameter) -> list[str]:
    """One argument with its type, meaning, allowed values and fields."""
    suffix = "" if parameter.required else ", optional"
    lines = [f"{parameter.name} : {type_name(parameter.schema)}{suffix}"]
    lines += _indented(_meaning(parameter.schema, parameter.description))
    items = _safe_items(parameter.schema)
    if parameter.schema.is_file or (items is not None and items.is_file):
        lines += _indented(wrap(_FILE, WIDTH - 4))
    lines += _indented(_fields(parameter.schema, DEPTH))
    return lines


def _returns(operation: Operation) -> list[str]:
    """Give the section on the answer: its class and its fields."""
    head = ["Returns", "-------"]
    if operation.returns is None:
        if operation.success_status == 204:
            return [*head, "civis.Response", f"{_INDENT}Empty: the platform answers without a body."]
        return [*head, "civis.Response", f"{_INDENT}The description does not say what it holds."]
    schema = operation.returns
    is_list = operation.name == "list" or operation.name.startswith("list_")
    if is_list:
        head.append("civis.ListResponse" + (" or civis.PaginatedResponse" if operation.is_paginated else ""))
    else:
        head.append("civis.Response")
    shown = _safe_items(schema) if schema.type == "array" else schema
    fields = _fields(shown, DEPTH) if shown is not None else []
    return [*head, *_indented(fields or wrap(schema.description, WIDTH - 4))]


def _fields(schema: Schema, depth: int) -> list[str]:
    """Give the properties of an object, or of what an array holds, as an indented list."""
    if depth == 0:
        return []
    if schema.type == "array":
        items = _safe_items(schema)
        return _fields(items, depth) if items is not None else []
    lines: list[str] = []
    for name, field in _safe_properties(schema):
        if field is None:
            lines.append(f"- {camel_to_snake(name)} : (the description of this field cannot be read)")
            continue
        lines.append(f"- {camel_to_snake(name)} : {type_name(field)}")
        lines += _indented(_meaning(field, field.description))
        lines += _indented(_fields(field, depth - 1))
    return lines


def _safe_properties(schema: Schema) -> Iterator[tuple[str, Schema | None]]:
    """Give the properties, with None for those that point nowhere."""
    for name in schema.properties:
        try:
            yield str(name), schema.properties[name]
        except (SpecError, RecursionError):
            yield str(name), None


def _safe_items(schema: Schema) -> Schema | None:
    """Say what an array holds, or None where that points nowhere."""
    try:
        return schema.items
    except (SpecError, RecursionError):
        return None


def _meaning(schema: Schema, description: str) -> list[str]:
    """Give the words on a value, then the values allowed where the words do not name them."""
    words = " ".join(description.split())
    allowed = [repr(value) for value in schema.enum if str(value) not in words]
    if allowed:
        words = f"{words} One of: {', '.join(map(repr, schema.enum))}.".strip()
    return wrap(words, WIDTH - 4)


def wrap(words: str, width: int) -> list[str]:
    """Break a text between words; `textwrap` weighs hyphens and tabs too and takes ten times as long."""
    lines: list[str] = []
    line = ""
    for word in words.split():
        if not line:
            line = word
        elif len(line) + 1 + len(word) <= width:
            line = f"{line} {word}"
        else:
            lines.append(line)
            line = word
    return [*lines, line] if line else lines


def type_name(schema: Schema) -> str:
    """Give a type in words, such as ``str (date-time)`` or ``list[int]``.

    Examples
    --------
    >>> type_name(Schema({"type": "string", "format": "date-time"}))
    'str (date-time)'
    """
    names = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "object": "dict"}
    if schema.type == "array":
        items = _safe_items(schema)
        return f"list[{type_name(items)}]" if items is not None and items.type else "list"
    if schema.is_file:
        return "file"
    name = names.get(schema.type or "", "object")
    shown = schema.format if schema.format not in (None, "float") else None
    return f"{name} ({shown})" if shown else name


def _indented(lines: Iterable[str]) -> list[str]:
    """Lines one step to the right."""
    return [_INDENT + line if line else line for line in lines]

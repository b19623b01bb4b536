"""The help of an operation's command, from its description."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from civis._names import camel_to_snake
from civis._spec import SpecError, type_name
from civis.cli.groups import dashed
from civis.cli.values import choices, word_for

if TYPE_CHECKING:
    from civis._spec import Operation, Parameter, Schema

__all__ = ["write_about", "write_parameters"]

_MOST_CHOICES = 12
_EXAMPLES = {"integer": "123", "number": "0.5", "boolean": "true", "object": "'{…}'", "array": "'[…]'"}


def write_about(formatter: click.HelpFormatter, operation: Operation) -> None:
    """Write what an operation does."""
    texts = [operation.summary or f"Call {operation.http_method} {operation.path}."]
    if operation.description and operation.description != operation.summary:
        texts.append(operation.description)
    if operation.deprecation:
        texts.append(f"Deprecated: {operation.deprecation}")
    if operation.problem:
        texts.append(f"It cannot be called: {operation.problem}")
    for text in texts:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(" ".join(text.split()))
    formatter.write_paragraph()
    formatter.write(f"  API: {operation.http_method} {operation.path}\n")  # not to be broken, however long


def write_parameters(
    formatter: click.HelpFormatter, operation: Operation, own: Sequence[tuple[str, str]]
) -> None:
    """Write arguments, options, what goes for all operations, and an example."""
    required = [each for each in operation.parameters if each.required]
    optional = [each for each in operation.parameters if not each.required]
    if required:
        with formatter.section("Arguments"):
            rows = [
                (f"{each.name.strip('_').upper()}", _meaning(each, is_argument=True)) for each in required
            ]
            formatter.write_dl(rows, col_max=30)
    if optional:
        with formatter.section("Options"):
            rows = [(f"--{dashed(each.name)} {word_for(each.schema)}", _meaning(each)) for each in optional]
            formatter.write_dl(rows, col_max=30)
    with formatter.section("Request and output"):
        formatter.write_dl(own, col_max=30)
    with formatter.section("Example"):
        formatter.write_text(_example(operation, required))


def _meaning(parameter: Parameter, is_argument: bool = False) -> str:
    """Say what a parameter means, what it may be, and what is in it."""
    schema = parameter.schema
    words = " ".join((parameter.description or schema.description).split())
    named = choices(schema) if schema.type != "boolean" else []
    unsaid = [each for each in named if each not in words]
    if unsaid and len(named) <= _MOST_CHOICES:
        words = f"{words.rstrip('.')}. One of: {', '.join(named)}.".lstrip(". ")
    fields = ", ".join(_fields(schema))
    if fields:
        words = f"{words.rstrip('.')}. Fields: {fields}.".lstrip(". ")
    if is_argument and schema.type != "string":
        words = f"{words} [{_kind(schema)}]".strip()
    elif schema.type == "array":
        words = f"{words} [repeatable]".strip()
    return words


def _kind(schema: Schema) -> str:
    """Name the type of an argument."""
    if schema.type == "array":
        return f"ARRAY of {word_for(schema)}" if word_for(schema) != "ARRAY" else "ARRAY"
    return word_for(schema)


def _fields(schema: Schema) -> Iterator[str]:
    """Name the fields of an object, or of the objects in an array, with their types."""
    try:
        inner = schema.items if schema.type == "array" else schema
        for name, field in inner.properties.items() if inner is not None else ():
            yield f"{camel_to_snake(name)} ({type_name(field)})"
    except (SpecError, RecursionError):
        return  # what cannot be read is left out


def _example(operation: Operation, required: Sequence[Parameter]) -> str:
    """Give a command line that would work with other values."""
    words = [_EXAMPLES.get(each.schema.type or "", _first_choice(each)) for each in required]
    line = " ".join(["civis", dashed(operation.resource), dashed(operation.name), *words])
    if operation.is_paginated:
        return f"{line} --all --output table"
    if operation.http_method == "GET":
        return f"{line} --output json"
    return f"{line} --dry-run"


def _first_choice(parameter: Parameter) -> str:
    """Give a value for a text: one that is named, else the parameter's name."""
    named = choices(parameter.schema)
    return named[0] if named else parameter.name.strip("_").upper()

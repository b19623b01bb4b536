"""The help of resources and operations, from their description. Knows no click."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from civis._names import camel_to_snake
from civis._spec import SpecError, type_name
from civis.cli.finding import summary_of, usage_words, word_of
from civis.cli.help_page import HelpPage
from civis.cli.own_commands import IN_RESOURCES, RESOURCE_HELP
from civis.cli.own_options import options_of
from civis.cli.values import choices, word_for
from civis.cli.words import HELP_NAMES, dashed

if TYPE_CHECKING:
    from civis._spec import Operation, Parameter, Resource, Schema

__all__ = ["operation_page", "resource_page"]

_MOST_CHOICES = 12
_EXAMPLES = {"integer": "123", "number": "0.5", "boolean": "true", "object": "'{…}'", "array": "'[…]'"}


def operation_page(operation: Operation, command: str, width: int) -> str:
    """Give the help of an operation's command.

    Parameters
    ----------
    operation : Operation
        What it calls.
    command : str
        How it is typed: ``"civis jobs list"``.
    width : int
        Columns of a line.
    """
    required = [each for each in operation.parameters if each.required]
    optional = [each for each in operation.parameters if not each.required]
    page = HelpPage(width)
    page.usage(command, usage_words(operation))
    for text in _about(operation):
        page.paragraph(text)
    page.line(f"API: {operation.http_method} {operation.path}")
    page.section("Arguments", [(word_of(each), _meaning(each, is_argument=True)) for each in required])
    page.section(
        "Options", [(f"--{dashed(each.name)} {word_for(each.schema)}", _meaning(each)) for each in optional]
    )
    page.section("Request and output", [each.row() for each in options_of(operation)])
    page.example(_example(operation, required))
    return page.text()


def resource_page(name: str, resource: Resource | None, command: str, width: int) -> str:
    """Give the help of a resource: our own commands, then its operations.

    Parameters
    ----------
    name : str
        The resource's name as it is typed.
    resource : Resource or None
        None where the description has none of that name.
    command : str
        How it is typed: ``"civis jobs"``.
    width : int
        Columns of a line.
    """
    known = name.replace("-", "_")
    own = IN_RESOURCES.get(known, {})
    operations = resource.operations if resource is not None else {}
    page = HelpPage(width)
    page.usage(command, ["[OPTIONS]", "COMMAND", "[ARGS]..."])
    if known in RESOURCE_HELP:
        page.paragraph(RESOURCE_HELP[known])
    page.section("Options", [(", ".join(HELP_NAMES), "Show this message and exit.")])
    page.commands("Commands", {each: own[each].help for each in own})
    rows = {dashed(each): summary_of(operations[each]) for each in operations if dashed(each) not in own}
    page.commands("Operations", rows)
    return page.text()


def _about(operation: Operation) -> Iterator[str]:
    """Say what an operation does."""
    yield operation.summary or f"Call {operation.http_method} {operation.path}."
    if operation.description and operation.description != operation.summary:
        yield operation.description
    if operation.deprecation:
        yield f"Deprecated: {operation.deprecation}"
    if operation.problem:
        yield f"It cannot be called: {operation.problem}"


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
    return named[0] if named else word_of(parameter)

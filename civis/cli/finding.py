"""Finds what typed words mean in the API's description, and says it in a line. Knows no click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from civis.cli.words import dashed

if TYPE_CHECKING:
    from civis._spec import Api, Operation, Parameter, Resource

__all__ = ["find_operation", "find_resource", "summary_of", "usage_words", "word_of"]


def find_resource(api: Api, typed: str) -> Resource | None:
    """Find a resource, whichever way its name is written."""
    name = dashed(typed)
    known = next((each for each in api.resources if dashed(each) == name), None)
    return api.resources[known] if known is not None else None


def find_operation(resource: Resource, typed: str) -> Operation | None:
    """Find an operation, by its name of today or of an earlier release."""
    operations, name = resource.operations, dashed(typed)
    known = name.replace("-", "_")
    known = resource.older_names.get(known, known)
    if known not in operations:
        known = next((each for each in operations if dashed(each) == name), "")
    return operations[known] if known else None


def summary_of(operation: Operation) -> str:
    """Say in a line what an operation does."""
    return operation.summary or operation.description or f"{operation.http_method} {operation.path}"


def word_of(parameter: Parameter) -> str:
    """Name a required parameter as help does."""
    return parameter.name.strip("_").upper()


def usage_words(operation: Operation) -> list[str]:
    """Name what follows a command: its options, then its arguments."""
    return ["[OPTIONS]", *(word_of(each) for each in operation.parameters if each.required)]

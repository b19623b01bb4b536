"""Signatures of methods, made when somebody asks; calls bind their arguments without them."""

from __future__ import annotations

from inspect import Parameter as Argument
from inspect import Signature
from typing import Any

from civis._spec import Operation, Parameter
from civis.resources._binding import ITERATOR, NOT_PASSED, takes_iterator
from civis.response import ListResponse, PaginatedResponse, Response


def signature_of(operation: Operation) -> Signature:
    """Make the signature of an operation's method, without ``self``."""
    if operation.problem:
        return Signature(
            [Argument("args", Argument.VAR_POSITIONAL), Argument("kwargs", Argument.VAR_KEYWORD)]
        )
    arguments = [
        Argument(each.name, Argument.POSITIONAL_OR_KEYWORD, annotation=_annotation(each))
        for each in operation.parameters
        if each.required
    ]
    arguments += [
        Argument(each.name, Argument.KEYWORD_ONLY, default=NOT_PASSED, annotation=_annotation(each))
        for each in operation.parameters
        if not each.required
    ]
    if takes_iterator(operation):
        arguments.append(Argument(ITERATOR, Argument.KEYWORD_ONLY, default=False, annotation=bool))
    return Signature(arguments, return_annotation=_return_annotation(operation))


def _annotation(parameter: Parameter) -> object:
    """Give the Python type of a parameter."""
    annotation = parameter.schema.annotation()
    return Any if annotation is object else annotation


def _return_annotation(operation: Operation) -> object:
    """Give the class of the answer."""
    if operation.name != "list" and not operation.name.startswith("list_"):
        return Response
    return ListResponse | PaginatedResponse if takes_iterator(operation) else ListResponse

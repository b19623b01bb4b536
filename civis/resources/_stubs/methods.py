"""From an operation to the text of its method in a stub."""

from __future__ import annotations

from collections.abc import Iterator

from civis._spec import Operation, Parameter, Resource
from civis.resources._binding import ITERATOR, takes_iterator
from civis.resources._stubs import type_text
from civis.resources._stubs.shapes import Shapes

WIDTH = 110
_STEP = "    "


def resource_lines(resource: Resource, class_name: str, shapes: Shapes) -> list[str]:
    """Write the class of a resource."""
    older = {old: new for old, new in resource.older_names.items() if new in resource.operations}
    members = {*resource.operations, *older}
    lines = [f"class {class_name}:", f'{_STEP}"""The methods of ``client.{resource.name}``."""', ""]
    for name, operation in resource.operations.items():
        lines += _method(operation, name, operation.deprecation or "", shapes, members)
    for old, new in older.items():
        words = f"client.{resource.name}.{old}() is client.{resource.name}.{new}() now."
        lines += _method(resource.operations[new], old, words, shapes, members)
    return lines


def _method(
    operation: Operation, name: str, deprecation: str, shapes: Shapes, members: set[str]
) -> list[str]:
    """Write one method, in three overloads where its answers come in pages."""
    mark = [f"{_STEP}@deprecated({_literal(deprecation)})"] if deprecation else []
    if operation.problem:
        head = [*mark, f"{_STEP}def {name}(self, *args: Any, **kwargs: Any) -> Any:"]
        return [*head, *_docstring(operation)]
    item = type_text.item_type(operation, shapes)
    returns = f"ListResponse[{item}]" if type_text.is_list(operation) else item
    if not takes_iterator(operation):
        return [*mark, *_head(operation, name, "", returns, shapes, members), *_docstring(operation)]
    pages = f"PaginatedResponse[{item}]"
    lines: list[str] = []
    for number, (iterator, result) in enumerate(
        [
            (f"{ITERATOR}: Literal[False] = ...", returns),
            (f"{ITERATOR}: Literal[True]", pages),
            (f"{ITERATOR}: bool", f"{returns} | {pages}"),
        ]
    ):
        head = _head(operation, name, iterator, result, shapes, members)
        lines += [f"{_STEP}@overload", *mark, *head]
        # Editors show the words of all overloads, one after the other.
        lines += _docstring(operation) if number == 0 else [f"{_STEP * 2}...", ""]
    return lines


def _head(
    operation: Operation, name: str, iterator: str, returns: str, shapes: Shapes, members: set[str]
) -> list[str]:
    """Write a method's signature."""
    typed = {
        each.name: type_text.qualified(type_text.argument(each, shapes), members)
        for each in operation.parameters
    }
    required = [each.name for each in operation.parameters if each.required]
    arguments = ["self", *(f"{each}: {typed.pop(each)}" for each in required)]
    by_name = [f"{each}: {annotation} = ..." for each, annotation in typed.items()]
    by_name += [iterator] if iterator else []
    arguments += ["*", *by_name] if by_name else []
    returns = type_text.qualified(returns, members)
    line = f"{_STEP}def {name}({', '.join(arguments)}) -> {returns}:"
    if len(line) <= WIDTH:
        return [line]
    return [f"{_STEP}def {name}(", *(f"{_STEP * 2}{each}," for each in arguments), f"{_STEP}) -> {returns}:"]


def _docstring(operation: Operation) -> list[str]:
    """Write what a method does and what its arguments mean; what it returns is told by the classes."""
    lines = [operation.summary or f"Call {operation.http_method} {operation.path}", ""]
    if operation.description and operation.description != operation.summary:
        lines += [" ".join(operation.description.split()), ""]
    lines += [f"API URL: ``{operation.http_method} {operation.path}``"]
    words = [line for each in operation.parameters for line in _words(each)]
    if words:
        lines += ["", "Parameters", "----------", *words]
    lines = [safe(line) for line in lines]
    return [f'{_STEP * 2}"""{lines[0]}', *(f"{_STEP * 2}{line}" if line else "" for line in lines[1:]),
            f'{_STEP * 2}"""', ""]  # fmt: skip


def _words(parameter: Parameter) -> Iterator[str]:
    """Say what an argument means, if the description does."""
    meaning = " ".join(parameter.description.split())
    if meaning:
        yield parameter.name
        yield f"{_STEP}{meaning}"


def safe(words: str) -> str:
    """Write words so that they can stand in a docstring."""
    words = words.replace("\\", "\\\\").replace('"""', "'''")
    return f"{words} " if words.endswith('"') else words


def _literal(words: str) -> str:
    """Write words as a text in double quotes."""
    found = " ".join(words.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{found}"'

"""What the generated pages say of operations: of all of them, and of some in detail."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

from civis._spec import Api, Operation, load_spec
from civis.resources import bind, signature_of
from civis.resources._nested import unknown_keys

SCHEMA = {
    "type": "object",
    "properties": {
        "lastRun": {"type": "object", "properties": {"state": {"type": "string", "enum": ["a", "b"]}}}
    },
}
BODY = {
    "type": "object",
    "required": ["name", "source"],
    "properties": {
        "name": {"type": "string"},
        "source": {
            "type": "object",
            "required": ["fileIds"],
            "properties": {
                "fileIds": {"type": "array", "items": {"type": "integer"}},
                "path": {"type": "string"},
            },
        },
    },
}


def operation(method: str = "get", **described: Any) -> Operation:
    """Read one operation on ``/jobs/{id}``."""
    path = [
        {"name": "id", "in": "path", "required": True, "type": "integer"},
        *described.pop("parameters", []),
    ]
    api = load_spec({"swagger": "2.0", "paths": {"/jobs/{id}": {method: {"parameters": path, **described}}}})
    return next(api.operations())


def test_every_example_could_be_sent(api: Api, operation_model: ModuleType) -> None:
    for each in api.operations():
        if each.problem is not None:
            continue
        call = next(
            node for node in ast.walk(ast.parse(operation_model.example(each))) if is_call_of(node, each)
        )
        assert isinstance(call, ast.Call)
        given = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
        assert given.pop("iterator", None) in (None, each.is_paginated)
        required = [parameter for parameter in each.parameters if parameter.required]
        assert given == {parameter.name: operation_model.sample(parameter) for parameter in required}
        assert list(unknown_keys(each, bind(each, (), given).body)) == []
        signature_of(each).bind(**given)


def is_call_of(node: ast.AST, each: Operation) -> bool:
    """Tell whether a piece of code is the call of an operation."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == f"client.{each.resource}.{each.name}"


def test_every_parameter_and_field_is_told(api: Api, operation_model: ModuleType) -> None:
    for each in api.operations():
        told = {field.name for field in operation_model.parameters(each)}
        assert {parameter.name for parameter in each.parameters} <= told
        _, fields = operation_model.returned(each)
        items = (
            each.returns.items if each.returns is not None and each.returns.type == "array" else each.returns
        )
        assert len(fields) == (len(items.properties) if items is not None else 0)


def test_fields_within_fields(operation_model: ModuleType) -> None:
    kind, (run,) = operation_model.returned(
        operation(responses={"200": {"description": "", "schema": SCHEMA}})
    )
    assert (kind, run.name, run.type, run.required) == ("Response", "last_run", "dict", None)
    assert run.fields[0].meaning == "One of: 'a', 'b'."


def test_a_body_of_objects(operation_model: ModuleType) -> None:
    described = operation(
        "post", parameters=[{"name": "b", "in": "body", "schema": BODY, "required": True}], responses={}
    )
    name, source = operation_model.parameters(described)[1:]
    assert (name.required, source.required) == (True, True)
    assert [(each.name, each.required) for each in source.fields] == [("file_ids", True), ("path", False)]
    text = operation_model.example(described)
    assert text == 'client.jobs.post(\n    id=123,\n    name="name",\n    source={"file_ids": [123]},\n)'
    assert operation_model.command(described).endswith("ID NAME SOURCE")


def test_an_example_of_a_list_reads_all_pages(api: Api, operation_model: ModuleType) -> None:
    text = operation_model.example(api.resources["jobs"].operations["list"])
    assert text == "for item in client.jobs.list(iterator=True):\n    print(item.id)"

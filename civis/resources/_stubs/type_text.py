"""From a schema to the annotation of a field, an argument or an answer."""

from __future__ import annotations

import re

from civis._spec import Operation, Parameter, Schema
from civis.resources._stubs.scalars import scalar
from civis.resources._stubs.shapes import Shapes, inner, is_shape

#: Builtins that a class may hide by a member of that name.
BUILTINS = frozenset({"bool", "float", "int", "list", "str"})
_NAME = re.compile(r"(?<![\w.\"'])[a-z]+\b(?![\"'])")
_LIST_IN_TEXT = re.compile(r"comma[- ]separated", re.IGNORECASE)


def answer(schema: Schema, shapes: Shapes) -> str:
    """Annotate what the platform sends: objects as Responses, arrays as lists."""
    if schema.alternatives:
        return _union([answer(each, shapes) for each in schema.alternatives])
    if is_shape(schema):
        return shapes.of(schema, "answer").name
    if schema.type == "object":
        return "Response"
    if schema.type == "array":
        items = inner(schema)
        return f"list[{answer(items, shapes) if items is not None else 'Any'}]"
    return scalar(schema, is_input=False)


def field(name: str, schema: Schema, shapes: Shapes) -> str:
    """Annotate a field of an answer.

    The platform sends null in many fields and its description does not say in which. "Any" beside the type
    lets programs ask for None and lets them not ask, and wrong uses of the type are found all the same.
    """
    found = answer(schema, shapes)
    if schema.nullable:
        return _union([found, "None"])
    return found if name == "id" else _union([found, "Any"])


def value(schema: Schema, shapes: Shapes, description: str = "") -> str:
    """Annotate what a program passes: objects as mappings, arrays as anything in order but a text."""
    if schema.alternatives:
        found = _union([value(each, shapes) for each in schema.alternatives])
    elif is_shape(schema):
        found = shapes.of(schema, "input").name
    elif schema.type == "object":
        held = inner(schema)
        found = f"Mapping[str, {value(held, shapes) if held is not None else 'Any'}]"
    elif schema.type == "array":
        items = inner(schema)
        held_type = value(items, shapes) if items is not None else "Any"
        found = "Strings" if held_type == "str" else f"Sequence[{held_type}]"
    else:
        found = scalar(schema, is_input=True)
        if found == "str" and _LIST_IN_TEXT.search(description):
            found = "str | Strings"
    return _union([found, "None"]) if schema.nullable else found


def argument(parameter: Parameter, shapes: Shapes) -> str:
    """Annotate an argument; what may be left out may be None, which clears a value of an object."""
    found = value(parameter.schema, shapes, parameter.description if parameter.location == "query" else "")
    return found if parameter.required else _union([found, "None"])


def is_list(operation: Operation) -> bool:
    """Whether a method gives many objects: its name decides, as the description is wrong about some."""
    if operation.name == "list" or operation.name.startswith("list_"):
        return True
    returns = operation.returns
    return operation.http_method != "GET" and returns is not None and returns.type == "array"


def item_of(operation: Operation) -> Schema | None:
    """Give the schema of an answer, or of one item where there are many; None where nobody says."""
    returns = operation.returns
    return inner(returns) if returns is not None and returns.type == "array" else returns


def item_type(operation: Operation, shapes: Shapes) -> str:
    """Annotate an answer, or one item where there are many."""
    schema = item_of(operation)
    return answer(schema, shapes) if schema is not None else "Response"


def qualified(annotation: str, members: set[str]) -> str:
    """Write the builtins that a class's members hide with the name of their module."""
    hidden = members & BUILTINS
    if not hidden:
        return annotation
    return _NAME.sub(lambda found: f"builtins.{found[0]}" if found[0] in hidden else found[0], annotation)


def _union(types: list[str]) -> str:
    """Join types, each once."""
    parts = list(dict.fromkeys(part for each in types for part in _parts(each)))
    if len(parts) > 1 and "None" in parts:  # at the end, where readers look for it
        parts = [part for part in parts if part != "None"] + ["None"]
    return "Any" if "Any" in parts and set(parts) <= {"Any", "None"} else " | ".join(parts)


def _parts(annotation: str) -> list[str]:
    """Give the members of a union; what stands in brackets is one."""
    if "[" in annotation:
        return [annotation]
    return annotation.split(" | ")

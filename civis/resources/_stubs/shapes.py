"""The shapes of objects in an API: which there are, what they are called, and who uses them.

Shapes with the same fields of the same types are one, whatever the description calls them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from civis._names import camel_to_snake
from civis._spec import Schema, SpecError
from civis.resources._stubs import names
from civis.resources._stubs.scalars import scalar

Direction = Literal["answer", "input"]
#: Objects in objects in objects: what lies deeper is taken for any object.
DEPTH = 10


@dataclass(eq=False)
class Shape:
    """Objects with certain fields."""

    schema: Schema
    direction: Direction
    described: Counter[str] = field(default_factory=Counter)
    used_as: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    resources: set[str] = field(default_factory=set)
    name: str = ""


def is_shape(schema: Schema) -> bool:
    """Whether a value is an object whose fields are known."""
    return schema.type == "object" and bool(schema.properties)


def fields_of(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Give the fields that can be read, by their names in snake_case."""
    for name in schema.properties:
        try:
            yield camel_to_snake(str(name)), schema.properties[name]
        except (SpecError, RecursionError):
            continue


def inner(schema: Schema) -> Schema | None:
    """Say what an array or a mapping holds."""
    try:
        return schema.items if schema.type == "array" else schema.additional_properties
    except (SpecError, RecursionError):
        return None


class Shapes:
    """All shapes that were met."""

    def __init__(self) -> None:
        self._known: dict[str, Shape] = {}
        #: Digests by the identity of properties, which are kept so that no other can have it.
        self._digests: dict[tuple[int, Direction], tuple[str, object]] = {}
        self._described: dict[int, str] | None = None

    def __iter__(self) -> Iterator[Shape]:
        return iter(self._known.values())

    def of(self, schema: Schema, direction: Direction) -> Shape:
        """Give the shape of an object that was met."""
        return self._known[self._key(schema, direction)]

    def meet(self, schema: Schema, direction: Direction, resource: str, place: str, field: str = "") -> None:
        """Take note of a value's shapes: where it stands, and the field it is in."""
        self._meet(schema, direction, resource, place, field, ())

    def _meet(
        self,
        schema: Schema,
        direction: Direction,
        resource: str,
        place: str,
        field: str,
        around: tuple[str, ...],
    ) -> None:
        """Take note of a value's shapes, but for those that it stands in."""
        for choice in schema.alternatives:
            self._meet(choice, direction, resource, place, field, around)
        if not is_shape(schema):
            held = inner(schema) if schema.type in ("array", "object") else None
            if held is not None:
                self._meet(held, direction, resource, place, field, around)
            return
        key = self._key(schema, direction)
        if key in around:
            return
        shape = self._known.setdefault(key, Shape(schema, direction))
        self._note(shape, schema, place, field)
        is_news = not shape.used_as or resource not in shape.resources
        shape.used_as[place] += 1
        shape.resources.add(resource)
        if is_news:
            for name, each in fields_of(schema):
                part = names.camel(names.singular(name) if each.type == "array" else name)
                self._meet(each, direction, resource, place + part, part, (*around, key))

    def _note(self, shape: Shape, schema: Schema, place: str, field: str) -> None:
        """Take note of what the description and the field call a shape."""
        if self._described is None:
            self._described = dict(names.described_names(schema))
        known = self._described.get(id(schema.node.get("properties")))
        if known:
            shape.described[known] += 1
        ending = "Input" if shape.direction == "input" and field else ""
        shape.fields[(field or place) + ending] += 1

    def assign_names(self) -> None:
        """Give each shape a name that no other has."""
        taken = set(names.RESERVED)
        for shape in self:
            places = shape.used_as
            if shape.direction == "input":
                places = Counter({f"{name}Input": number for name, number in places.items()})
            shape.name = names.choose(shape.described, places, shape.fields, taken)
            taken.add(shape.name)

    def _key(self, schema: Schema, direction: Direction) -> str:
        """Digest an object's fields; the same for all that are alike."""
        properties = schema.node.get("properties")
        place = (id(properties), direction)
        if place not in self._digests:
            self._digests[place] = (self._digest(schema, direction, ()), properties)
        return self._digests[place][0]

    def _digest(self, schema: Schema, direction: Direction, around: tuple[int, ...]) -> str:
        """Digest a value's type; an object within itself is told by how far up it is."""
        parts: list[str] = [direction]
        if schema.alternatives:
            parts += [self._digest(each, direction, around) for each in schema.alternatives]
        elif is_shape(schema):
            here = id(schema.node.get("properties"))
            if here in around:
                return f"up {around[::-1].index(here)}"
            required = set(schema.required) if direction == "input" else set()
            required = {camel_to_snake(name) for name in required}
            for name, each in sorted(fields_of(schema), key=lambda pair: pair[0]):
                inside = "..." if len(around) > DEPTH else self._digest(each, direction, (*around, here))
                marks = ("!" if name in required else "") + ("?" if each.nullable else "")
                parts.append(f"{name}{marks}:{inside}")
        elif schema.type in ("array", "object"):
            held = inner(schema)
            parts += [schema.type, self._digest(held, direction, around) if held is not None else ""]
        else:
            parts.append(scalar(schema, is_input=direction == "input"))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

"""Schemas of values, read lazily out of a description's raw JSON.

Nothing is parsed before it is asked for: a description of a thousand schemas costs nothing to load, and a
schema that contains itself is no problem. Knows neither operations nor HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: A chain of references longer than this points back at itself.
MAX_REFERENCES = 32

#: How the description's types are called in Python.
PYTHON_TYPES: Mapping[str, type] = {
    "integer": int,
    "number": float,
    "string": str,
    "boolean": bool,
    "object": dict,
    "array": list,
}


class SpecError(ValueError):
    """A description, or one operation of it, that cannot be understood; the message says what and where."""


class Document:
    """A description's root, in which references are looked up."""

    __slots__ = ("root",)

    def __init__(self, root: Mapping[str, object]) -> None:
        self.root = root

    def resolve(self, node: object) -> Mapping[str, object]:
        """Follow a node's references; what stands beside a ``$ref`` wins over what it points at."""
        beside: dict[str, object] = {}
        for _ in range(MAX_REFERENCES):
            if not isinstance(node, Mapping):
                raise SpecError(f"expected an object, found {shortened(node)}")
            reference = node.get("$ref")
            if reference is None:
                return {**node, **beside} if beside else node
            beside = {**{key: value for key, value in node.items() if key != "$ref"}, **beside}
            node = self.target(reference)
        raise SpecError(f"the reference {shortened(reference)} leads back to itself")

    def target(self, reference: object) -> object:
        """Say what a reference such as ``#/definitions/File`` points at."""
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise SpecError(f"the reference {shortened(reference)} does not point into the description")
        node: object = self.root
        for step in reference[2:].split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or key not in node:
                raise SpecError(f"the reference {reference!r} points at nothing")
            node = node[key]
        return node


EMPTY = Document({})


class Properties(Mapping[str, "Schema"]):
    """An object's properties, each read when it is asked for."""

    __slots__ = ("_document", "_nodes")

    def __init__(self, nodes: Mapping[str, object], document: Document) -> None:
        self._nodes = nodes
        self._document = document

    def __getitem__(self, name: str) -> Schema:
        return Schema.read(self._nodes[name], self._document)

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


class Schema:
    """The shape of one value.

    Parameters
    ----------
    node
        The schema as the description has it, with its own reference already followed.
    document
        Where the references inside are looked up.

    Examples
    --------
    >>> Schema({"type": "array", "items": {"type": "integer"}}).items.type
    'integer'
    """

    __slots__ = ("document", "node")

    def __init__(self, node: Mapping[str, object], document: Document = EMPTY) -> None:
        self.node = node
        self.document = document

    @classmethod
    def read(cls, node: object, document: Document) -> Schema:
        """Read a schema; `allOf` is merged, and one alternative beside null stands for itself."""
        if isinstance(node, bool):  # JSON Schema's "anything" and "nothing"
            return cls({}, document)
        return cls(_merged(document.resolve(node), document), document)

    def __repr__(self) -> str:
        return f"Schema(type={self.type!r}, format={self.format!r}, properties={list(self.properties)!r})"

    @property
    def type(self) -> str | None:
        """The JSON type: string, integer, number, boolean, array, object, file; None where any will do."""
        names = self._types()
        if len(names) == 1:
            return names[0]
        if not names and "properties" in self.node:
            return "object"
        return "array" if not names and "items" in self.node else None

    @property
    def format(self) -> str | None:
        """What the type is more exactly, such as ``date-time``."""
        return text(self.node.get("format")) or None

    @property
    def description(self) -> str:
        """What the value means."""
        return text(self.node.get("description"))

    @property
    def enum(self) -> tuple[object, ...]:
        """The values allowed; empty where all are."""
        if "const" in self.node:
            return (self.node["const"],)
        values = self.node.get("enum")
        return tuple(values) if isinstance(values, (list, tuple)) else ()

    @property
    def default(self) -> object:
        """The value the platform takes where none is sent, or None."""
        return self.node.get("default")

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the properties that must be there."""
        names = self.node.get("required")
        return (
            tuple(name for name in names if isinstance(name, str)) if isinstance(names, (list, tuple)) else ()
        )

    @property
    def nullable(self) -> bool:
        """Whether null is a value, so far as the description says."""
        kinds = self.node.get("type")
        return bool(
            self.node.get("nullable") is True
            or self.node.get("x-nullable") is True
            or kinds == "null"
            or (isinstance(kinds, (list, tuple)) and "null" in kinds)
        )

    @property
    def properties(self) -> Mapping[str, Schema]:
        """An object's properties by their name in the description."""
        nodes = self.node.get("properties")
        return Properties(nodes if isinstance(nodes, Mapping) else {}, self.document)

    @property
    def items(self) -> Schema | None:
        """What an array holds, or None."""
        node = self.node.get("items")
        return Schema.read(node, self.document) if isinstance(node, Mapping) else None

    @property
    def additional_properties(self) -> Schema | None:
        """What an object's further properties are like, or None where the description says nothing."""
        node = self.node.get("additionalProperties")
        return Schema.read(node, self.document) if isinstance(node, Mapping) else None

    @property
    def is_open(self) -> bool:
        """Whether an object may have further properties, so far as the description says."""
        return self.node.get("additionalProperties") not in (None, False)

    @property
    def is_file(self) -> bool:
        """Whether the value is the content of a file, in a form or as a whole body."""
        is_binary = self.format == "binary" or self.node.get("contentMediaType") == "application/octet-stream"
        return self.type == "file" or (self.type in (None, "string") and is_binary)

    @property
    def alternatives(self) -> tuple[Schema, ...]:
        """The schemas of which the value fits one; empty where there is just this one."""
        nodes = self.node.get("anyOf") or self.node.get("oneOf")
        if not isinstance(nodes, (list, tuple)):
            return ()
        return tuple(Schema.read(node, self.document) for node in nodes)

    def annotation(self) -> object:
        """Return the Python type for a signature, such as ``list[int]``; ``object`` where any will do."""
        found = PYTHON_TYPES.get(self.type or "", object)
        if found is list:
            items = self.items
            inner = PYTHON_TYPES.get((items.type if items else None) or "", object)
            found = list[inner]  # type: ignore[valid-type] # made at run time from the description
        return found | None if self.nullable and found is not object else found

    def _types(self) -> tuple[str, ...]:
        """Give the types named, but for null, in Swagger's spelling or in OpenAPI 3.1's list."""
        kinds = self.node.get("type")
        names = kinds if isinstance(kinds, (list, tuple)) else (kinds,)
        return tuple(name for name in names if isinstance(name, str) and name != "null")


def _merged(node: Mapping[str, object], document: Document) -> Mapping[str, object]:
    """Fold ``allOf``, and an ``anyOf``/``oneOf`` of one schema beside null, into one schema."""
    parts = node.get("allOf")
    if isinstance(parts, (list, tuple)) and parts:
        node = _all_of([node, *parts], document)
    choices = node.get("anyOf") or node.get("oneOf")
    if not isinstance(choices, (list, tuple)):
        return node
    real = [each for each in choices if not (isinstance(each, Mapping) and each.get("type") == "null")]
    rest = {key: value for key, value in node.items() if key not in ("anyOf", "oneOf")}
    if len(real) < len(choices):
        rest["nullable"] = True
    if len(real) == 1:
        return {**_merged(document.resolve(real[0]), document), **rest}
    return {**rest, "anyOf": real}


def _all_of(parts: list[object], document: Document) -> Mapping[str, object]:
    """One schema of several that hold together; the first one's words win."""
    merged: dict[str, object] = {}
    properties: dict[str, object] = {}
    required: list[str] = []
    for part in parts:
        node = document.resolve(part)
        if part is not parts[0]:
            node = _merged(node, document)
        found = node.get("properties")
        if isinstance(found, Mapping):
            properties.update(found)
        names = node.get("required")
        if isinstance(names, (list, tuple)):
            required.extend(name for name in names if isinstance(name, str))
        merged = {**node, **merged}
    merged.pop("allOf", None)
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = required
    return merged


def text(value: object) -> str:
    """Give a text of the description without the blanks around it; empty where there is none."""
    return value.strip() if isinstance(value, str) else ""


def shortened(value: object) -> str:
    """Give a value for a message, at most 60 characters."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."

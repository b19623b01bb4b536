"""Write the catalogue as a Swagger 2.0 description; it must not know how the catalogue is written down."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

from civis.local.catalog.model import CatalogOperation, CatalogParameter, Type
from civis.local.catalog.nulls import may_be_null
from civis.local.catalog.reader import BASE_RESOURCES, operations
from civis.local.catalog.words import describe

Direction = Literal["request", "answer"]


def description(resources: Literal["base", "all"] = "all", *, marks_nulls: bool = False) -> dict[str, Any]:
    """Describe the API in Swagger 2.0.

    Parameters
    ----------
    resources
        ``"all"``, or ``"base"`` for those of `BASE_RESOURCES` only.
    marks_nulls
        Whether fields of answers that may be null have ``"x-nullable": true``, as ``/endpoints`` answers it.
        The hosted platform says of none, and the description that ships with the client stands for it.

    Returns
    -------
    dict
        One and the same object at every call: serialize it, do not change it.

    Raises
    ------
    ValueError
        When `resources` is neither of the two.

    Examples
    --------
    >>> from civis.local.catalog import description
    >>> description("base")["paths"]["/files/{id}"]["get"]["responses"]["200"]["schema"]
    {'$ref': '#/definitions/File'}
    """
    if resources not in ("base", "all"):
        raise ValueError(f"resources must be 'base' or 'all', not {resources!r}.")
    return _described(resources, marks_nulls)


@cache
def _described(resources: Literal["base", "all"], marks_nulls: bool) -> dict[str, Any]:
    """Write a description once a process."""
    whole = resources == "all"
    chosen = (each for each in operations() if whole or each.resource in BASE_RESOURCES)
    return _Description(marks_nulls).of(chosen)


class _Description:
    """Builds one description and the definitions it refers to."""

    def __init__(self, marks_nulls: bool) -> None:
        self._marks_nulls = marks_nulls
        self._definitions: dict[str, Any] = {}
        self._names: dict[tuple[int, Direction], str] = {}

    def of(self, chosen: Iterable[CatalogOperation]) -> dict[str, Any]:
        """Write the whole description."""
        paths: dict[str, dict[str, Any]] = {}
        for operation in chosen:
            paths.setdefault(operation.spelling, {})[operation.method.lower()] = self._operation(operation)
        return {
            "swagger": "2.0",
            "info": {"title": "Civis Platform on one machine", "version": "1"},
            "schemes": ["http"],
            "produces": ["application/json"],
            "paths": paths,
            "definitions": self._definitions,
            "securityDefinitions": {"api_key": {"type": "apiKey", "name": "Authorization", "in": "header"}},
            "security": [{"api_key": []}],
        }

    def _operation(self, operation: CatalogOperation) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": "success"}
        if operation.returns is not None:
            answer["schema"] = self._schema(operation.returns, "answer", operation.resource)
        written: dict[str, Any] = {"summary": operation.summary}
        if operation.description:
            written["description"] = operation.description
        written["deprecated"] = operation.deprecation is not None
        written["parameters"] = self._parameters(operation)
        written["responses"] = {str(operation.success_status): answer}
        written["x-deprecation-warning"] = operation.deprecation
        return written

    def _parameters(self, operation: CatalogOperation) -> list[dict[str, Any]]:
        parameters = [self._parameter(each) for each in operation.parameters if each.location != "body"]
        if operation.body is not None:
            required = bool(operation.body.required)
            schema = self._schema(operation.body, "request", operation.resource)
            parameters.append({"name": "body", "in": "body", "required": required, "schema": schema})
        return parameters

    def _parameter(self, parameter: CatalogParameter) -> dict[str, Any]:
        written = {"name": parameter.wire_name, "in": parameter.location, "required": parameter.required}
        if parameter.description:
            written["description"] = parameter.description
        return {**written, **self._schema(parameter.schema, "request", None)}

    def _schema(self, type_: Type, direction: Direction, resource: str | None) -> dict[str, Any]:
        """Write a type: a reference where it is a named shape of fields, in place otherwise."""
        if type_.items is not None:
            return {"type": "array", "items": self._schema(type_.items, direction, resource)}
        if type_.values is not None:
            return {"type": "object", "additionalProperties": self._schema(type_.values, direction, resource)}
        if type_.fields:
            if type_.name is None:
                return self._object(type_, direction, resource)
            return {"$ref": f"#/definitions/{self._defined(type_, direction)}"}
        written: dict[str, Any] = {"type": type_.kind}
        if type_.format:
            written["format"] = type_.format
        if type_.enum:
            written["enum"] = list(type_.enum)
        return written

    def _defined(self, type_: Type, direction: Direction) -> str:
        """Give the name of a shape's definition, which is written at its first use.

        An answer holds all fields and a request may not, so that a shape used both ways has two definitions.
        """
        key = (id(type_), direction)
        if key not in self._names:
            assert type_.name is not None
            wanted = type_.name if direction == "answer" else f"{type_.name}Request"
            name, number = wanted, 1
            while name in self._definitions:
                number += 1
                name = f"{wanted}{number}"
            self._names[key] = name
            self._definitions[name] = {}  # Its place is taken before its fields, one of which may be itself.
            self._definitions[name] = self._object(type_, direction, type_.scope)
        return self._names[key]

    def _object(self, type_: Type, direction: Direction, resource: str | None) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for name, field_type in type_.fields.items():
            schema = self._schema(field_type, direction, resource)
            words = describe(name, resource, type_.name)
            written_field = {"description": words, **schema} if words else schema
            if self._marks_nulls and direction == "answer" and may_be_null(type_.name, name):
                written_field = {**written_field, "x-nullable": True}
            properties[name] = written_field
        written: dict[str, Any] = {"type": "object", "properties": properties}
        required = (
            list(type_.fields) if direction == "answer" else [n for n in type_.fields if n in type_.required]
        )
        if required:
            written["required"] = required
        return written

"""Keys of the objects in a body that the description does not know: misspelt ones would be lost silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from civis._names import camel_to_snake, snake_to_camel, suggestion
from civis._spec import Operation, Schema, SpecError, is_json


def unknown_keys(operation: Operation, body: object) -> Iterator[str]:
    """Give a sentence for each key in the objects of a body that the description does not name.

    Nothing is said of objects that may hold anything, nor of the body's own keys, which are arguments.

    Parameters
    ----------
    operation : Operation
        What the body is sent to.
    body : object
        What is sent, decoded.

    Yields
    ------
    str

    Examples
    --------
    >>> from civis.resources import API_SPEC_PATH, read_local_spec, unknown_keys
    >>> operation = read_local_spec(API_SPEC_PATH).resources["scripts"].operations["post_sql"]
    >>> len(list(unknown_keys(operation, {"csv_settings": {"include_headr": True}})))
    1
    """
    if not is_json(operation.body_type):
        return
    called = f"{operation.resource}.{operation.name}()"
    for parameter in operation.parameters:
        if parameter.location != "body":
            continue
        value = (
            body
            if not parameter.wire_name
            else body.get(parameter.wire_name)
            if isinstance(body, dict)
            else None
        )
        # Most values are neither, and this is on the way of every call.
        if isinstance(value, (dict, list)):
            try:
                yield from _unknown(value, parameter.schema, parameter.name, called, operation.is_platform)
            except (SpecError, RecursionError):
                continue  # what cannot be read says nothing about keys


def _unknown(value: object, schema: Schema, place: str, called: str, is_platform: bool) -> Iterator[str]:
    """Look at one value and all in it."""
    if isinstance(value, list):
        items = schema.items
        for number, each in enumerate(value) if items is not None else ():
            yield from _unknown(each, items, f"{place}[{number}]", called, is_platform)  # type: ignore[arg-type]
        return
    properties = _properties(schema)
    if not isinstance(value, dict) or not properties:
        return
    known = {_spelling(name, is_platform): name for name in properties}
    for key, each in value.items():
        name = key if key in properties else known.get(_spelling(key, is_platform))
        if name is not None:
            yield from _unknown(each, properties[name], f"{place}.{key}", called, is_platform)
        else:
            yield _sentence(key, list(known), place, called)


def _properties(schema: Schema) -> Mapping[str, Schema]:
    """Give the properties that an object can have; none where it may have any."""
    choices = schema.alternatives
    if choices:
        found = [_properties(choice) for choice in choices]
        return {name: each for one in found for name, each in one.items()} if all(found) else {}
    return {} if schema.is_open else schema.properties


def _spelling(name: str, is_platform: bool) -> str:
    """Spell a key as the platform compares it: it takes both spellings."""
    return camel_to_snake(name) if is_platform else name


def _sentence(key: str, known: list[str], place: str, called: str) -> str:
    """Say which key is not known, and which one may have been meant."""
    near = suggestion(key, known) or suggestion(snake_to_camel(key), known)
    takes = near or f" It has {', '.join(known)}."
    return f"{called}: {place} has no key {key!r}.{takes}"

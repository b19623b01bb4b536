"""From the names that users write to the keys that the platform sent, and back. Knows no responses."""

from __future__ import annotations

from collections.abc import Mapping

from civis._names import camel_to_snake, snake_to_camel

#: Keys below which the keys belong to the user (a script's arguments), so that their case is kept.
KEPT_BELOW = frozenset({"arguments", "environmentVariables", "environment_variables"})

#: Entries after which a cache begins anew, so that keys that are data (IDs, dates) cannot fill the memory.
_MOST_NAMES = 20_000
_MOST_SHAPES = 4_000

#: Where a field was found the last time: ``{"author_id": "authorId", "id": "id"}``.
WIRE_NAMES: dict[str, str] = {}
_SHAPES: dict[tuple[str, ...], dict[str, str]] = {}


def shape_of(data: Mapping[str, object]) -> dict[str, str]:
    """Give the names of an object in its order, each with its key; worked out once for all objects alike."""
    keys = tuple(data)
    shape = _SHAPES.get(keys)
    if shape is None:
        if len(_SHAPES) >= _MOST_SHAPES:
            _SHAPES.clear()
        shape = _SHAPES[keys] = _name_keys(keys)
    return shape


def _name_keys(keys: tuple[str, ...]) -> dict[str, str]:
    """Name each key; where two would get one name, a key that is its own name comes first."""
    taken = set(keys)
    shape: dict[str, str] = {}
    for key in keys:
        name = camel_to_snake(key)
        shape[key if name != key and (name in taken or name in shape) else name] = key
    return shape


def find_key(data: Mapping[str, object], name: str) -> str | None:
    """Find the key of a name that is not a key itself."""
    key = snake_to_camel(name)
    if key in data and camel_to_snake(key) == name:
        return key
    return shape_of(data).get(name)


def remember_name(name: str, key: str) -> None:
    """Look for a field under this key first, in the next object that is asked for it."""
    if len(WIRE_NAMES) >= _MOST_NAMES:
        WIRE_NAMES.clear()
    WIRE_NAMES[name] = key

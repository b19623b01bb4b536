"""From the Python values of a call to what a path, a query string, a header or a JSON body can hold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import SupportsIndex, TypeGuard
from urllib.parse import quote
from uuid import UUID

from civis._spec import Parameter

_PLAIN = (str, int, float, bool, type(None))


class UnsendableError(TypeError):
    """A value that has no form in a request."""


def path_value(parameter: Parameter, value: object) -> str:
    """Quote a value as one element of a path.

    Raises
    ------
    ValueError
        If the element would be empty or mean a folder, and so reach another endpoint.
    """
    if value is None or isinstance(value, (bytes, Mapping, list, tuple, set, frozenset)):
        raise UnsendableError(f"a path takes a number or a text, not {_shown(value)}")
    text = scalar(value)
    if text in ("", ".", ".."):
        raise ValueError(
            f"{parameter.name}={text!r} cannot stand in a path; pass the name or ID of an object"
        )
    return quote(text, safe="")


def query_pairs(parameter: Parameter, value: object) -> Iterator[tuple[str, str]]:
    """Write a value as a part of a query string; a query string has no form for None."""
    if value is None:
        return
    if not _is_collection(value):
        is_array = parameter.schema.type == "array" and parameter.array_style == "brackets"
        yield (f"{parameter.wire_name}[]" if is_array else parameter.wire_name), scalar(value)
        return
    texts = [scalar(each) for each in value]
    if parameter.schema.type != "array" or parameter.array_style == "commas":
        # Many of the platform's parameters are strings that hold "a comma-separated list".
        yield parameter.wire_name, ",".join(texts)
        return
    name = parameter.wire_name
    if parameter.array_style == "brackets" and not name.endswith("[]"):
        name += "[]"
    for text in texts:
        yield name, text


def scalar(value: object) -> str:
    """Write one value as text: booleans as True and False, times in ISO 8601.

    Examples
    --------
    >>> scalar(True), scalar(3), scalar(None)
    ('True', '3', '')
    """
    plain = json_value(value)
    if plain is None:
        return ""
    if isinstance(plain, (dict, list)):
        raise UnsendableError(f"{_shown(plain)} cannot stand in a URL")
    return str(plain)


def json_value(value: object) -> object:
    """Turn a value into what JSON can hold, at every depth.

    Raises
    ------
    UnsendableError
        If something in it has no form in JSON.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(key): json_value(each) for key, each in value.items()}
    # Arrays and scalars of NumPy; first, since an array claims to be an index.
    convert = getattr(value, "tolist", None)
    if callable(convert) and not isinstance(value, type):
        return json_value(convert())
    simple = _simple(value)
    if simple is not value:
        return simple
    if _is_collection(value):
        return [json_value(each) for each in value]
    raise UnsendableError(f"a value of type {type(value).__name__} cannot be sent as JSON: {_shown(value)}")


def _simple(value: object) -> object:
    """Turn a number, a time or a name of another type into JSON's; the value itself where it is none."""
    if isinstance(value, Enum):
        return json_value(value.value)
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, SupportsIndex):
        return value.__index__()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, UUID):
        return str(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _is_collection(value: object) -> TypeGuard[Iterable[object]]:
    """Whether a value is many: neither a text nor a mapping."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))


def _shown(value: object) -> str:
    """Show a value in a message, shortened."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

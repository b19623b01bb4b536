"""From the Python values of a call to what a path, a query string, a header or a JSON body can hold."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, SupportsIndex, TypeGuard
from urllib.parse import quote

from civis._spec import ArrayStyle, Parameter

#: Visible letters of Latin-1, blanks and tabs.
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_PLAIN = (str, int, float, bool, type(None))


class UnsendableError(TypeError):
    """A value that has no form in a request."""


def path_value(parameter: Parameter, value: object, is_platform: bool = True) -> str:
    """Quote a value as one element of a path; an array, where one is described, with commas.

    Raises
    ------
    ValueError
        If the element would be empty or mean a folder, and so reach another endpoint.
    """
    if parameter.schema.type == "array" and _is_collection(value):
        texts = [scalar(each, is_platform) for each in value]
    elif value is None or isinstance(value, (bytes, Mapping, list, tuple, set, frozenset)):
        raise UnsendableError(f"a path takes a number or a text, not {_shown(value)}")
    else:
        texts = [scalar(value, is_platform)]
    if ",".join(texts) in ("", ".", ".."):
        raise ValueError(
            f"{parameter.name}={','.join(texts)!r} cannot stand in a path; pass the name or ID of an object"
        )
    return ",".join(quote(text, safe="") for text in texts)


def query_pairs(parameter: Parameter, value: object, is_platform: bool = True) -> Iterator[tuple[str, str]]:
    """Write a value as a part of a query string; a query string has no form for None."""
    name, style = parameter.wire_name, parameter.array_style
    if value is None:
        return
    if style == "json":
        yield name, json.dumps(json_value(value), separators=(",", ":"))
        return
    if isinstance(value, Mapping) and style != "brackets":
        yield from _object_pairs(name, style, value, is_platform)
        return
    is_array = parameter.schema.type == "array"
    bracketed = f"{name}[]" if is_array and style == "brackets" and not name.endswith("[]") else name
    if not _is_collection(value):
        yield bracketed, scalar(value, is_platform)
        return
    texts = [scalar(each, is_platform) for each in value]
    is_string = parameter.schema.type is not None and not is_array
    if is_string or style in _SEPARATORS:
        # Many of the platform's parameters are strings that hold "a comma-separated list".
        yield name, _SEPARATORS.get(style, ",").join(texts)
        return
    for text in texts:
        yield bracketed, text


_SEPARATORS: Mapping[ArrayStyle, str] = {"commas": ",", "spaces": " ", "pipes": "|"}


def _object_pairs(
    name: str, style: ArrayStyle, value: Mapping[object, object], is_platform: bool
) -> Iterator[tuple[str, str]]:
    """Write an object as a part of a query string, as OpenAPI 3 has it."""
    texts = {str(key): scalar(each, is_platform) for key, each in value.items() if each is not None}
    if style == "deep":
        yield from ((f"{name}[{key}]", text) for key, text in texts.items())
    elif style == "repeated":
        yield from texts.items()
    else:
        yield name, _SEPARATORS[style].join(text for pair in texts.items() for text in pair)


def header_value(value: object, is_platform: bool = True) -> str:
    """Write a value as a header; several of an array with commas.

    Raises
    ------
    ValueError
        If it holds what no header can: line ends, or letters beyond Latin-1.
    """
    many = value if _is_collection(value) else [value]
    text = ",".join(scalar(each, is_platform) for each in many)
    if not _HEADER_VALUE.fullmatch(text):
        raise ValueError(
            f"{_shown(text)} cannot stand in a header: line ends and letters beyond Latin-1 cannot"
        )
    return text


def cookie_pair(name: str, value: object, is_platform: bool = True) -> str:
    """Write a cookie as its header has it; what a cookie cannot hold is quoted."""
    from http.cookies import CookieError, SimpleCookie  # noqa: PLC0415 - few operations take cookies

    try:
        return SimpleCookie({name: header_value(value, is_platform)})[name].OutputString()
    except CookieError as error:
        raise ValueError(f"{name!r} cannot be a cookie: {error}") from None


def scalar(value: object, is_platform: bool = True) -> str:
    """Write one value as text: times in ISO 8601; booleans as the platform has them, or as JSON does.

    Examples
    --------
    >>> scalar(True), scalar(True, is_platform=False), scalar(3), scalar(None)
    ('True', 'true', '3', '')
    """
    plain = json_value(value)
    if plain is None:
        return ""
    if isinstance(plain, (dict, list)):
        raise UnsendableError(f"{_shown(plain)} cannot stand in a URL")
    return str(plain).lower() if isinstance(plain, bool) and not is_platform else str(plain)


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
    if _is_of(value, "datetime", "date") or _is_of(value, "datetime", "time"):
        moment: Any = value
        return moment.isoformat()
    if isinstance(value, SupportsIndex):
        return value.__index__()
    if _is_of(value, "decimal", "Decimal"):
        number: Any = value
        return int(number) if number == number.to_integral_value() else float(number)
    if _is_of(value, "uuid", "UUID"):
        return str(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _is_of(value: object, module: str, name: str) -> bool:
    """Whether a value is of a class of a module; where that was never loaded there are no such values."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def _is_collection(value: object) -> TypeGuard[Iterable[object]]:
    """Whether a value is many: neither a text nor a mapping."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))


def _shown(value: object) -> str:
    """Show a value in a message, shortened."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

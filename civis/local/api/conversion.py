"""One value against one type of the catalogue: converted where nothing is lost, refused otherwise."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from civis._names import camel_to_snake

if TYPE_CHECKING:
    from civis.local.catalog import Type

__all__ = ["Unfit", "convert", "convert_text"]


class Unfit(ValueError):  # noqa: N818 - what is wrong with a value; the answer to it is a BadRequest
    """A value that is not what the catalogue asks for; the text names the parameter."""


_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_DATE_TIME = re.compile(
    r"\d{4}-[01]\d-[0-3]\d([T ][0-2]\d:[0-5]\d(:[0-6]\d([.,]\d+)?)?( ?(Z|z|UTC|[+-]\d\d:?(\d\d)?))?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-[01]\d-[0-3]\d", re.ASCII)
_ARTICLES: Mapping[str, str] = {
    "array": "an array",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
_TRUE, _FALSE = frozenset({"true", "t", "1", "yes"}), frozenset({"false", "f", "0", "no"})
_LARGEST = 2**63 - 1


def convert_text(text: str, kind: Type | None, name: str) -> Any:
    """Convert the text of a path segment or a query parameter.

    Parameters
    ----------
    text : str
        What was sent.
    kind : Type or None
        What it must be; None allows any text.
    name : str
        The parameter's name, for the message.

    Raises
    ------
    Unfit
        When the text is no such value.
    """
    if "\x00" in text:
        raise Unfit(f"{name} has a NUL character")
    if kind is None:
        return text
    reader: Callable[[Any, str], Any] = _SCALARS.get(kind.kind, _string)
    return _checked(reader(text, name), kind, name)


def convert(value: Any, kind: Type, name: str) -> Any:
    """Convert a JSON value, at every depth; the keys of objects with known fields become snake_case.

    Parameters
    ----------
    value : object
        What was sent.
    kind : Type
        What it must be.
    name : str
        Where the value stands, for the message, such as ``params[0].name``.

    Raises
    ------
    Unfit
        When the value is not of the type.
    """
    if value is None:
        return value
    if kind.kind == "array":
        return _array(value, kind, name)
    if kind.kind == "object":
        return _object(value, kind, name)
    return _checked(_SCALARS[kind.kind](value, name), kind, name)


def _array(value: Any, kind: Type, name: str) -> list[Any]:
    """Convert each item; null among them says nothing and is left out, as the hosted platform does."""
    if isinstance(value, str) and kind.items is not None and kind.items.kind == "string":
        value = [value]  # the hosted platform takes a single text for a list of one
    if not isinstance(value, list):
        raise Unfit(f"{name} must be an array, not {value!r:.80}")
    items = kind.items
    if items is None:
        return value
    return [convert(item, items, f"{name}[{index}]") for index, item in enumerate(value) if item is not None]


def _object(value: Any, kind: Type, name: str) -> dict[str, Any]:
    """Convert the known fields; an object with free keys keeps them as they are, and its values too."""
    if not isinstance(value, Mapping):
        raise Unfit(f"{name} must be an object, not {value!r:.80}")
    if not kind.fields:
        return dict(value)
    by_snake = {camel_to_snake(wire): (wire, field) for wire, field in kind.fields.items()}
    found: dict[str, Any] = {}
    for key, item in value.items():
        snake = camel_to_snake(key)
        if snake in by_snake:
            wire, field = by_snake[snake]
            found[snake] = convert(item, field, f"{name}.{wire}")
    for wire in sorted(kind.required):
        if found.get(camel_to_snake(wire)) is None:
            raise Unfit(f"{name}.{wire} is missing")
    return found


def _checked(value: Any, kind: Type, name: str) -> Any:
    """Check the format and the allowed values; an empty text is no date, and stands for null."""
    if value == "" and kind.format in ("date", "date-time"):
        return None
    if kind.enum and str(value) not in kind.enum:
        allowed = ", ".join(kind.enum)
        raise Unfit(f"{name} does not have a valid value: {value!r:.80} is none of {allowed}")
    if kind.format == "date-time" and not _is_moment(value, _DATE_TIME):
        raise Unfit(f"{name} is no date and time in ISO 8601: {value!r:.80}")
    if kind.format == "date" and not _is_moment(value, _DATE):
        raise Unfit(f"{name} is no date such as 2026-01-31: {value!r:.80}")
    return value


def _is_moment(text: str, form: re.Pattern[str]) -> bool:
    """Tell whether a text has the form of a date or a time, and its day is one of the calendar's."""
    try:
        return form.fullmatch(text) is not None and bool(date.fromisoformat(text[:10]))
    except ValueError:
        return False


def _string(value: Any, name: str) -> str:
    """Read a string; numbers are taken as their text, as the platform does."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit(f"{name} must be a string, not {value!r:.80}")
    return str(value)


def _integer(value: Any, name: str) -> int:
    """Read an integer of 64 bits, from a number without a fraction or from its text."""
    number: int | None = None
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        number = int(value.strip())  # which strips more than int does
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    if number is None or abs(number) > _LARGEST:
        raise Unfit(f"{name} must be an integer, not {value!r:.80}")
    return number


def _number(value: Any, name: str) -> float | int:
    """Read a finite number, or its text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        value = int(text) if _INTEGER.fullmatch(text) else float(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise Unfit(f"{name} must be a number, not {value!r:.80}")
    return value


def _is_finite(value: float) -> bool:
    """Tell whether a number has a place among the floats; an integer may be too large for them."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _boolean(value: Any, name: str) -> bool:
    """Read a truth value, or its text."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, (str, int)) else ""
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Unfit(f"{name} must be true or false, not {value!r:.80}")


_SCALARS: Mapping[str, Callable[[Any, str], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}

"""Values that no column type holds, as texts; and what is said of those that no table can hold.

It knows neither pandas nor polars nor Arrow.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

__all__ = ["bytes_error", "json_text", "mixed_text", "span_text", "text_error", "times_error"]

_COLLECTIONS = (dict, list, tuple, set, frozenset)


def mixed_text(value: Any) -> str:
    """Write one value of a mixed column."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"a column holds bytes ({bytes(value)[:20]!r}); decode them to text first")
    return json_text(value) if _is_nested(value) else _own_text(value)


def span_text(value: Any) -> str:
    """Write a span of time as pandas does: PostgreSQL and pandas read it alike, also where it is negative.

    Examples
    --------
    >>> span_text(dt.timedelta(hours=-22))
    '-1 days +02:00:00'
    """
    if not isinstance(value, dt.timedelta):  # months, days and nanoseconds, each with a sign of its own
        months, days, nanoseconds = value
        clock, sign = divmod(abs(nanoseconds), 10**9), "-" if nanoseconds < 0 else ""
        minutes, seconds = divmod(clock[0], 60)
        fraction = f".{clock[1]:09}".rstrip("0").rstrip(".")
        return (
            f"{months} months {days} days {sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"
        )
    if getattr(value, "nanoseconds", 0):
        return str(value)
    minutes, seconds = divmod(value.seconds, 60)
    fraction = f".{value.microseconds:06}" if value.microseconds else ""
    sign = "+" if value.days < 0 else ""
    return f"{value.days} days {sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


def _own_text(value: Any) -> str:
    """Give a value's text, as a CSV writer does.

    Raises
    ------
    TypeError
        If it has none: a function, a connection or the like is only described, between ``<`` and ``>``.
    """
    if isinstance(value, dt.timedelta):
        return span_text(value)
    if isinstance(value, str):
        return str.__str__(value)  # that of an enumeration's member, too, is its value
    text = str(value)
    kind: Any = type(value)
    if kind.__str__ is object.__str__ and text.startswith("<") and text.endswith(">"):
        raise TypeError(
            f"a column holds an object of the class {kind.__module__}.{kind.__qualname__}, which has no text "
            "of its own; convert it first, e.g. with .map(str) or to a dict, which becomes JSON"
        )
    return text


def _is_nested(value: Any) -> bool:
    """Whether a value holds others: one of Python's collections, or an array of NumPy's."""
    return isinstance(value, _COLLECTIONS) or getattr(value, "ndim", 0) > 0


def json_text(value: Any) -> str:
    """Write a nested value as JSON: NaN as null, what JSON does not know as its text."""
    try:
        return json.dumps(value, default=_jsonable, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        # NaN, keys that are no texts, or what has no text at all, which is refused below.
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def bytes_error(name: str) -> TypeError:
    """Say that a column holds bytes."""
    return TypeError(f"the column {name!r} holds bytes; decode it to text first")


def times_error(name: str, reason: str = "") -> ValueError:
    """Say that a column holds times that no table can."""
    return ValueError(
        f"the column {name!r} holds times finer than a microsecond or out of range, which no "
        f"database keeps; round them first, e.g. with .dt.floor('us'){reason}"
    )


def text_error(name: str, error: UnicodeEncodeError) -> ValueError:
    """Say that a column holds a text that cannot be written: half of a pair of surrogates."""
    return ValueError(
        f"the column {name!r} holds the text {error.object[:40]!r}, which is no Unicode "
        f"(a lone surrogate at {error.start}); replace it first, e.g. by "
        f"text.encode('utf-8', 'replace').decode()"
    )


def _jsonable(value: Any) -> Any:
    """Give what JSON has for a value that it does not know."""
    if isinstance(value, (set, frozenset)):
        return list(value)
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays
        return value.tolist()
    return None if _is_missing(value) else _own_text(value)


def _plain(value: Any) -> Any:
    """Give a nested value with nothing in it that JSON does not know."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, _COLLECTIONS):
        return [_plain(each) for each in value]
    if isinstance(value, float) and (_is_missing(value) or value in (float("inf"), float("-inf"))):
        return None
    if value is None or isinstance(value, (str, int, float)):
        return value
    known = _jsonable(value)
    return known if known is None or isinstance(known, str) else _plain(known)


def _is_missing(value: Any) -> bool:
    """Whether a value is what pandas has for a missing one: NaN and NaT are not equal to themselves."""
    is_equal = value == value
    return is_equal is False or type(value).__name__ == "NAType"

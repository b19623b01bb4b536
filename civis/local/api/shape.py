"""What a handler returns, in the shape the catalogue gives the answer; knows no server.

An object whose fields the catalogue lists has exactly those, in its spelling, null where the handler gave
none. An object without listed fields (``arguments``, JSON values) keeps its keys as they are. The platform
answers some operations with an array of what its description calls the answer, and one with the object where
the description says array: whichever a handler returns, the fields are those described.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from civis._names import camel_to_snake, snake_to_camel

if TYPE_CHECKING:
    from civis.local.catalog import Type

__all__ = ["Extended", "dump", "shape", "write_time"]


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
#: Types whose values stay as they are; a set of them is asked faster than `isinstance`.
_PLAIN = frozenset({str, bool, int, type(None)})


class Extended(dict[str, Any]):
    """An answer that has more fields than its description lists; all of its keys are sent."""


def shape(value: Any, kind: Type | None) -> Any:
    """Give a value the form of a type.

    Parameters
    ----------
    value : object
        Mappings with snake_case keys, sequences, datetimes, plain JSON values.
    kind : Type or None
        What the catalogue says of it; None leaves keys alone.

    Returns
    -------
    object
        Ready for `dump`.
    """
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if kind is None or isinstance(value, datetime):
        return plain(value)
    if isinstance(value, (dict, Mapping)):  # `dict` first: asking whether it is a mapping takes longer
        return _shape_object(value, kind.items if kind.kind == "array" and kind.items else kind)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        of_items = kind.items if kind.kind == "array" else kind
        return [shape(item, of_items) for item in value]
    return plain(value)


def _shape_object(value: Mapping[str, Any], kind: Type) -> dict[str, Any]:
    """Give an object the fields that are listed, or keep its keys where none are."""
    if not kind.fields:
        return {str(key): shape(item, kind.values) for key, item in value.items()}
    shaped: dict[str, Any] = {}
    for wire, snake, field in _spelled(kind):
        item = value[snake] if snake in value else value.get(wire)
        shaped[wire] = item if type(item) in _PLAIN else shape(item, field)  # most are: a call less for each
    if isinstance(value, Extended):
        known = {snake for _, snake, _ in _spelled(kind)}
        shaped.update({snake_to_camel(key): plain(item) for key, item in value.items() if key not in known})
    return shaped


def plain(value: Any) -> Any:
    """Turn what Python has and JSON has not into what JSON has, at every depth; keys stay as they are."""
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None  # JSON has no NaN
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [plain(item) for item in value]
    raise TypeError(f"a handler returned {type(value).__name__}, which JSON has not")


def write_time(moment: datetime) -> str:
    """Write a time as the platform does; one without a zone is taken as UTC.

    Examples
    --------
    >>> write_time(datetime(2026, 4, 17, 18, 31, 51))
    '2026-04-17T18:31:51.000Z'
    """
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"  # a third of the time that `strftime` takes


def dump(value: Any) -> bytes:
    """Write a value as JSON in UTF-8."""
    return _ENCODER.encode(value).encode("utf-8", "backslashreplace")


@cache
def _spelled(kind: Type) -> tuple[tuple[str, str, Type], ...]:
    """Give a type's fields: the name on the wire, the one in snake_case, the type; a few hundred types."""
    return tuple((wire, camel_to_snake(wire), field) for wire, field in kind.fields.items())

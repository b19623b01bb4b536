"""``-F key=value``: parts of a request named one by one, down into its objects and arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from civis._names import suggestion
from civis.cli.values import parse_document, read_text, value_of

if TYPE_CHECKING:
    from civis._spec import Operation, Parameter, Schema

__all__ = ["read_fields"]

_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\[\]]*)\]")
_MOST_ITEMS = 10_000


def read_fields(operation: Operation, fields: Sequence[str]) -> dict[str, Any]:
    """Read fields such as ``schedule.scheduled=true``, ``params[0].name=x`` and ``user_ids[]=5``.

    Returns
    -------
    dict
        Values by the names of parameters.

    Raises
    ------
    ValueError
        If a field has no ``=``, or names no parameter.
    """
    values: dict[str, Any] = {}
    known: dict[str, Parameter] = {}
    for each in operation.parameters:
        known[each.wire_name] = known[each.name] = each
    for field in fields:
        name, equals, text = field.partition("=")
        if not equals:
            raise ValueError(f"{field!r} has no '='; write NAME=VALUE")
        steps = _steps(name)
        first = str(steps[0]).replace("-", "_")
        parameter = known.get(str(steps[0])) or known.get(first)
        if parameter is None:
            names = [one.name for one in operation.parameters]
            near = suggestion(first, names) or f" It has {', '.join(names) or 'none'}."
            raise ValueError(f"there is no parameter {steps[0]!r}.{near}")
        _put(values, [parameter.name, *steps[1:]], parameter.schema, text)
    return values


def _steps(name: str) -> list[str | int | None]:
    """Cut the name of a field into keys, numbers and None for "one more"."""
    steps: list[str | int | None] = []
    end = 0
    for found in _STEP.finditer(name):
        if found.start() != end:
            break
        end = found.end()
        key, place = found.groups()
        if key is not None:
            steps.append(key)
        elif not place:
            steps.append(None)
        else:
            steps.append(int(place) if place.isascii() and place.isdigit() else place)
    if not steps or not isinstance(steps[0], str) or end != len(name):
        raise ValueError(f"{name!r} is no name of a field; write for instance a, a.b, a[0].b or a[]")
    return steps


def _put(values: dict[str, Any], steps: list[Any], schema: Schema | None, text: str) -> None:
    """Put a value where the steps lead, making objects and arrays on the way."""
    place: Any = values
    for number, (step, following) in enumerate(zip(steps, [*steps[1:], ""], strict=True)):
        is_last = number == len(steps) - 1
        if number and schema is not None:
            schema = schema.items if step is None or isinstance(step, int) else schema.properties.get(step)
        empty: Any = [] if following is None or isinstance(following, int) else {}
        new = _value(text, schema) if is_last else empty
        place = _enter(place, step, new, is_last, type(empty))


def _enter(place: Any, step: Any, new: Any, is_last: bool, kind: type) -> Any:
    """Put something new at a step, or give what is there already."""
    if isinstance(place, list):
        position = len(place) if step is None else step
        if not isinstance(position, int) or position > _MOST_ITEMS:
            raise ValueError(f"[{step}] is no place in an array")
        if position < len(place) and not is_last:
            return _as_kind(place[position], kind, step)
        place.extend([None] * (position + 1 - len(place)))
        place[position] = new
        return new
    key = str(step)
    if key in place:
        if is_last:
            raise ValueError(f"{key!r} is given twice")
        return _as_kind(place[key], kind, step)
    place[key] = new
    return new


def _as_kind(there: Any, kind: type, step: Any) -> Any:
    """Refuse to treat one thing as an array and as an object."""
    if not isinstance(there, kind):
        raise ValueError(f"{step!r} is used both as an array and as an object")
    return there


def _value(text: str, schema: Schema | None) -> Any:
    """Turn a text into a value: as the description has it, ``null`` as null, else as JSON or YAML has it."""
    if text == "null":
        return None
    if schema is None or schema.type is None:
        return parse_document(read_text(text))
    return value_of(text, schema)

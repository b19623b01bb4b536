"""Finding what a request names, with a sentence for the one who asked when it is not there.

Shared by the services of this folder; it knows state and the API's errors, no particular operation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from civis._names import suggestion
from civis.local.api import BadRequest, Call, NotFound
from civis.local.services.permissions import actor_of, level_of, require_at_least
from civis.local.state import ObjectNotFound, Run, Stored, as_datetime, objects

__all__ = [
    "find_object",
    "id_list",
    "ordering",
    "parse_moment",
    "require_choice",
    "run_summary",
    "word_list",
]

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)? ?(Z|z|UTC|[+-]\d\d:?(?:\d\d)?)?)?",
    re.ASCII,
)


def find_object(
    connection: Connection, kind: str | Collection[str] | None, id: int | str, noun: str
) -> Stored:
    """Read an object that a request names.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str, collection of str, or None
    id : int or str
    noun : str
        What the message calls it, such as ``"file"``.

    Raises
    ------
    NotFound
        If there is none, or none that whoever acts may see.
    Forbidden
        If the request needs more of the object than the user may do with it.
    """
    try:
        found = objects.fetch(connection, kind, id)
    except ObjectNotFound:
        raise NotFound(f"There is no {noun} with ID {id}.") from None
    actor = actor_of(connection)
    if actor is not None:
        has = level_of(connection, found)
        if has is None:
            raise NotFound(f"There is no {noun} with ID {id}.")
        require_at_least(has, found, actor.needs.get(found.id, "read"), noun)
    return found


def run_summary(run: Run | None) -> dict[str, Any] | None:
    """Describe a run as ``lastRun`` does."""
    if run is None:
        return None
    return {
        "id": run.id,
        "state": run.state,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error,
    }


def parse_moment(value: object, name: str) -> datetime | None:
    """Read a time that a request gives: ISO 8601, with a zone or without; UTC where none is named.

    Raises
    ------
    BadRequest
        If it is none, naming the parameter.
    """
    if value is None or isinstance(value, datetime):
        return None if value is None else as_datetime(value)
    found = _MOMENT.fullmatch(str(value).strip())
    try:
        if found is None:
            raise ValueError("not of the form")
        day, minute, second, fraction, zone = found.groups()
        # Python 3.10 reads one spelling only; 3.11 and later read them all.
        text = f"{day}T{minute or '00:00'}:{second or '00'}.{(fraction or '').ljust(6, '0')[:6]}"
        if zone and zone not in ("Z", "z", "UTC"):
            digits = zone.replace(":", "").ljust(5, "0")
            text += f"{digits[:3]}:{digits[3:]}"
        return as_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise BadRequest(
            f"{name} must be a date and time such as 2026-01-31T12:00:00Z, not {value!r}."
        ) from None


def require_choice(value: Any, choices: Collection[str], name: str) -> None:
    """Refuse a value that is none of the choices, naming what is near; None passes.

    Raises
    ------
    BadRequest
    """
    if value is None or value in choices:
        return
    known = ", ".join(repr(choice) for choice in choices)
    raise BadRequest(f"{name} must be one of {known}, not {value!r}.{suggestion(str(value), choices)}")


def ordering(call: Call, choices: Collection[str], default: str, *, descending: bool) -> tuple[str, bool]:
    """Read `order` and `order_dir`: the field, and whether the highest comes first.

    Raises
    ------
    BadRequest
        If either is none of those allowed.
    """
    order = call.params.get("order") or default
    direction = call.params.get("order_dir") or ("desc" if descending else "asc")
    require_choice(order, choices, "order")
    require_choice(direction, ("asc", "desc"), "order_dir")
    return order, direction == "desc"


def word_list(value: object) -> list[str]:
    """Read a comma-separated list, or one that is a list already; empty if nothing was sent."""
    if value is None:
        return []
    words: Iterable[object] = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return [text for text in (str(word).strip() for word in words) if text]


def id_list(value: object, name: str) -> list[int]:
    """Read a comma-separated list of IDs.

    Raises
    ------
    BadRequest
        If one is no number.
    """
    words = word_list(value)
    wrong = [word for word in words if not word.isascii() or not word.isdigit()]
    if wrong:
        raise BadRequest(f"{name} must be IDs separated by commas, not {wrong[0]!r}.")
    return [int(word) for word in words]

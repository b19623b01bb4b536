"""JSON values: small results that runs put out and people look at."""

from __future__ import annotations

import json
from typing import Any

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.state import Stored, objects

__all__ = ["routes"]

routes = Routes()

declare(ObjectKind("json_value", "/json_values", "JSON value"))

MAXIMUM_BYTES = 1_000_000
"""How long a value's JSON may be, in UTF-8."""


@routes("POST", "/json_values")
def post_json_value(call: Call) -> dict[str, Any]:
    """Store a value."""
    stored = objects.insert(
        call.connection,
        "json_value",
        {"value": _value(call.params["value_str"])},
        now=call.now,
        name=call.params.get("name") or "",
        author_id=call.user.id,
    )
    return _view(stored)


@routes("GET", "/json_values/{id}")
def get_json_value(call: Call) -> dict[str, Any]:
    """Show a value."""
    return _view(_stored(call))


@routes("PATCH", "/json_values/{id}")
def patch_json_value(call: Call) -> dict[str, Any]:
    """Change a value or its name."""
    text = call.params.get("value_str")
    changed = objects.update(
        call.connection,
        _stored(call).id,
        now=call.now,
        name=call.params.get("name"),
        document=None if text is None else {"value": _value(text)},
    )
    return _view(changed)


def _stored(call: Call) -> Stored:
    """Read the value that a request names."""
    return find_object(call.connection, "json_value", call.params["id"], "JSON value")


def _view(stored: Stored) -> dict[str, Any]:
    """Show a value."""
    return {"id": stored.id, "name": stored.name or None, "value": stored.document["value"]}


def _value(text: str) -> Any:
    """Read JSON.

    Raises
    ------
    BadRequest
        If it is too long or is none; NaN and infinity are none.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAXIMUM_BYTES:
        raise BadRequest(f"value_str may have {MAXIMUM_BYTES} bytes, not {size}; store a file instead.")
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"value_str must be JSON: {error}.") from None


def _refuse(constant: str) -> Any:
    """Refuse what Python reads as JSON although it is none."""
    raise ValueError(f"{constant} is no value of JSON")

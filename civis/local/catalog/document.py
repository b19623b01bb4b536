"""The description as the text of a file: compact, one line a path and a definition, so that changes show."""

from __future__ import annotations

import json

from civis.local.catalog.swagger import description

#: The first field; descriptions may hold fields of anybody's that begin with ``x-``.
GENERATED = {"x-generated": "by `python -m civis.local.catalog`; do not edit"}


def render() -> str:
    """Write the whole API's description as JSON.

    Returns
    -------
    str
        The same at every call; its first field says that it is generated.

    Examples
    --------
    >>> from civis.local.catalog.document import render
    >>> render().splitlines()[1]
    '"x-generated":"by `python -m civis.local.catalog`; do not edit",'
    """
    fields = {**GENERATED, **description("all")}
    return "{\n" + ",\n".join(_field(name, value) for name, value in fields.items()) + "\n}\n"


def _field(name: str, value: object) -> str:
    """Write one field; the paths and the definitions one a line."""
    if name not in ("paths", "definitions") or not isinstance(value, dict):
        return f"{_compact(name)}:{_compact(value)}"
    lines = ",\n".join(f"{_compact(key)}:{_compact(each)}" for key, each in value.items())
    return f"{_compact(name)}:{{\n{lines}\n}}"


def _compact(value: object) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

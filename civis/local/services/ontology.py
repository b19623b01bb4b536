"""The column names that carry a meaning: those that tables here note, not a list of the platform's."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Routes
from civis.local.state import objects

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/ontology")
def list_items(call: Call) -> list[dict[str, Any]]:
    """List what columns of tables were noted to mean, each with the names of the columns."""
    aliases: dict[str, set[str]] = {}
    for table in objects.select_objects(call.connection, "table"):
        for meaning, column in (table.document.get("ontology_mapping") or {}).items():
            aliases.setdefault(str(meaning), set()).add(str(column))
    wanted = call.params.get("subset")
    return [
        {
            "key": meaning,
            "title": meaning.replace("_", " ").capitalize(),
            "desc": None,
            "aliases": sorted(aliases[meaning]),
        }
        for meaning in sorted(aliases)
        if not wanted or meaning.startswith(wanted)
    ]

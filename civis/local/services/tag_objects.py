"""Table tags: words that tables are found by; which table bears which is noted with the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from civis.local.api import BadRequest, Call, Conflict, Page, Routes, page_of
from civis.local.services.lookups import ordering
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.services.object_views import show_all
from civis.local.state import Stored, objects

__all__ = ["KIND", "routes"]

routes = Routes()


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a blank name, and one that another tag has."""
    name = str(document.get("name") or "").strip()
    if not name:
        raise BadRequest("name must not be empty.")
    if objects.count_objects(call.connection, "table_tag", name=name):
        raise Conflict(f"There is a table tag {name!r} already.")
    return {**document, "name": name}


def _bearers(call: Call, tag: Stored) -> list[Stored]:
    """Read the tables that bear a tag."""
    found = objects.select_objects(call.connection, "table")
    return [each for each in found if tag.id in (each.document.get("tag_ids") or ())]


def _views(call: Call, found: Sequence[Stored]) -> list[Mapping[str, Any]]:
    """Show how many tables bear each of several tags."""
    tables = objects.select_objects(call.connection, "table")
    counts = Counter(id for each in tables for id in set(each.document.get("tag_ids") or ()))
    return [{"table_count": counts[each.id]} for each in found]


KIND = declare(ObjectKind("table_tag", "/table_tags", "table tag", check=_check, views=_views))


@routes("GET", "/table_tags")
def list_tags(call: Call) -> Page:
    """List tags, by name if nothing else is asked for."""
    orders = ("name", "user", "table_count")
    order, descending = ordering(call, orders, "name", descending=False)
    found = objects.select_objects(
        call.connection, KIND.kind, order_by="name", descending=False, name_contains=call.params.get("name")
    )
    views = show_all(call, KIND, found)
    if order != "name":
        views.sort(
            key=lambda view: (view["user"] or {}).get("username", "") if order == "user" else view[order]
        )
    if descending:
        views.reverse()
    return page_of(
        call, len(views), lambda limit, offset: views[offset : offset + limit], default=50, maximum=1000
    )


@routes("DELETE", "/table_tags/{id}")
def delete_tag(call: Call) -> None:
    """Delete a tag, and take it from the tables that bear it."""
    tag = find(call, KIND)
    for table in _bearers(call, tag):
        ids = [id for id in table.document["tag_ids"] if id != tag.id]
        objects.update(call.connection, table.id, now=table.updated_at, document={"tag_ids": ids})
    objects.remove(call.connection, tag.id)

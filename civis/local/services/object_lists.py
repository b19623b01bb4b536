"""Lists of objects of a kind: filters, order, pages, and only what the user may see."""

from __future__ import annotations

from functools import partial
from typing import Any

import sqlalchemy as sa

from civis.local.api import Call, Page
from civis.local.services.job_filters import Condition, all_of, does_or_is_deployed, is_scheduled
from civis.local.services.job_views import archive_filter
from civis.local.services.lookups import id_list, ordering, require_choice, word_list
from civis.local.services.object_kinds import ObjectKind
from civis.local.services.object_pages import Selection, page_of_objects
from civis.local.services.object_views import show_all
from civis.local.services.permissions import LEVELS, visible
from civis.local.state import objects

__all__ = ["list_all"]

_ORDERS = {
    "id": "id",
    "name": "name",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "author": "author_id",
}
#: Parameters of lists that are no fields of a document.
_GENERAL = frozenset(
    {
        *("hidden", "archived", "author", "permission", "status", "state", "scheduled", "name", "id"),
        *("limit", "page_num", "order", "order_dir"),
    }
)
_STATES = ("idle", "queued", "running", "succeeded", "failed", "cancelled", "scheduled")
_DEPLOYED_STATES = ("idle", "pending", "running", "terminated", "sleeping")


def list_all(call: Call, kind: ObjectKind) -> Page | list[Any]:
    """List the objects of a kind that the user sees and the filters let through.

    Parameters
    ----------
    call : Call
    kind : ObjectKind

    Returns
    -------
    Page or list
        A list where the operation does not page.
    """
    filters, paging = _filters(call, kind), call.operation.paging
    if paging is None:
        found = objects.select_objects(call.connection, kind.kinds, descending=False, **filters)
        return show_all(call, kind, found)
    order, descending = ordering(
        call, paging.order_by, paging.order_by[0], descending=paging.direction == "desc"
    )
    order = "name" if order == kind.name else order
    selection = Selection(
        kind.kinds,
        filters,
        order_by=_ORDERS.get(order),
        descending=descending,
    )
    show = partial(show_all, call, kind)
    return page_of_objects(call, selection, show, default=paging.limit, maximum=paging.maximum)


def _filters(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Read the filters that the state knows: the general ones, and those that are fields of the objects."""
    known = {each.name for each in call.operation.parameters}
    level = call.params.get("permission") or "read"
    require_choice(level, LEVELS, "permission")
    filters: dict[str, Any] = {
        "among": all_of(visible(call.connection, level), *_states(call, kind)),
        "author_id": id_list(call.params.get("author"), "author") or None,
        "archived": archive_filter(call),
        "id": call.params.get("id"),
        "name_contains": call.params.get("name"),
    }
    if kind.name != "name":
        filters["name"] = call.params.get(kind.name)
    if "hidden" in known:
        filters["hidden"] = bool(call.params.get("hidden"))
    fields = {name: call.params.get(name) for name in known - _GENERAL - {kind.name}}
    filters["document"] = {name: each for name, each in fields.items() if each is not None}
    return filters


def _states(call: Call, kind: ObjectKind) -> list[Condition | None]:
    """Read the filters by what the objects are doing: `status` or `state`, and `scheduled`."""
    wanted = word_list(call.params.get("status") or call.params.get("state"))
    for each in wanted:
        require_choice(each, (*_STATES, *_DEPLOYED_STATES), "status")
    otherwise: sa.ColumnElement[str] | None = None
    if kind.state:
        otherwise = kind.state()
    elif kind.is_job:  # nothing is deployed of jobs
        otherwise = sa.literal(objects.IDLE)
    states = does_or_is_deployed(wanted, otherwise) if wanted else None
    return [is_scheduled(call.params.get("scheduled")), states]

"""A page of a list of objects: of many, only the page is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from civis.local.api import Call, Page, page_of
from civis.local.state import Stored, objects
from civis.local.state.by_runs import RunMoment, select_by_runs

__all__ = ["Selection", "page_of_objects"]

Show = Callable[[Sequence[Stored]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Selection:
    """Which objects a list has, and in which order.

    Parameters
    ----------
    kinds : str or collection of str
    filters : mapping
        What the state filters by; see :func:`~civis.local.state.objects.select_objects`.
    order_by : str or None
        A column; None orders by the last run, with those that never ran at the end.
    descending : bool
    moment : {"changed", "started"}, default "changed"
        What of the last run counts.
    """

    kinds: str | Collection[str]
    filters: Mapping[str, Any] = field(default_factory=dict)
    order_by: str | None = "updated_at"
    descending: bool = True
    moment: RunMoment = "changed"


def page_of_objects(call: Call, selection: Selection, show: Show, *, default: int, maximum: int) -> Page:
    """Show a page of a list.

    Parameters
    ----------
    call : Call
        Its `limit` and `page_num` count.
    selection : Selection
    show : callable
        Makes the answer's items of the objects of one page.
    default, maximum : int
        The limits of the page.
    """
    kinds, filters, order_by = selection.kinds, selection.filters, selection.order_by
    total = objects.count_objects(call.connection, kinds, **filters)

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        part: dict[str, Any] = {"limit": limit, "offset": offset, "descending": selection.descending}
        if order_by is None:
            part |= {"moment": selection.moment, "total": total}
            return show(select_by_runs(call.connection, kinds, **part, **filters))
        return show(objects.select_objects(call.connection, kinds, order_by=order_by, **part, **filters))

    return page_of(call, total, fetch, default=default, maximum=maximum)

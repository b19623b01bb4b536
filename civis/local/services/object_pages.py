"""A page of a list of objects that can be run: read from the state, or filtered by their last runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from civis.local.api import Call, Page, page_of
from civis.local.services.job_views import changed_at
from civis.local.state import Run, Stored, objects, runs

__all__ = ["Selection", "page_of_objects"]

Keep = Callable[[Stored, Run | None], bool]
Show = Callable[[Sequence[Stored]], list[dict[str, Any]]]


@dataclass(frozen=True)
class Selection:
    """Which objects a list has, and in which order.

    Parameters
    ----------
    kinds : collection of str
    filters : mapping
        What the state filters by; see :func:`~civis.local.state.objects.select_objects`.
    order_by : str or None
        A column; None orders by when the last run changed, with those that never ran at the end.
    descending : bool
    keep : callable, optional
        ``keep(stored, last_run)`` tells whether an object passes the filters that the state does not know.
    """

    kinds: Collection[str]
    filters: Mapping[str, Any] = field(default_factory=dict)
    order_by: str | None = "updated_at"
    descending: bool = True
    keep: Keep | None = None


def page_of_objects(call: Call, selection: Selection, show: Show, *, default: int, maximum: int) -> Page:
    """Show a page of a list; of many objects only that page is read, if the state knows all that is asked.

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
    kinds, filters = selection.kinds, selection.filters
    columns: dict[str, Any] = {
        "order_by": selection.order_by or "updated_at",
        "descending": selection.descending,
    }
    if selection.keep is None and selection.order_by is not None:
        total = objects.count_objects(call.connection, kinds, **filters)

        def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
            part = {"limit": limit, "offset": offset, **columns}
            return show(objects.select_objects(call.connection, kinds, **part, **filters))

        return page_of(call, total, fetch, default=default, maximum=maximum)
    found = _kept(selection, objects.select_objects(call.connection, kinds, **columns, **filters), call)
    return page_of(
        call,
        len(found),
        lambda limit, offset: show(found[offset : offset + limit]),
        default=default,
        maximum=maximum,
    )


def _kept(selection: Selection, found: Sequence[Stored], call: Call) -> list[Stored]:
    """Filter and order objects by their last runs."""
    latest = runs.last_runs(call.connection, [each.id for each in found])
    keep = selection.keep
    kept = [each for each in found if keep is None or keep(each, latest.get(each.id))]
    if selection.order_by is not None:
        return kept
    ran = [each for each in kept if each.id in latest]
    ran.sort(key=lambda each: changed_at(latest[each.id]), reverse=selection.descending)
    return ran + [each for each in kept if each.id not in latest]

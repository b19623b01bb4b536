"""Pages of objects in the order of their latest runs; many are read in that order rather than sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.objects import (
    Kind,
    Stored,
    conditions,
    count_objects,
    latest_run,
    read_whole,
    select_objects,
)
from civis.local.state.schema import objects, runs

__all__ = ["RunMoment", "select_by_runs"]

#: What of the latest run objects are ordered by: when it changed last, or when it started.
RunMoment = Literal["changed", "started"]

#: From so many objects on, going through the runs in their order is faster than looking up each one's latest.
_MANY = 2000


def select_by_runs(
    connection: Connection,
    kind: Kind,
    moment: RunMoment = "changed",
    *,
    descending: bool,
    limit: int,
    offset: int,
    total: int,
    **filters: Any,
) -> list[Stored]:
    """Read a page of objects in the order of their latest runs; those without that moment are at the end.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str or collection of str
    moment : {"changed", "started"}, default "changed"
    descending : bool
        Whether the latest come first, also of those at the end, which follow by when they changed themselves.
    limit, offset : int
    total : int
        How many objects all pages have together.
    **filters
        As `select_objects` takes them.
    """
    query = (_sorted if total < _MANY else _in_order)(kind, moment, descending, filters)
    found = read_whole(connection, connection.execute(query.limit(limit).offset(offset)).scalars().all())
    if total < _MANY or len(found) == limit:
        return found
    without = {**filters, "among": _and(filters.get("among"), latest_run(_column(moment, runs)).is_(None))}
    if found or not offset:
        begin = 0
    else:  # a page behind the last of those that ran
        begin = offset - (total - count_objects(connection, kind, **without))
    rest: dict[str, Any] = {"limit": limit - len(found), "offset": begin, "order_by": "updated_at"}
    return found + select_objects(connection, kind, descending=descending, **rest, **without)


def _column(moment: RunMoment, table: Any) -> sa.ColumnElement[Any]:
    """Give what the objects are ordered by, of a run."""
    columns = table.c
    if moment == "started":
        started: sa.ColumnElement[Any] = columns.started_at
        return started
    return sa.func.coalesce(columns.finished_at, columns.started_at, columns.created_at)


def _and(*found: sa.ColumnElement[bool] | None) -> sa.ColumnElement[bool]:
    """Join the conditions there are."""
    return sa.and_(sa.true(), *(each for each in found if each is not None))


def _is_one(kind: Kind, filters: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    """Ask for objects of the kind that the filters let through."""
    kinds = [kind] if isinstance(kind, str) else list(kind)
    return [objects.c.kind.in_(kinds), *conditions(**filters)]


def _sorted(kind: Kind, moment: RunMoment, descending: bool, filters: dict[str, Any]) -> sa.Select[Any]:
    """Sort the objects by the moments of their latest runs."""
    at = latest_run(_column(moment, runs))
    orders = [at, objects.c.updated_at, objects.c.id]
    query = sa.select(objects.c.id).where(*_is_one(kind, filters))
    return query.order_by(at.is_(None), *_directed(orders, descending))


def _in_order(kind: Kind, moment: RunMoment, descending: bool, filters: dict[str, Any]) -> sa.Select[Any]:
    """Go through the runs in their order and take the objects whose latest they are."""
    latest, later = runs.alias(), runs.alias()
    is_later = sa.select(later.c.id).where(later.c.job_id == latest.c.job_id, later.c.id > latest.c.id)
    wanted = sa.select(objects.c.id).where(objects.c.id == latest.c.job_id, *_is_one(kind, filters))
    at = _column(moment, latest)
    query = sa.select(latest.c.job_id).where(
        at.is_not(None), ~is_later.correlate(latest).exists(), wanted.correlate(latest).exists()
    )
    return query.order_by(*_directed([at, latest.c.id], descending))


def _directed(orders: Sequence[sa.ColumnElement[Any]], descending: bool) -> list[sa.ColumnElement[Any]]:
    """Have what is ordered by go down, or up."""
    return [each.desc() if descending else each.asc() for each in orders]

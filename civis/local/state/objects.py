"""Objects: everything that has an ID, a name and an author, with its particulars in a document.

Nothing here knows what a kind means; services do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.database import document_text, folded
from civis.local.state.identities import new_id
from civis.local.state.moments import Moment, as_datetime
from civis.local.state.schema import objects, runs

Kind = str | Collection[str]
IDLE = "idle"
"""The state of an object that never ran, in the filter `run_state`."""

_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Stored:
    """An object as it was when it was read; changing its document changes nothing that is stored."""

    id: int
    kind: str
    parent_id: int | None
    name: str
    author_id: int | None
    hidden: bool
    archived: bool
    created_at: datetime
    updated_at: datetime
    document: dict[str, Any] = field(default_factory=dict)


class ObjectNotFound(LookupError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """No object of the kind has the ID."""

    def __init__(self, kind: Kind | None, id: object) -> None:
        super().__init__(kind, id)
        self.kind = kind
        self.id = id

    def __str__(self) -> str:
        if self.kind is None:
            words = "object"
        else:
            words = self.kind if isinstance(self.kind, str) else " or ".join(sorted(self.kind))
        return f"There is no {words} with the ID {self.id}."


def as_id(id: int | str) -> int | None:
    """Give an ID as a number, or None if it cannot be one."""
    if isinstance(id, int):
        number = id
    elif re.fullmatch(r"[0-9]{1,19}", id, re.ASCII):
        number = int(id)
    else:
        return None
    return number if 0 < number <= _LARGEST_ID else None


def insert(
    connection: Connection,
    kind: str,
    document: Mapping[str, Any],
    *,
    now: Moment,
    name: str = "",
    author_id: int | None = None,
    parent_id: int | None = None,
    hidden: bool = False,
    archived: bool = False,
) -> Stored:
    """Store a new object under a new ID.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    kind : str
        What it is, such as ``"file"``.
    document : mapping
        Its particulars; anything JSON can hold, and dates and times, which become text.
    now : datetime or float
        When it is created.
    name : str, default ""
    author_id, parent_id : int, optional
    hidden, archived : bool, default False

    Returns
    -------
    Stored
    """
    id = new_id(connection)
    moment = as_datetime(now)
    connection.execute(
        sa.insert(objects).values(
            id=id,
            kind=kind,
            parent_id=parent_id,
            name=name,
            author_id=author_id,
            hidden=hidden,
            archived=archived,
            created_at=moment,
            updated_at=moment,
            document=dict(document),
        )
    )
    return fetch(connection, kind, id)


def fetch(connection: Connection, kind: Kind | None, id: int | str) -> Stored:
    """Read one object.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str, collection of str, or None
        What it has to be; None: anything.
    id : int or str

    Raises
    ------
    ObjectNotFound
        If there is none of that kind, or the ID is no number.
    """
    number = as_id(id)
    if number is None:
        raise ObjectNotFound(kind, id)
    query = sa.select(objects).where(objects.c.id == number)
    row = connection.execute(_of_kind(query, kind)).mappings().one_or_none()
    if row is None:
        raise ObjectNotFound(kind, id)
    return Stored(**row)


def select_objects(
    connection: Connection,
    kind: Kind | None = None,
    *,
    order_by: str = "id",
    descending: bool = True,
    limit: int | None = None,
    offset: int = 0,
    **filters: Any,
) -> list[Stored]:
    """Read the objects that all filters let through.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str, collection of str, or None
    order_by : {"id", "kind", "name", "author_id", "created_at", "updated_at"}, default "id"
        Equal ones follow by ID.
    descending : bool, default True
    limit : int, optional
    offset : int, default 0
    **filters
        `id`, `parent_id`, `author_id` (a value, or a collection of values); `archived`, `hidden` (bool);
        `name` (exactly); `name_contains` (in any case); `run_state` (a state or several, of the latest run;
        `IDLE` where there is none); `document` (a mapping of values that its fields have; of numbers a list,
        too); `among` (a condition of SQLAlchemy's). None means: do not filter.

    Raises
    ------
    ValueError
        If there is nothing to order by under that name.
    TypeError
        If there is no such filter.
    """
    if order_by not in _ORDERS:
        raise ValueError(f"Objects cannot be ordered by {order_by!r}, only by {', '.join(_ORDERS)}.")
    query = sa.select(objects).where(*conditions(**filters))
    column = objects.c[order_by]
    query = query.order_by(column.desc() if descending else column.asc())
    if order_by != "id":
        query = query.order_by(objects.c.id.desc() if descending else objects.c.id.asc())
    if limit is not None:
        query = query.limit(limit)
    if offset:
        query = query.offset(offset) if limit is not None else query.limit(_LARGEST_ID).offset(offset)
    return [Stored(**row) for row in connection.execute(_of_kind(query, kind)).mappings()]


def count_objects(connection: Connection, kind: Kind | None = None, **filters: Any) -> int:
    """Count the objects that :func:`select_objects` would give for the same filters."""
    query = sa.select(sa.func.count()).select_from(objects).where(*conditions(**filters))
    return int(connection.execute(_of_kind(query, kind)).scalar_one())


def update(
    connection: Connection,
    id: int,
    *,
    now: Moment,
    document: Mapping[str, Any] | None = None,
    name: str | None = None,
    hidden: bool | None = None,
    archived: bool | None = None,
    author_id: int | None = None,
    parent_id: int | None = None,
) -> Stored:
    """Change an object; what is None stays as it is.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    id : int
    now : datetime or float
        Becomes its `updated_at`.
    document : mapping, optional
        Fields to set; the document's other fields stay.
    name : str, optional
    hidden, archived : bool, optional
    author_id, parent_id : int, optional

    Raises
    ------
    ObjectNotFound
        If there is no object with the ID.
    """
    current = fetch(connection, None, id)
    columns = {
        "name": name,
        "hidden": hidden,
        "archived": archived,
        "author_id": author_id,
        "parent_id": parent_id,
    }
    values: dict[str, Any] = {column: value for column, value in columns.items() if value is not None}
    if document is not None:
        values["document"] = {**current.document, **document}
    connection.execute(
        sa.update(objects).where(objects.c.id == current.id).values(updated_at=as_datetime(now), **values)
    )
    return fetch(connection, None, current.id)


def remove(connection: Connection, id: int) -> None:
    """Delete an object and its runs; nothing happens if there is none.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    id : int
    """
    connection.execute(sa.delete(objects).where(objects.c.id == id))


_ORDERS = ("id", "kind", "name", "author_id", "created_at", "updated_at")


def _of_kind(query: sa.Select[Any], kind: Kind | None) -> sa.Select[Any]:
    """Restrict a query to a kind, or to several."""
    if kind is None:
        return query
    return query.where(_equals(objects.c.kind, kind))


def conditions(
    *,
    id: int | Collection[int] | None = None,
    parent_id: int | Collection[int] | None = None,
    author_id: int | Collection[int] | None = None,
    archived: bool | None = None,
    hidden: bool | None = None,
    name: str | None = None,
    name_contains: str | None = None,
    run_state: str | Collection[str] | None = None,
    document: Mapping[str, Any] | None = None,
    among: sa.ColumnElement[bool] | None = None,
) -> list[sa.ColumnElement[bool]]:
    """Turn the filters that `select_objects` takes into conditions."""
    plain = {
        "id": id,
        "parent_id": parent_id,
        "author_id": author_id,
        "archived": archived,
        "hidden": hidden,
        "name": name,
    }
    found = [_equals(objects.c[column], value) for column, value in plain.items() if value is not None]
    if name_contains:
        wanted = name_contains.casefold()
        found.append(folded(objects.c.name).contains(wanted, autoescape=True))
    if run_state is not None:
        found.append(latest_run_is(run_state))
    if among is not None:
        found.append(among)
    for key, value in (document or {}).items():
        found.append(_field_is(key, value))
    return found


def _equals(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[bool]:
    """Compare a column with a value, or with any of several."""
    if isinstance(value, Collection) and not isinstance(value, str):
        return column.in_(list(value))
    same: sa.ColumnElement[bool] = column == value
    return same


def latest_run_id() -> sa.ScalarSelect[int]:
    """Give an object's latest run; null where it has none."""
    latest = sa.select(sa.func.max(runs.c.id)).where(runs.c.job_id == objects.c.id)
    return latest.correlate(objects).scalar_subquery()


def latest_run_is(run_state: str | Collection[str]) -> sa.ColumnElement[bool]:
    """Ask for objects whose latest run is in a state; those that never ran are idle."""
    states = [run_state] if isinstance(run_state, str) else list(run_state)
    state = sa.select(runs.c.state).where(runs.c.id == latest_run_id()).correlate(objects).scalar_subquery()
    if IDLE not in states:
        return state.in_(states)
    return sa.or_(state.in_(states), latest_run_id().is_(None))


def _field_is(key: str, value: Any) -> sa.ColumnElement[bool]:
    """Compare a field of the document with a value of JSON's."""
    element: Any = objects.c.document[key]
    if isinstance(value, bool):
        return _equals(element.as_boolean(), value)
    if isinstance(value, int) or (isinstance(value, list) and all(isinstance(each, int) for each in value)):
        return _equals(element.as_integer(), value)
    if isinstance(value, str):
        return _equals(element.as_string(), value)
    raise TypeError(f"The field {key!r} of a document cannot be searched for {document_text(value)}.")

"""Objects: everything that has an ID, a name and an author, with its particulars in a document.

Nothing here knows what a kind means; services do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.database import contains, document_text
from civis.local.state.direct import Direct, parameters_of
from civis.local.state.identities import new_id
from civis.local.state.moments import Moment, as_datetime
from civis.local.state.schema import objects, runs

Kind = str | Collection[str]
IDLE = "idle"
"""The state of an object that never ran, in the filter `run_state`."""

_LARGEST_ID = 2**63 - 1
_LONGEST_PAGE = 1000
_ACTIVE = frozenset({"queued", "running"})

# Asked several times in every run, so built once: building costs four times what asking does.
_OF_ID = Direct(sa.select(objects).where(objects.c.id == sa.bindparam("id")), objects.c)
_OF_PARENT = Direct(
    sa.select(objects)
    .where(objects.c.parent_id == sa.bindparam("parent_id"), objects.c.archived.is_(False))
    .order_by(objects.c.id),
    objects.c,
)
_INSERT = Direct(
    sa.insert(objects).values(parameters_of(objects, objects.c.keys())).returning(objects), objects.c
)


@dataclass(frozen=True)
class Stored:
    """An object as it was when it was read; changing its document changes nothing that is stored.

    Its fields stand in the order of the columns.
    """

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
    moment = as_datetime(now)
    row = {
        "id": new_id(connection),
        "kind": kind,
        "parent_id": parent_id,
        "name": name,
        "author_id": author_id,
        "hidden": hidden,
        "archived": archived,
        "created_at": moment,
        "updated_at": moment,
        "document": dict(document),
    }
    return Stored(*_INSERT.rows(connection, row)[0])


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
    found = find(connection, number)
    if found is None or not _is_kind(found.kind, kind):
        raise ObjectNotFound(kind, id)
    return found


def find(connection: Connection, id: int) -> Stored | None:
    """Read one object of whatever kind, or give None if there is none."""
    row = _OF_ID.first(connection, {"id": id})
    return None if row is None else Stored(*row)


def triggered_by(connection: Connection, parent_id: int) -> list[Stored]:
    """Read the objects that have a parent and are not archived, the oldest first."""
    return [Stored(*row) for row in _OF_PARENT.rows(connection, {"parent_id": parent_id})]


def latest_children(connection: Connection, kind: str, parent_ids: Collection[int]) -> dict[int, Stored]:
    """Read the latest object of a kind that each of several parents has, by the parents' IDs.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str
    parent_ids : collection of int
        Those without such an object are left out of the answer.
    """
    of_parents = (objects.c.kind == kind, objects.c.parent_id.in_(list(parent_ids)))
    latest = sa.select(sa.func.max(objects.c.id)).where(*of_parents).group_by(objects.c.parent_id)
    found = read_whole(connection, connection.execute(latest).scalars().all())
    return {each.parent_id: each for each in found if each.parent_id is not None}


def count_by_field(connection: Connection, kind: str, field: str, ids: Collection[int]) -> dict[int, int]:
    """Count the objects of a kind by an ID in a field of their documents, such as the template they are from.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str
    field : str
    ids : collection of int
        The IDs that count; those that no object has are left out of the answer.
    """
    value = objects.c.document[field].as_integer()
    query = sa.select(value, sa.func.count()).where(objects.c.kind == kind, value.in_(list(ids)))
    return {int(id): int(number) for id, number in connection.execute(query.group_by(value))}


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
    is_page = limit is not None and limit <= _LONGEST_PAGE
    # A page is chosen from an index alone, and only its objects are read as a whole.
    query = sa.select(objects.c.id if is_page else objects).where(*conditions(**filters))
    column = objects.c[order_by]
    query = query.order_by(column.desc() if descending else column.asc())
    if order_by != "id":
        query = query.order_by(objects.c.id.desc() if descending else objects.c.id.asc())
    if limit is not None:
        query = query.limit(limit)
    if offset:
        query = query.offset(offset) if limit is not None else query.limit(_LARGEST_ID).offset(offset)
    found = connection.execute(_of_kind(query, kind))
    if is_page:
        return read_whole(connection, found.scalars().all())
    return [Stored(**row) for row in found.mappings()]


def read_whole(connection: Connection, ids: Sequence[int]) -> list[Stored]:
    """Read the objects of a page, in the order of their IDs; those that there are not are left out."""
    if not ids:
        return []
    rows = connection.execute(sa.select(objects).where(objects.c.id.in_(ids))).mappings()
    whole = {row["id"]: Stored(**row) for row in rows}
    return [whole[id] for id in ids if id in whole]


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
    columns = {
        "name": name,
        "hidden": hidden,
        "archived": archived,
        "author_id": author_id,
        "parent_id": parent_id,
    }
    values: dict[str, Any] = {column: value for column, value in columns.items() if value is not None}
    values["updated_at"] = as_datetime(now)
    if document is not None:
        values["document"] = {**fetch(connection, None, id).document, **document}
    row = _updating(tuple(values)).first(connection, {"its_id": id, **values})
    if row is None:
        raise ObjectNotFound(None, id)
    return Stored(*row)


@cache
def _updating(columns: tuple[str, ...]) -> Direct:
    """Build the statement that sets some columns of an object, named like its parameters, and gives it."""
    change = sa.update(objects).where(objects.c.id == sa.bindparam("its_id"))
    return Direct(change.values(parameters_of(objects, columns)).returning(objects), objects.c)


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


def _is_kind(kind: str, wanted: Kind | None) -> bool:
    """Tell whether an object of a kind is what is wanted."""
    return wanted is None or kind == wanted or (not isinstance(wanted, str) and kind in wanted)


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
        found.append(contains(objects.c.name, name_contains.casefold()))
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
    return state_is(states, sa.literal(IDLE))


def state_is(states: Collection[str], otherwise: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Ask for objects whose latest run is in one of several states; `otherwise` is that of those without."""
    if set(states) == {IDLE} and isinstance(otherwise, sa.BindParameter) and otherwise.value == IDLE:
        # No run is idle, so that it need not be found out which is the latest.
        return ~sa.select(runs.c.id).where(runs.c.job_id == objects.c.id).correlate(objects).exists()
    found: sa.ColumnElement[bool] = sa.func.coalesce(latest_run(runs.c.state), otherwise).in_(states)
    if not _ACTIVE.issuperset(states):
        return found
    # Runs that are not over are few: their jobs are looked up rather than the runs of every job.
    active = sa.select(runs.c.job_id).where(runs.c.state.in_(states))
    is_also = otherwise.in_(states) if not isinstance(otherwise, sa.BindParameter) else sa.false()
    return sa.and_(sa.or_(objects.c.id.in_(active), is_also), found)


def latest_run(column: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """Give what a column has of an object's latest run; null where it has none."""
    of_object = sa.select(column).where(runs.c.job_id == objects.c.id).correlate(objects)
    return of_object.order_by(runs.c.id.desc()).limit(1).scalar_subquery()


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

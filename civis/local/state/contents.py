"""Which objects are in which projects, as it is stored."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state import schema
from civis.local.state.objects import Stored

__all__ = ["contents_of", "projects_of", "put_into", "take_out"]


def put_into(connection: Connection, project_id: int, object_id: int) -> None:
    """Put an object into a project; one that is in it stays.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    project_id, object_id : int
    """
    take_out(connection, project_id, object_id)
    connection.execute(sa.insert(schema.contents).values(project_id=project_id, object_id=object_id))


def take_out(connection: Connection, project_id: int, object_id: int) -> bool:
    """Take an object out of a project; tells whether it was in it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    project_id, object_id : int
    """
    table = schema.contents
    found = sa.delete(table).where(table.c.project_id == project_id, table.c.object_id == object_id)
    return bool(connection.execute(found).rowcount)


def contents_of(connection: Connection, project_id: int) -> list[Stored]:
    """Read the objects in a project, the oldest first.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    project_id : int
    """
    table, objects = schema.contents, schema.objects
    query = sa.select(objects).join(table, table.c.object_id == objects.c.id)
    query = query.where(table.c.project_id == project_id).order_by(objects.c.id)
    return [Stored(**row) for row in connection.execute(query).mappings()]


def projects_of(connection: Connection, object_ids: Collection[int]) -> dict[int, list[Stored]]:
    """Read the projects that each of several objects is in, with one query.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    object_ids : collection of int

    Returns
    -------
    dict
        Projects by the object's ID; objects in no project are missing.
    """
    table, objects = schema.contents, schema.objects
    query = sa.select(table.c.object_id.label("of_object"), objects)
    query = query.join(table, table.c.project_id == objects.c.id)
    query = query.where(table.c.object_id.in_(list(object_ids))).order_by(objects.c.id)
    found: dict[int, list[Stored]] = {}
    for row in connection.execute(query).mappings():
        columns = dict(row)
        found.setdefault(columns.pop("of_object"), []).append(Stored(**columns))
    return found

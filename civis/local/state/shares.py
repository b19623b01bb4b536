"""Who besides its author may do what with an object, as it is stored; what a level permits, services know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state import schema

__all__ = ["Grantee", "Share", "remove_share", "select_shares", "set_share"]

Grantee = Literal["user", "group"]


@dataclass(frozen=True)
class Share:
    """What a user or a group may do with an object.

    Attributes
    ----------
    object_id : int
    grantee : {"user", "group"}
    grantee_id : int
    level : str
        ``"read"``, ``"write"`` or ``"manage"``.
    """

    object_id: int
    grantee: Grantee
    grantee_id: int
    level: str


def set_share(connection: Connection, object_id: int, grantee: Grantee, grantee_id: int, level: str) -> None:
    """Give a user or a group a level; one they had before is replaced.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    object_id : int
    grantee : {"user", "group"}
    grantee_id : int
    level : str
    """
    remove_share(connection, object_id, grantee, grantee_id)
    connection.execute(
        sa.insert(schema.shares).values(
            object_id=object_id, grantee=grantee, grantee_id=grantee_id, level=level
        )
    )


def remove_share(connection: Connection, object_id: int, grantee: Grantee, grantee_id: int) -> bool:
    """Take what a user or a group was given; tells whether there was anything.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    object_id : int
    grantee : {"user", "group"}
    grantee_id : int
    """
    table = schema.shares
    found = sa.delete(table).where(
        table.c.object_id == object_id, table.c.grantee == grantee, table.c.grantee_id == grantee_id
    )
    return bool(connection.execute(found).rowcount)


def select_shares(connection: Connection, object_ids: Collection[int]) -> list[Share]:
    """Read the shares of several objects with one query, in the order of who was given them.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    object_ids : collection of int
    """
    table = schema.shares
    query = sa.select(table).where(table.c.object_id.in_(list(object_ids)))
    query = query.order_by(table.c.object_id, table.c.grantee, table.c.grantee_id)
    return [Share(**row) for row in connection.execute(query).mappings()]

"""New IDs, from one row that all kinds of objects and all runs count up."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.schema import identities

_ROW = "id"


def new_id(connection: Connection) -> int:
    """Give an ID that nothing else has, or ever had.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction; the row it counts up stays locked until that ends.

    Returns
    -------
    int
        From 1.
    """
    counted = connection.execute(
        sa.update(identities).where(identities.c.name == _ROW).values(last_id=identities.c.last_id + 1)
    )
    if counted.rowcount == 0:
        connection.execute(sa.insert(identities).values(name=_ROW, last_id=1))
    return int(
        connection.execute(sa.select(identities.c.last_id).where(identities.c.name == _ROW)).scalar_one()
    )

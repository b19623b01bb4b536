"""New IDs, from one row that all kinds of objects and all runs count up."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.direct import Direct
from civis.local.state.schema import identities

_ROW = "id"
_COUNT_UP = Direct(
    sa.update(identities)
    .where(identities.c.name == sa.bindparam("its_name"))
    .values(last_id=identities.c.last_id + 1)
    .returning(identities.c.last_id),
    [identities.c.last_id],
)


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
    counted = _COUNT_UP.first(connection, {"its_name": _ROW})
    if counted is None:
        connection.execute(sa.insert(identities), {"name": _ROW, "last_id": 1})
        return 1
    return int(counted[0])

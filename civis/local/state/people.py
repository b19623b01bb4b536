"""Who stands behind an author's ID, as answers about objects show it; accounts themselves are elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.accounts import User
from civis.local.state.direct import Direct
from civis.local.state.schema import users

NOBODY = "platform"
"""The user name under which runs work whose author there is no account of."""

_NAME_OF_ID = Direct(sa.select(users.c.username).where(users.c.id == sa.bindparam("id")), [users.c.username])


def authors(connection: Connection, ids: Collection[int | None]) -> dict[int | None, dict[str, Any]]:
    """Read users as answers show authors: id, name, username, initials, online; with one query."""
    wanted = {id for id in ids if id is not None}
    rows = connection.execute(sa.select(users).where(users.c.id.in_(wanted))).mappings()
    return {row["id"]: _author(row) for row in rows}


def author(connection: Connection, id: int | None) -> dict[str, Any] | None:
    """Read one user as answers show authors, or None if there is none."""
    return authors(connection, [id]).get(id)


def username_of(connection: Connection, id: int | None) -> str:
    """Give the name under which a user's runs work."""
    found = None if id is None else _NAME_OF_ID.first(connection, {"id": id})
    return NOBODY if found is None else str(found[0])


def _author(row: Any) -> dict[str, Any]:
    """Show a user as an author."""
    user = User(**row)
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "initials": user.initials,
        "online": user.is_active,
    }

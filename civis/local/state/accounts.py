"""Users and their API keys in the state; knows neither requests nor what a user may do.

A key's token is shown once, when it is made. Kept is only its SHA-256: the token has 256 random bits, so that
a slow hash would protect nothing that a fast one does not.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from civis.local.state.database import note_account_change
from civis.local.state.identities import new_id
from civis.local.state.moments import Moment, as_datetime
from civis.local.state.objects import ObjectNotFound
from civis.local.state.schema import api_keys, users

__all__ = [
    "ApiKey",
    "User",
    "UsernameTaken",
    "count_keys",
    "count_users",
    "create_key",
    "create_user",
    "fetch_key",
    "fetch_user",
    "find_key",
    "find_user",
    "hash_token",
    "new_token",
    "record_use",
    "revoke_key",
    "select_keys",
    "select_users",
    "update_user",
]


# Asked at every request, so built once.
_USER_OF_ID = sa.select(users).where(users.c.id == sa.bindparam("id"))
_KEY_OF_ID = sa.select(api_keys).where(
    api_keys.c.user_id == sa.bindparam("user_id"), api_keys.c.id == sa.bindparam("id")
)
_KEY_OF_HASH = sa.select(api_keys).where(api_keys.c.key_hash == sa.bindparam("hash"))


class UsernameTaken(ValueError):  # noqa: N818 - reads as what it says, like ObjectNotFound
    """Another user has this name already."""


@dataclass(frozen=True)
class User:
    """One user.

    Attributes
    ----------
    id : int
        From the one sequence of all IDs.
    username, name, email : str
        What they log in with, what they are called, where they are written to.
    is_admin, is_active : bool
        May manage other users; may use the platform at all.
    created_at, updated_at : datetime.datetime
        In UTC.
    document : mapping
        What else the API tells of a user, by snake_case name.
    """

    id: int
    username: str
    name: str
    email: str
    is_admin: bool
    is_active: bool
    created_at: datetime
    updated_at: datetime
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def initials(self) -> str:
        """Those given, or else the first letters of the first and the last word of the name."""
        words = (self.name or self.username).split()
        letters = words[:1] + words[1:][-1:]
        return str(self.document.get("initials") or "".join(word[0] for word in letters).upper())


@dataclass(frozen=True)
class ApiKey:
    """What is known of an API key; its token is not.

    Attributes
    ----------
    id, user_id : int
        Its own ID and its user's.
    name : str
        What the user calls it.
    created_at, expires_at, last_used_at, revoked_at : datetime.datetime or None
        In UTC; a key without `expires_at` never ends by itself.
    use_count : int
        How many requests it was used for.
    constraints : sequence of mappings
        What it is restricted to: ``constraint``, ``constraint_type``, ``get_allowed``, ….
    """

    id: int
    user_id: int
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    use_count: int = 0
    constraints: Sequence[Mapping[str, Any]] = ()

    def is_expired(self, now: Moment) -> bool:
        """Tell whether its time is over."""
        return self.expires_at is not None and self.expires_at <= as_datetime(now)

    def is_active(self, now: Moment) -> bool:
        """Tell whether it opens anything."""
        return self.revoked_at is None and not self.is_expired(now)


def create_user(
    connection: Connection,
    *,
    now: Moment,
    username: str,
    name: str,
    email: str,
    is_admin: bool = False,
    is_active: bool = True,
    document: Mapping[str, Any] | None = None,
) -> User:
    """Add a user.

    Raises
    ------
    UsernameTaken
        When there is one of that username.
    """
    if find_user(connection, username) is not None:
        raise UsernameTaken(f"there is a user {username!r} already")
    user = User(
        id=new_id(connection),
        username=username,
        name=name,
        email=email,
        is_admin=is_admin,
        is_active=is_active,
        created_at=as_datetime(now),
        updated_at=as_datetime(now),
        document=dict(document or {}),
    )
    note_account_change(connection)
    connection.execute(sa.insert(users).values(**vars(user)))
    return user


def fetch_user(connection: Connection, user_id: int) -> User:
    """Get a user by ID.

    Raises
    ------
    ObjectNotFound
        When there is none.
    """
    row = connection.execute(_USER_OF_ID, {"id": user_id}).one_or_none()
    if row is None:
        raise ObjectNotFound("user", user_id)
    return _user(row)


def find_user(connection: Connection, username: str) -> User | None:
    """Get a user by username, or None."""
    row = connection.execute(sa.select(users).where(users.c.username == username)).one_or_none()
    return None if row is None else _user(row)


def select_users(
    connection: Connection,
    *,
    query: str | None = None,
    active: bool | None = None,
    ids: Sequence[int] | None = None,
    order_by: str = "name",
    descending: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[User]:
    """List users.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        A transaction.
    query : str, optional
        Only those in whose name, username, email or ID it occurs, whatever the case.
    active : bool, optional
        Only those who may, or may not, use the platform.
    ids : sequence of int, optional
        Only these.
    order_by : {"name", "username", "id"}, optional
        What to sort by.
    descending : bool, optional
        Sort downwards.
    limit, offset : int, optional
        How many, after leaving out how many.
    """
    column = {"name": users.c.name, "username": users.c.username, "id": users.c.id}[order_by]
    orders = [each.desc() if descending else each.asc() for each in (column, users.c.id)]
    statement = sa.select(users).where(*_user_filters(query, active, ids)).order_by(*orders)
    rows = connection.execute(statement.limit(limit).offset(offset))
    return [_user(row) for row in rows]


def count_users(
    connection: Connection,
    *,
    query: str | None = None,
    active: bool | None = None,
    ids: Sequence[int] | None = None,
) -> int:
    """Count the users that `select_users` would list."""
    statement = sa.select(sa.func.count()).select_from(users).where(*_user_filters(query, active, ids))
    return int(connection.execute(statement).scalar_one())


def update_user(
    connection: Connection,
    user_id: int,
    *,
    now: Moment,
    document: Mapping[str, Any] | None = None,
    **changes: Any,
) -> User:
    """Change a user's columns (`name`, `email`, `is_admin`, `is_active`); `document` is merged in.

    Raises
    ------
    ObjectNotFound
        When there is no such user.
    """
    user = fetch_user(connection, user_id)
    values = {**changes, "updated_at": as_datetime(now), "document": {**user.document, **(document or {})}}
    note_account_change(connection)
    connection.execute(sa.update(users).where(users.c.id == user_id).values(**values))
    return fetch_user(connection, user_id)


def new_token() -> str:
    """Make a token of 256 random bits, as 64 hexadecimal digits."""
    return secrets.token_hex(32)


def create_key(
    connection: Connection,
    user_id: int,
    *,
    now: Moment,
    name: str,
    token: str,
    expires_at: datetime | None = None,
    constraints: Sequence[Mapping[str, Any]] = (),
) -> ApiKey:
    """Add an API key whose token is known to the caller; only the token's hash is kept."""
    key_id = new_id(connection)
    row = {
        "id": key_id,
        "user_id": user_id,
        "name": name,
        "key_hash": hash_token(token),
        "created_at": as_datetime(now),
        "expires_at": expires_at,
        "document": {"constraints": [dict(each) for each in constraints], "use_count": 0},
    }
    note_account_change(connection)
    connection.execute(sa.insert(api_keys).values(**row))
    return fetch_key(connection, user_id, key_id)


def find_key(connection: Connection, token: str) -> ApiKey | None:
    """Get the key that a token belongs to, whether active or not."""
    row = connection.execute(_KEY_OF_HASH, {"hash": hash_token(token)}).one_or_none()
    return None if row is None else _key(row)


def fetch_key(connection: Connection, user_id: int, key_id: int) -> ApiKey:
    """Get a user's key by ID.

    Raises
    ------
    ObjectNotFound
        When the user has no such key.
    """
    row = connection.execute(_KEY_OF_ID, {"user_id": user_id, "id": key_id}).one_or_none()
    if row is None:
        raise ObjectNotFound("api_key", key_id)
    return _key(row)


def select_keys(
    connection: Connection,
    user_id: int,
    *,
    descending: bool = True,
    limit: int | None = None,
    offset: int = 0,
) -> list[ApiKey]:
    """List a user's keys, revoked ones among them, by ID."""
    order = api_keys.c.id.desc() if descending else api_keys.c.id.asc()
    statement = sa.select(api_keys).where(api_keys.c.user_id == user_id).order_by(order)
    return [_key(row) for row in connection.execute(statement.limit(limit).offset(offset))]


def count_keys(connection: Connection, user_id: int) -> int:
    """Count a user's keys."""
    statement = sa.select(sa.func.count()).select_from(api_keys).where(api_keys.c.user_id == user_id)
    return int(connection.execute(statement).scalar_one())


def revoke_key(connection: Connection, user_id: int, key_id: int, *, now: Moment) -> ApiKey:
    """End a key for good; one that was revoked before keeps its time."""
    key = fetch_key(connection, user_id, key_id)
    if key.revoked_at is None:
        changed = sa.update(api_keys).where(api_keys.c.id == key_id).values(revoked_at=as_datetime(now))
        note_account_change(connection)
        connection.execute(changed)
    return fetch_key(connection, user_id, key_id)


def record_use(connection: Connection, key_id: int, *, count: int, now: Moment) -> None:
    """Add to the number of requests that a key was used for; a key that is gone is left out.

    Counts as no change of the account: it changes nothing about who may do what.
    """
    row = connection.execute(sa.select(api_keys.c.document).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        return
    document = {**row.document, "use_count": row.document.get("use_count", 0) + count}
    changed = sa.update(api_keys).where(api_keys.c.id == key_id)
    connection.execute(changed.values(document=document, last_seen_at=as_datetime(now)))


def hash_token(token: str) -> str:
    """Hash a token; see the module's docstring on why not slowly."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _user_filters(
    query: str | None, active: bool | None, ids: Sequence[int] | None
) -> list[sa.ColumnElement[bool]]:
    """Turn the filters into conditions."""
    found: list[sa.ColumnElement[bool]] = []
    if query:
        columns = (users.c.name, users.c.username, users.c.email, sa.cast(users.c.id, sa.String))
        found.append(sa.or_(*(column.icontains(query, autoescape=True) for column in columns)))
    if active is not None:
        found.append(users.c.is_active.is_(active))
    if ids is not None:
        found.append(users.c.id.in_(ids))
    return found


def _user(row: Row[Any]) -> User:
    """Turn a row into a user."""
    return User(**row._mapping)


def _key(row: Row[Any]) -> ApiKey:
    """Turn a row into a key, without its hash."""
    return ApiKey(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_seen_at,
        revoked_at=row.revoked_at,
        use_count=row.document.get("use_count", 0),
        constraints=tuple(row.document.get("constraints", ())),
    )

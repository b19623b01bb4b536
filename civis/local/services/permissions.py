"""Who may do what with an object: its author all, others what was shared with them, administrators all.

Whoever acts is noted on the request's connection (`act_as`), so that whatever looks an object up can ask
without being told: `lookups.find_object` does. A connection on which nobody acts is the platform's own, for
which there are no limits: its jobs, its start.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.api import Forbidden
from civis.local.services.groups import groups_of
from civis.local.state import Stored
from civis.local.state.accounts import User
from civis.local.state.contents import projects_of
from civis.local.state.database import note_in, noted_in
from civis.local.state.schema import contents, objects, shares
from civis.local.state.shares import Share, select_shares

__all__ = [
    "LEVELS",
    "OPEN_KINDS",
    "Actor",
    "act_as",
    "actor_of",
    "hides",
    "level_of",
    "levels_of",
    "require_at_least",
    "require_level",
    "visible",
]

LEVELS = ("read", "write", "manage")
"""What may be shared, the least first; each includes those before it."""

OPEN_KINDS = frozenset(
    {
        "announcement",
        "csv_table",
        "database",
        "deployment",
        "favorite",
        "git_commit",
        "git_repo",
        "group",
        "import_sync",
        "organization_favorite",
        "permission_set_resource",
        "service_token",
        "table",
        "table_tag",
        "usage_limit",
    }
)
"""Kinds that everybody sees, and parts of objects, which are found through what they are part of only."""

_ACTOR = "civis_actor"
_RANK = {level: rank for rank, level in enumerate(LEVELS, 1)}


@dataclass(frozen=True)
class Actor:
    """Who acts in a transaction.

    Parameters
    ----------
    user : User
    connection : sqlalchemy.engine.Connection
        The transaction.
    needs : mapping
        The level that the request needs, by the IDs of the objects in its path; `"read"` for all others.
    """

    user: User
    connection: Connection = field(repr=False)
    needs: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def group_ids(self) -> list[int]:
        """The groups that the user is in; read when first asked for."""
        return [group.id for group in groups_of(self.connection, self.user.id)]


def act_as(connection: Connection, user: User, needs: Mapping[int, str]) -> None:
    """Note who acts in a transaction, and what the request needs of which objects.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    user : User
    needs : mapping
        Levels by object ID.
    """
    note_in(connection, _ACTOR, Actor(user, connection, needs))


def actor_of(connection: Connection) -> Actor | None:
    """Give who acts, or None where the platform itself does."""
    actor: Actor | None = noted_in(connection).get(_ACTOR)
    return actor


def levels_of(
    connection: Connection, found: Sequence[Stored], actor: Actor | None = None
) -> dict[int, str | None]:
    """Work out what somebody may do with several objects; two queries in all, none for an administrator.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    found : sequence of Stored
    actor : Actor, optional
        By default whoever acts on the connection.

    Returns
    -------
    dict
        A level by the object's ID; None: not even see it.
    """
    actor = actor or actor_of(connection)
    if actor is None or actor.user.is_admin:
        return {each.id: "manage" for each in found}
    others = [each.id for each in found if not _is_free(each, actor)]
    given: dict[int, str | None] = dict.fromkeys(others)
    if others:
        given.update(_given_levels(connection, actor, others))
    return {each.id: given.get(each.id, "manage") for each in found}


def level_of(connection: Connection, stored: Stored) -> str | None:
    """Work out what whoever acts may do with an object; None: not even see it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    stored : Stored
    """
    return levels_of(connection, [stored])[stored.id]


def require_level(connection: Connection, stored: Stored, level: str, noun: str) -> None:
    """Refuse what somebody who sees an object may not do with it.

    Raises
    ------
    Forbidden
        When the level that the user has is less.
    """
    require_at_least(level_of(connection, stored), stored, level, noun)


def require_at_least(has: str | None, stored: Stored, level: str, noun: str) -> None:
    """Refuse what somebody who has a level of an object may not do with it.

    Raises
    ------
    Forbidden
        When the level is less than what is needed.
    """
    if _RANK.get(has or "", 0) < _RANK[level]:
        raise Forbidden(
            f"You may {has} the {noun} {stored.id}, not {level} it; its owner can share it with you."
        )


def hides(connection: Connection, stored: Stored) -> bool:
    """Tell whether an object is one that whoever acts may not see."""
    return level_of(connection, stored) is None


def visible(connection: Connection, level: str = "read") -> sa.ColumnElement[bool] | None:
    """Give the condition that lets only objects through with which whoever acts has a level.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    level : {"read", "write", "manage"}, default "read"

    Returns
    -------
    sqlalchemy.ColumnElement or None
        For the filter `among` of ``objects.select_objects``; None where nothing is hidden.
    """
    actor = actor_of(connection)
    if actor is None or actor.user.is_admin:
        return None
    enough = LEVELS[LEVELS.index(level) :]
    granted = sa.select(shares.c.object_id).where(_is_given(actor), shares.c.level.in_(enough))
    own = sa.or_(objects.c.author_id == actor.user.id, objects.c.author_id.is_(None))
    project = objects.alias()
    open_project = sa.and_(
        project.c.document["auto_share"].as_boolean().is_(True),
        sa.or_(project.c.author_id == actor.user.id, project.c.id.in_(granted)),
    )
    within = sa.select(contents.c.object_id).join(project, project.c.id == contents.c.project_id)
    return sa.or_(own, objects.c.id.in_(granted), objects.c.id.in_(within.where(open_project)))


def _is_free(stored: Stored, actor: Actor) -> bool:
    """Tell whether the user may do anything with an object, without looking for shares."""
    return stored.kind in OPEN_KINDS or stored.author_id in (None, actor.user.id)


def _is_given(actor: Actor) -> sa.ColumnElement[bool]:
    """Ask for shares with a user or one of the user's groups."""
    user = sa.and_(shares.c.grantee == "user", shares.c.grantee_id == actor.user.id)
    return sa.or_(user, sa.and_(shares.c.grantee == "group", shares.c.grantee_id.in_(actor.group_ids)))


def _given_levels(connection: Connection, actor: Actor, ids: Collection[int]) -> dict[int, str]:
    """Give the highest level that shares, of the objects or of projects that share all in them, allow."""
    projects = {
        id: [each for each in found if each.document.get("auto_share")]
        for id, found in projects_of(connection, ids).items()
    }
    known = {each.id: each for found in projects.values() for each in found}
    given = [each for each in select_shares(connection, [*ids, *known]) if _is_for(each, actor)]
    levels: dict[int, list[str]] = {}
    for share in given:
        levels.setdefault(share.object_id, []).append(share.level)
    for project in known.values():
        if project.author_id == actor.user.id:
            levels.setdefault(project.id, []).append("manage")
    found: dict[int, str] = {}
    for id in ids:
        all_levels = levels.get(id, []) + [
            level for project in projects.get(id, ()) for level in levels.get(project.id, ())
        ]
        if all_levels:
            found[id] = max(all_levels, key=_rank)
    return found


def _is_for(share: Share, actor: Actor) -> bool:
    """Tell whether a share is one with the user or one of the user's groups."""
    return share.grantee_id in ([actor.user.id] if share.grantee == "user" else actor.group_ids)


def _rank(level: Any) -> int:
    """Order levels."""
    return _RANK[level]

"""Search over the names of objects of many kinds, in SQL: what fits best, and how much there is of what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state.database import contains, folded
from civis.local.state.moments import Moment, as_datetime
from civis.local.state.objects import Stored, as_id, conditions, latest_run, latest_run_id
from civis.local.state.schema import objects, runs

__all__ = ["Group", "Scored", "count_found", "ran_within", "search", "select_by_last_run", "with_words"]

#: What several thousand objects are sorted by without reading their documents.
_ORDERS = ("score", "name", "updated_at")


@dataclass(frozen=True)
class Scored:
    """An object that was found, and how well it fits: more is better."""

    score: float
    stored: Stored


@dataclass(frozen=True)
class Group:
    """How many objects were found that are of one kind, archived or not, and somebody's or not."""

    kind: str
    is_archived: bool
    is_mine: bool
    count: int


def search(
    connection: Connection,
    kinds: Collection[str],
    words: Sequence[str],
    *,
    order_by: str | None = None,
    limit: int,
    offset: int = 0,
    **filters: Any,
) -> list[Scored]:
    """Find objects whose names have one of the words, those with more of them first.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kinds : collection of str
    words : sequence of str
        Case-folded; without any, all objects are found and fit alike. The first may be an object's ID.
    order_by : {"score", "name", "updated_at"}, optional
        By default "score"; equal ones follow by when they changed, the latest first.
    limit : int
    offset : int, default 0
    **filters
        As `select_objects` takes them.
    """
    found = _scored(kinds, words, filters).c
    orders = [found.updated_at.desc(), found.id.desc()]
    if order_by == "name":
        orders.insert(0, found.name.asc())
    elif order_by != "updated_at" and words:
        orders.insert(0, found.score.desc())
    # The page is chosen from an index alone, and only its objects are read as a whole.
    page = sa.select(found.id, found.score).where(found.score > 0.0).order_by(*orders)
    scores = {row.id: row.score for row in connection.execute(page.limit(limit).offset(offset))}
    read = connection.execute(sa.select(objects).where(objects.c.id.in_(list(scores)))).mappings()
    whole = {row["id"]: Stored(**row) for row in read}
    return [Scored(float(score), whole[id]) for id, score in scores.items()]


def count_found(
    connection: Connection, kinds: Collection[str], words: Sequence[str], *, mine: int, **filters: Any
) -> list[Group]:
    """Count what `search` finds, by kind, whether it is archived, and whether it is a user's own.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kinds : collection of str
    words : sequence of str
    mine : int
        The user's ID.
    **filters
        As `select_objects` takes them.
    """
    # Grouped in the order of an index, which an author is not part of, and so without sorting.
    columns = (objects.c.kind, objects.c.archived)
    counts = (sa.func.count(), sa.func.count(sa.case((objects.c.author_id == mine, 1))))
    query = sa.select(*columns, *counts).where(*_found(kinds, words, filters)).group_by(*columns)
    groups: list[Group] = []
    for kind, archived, total, own in connection.execute(query):
        both = ((True, own), (False, total - own))
        groups += [Group(kind, bool(archived), is_mine, count) for is_mine, count in both if count]
    return groups


def with_words(field: str, words: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    """Ask for objects that have all of some case-folded words in a text of their documents."""
    text = objects.c.document[field].as_string()
    return [contains(text, each) for each in words]


def ran_within(after: Moment | None, before: Moment | None) -> list[sa.ColumnElement[bool]]:
    """Ask for objects whose latest run started at a time or later, and at one or earlier."""
    moment: sa.ColumnElement[Any] = latest_run(runs.c.started_at)
    found: list[sa.ColumnElement[bool]] = []
    if after is not None:
        found.append(moment >= as_datetime(after))
    if before is not None:
        found.append(moment <= as_datetime(before))
    return found


def select_by_last_run(
    connection: Connection, kind: str, *, descending: bool, limit: int, offset: int, **filters: Any
) -> list[Stored]:
    """Read objects in the order of their latest runs; those that never ran count as the first that ran.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    kind : str
    descending : bool
    limit, offset : int
    **filters
        As `select_objects` takes them.
    """
    latest = sa.func.coalesce(latest_run_id(), 0)
    query = sa.select(objects).where(objects.c.kind == kind, *conditions(**filters))
    query = query.order_by(latest.desc() if descending else latest.asc(), objects.c.id.desc())
    return [Stored(**row) for row in connection.execute(query.limit(limit).offset(offset)).mappings()]


def _scored(kinds: Collection[str], words: Sequence[str], filters: dict[str, Any]) -> sa.Subquery:
    """Give the objects of the kinds with how well they fit; those that do not at all have no score."""
    columns = (objects.c.id, objects.c.name, objects.c.updated_at, _score(words).label("score"))
    query = sa.select(*columns).where(objects.c.kind.in_(list(kinds)), *conditions(**filters))
    # The offset keeps the databases from working the score out anew wherever it is spoken of.
    return (query.offset(0) if words else query).subquery()


def _found(
    kinds: Collection[str], words: Sequence[str], filters: dict[str, Any]
) -> list[sa.ColumnElement[bool]]:
    """Ask for objects of the kinds, with one of the words or with the ID that the first one is."""
    found = [objects.c.kind.in_(list(kinds)), *conditions(**filters)]
    if words:
        alternatives = [_has_word(each) for each in words]
        if (number := as_id(words[0])) is not None:
            alternatives.append(objects.c.id == number)
        found.append(sa.or_(*alternatives))
    return found


def _has_word(word: str) -> sa.ColumnElement[bool]:
    """Ask for objects whose name has a word in it, whatever the case."""
    return contains(objects.c.name, word)


def _score(words: Sequence[str]) -> sa.ColumnElement[Any]:
    """Tell how well a name fits: the share of the words in it, and more for the very words, or the ID."""
    if not words:
        return sa.literal(1.0)
    text = " ".join(words)
    share = sum((_points(_has_word(each)) for each in words[1:]), _points(_has_word(words[0])))
    # Folding makes no text shorter, so a longer name need not be folded to tell that it is another.
    is_same = sa.case((sa.func.length(objects.c.name) <= len(text), folded(objects.c.name) == text))
    score = share / float(len(words)) + _points(is_same)
    number = as_id(words[0])
    return score if number is None else score + _points(objects.c.id == number)


def _points(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    """Give 1.0 where a condition holds, and 0.0 elsewhere."""
    return sa.case((condition, 1.0), else_=0.0)

"""Filters of lists of jobs as conditions of the state, so that of many jobs only a page is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from civis.local.state.database import contains
from civis.local.state.objects import IDLE, as_id, latest_run_is, state_is
from civis.local.state.schema import objects

__all__ = [
    "Condition",
    "all_of",
    "does",
    "does_or_is_deployed",
    "is_called",
    "is_in",
    "is_on",
    "is_scheduled",
]

Condition = sa.ColumnElement[bool]


def all_of(*conditions: Condition | None) -> Condition | None:
    """Join conditions; None, which lets all through, where there are none."""
    given = [each for each in conditions if each is not None]
    return sa.and_(*given) if given else None


def does(states: Sequence[str]) -> Condition | None:
    """Ask for jobs in one of several states, of which ``scheduled`` is one beside those of the latest run."""
    if not states:
        return None
    found = latest_run_is([each for each in states if each != "scheduled"])
    return sa.or_(found, is_on()) if "scheduled" in states else found


def does_or_is_deployed(states: Sequence[str], otherwise: sa.ColumnElement[str] | None = None) -> Condition:
    """Ask for objects in one of several states: that of the latest run, or of what is deployed of them.

    Parameters
    ----------
    states : sequence of str
    otherwise : sqlalchemy.ColumnElement, optional
        The state of objects without runs; by default that of what is deployed, and ``idle`` where nothing is.
    """
    deployed = sa.func.coalesce(objects.c.document["deployment_state"].as_string(), IDLE)
    found = is_in(
        [each for each in states if each != "scheduled"], deployed if otherwise is None else otherwise
    )
    return sa.or_(found, is_on()) if "scheduled" in states else found


def is_in(states: Sequence[str], otherwise: sa.ColumnElement[str]) -> Condition:
    """Ask for objects in one of several states; of those without runs, `otherwise` gives it."""
    return state_is(states, otherwise)


def is_scheduled(wanted: bool | None) -> Condition | None:
    """Ask for jobs whose schedule is on, or off."""
    if wanted is None:
        return None
    return is_on() if wanted else sa.not_(is_on())


def is_on() -> Condition:
    """Ask for jobs whose schedule is on."""
    return sa.func.coalesce(objects.c.document["schedule", "scheduled"].as_boolean(), sa.false())


def is_called(text: str, kinds: Collection[str]) -> Condition | None:
    """Ask for jobs with a text in their name, of one of some kinds, or with the text as their ID."""
    wanted = text.strip().casefold()
    if not wanted:
        return None
    found = [
        contains(objects.c.name, wanted),
        objects.c.kind.in_(list(kinds)),
    ]
    if (number := as_id(wanted)) is not None:
        found.append(objects.c.id == number)
    return sa.or_(*found)

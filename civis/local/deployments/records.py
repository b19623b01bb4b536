"""Deployments as they are stored: an object each, and a run that holds its log and its key.

::

    pending ──> running ──> terminated
       └──────────────────────^

A state beside these, ``failed``, is not among the API's; why a deployment is terminated says its message.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from civis.local.jobs import transitions
from civis.local.jobs.lifecycle import apply
from civis.local.jobs.run_keys import CONSTRAINTS
from civis.local.state import Moment, Run, Stored, objects, runs

__all__ = ["DEPLOYMENT", "SYSTEM", "insert_deployment", "over", "run_of", "set_state"]

DEPLOYMENT = "deployment"
SYSTEM = "system"
"""The level of lines of the log that the platform writes, not the program."""

_TERMINATED = "terminated"


def insert_deployment(
    connection: Connection,
    base: Stored,
    document: dict[str, Any],
    *,
    user_id: int,
    now: Moment,
    constraints: list[dict[str, Any]],
) -> Stored:
    """Store a new deployment, pending.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    base : Stored
        What is deployed.
    document : dict
        What the deployment takes over from it.
    user_id : int
        Who deploys it, and for whom its program works.
    now : datetime or float
    constraints : list of dict
        What the key was restricted to with which it was asked for; its program's key is restricted alike.
    """
    deployment = objects.insert(
        connection,
        DEPLOYMENT,
        {**document, "user_id": user_id, "state": "pending", "state_message": None},
        now=now,
        name=f"{base.kind}-{base.id}",
        author_id=user_id,
        parent_id=base.id,
    )
    # Running from the start: it is not for the queue, which at its own start ends what a crash left running.
    run = runs.insert_run(
        connection, deployment.id, now=now, document={"run_by_id": user_id, CONSTRAINTS: constraints}
    )
    apply(connection, run, transitions.start, now)
    _note(connection, base.id, "pending")
    return deployment


def run_of(connection: Connection, deployment_id: int) -> Run | None:
    """Read the run with a deployment's log."""
    return runs.last_run(connection, deployment_id)


def over(deployment: Stored) -> bool:
    """Tell whether a deployment has ended."""
    return bool(deployment.document["state"] == _TERMINATED)


def set_state(
    connection: Connection, deployment: Stored, state: str, message: str | None, *, now: Moment
) -> Stored:
    """Let a deployment come to a state, with what is to be said of it; one that is over stays as it is."""
    current = objects.fetch(connection, DEPLOYMENT, deployment.id)
    if over(current):
        return current
    document = {"state": state, "state_message": message}
    if state == _TERMINATED:
        run = run_of(connection, deployment.id)
        found = run.document if run is not None else {}
        document |= {name: found.get(name) for name in ("max_memory_usage", "max_cpu_usage")}
    changed = objects.update(connection, deployment.id, now=now, document=document)
    latest = objects.select_objects(connection, DEPLOYMENT, parent_id=deployment.parent_id, limit=1)
    if latest and latest[0].id == deployment.id:
        _note(connection, deployment.parent_id or 0, state)
    return changed


def _note(connection: Connection, id: int, state: str) -> None:
    """Note with an object how its deployment is, by which lists filter; that is no change of the object."""
    for stored in objects.select_objects(connection, id=id):
        objects.update(connection, id, now=stored.updated_at, document={"deployment_state": state})

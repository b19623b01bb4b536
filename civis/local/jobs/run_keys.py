"""An API key for one run: its program works with it, and it ends when the run does, however that is."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from civis.local.jobs.executors import JobFailed, RunContext
from civis.local.state import Moment, ObjectNotFound, Run, accounts, runs

__all__ = ["CONSTRAINTS", "constraints_of", "give_key", "make_key", "revoke_key"]

CONSTRAINTS = "key_constraints"
"""The field of a run's document with what the key was restricted to that queued the run."""

_KEY, _OWNER = "key_id", "key_owner_id"


def constraints_of(connection: Connection, user_id: int, key_id: int | None) -> list[dict[str, Any]]:
    """Give what a user's key is restricted to; nothing where the platform itself asks, without a key."""
    if key_id is None:
        return []
    return [dict(each) for each in accounts.fetch_key(connection, user_id, key_id).constraints]


def give_key(context: RunContext) -> str:
    """Make an API key of the user a run works for, and give its token.

    It may be used for no more than the key with which the run was asked for.

    Parameters
    ----------
    context : RunContext
        The run; the key is revoked in the transaction that ends it, or at the next start after a crash.

    Raises
    ------
    JobFailed
        If there is no user.
    """
    token, key_id = make_key(context)
    # What the program queues, its run has queued.
    context.platform.queue.note_key(key_id, context.run.id)
    return token


def make_key(context: RunContext) -> tuple[str, int]:
    """Make the key of a run, or of what is no run of the queue's; give its token and its ID."""
    user_id, platform, run = context.user_id, context.platform, context.run
    if user_id is None:
        raise JobFailed(f"The job {context.job.id} has no author whose API key its program could use.")
    token, clock = accounts.new_token(), platform.clock
    # Not lasting: after a power cut neither the key nor the run that has it goes on.
    with platform.state.begin(is_lasting=False) as connection:
        key = accounts.create_key(
            connection,
            user_id,
            now=clock.time(),
            name=f"run {run.id} of job {run.job_id}",
            token=token,
            constraints=run.document.get(CONSTRAINTS) or (),
        )
        noted = runs.update_run(connection, run.id, document={_KEY: key.id, _OWNER: user_id})
    context.at_every_end.append(lambda connection: revoke_key(connection, noted, clock.time()))
    return token, key.id


def revoke_key(connection: Connection, run: Run, now: Moment) -> None:
    """End the key that a run was given, if it was given one."""
    if _KEY not in run.document:
        return
    try:
        accounts.revoke_key(connection, run.document[_OWNER], run.document[_KEY], now=now)
    except ObjectNotFound:  # its user is gone, and the key too
        return

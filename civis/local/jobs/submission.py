"""What handlers do with runs: queue one, cancel one. The queue hears of it after the transaction's commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy.engine import Connection

from civis.local.api.errors import Conflict
from civis.local.jobs import lifecycle, transitions
from civis.local.jobs.announcements import announce
from civis.local.jobs.board import NOTHING, Entry
from civis.local.jobs.endings import tell_of_end
from civis.local.jobs.executors import job_kinds, needs_of
from civis.local.jobs.run_keys import CONSTRAINTS, constraints_of
from civis.local.state import Run, Stored, after_commit, objects, runs

if TYPE_CHECKING:
    from civis.local.api.call import Call
    from civis.local.platform import Platform

PARENT = "parent_run_id"
"""The field of a run's document that names the run which queued it."""

_CURRENT: ContextVar[int | None] = ContextVar("civis_current_run", default=None)


def submit_run(
    call_or_platform: Call | Platform,
    connection: Connection,
    job: Stored,
    document: Mapping[str, Any] | None = None,
) -> Run:
    """Queue a run of a job; a worker takes it once the transaction is committed.

    Parameters
    ----------
    call_or_platform : Call or Platform
        A handler's call, or the platform where there is no call.
    connection : sqlalchemy.engine.Connection
        The write transaction; without a call, one of ``platform.state.begin()``.
    job : Stored
    document : mapping, optional
        What the run has to remember.

    Returns
    -------
    Run
        Queued.

    Raises
    ------
    Conflict
        (409) If a run of the job is queued or running already, or the job is archived.
    """
    platform, later = _parts(call_or_platform, connection)
    if job.archived:
        raise Conflict(f"The job {job.id} cannot be queued because it is archived.", "archived")
    if runs.has_run_in(connection, job.id, transitions.ACTIVE):
        raise Conflict("The job cannot be queued because it is already running", "already_running")
    now = platform.clock.time()
    parent = _CURRENT.get() or platform.queue.run_of_key(getattr(call_or_platform, "key_id", None))
    queued_by = {} if parent is None else {PARENT: parent}
    restricted = _restriction(call_or_platform, connection, _CURRENT.get())
    run = runs.insert_run(
        connection, job.id, now=now, document={**queued_by, **(document or {}), **restricted}
    )
    # A job counts as changed when it runs: lists ordered by update show it first.
    objects.update(connection, job.id, now=now)
    entry = entry_of(connection, run, job)
    later(lambda: platform.queue.add(entry))
    return run


def entry_of(connection: Connection, run: Run, job: Stored | None = None) -> Entry:
    """Describe a queued run for the board; one whose job is gone fails when it starts."""
    if job is None:
        job = objects.find(connection, run.job_id)
    author_id, needs = (None, NOTHING) if job is None else (job.author_id, needs_of(connection, job))
    user_id = run.document.get("run_by_id") or author_id
    return Entry(run.id, run.job_id, user_id, needs, run.document.get(PARENT))


@contextmanager
def running(run_id: int) -> Iterator[None]:
    """Note that this thread works for a run: what is queued meanwhile, the run has queued."""
    token = _CURRENT.set(run_id)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def trigger_children(platform: Platform, connection: Connection, job_id: int, run: Run) -> list[Run]:
    """Queue a run of each job whose parent has succeeded; those that are active already are left alone."""
    kinds = set(job_kinds())
    children = [each for each in objects.triggered_by(connection, job_id) if each.kind in kinds]
    started_by = {name: run.document[name] for name in ("run_by_id", CONSTRAINTS) if name in run.document}
    return [
        submit_run(platform, connection, child, started_by)
        for child in children
        if not runs.has_run_in(connection, child.id, transitions.ACTIVE)
    ]


def _restriction(
    call_or_platform: Call | Platform, connection: Connection, parent_id: int | None
) -> dict[str, Any]:
    """Note what the asker may do, so that a run's key opens no more: that of a request, or of the parent."""
    key_id: int | None = getattr(call_or_platform, "key_id", None)
    if key_id is not None:
        found = constraints_of(connection, cast("Call", call_or_platform).user.id, key_id)
    else:
        parent = None if parent_id is None else runs.fetch_run(connection, None, parent_id)
        found = [] if parent is None else parent.document.get(CONSTRAINTS) or []
    return {CONSTRAINTS: found} if found else {}


def cancel_run(call_or_platform: Call | Platform, connection: Connection, run: Run) -> Run:
    """Cancel a run: a queued one at once, a running one as soon as its executor stops.

    Parameters
    ----------
    call_or_platform : Call or Platform
    connection : sqlalchemy.engine.Connection
        The write transaction.
    run : Run

    Returns
    -------
    Run
        As it is now; unchanged if it was over.
    """
    platform, later = _parts(call_or_platform, connection)
    changed = lifecycle.apply(connection, run, transitions.cancel, platform.clock.time())
    if changed.state != run.state:
        announce(getattr(platform, "notifier", None), changed, later)
        tell_of_end(platform, connection, changed)
    if changed.state != run.state:
        later(lambda: platform.queue.discard(run.id))
    if changed.state == "running":
        later(lambda: platform.queue.interrupt(run.id))
    return changed


def _parts(
    call_or_platform: Call | Platform, connection: Connection
) -> tuple[Platform, Callable[[Callable[[], object]], object]]:
    """Give the platform, and the way to have something done after the commit."""
    platform: Platform | None = getattr(call_or_platform, "platform", None)
    if platform is not None:
        return platform, cast("Call", call_or_platform).after_commit
    return cast("Platform", call_or_platform), lambda callback: after_commit(connection, callback)

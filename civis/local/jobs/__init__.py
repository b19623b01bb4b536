"""Jobs of the local platform: the life of a run, the queue that works runs off, and executors by kind.

A first look::

    from civis.local.jobs import JobFailed, RunContext, cancel_run, executor, submit_run

    @executor("greeting", job_type="JobTypes::Greeting")     # the kind of the objects it runs
    def greet(context: RunContext) -> None:
        context.log(f"Hello {context.user}!")
        result = context.platform.warehouse.database("local").execute(
            context.job.document["sql"], user=context.user, interruption=context.interruption
        )
        if not result.rows:
            raise JobFailed("Nobody is there.")               # state "failed", this text as `error`
        context.add_output("File", file_id, "greeting.txt")

    run = submit_run(call, call.connection, job)              # queued; taken after the commit
    cancel_run(call, call.connection, run)

A run succeeds when its executor returns; a warehouse's error or a `JobFailed` makes it fail with that text;
an executor interrupted by a cancel makes it cancelled.
"""

from __future__ import annotations

from civis.local.jobs.board import Needs
from civis.local.jobs.executors import (
    Executor,
    JobFailed,
    RunContext,
    executor,
    executor_of,
    job_kinds,
    job_type,
    needs_of,
)
from civis.local.jobs.queue import WORKERS, Queue
from civis.local.jobs.submission import cancel_run, submit_run
from civis.local.jobs.transitions import ACTIVE, OVER, IllegalTransition, RunStatus

__all__ = [
    "ACTIVE",
    "OVER",
    "WORKERS",
    "Executor",
    "IllegalTransition",
    "JobFailed",
    "Needs",
    "Queue",
    "RunContext",
    "RunStatus",
    "cancel_run",
    "executor",
    "executor_of",
    "job_kinds",
    "job_type",
    "needs_of",
    "submit_run",
]

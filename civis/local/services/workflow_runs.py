"""What an execution of a workflow does: it starts the jobs that its tasks name, one after the other's end.

An execution is a run of the workflow. It keeps a worker of the queue busy while its jobs run, which need
workers too; so only some executions go on at once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from civis.local.api import Conflict
from civis.local.jobs import OVER, JobFailed, RunContext, cancel_run, executor, submit_run
from civis.local.services.permissions import LEVELS, Actor, levels_of
from civis.local.services.workflow_plan import failed_for_good, next_tasks, tasks_wanted
from civis.local.services.workflow_tasks import Task, read_definition
from civis.local.state import ObjectNotFound, accounts, objects, runs

__all__ = ["MOST_AT_ONCE", "job_named", "run_workflow"]

MOST_AT_ONCE = 8
"""So many executions may be active: half of the queue's workers, so that their jobs find one."""

_POLL_SECONDS = 0.05
_TASK_STATES = {"succeeded": "success", "failed": "error", "cancelled": "error"}
#: The inputs of actions that name a job, the first that is there.
_NAMING = ("job_id", "script_id", "import_id", "export_id", "enhancement_id", "id")
_JOB_ACTIONS = ("civis.run_job", "civis.scripts.", "civis.imports", "civis.exports", "civis.enhancements.")


def job_named(task: Task) -> int | None:
    """Give the ID of the job that a task runs, or None.

    Parameters
    ----------
    task : Task
    """
    if not task.action.startswith(_JOB_ACTIONS):
        return None
    value = next((task.input[name] for name in _NAMING if name in task.input), None)
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None


@executor("workflow")
def run_workflow(context: RunContext) -> None:
    """Run the tasks of a workflow, each when those before it allow it."""
    document = context.run.document
    tasks = tasks_wanted(
        read_definition(document.get("definition") or context.job.document.get("definition") or ""),
        document.get("target_task"),
        document.get("included_tasks") or (),
    )
    done: dict[str, dict[str, Any]] = {}
    pause = threading.Event()
    try:
        while True:
            states = {name: each["state"] for name, each in done.items()}
            due = next_tasks(tasks, states)
            for name in due:
                done[name] = _begin(context, tasks[name])
            if due or _advance(context, done):
                context.save(tasks=done)
            elif "running" not in states.values():
                break
            context.check()
            if not due:
                pause.wait(_POLL_SECONDS)
    except BaseException:
        _cancel_all(context, done)
        raise
    if wrong := failed_for_good(tasks, {name: each["state"] for name, each in done.items()}):
        raise JobFailed("; ".join(f"The task {name!r} failed: {done[name]['info']}" for name in wrong))


def _begin(context: RunContext, task: Task) -> dict[str, Any]:
    """Start a task: a job's run, or what is over at once."""
    context.log(f"Task {task.name!r} starts: {task.action}.")
    if task.action in ("std.noop", "std.echo"):
        return {"state": "success", "info": None}
    job_id = job_named(task)
    if job_id is None:
        info = f"the local platform runs no action {task.action!r} with the input {dict(task.input)}"
        return {"state": "error", "info": info}
    try:
        with context.platform.state.begin() as connection:
            job = objects.fetch(connection, None, job_id)
            user = accounts.fetch_user(connection, context.user_id or 0)
            level = levels_of(connection, [job], Actor(user, connection))[job.id]
            if level not in LEVELS[1:]:
                return {"state": "error", "info": f"the user {user.username!r} may not run the job {job_id}"}
            run = submit_run(context.platform, connection, job, {"run_by_id": user.id})
    except (ObjectNotFound, Conflict) as error:
        return {"state": "error", "info": str(error)}
    return {"state": "running", "info": None, "job_id": job_id, "run_id": run.id}


def _advance(context: RunContext, done: Mapping[str, dict[str, Any]]) -> bool:
    """Take notice of runs that are over; tells whether there were any."""
    running = [each for each in done.values() if each["state"] == "running"]
    has_changed = False
    with context.platform.state.read() as connection:
        for each in running:
            run = runs.fetch_run(connection, each["job_id"], each["run_id"])
            if run.state in OVER:
                each.update(state=_TASK_STATES[run.state], info=run.error)
                has_changed = True
    return has_changed


def _cancel_all(context: RunContext, done: Mapping[str, dict[str, Any]]) -> None:
    """Cancel the runs that go on."""
    with context.platform.state.begin() as connection:
        for each in done.values():
            if each["state"] == "running":
                run = runs.fetch_run(connection, each["job_id"], each["run_id"])
                cancel_run(context.platform, connection, run)

"""Executions of workflows: started, listed, shown, cancelled, taken up again; what they do is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from civis._mistral import DefinitionError
from civis.local.api import BadRequest, Call, Conflict, NotFound, Page, Routes, page_of
from civis.local.jobs.run_keys import CONSTRAINTS, constraints_of
from civis.local.services.lookups import ordering
from civis.local.services.object_kinds import find
from civis.local.services.permissions import level_of
from civis.local.services.workflows import KIND
from civis.local.state import ObjectNotFound, Stored, objects, runs
from civis.local.state.people import author, authors
from civis.local.workflows import store
from civis.local.workflows.engine import resume, retry
from civis.local.workflows.execution import Execution

__all__ = ["routes"]

routes = Routes()

_PATH = "/workflows/{id}/executions"
_ONE = f"{_PATH}/{{execution_id}}"
_RUNNING = "Execution is running"


@routes("POST", _PATH)
def start_execution(call: Call) -> dict[str, Any]:
    """Start an execution of a workflow as it is now.

    Raises
    ------
    BadRequest
        If its definition cannot be run, or does not go with what is asked for.
    Conflict
        If the workflow is archived, or is running and may not run twice.
    """
    workflow = find(call, KIND)
    if workflow.archived:
        raise Conflict(f"The workflow {workflow.id} cannot be executed because it is archived.", "archived")
    if workflow.document.get("allow_concurrent_executions") is False and _active(call, workflow):
        raise Conflict("The workflow cannot be executed because it is already running", "already_running")
    try:
        stored = store.create(
            call.connection,
            workflow,
            user_id=call.user.id,
            now=call.platform.clock.time(),
            input=call.params.get("input"),
            target=call.params.get("target_task"),
            included=call.params.get("included_tasks"),
        )
    except DefinitionError as error:
        raise BadRequest(f"The workflow {workflow.id} cannot be executed: {error}") from None
    except store.CannotStart as error:
        raise BadRequest(str(error)) from None
    if restricted := constraints_of(call.connection, call.user.id, call.key_id):
        stored = objects.update(call.connection, stored.id, now=call.now, document={CONSTRAINTS: restricted})
    _call_runner(call, stored)
    return _view(call, stored)


@routes("GET", _PATH)
def list_executions(call: Call) -> Page:
    """List a workflow's executions."""
    workflow = find(call, KIND)
    order, descending = ordering(call, ("id", "updated_at", "created_at"), "id", descending=True)

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        found = objects.select_objects(
            call.connection,
            store.KIND,
            parent_id=workflow.id,
            order_by=order,
            descending=descending,
            limit=limit,
            offset=offset,
        )
        people = authors(call.connection, [each.author_id for each in found])
        return [_summary(each, people.get(each.author_id)) for each in found]

    total = objects.count_objects(call.connection, store.KIND, parent_id=workflow.id)
    return page_of(call, total, fetch, default=20, maximum=50)


@routes("GET", _ONE)
def get_execution(call: Call) -> dict[str, Any]:
    """Show an execution and its tasks."""
    return _view(call, _execution(call))


@routes("GET", f"{_ONE}/tasks/{{task_name}}")
def get_task(call: Call) -> dict[str, Any]:
    """Show a task of an execution."""
    stored = _execution(call)
    for each in _tasks(call, stored, store.load(stored)):
        if each["name"] == call.params["task_name"]:
            return each
    raise NotFound(f"The execution {stored.id} has no task {call.params['task_name']!r}.")


@routes("POST", f"{_ONE}/cancel")
def cancel_execution(call: Call) -> dict[str, Any]:
    """Have an execution, and the runs of its tasks, cancelled; one that is over stays as it is."""

    def cancel(execution: Execution) -> None:
        execution.is_cancel_requested = not execution.is_over

    return _changed(call, cancel)


@routes("POST", f"{_ONE}/resume")
def resume_execution(call: Call) -> dict[str, Any]:
    """Let an execution that pauses go on.

    Raises
    ------
    Conflict
        If it does not pause.
    """

    def go_on(execution: Execution) -> None:
        if execution.state != "paused":
            said = store.STATES[execution.state]
            raise Conflict(f"The execution cannot be resumed because it is {said}, not paused.", "not_paused")
        resume(execution)

    return _changed(call, go_on)


@routes("POST", f"{_ONE}/retry")
def retry_execution(call: Call) -> dict[str, Any]:
    """Have failed tasks of an execution done again: one that is named, or all.

    Raises
    ------
    Conflict
        If there is none that failed, or the execution is still running.
    """
    stored = _execution(call)
    name = call.params.get("task_name")

    def do_again(execution: Execution) -> None:
        if not execution.is_over:
            raise Conflict("The execution cannot be retried because it is not over.", "not_over")
        if not retry(store.definition_of(stored), execution, name):
            said = "no failed task" if name is None else f"no failed task {name!r}"
            raise Conflict(f"The execution {stored.id} has {said} to be retried.", "not_failed")

    return _changed(call, do_again)


def _changed(call: Call, change: Callable[[Execution], None]) -> dict[str, Any]:
    """Change an execution, and have the runner see to what follows."""
    stored = _execution(call)
    execution = store.load(stored)
    change(execution)
    stored = store.save(call.connection, stored, execution, call.now)
    _call_runner(call, stored)
    return _view(call, stored)


def _call_runner(call: Call, stored: Stored) -> None:
    """Have an execution taken along after the commit."""
    platform = call.platform
    call.after_commit(lambda: platform.duties.workflows.call(stored.id))


def _active(call: Call, workflow: Stored) -> bool:
    """Tell whether an execution of a workflow goes on."""
    return bool(
        objects.count_objects(
            call.connection, store.KIND, parent_id=workflow.id, document={"state": "running"}
        )
    )


def _execution(call: Call) -> Stored:
    """Read the execution that a path names."""
    workflow, id = find(call, KIND, "id"), call.params["execution_id"]
    try:
        stored = objects.fetch(call.connection, store.KIND, id)
    except ObjectNotFound:
        stored = None
    if stored is None or stored.parent_id != workflow.id:
        raise NotFound(f"The workflow {workflow.id} has no execution with ID {id}.")
    return stored


def _summary(stored: Stored, user: Mapping[str, Any] | None) -> dict[str, Any]:
    """Show an execution without its tasks."""
    document = stored.document
    engine = document["engine"]
    return {
        "id": stored.id,
        "state": document["state"],
        "mistral_state": engine["state"],
        "mistral_state_info": engine["info"] or (_RUNNING if engine["state"] == "running" else None),
        "user": user,
        "created_at": stored.created_at,
        "started_at": document["started_at"],
        "finished_at": document["finished_at"],
        "updated_at": stored.updated_at,
    }


def _view(call: Call, stored: Stored) -> dict[str, Any]:
    """Show an execution."""
    return {
        **_summary(stored, author(call.connection, stored.author_id)),
        "definition": stored.document["definition"],
        "input": stored.document["input"],
        "included_tasks": stored.document["included_tasks"],
        "tasks": _tasks(call, stored, store.load(stored)),
    }


def _tasks(call: Call, stored: Stored, execution: Execution) -> list[dict[str, Any]]:
    """Show the tasks that were led to, each once; none before the engine has begun."""
    included = stored.document["included_tasks"]
    has_begun = any(task.state != "idle" or task.attempts for task in execution.tasks)
    names = dict.fromkeys(task.name for task in execution.tasks) if has_begun else {}
    shown = []
    for name in names:
        if included and name not in included:
            continue
        times = [task for task in execution.tasks if task.name == name]
        shown.append(
            {
                "name": name,
                "mistral_state": times[-1].state,
                "mistral_state_info": times[-1].info,
                "runs": _runs(call, [pair for task in times for pair in task.runs]),
                "executions": _children(call, [id for task in times for id in task.executions]),
            }
        )
    return shown


def _runs(call: Call, pairs: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    """Show the runs of a task, the latest first."""
    shown = []
    for job_id, run_id in reversed(pairs):
        try:
            run = runs.fetch_run(call.connection, job_id, run_id)
            job = objects.fetch(call.connection, None, job_id)
        except ObjectNotFound:
            continue
        shown.append(
            {
                "id": run.id,
                "job_id": run.job_id,
                "my_permission_level": level_of(call.connection, job) or "nil",
                "state": run.state,
                "created_at": run.created_at,
                "started_at": run.started_at,
                "finished_at": run.finished_at,
            }
        )
    return shown


def _children(call: Call, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Show the executions that a task started, the latest first."""
    if not ids:
        return []
    shown = []
    for stored in objects.select_objects(call.connection, store.KIND, id=list(ids)):
        workflow = objects.select_objects(call.connection, id=stored.parent_id)
        level = level_of(call.connection, workflow[0]) if workflow else None
        shown.append(
            {
                "id": stored.id,
                "workflow_id": stored.parent_id,
                "my_permission_level": level or "nil",
                "state": stored.document["state"],
                "created_at": stored.created_at,
                "started_at": stored.document["started_at"],
                "finished_at": stored.document["finished_at"],
            }
        )
    return shown

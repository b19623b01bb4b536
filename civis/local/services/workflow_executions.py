"""Executions of workflows: started, listed, shown, cancelled; each is a run of the workflow."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call, Conflict, NotFound, Page, Routes, Unprocessable, page_of
from civis.local.jobs import ACTIVE, cancel_run
from civis.local.services.lookups import ordering
from civis.local.services.object_kinds import find
from civis.local.services.refusals import refusal
from civis.local.services.run_views import start
from civis.local.services.workflow_runs import MOST_AT_ONCE
from civis.local.services.workflow_tasks import DefinitionError, read_definition
from civis.local.services.workflows import KIND
from civis.local.state import ObjectNotFound, Run, Stored, objects, runs
from civis.local.state.people import author

__all__ = ["routes"]

routes = Routes()

_PATH = "/workflows/{id}/executions"
_MISTRAL = {"queued": "running", "running": "running", "succeeded": "success", "failed": "error"}


@routes("POST", _PATH)
def start_execution(call: Call) -> dict[str, Any]:
    """Start an execution of a workflow as it is now.

    Raises
    ------
    BadRequest
        If its definition cannot be run, or does not have a task that is asked for.
    Conflict
        If it is active already, or too many others are.
    """
    workflow = find(call, KIND)
    definition = workflow.document.get("definition") or ""
    try:
        tasks = read_definition(definition)
    except DefinitionError as error:
        raise BadRequest(f"The workflow {workflow.id} cannot be run: {error}") from None
    target, included = call.params.get("target_task"), call.params.get("included_tasks") or []
    for name in [*included, *([target] if target else [])]:
        if name not in tasks:
            raise BadRequest(f"The workflow {workflow.id} has no task {name!r}.")
    active = objects.count_objects(call.connection, KIND.kind, run_state=ACTIVE)
    if active >= MOST_AT_ONCE:
        raise Conflict(f"{active} workflows are running; the local platform runs {MOST_AT_ONCE} at once.")
    run = start(
        call,
        workflow,
        definition=definition,
        target_task=target,
        included_tasks=included,
        input=call.params.get("input") or {},
    )
    return _view(call, run)


@routes("GET", _PATH)
def list_executions(call: Call) -> Page:
    """List a workflow's executions."""
    workflow = find(call, KIND)
    orders = ("id", "updated_at", "created_at")
    _, descending = ordering(call, orders, "id", descending=True)

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        found = runs.select_runs(call.connection, workflow.id, limit, offset, descending=descending)
        return [_view(call, each) for each in found]

    return page_of(call, runs.count_runs(call.connection, workflow.id), fetch, default=20, maximum=50)


@routes("GET", f"{_PATH}/{{execution_id}}")
def get_execution(call: Call) -> dict[str, Any]:
    """Show an execution and its tasks."""
    return _view(call, _execution(call, find(call, KIND)))


@routes("POST", f"{_PATH}/{{execution_id}}/cancel")
def cancel_execution(call: Call) -> dict[str, Any]:
    """Cancel an execution, and the runs of its tasks."""
    return _view(call, cancel_run(call, call.connection, _execution(call, find(call, KIND))))


@routes("GET", f"{_PATH}/{{execution_id}}/tasks/{{task_name}}")
def get_task(call: Call) -> dict[str, Any]:
    """Show a task of an execution."""
    run = _execution(call, find(call, KIND))
    for each in _tasks(call, run):
        if each["name"] == call.params["task_name"]:
            return each
    raise NotFound(f"The execution {run.id} has no task {call.params['task_name']!r}.")


@routes("POST", f"{_PATH}/{{execution_id}}/resume")
@routes("POST", f"{_PATH}/{{execution_id}}/retry")
@refusal
def refuse_to_go_on(call: Call) -> None:
    """Refuse: an execution that is over stays as it is.

    Raises
    ------
    Unprocessable
    """
    run = _execution(call, find(call, KIND))
    raise Unprocessable(
        f"The execution {run.id} cannot go on; start another one with the tasks that are left."
    )


def _execution(call: Call, workflow: Stored) -> Run:
    """Read the execution that a path names."""
    id = call.params["execution_id"]
    try:
        return runs.fetch_run(call.connection, workflow.id, id)
    except ObjectNotFound:
        raise NotFound(f"The workflow {workflow.id} has no execution with ID {id}.") from None


def _view(call: Call, run: Run) -> dict[str, Any]:
    """Show an execution."""
    return {
        "id": run.id,
        "state": run.state,
        "mistral_state": _MISTRAL.get(run.state, run.state),
        "mistral_state_info": run.error,
        "user": author(call.connection, run.document.get("run_by_id")),
        "definition": run.document.get("definition"),
        "input": run.document.get("input") or {},
        "included_tasks": run.document.get("included_tasks") or [],
        "tasks": _tasks(call, run),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "updated_at": run.finished_at or run.started_at or run.created_at,
    }


def _tasks(call: Call, run: Run) -> list[dict[str, Any]]:
    """Show the tasks of an execution; those that have not begun are idle."""
    done = run.document.get("tasks") or {}
    try:
        names = list(read_definition(run.document.get("definition") or ""))
    except DefinitionError:
        names = list(done)
    return [
        {
            "name": name,
            "mistral_state": done[name]["state"] if name in done else "idle",
            "mistral_state_info": done[name]["info"] if name in done else None,
            "runs": _runs(call, done.get(name) or {}),
            "executions": [],
        }
        for name in names
    ]


def _runs(call: Call, task: dict[str, Any]) -> list[dict[str, Any]]:
    """Show the run that a task started."""
    if "run_id" not in task:
        return []
    try:
        run = runs.fetch_run(call.connection, task["job_id"], task["run_id"])
    except ObjectNotFound:
        return []
    return [
        {
            "id": run.id,
            "job_id": run.job_id,
            "state": run.state,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
        }
    ]

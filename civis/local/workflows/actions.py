"""The actions of a workflow's tasks, performed on the platform: jobs made and run, workflows executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis._mistral import Action, DefinitionError, find_action
from civis._names import camel_to_snake
from civis.local.api.errors import ApiError
from civis.local.jobs import OVER, cancel_run
from civis.local.jobs.run_keys import CONSTRAINTS
from civis.local.services.run_views import output_view
from civis.local.services.spelling import snake_keys
from civis.local.state import ObjectNotFound, Run, Stored, as_datetime, moment_text, objects, runs, schema
from civis.local.workflows import store
from civis.local.workflows.execution import Item, TaskRun, TaskState
from civis.local.workflows.operations import Operations
from civis.local.workflows.world import Ended, Started

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["DEEPEST", "EXECUTION", "PlatformWorld"]

EXECUTION = "workflow_execution_id"
"""The field of a run's document that names the execution it belongs to."""

DEEPEST = 10
"""Executions that may start each other, one within the other."""

_STATES: Mapping[str, TaskState] = {"succeeded": "success", "failed": "error", "cancelled": "cancelled"}
#: Inputs with fields of their own, whose keys may be spelled either way.
_NESTED = ("source", "destination", "syncs")


class PlatformWorld:
    """What an execution does in the world, inside one transaction.

    Parameters
    ----------
    platform : Platform
    operations : Operations
    connection : sqlalchemy.engine.Connection
        A write transaction.
    stored : Stored
        The execution.
    """

    def __init__(
        self, platform: Platform, operations: Operations, connection: Connection, stored: Stored
    ) -> None:
        self._platform, self._operations = platform, operations
        self._connection, self._stored = connection, stored
        self._user_id = stored.author_id or 0
        self.woken: list[int] = []  # executions that have to be told of what this one does

    def now(self) -> float:
        """Give the platform's time."""
        return self._platform.clock.time()

    def start(self, action: str, input: Mapping[str, Any], task: TaskRun) -> Started | Ended:
        """Begin an action, on behalf of the user of the execution."""
        known = find_action(action)
        if known is None:
            return Ended("error", None, f"There is no action {action!r}.")
        given = {camel_to_snake(name): value for name, value in input.items()}
        missing = sorted(known.required - set(given))
        if missing:
            said = ", ".join(repr(name) for name in missing)
            return Ended("error", None, f"The action {known.name!r} needs the input {said}.")
        try:
            return self._begin(known, given, task)
        except (ApiError, ObjectNotFound, DefinitionError, store.CannotStart) as error:
            message = error.message if isinstance(error, ApiError) else str(error)
            return Ended("error", None, f"{known.name}: {message}")

    def ended(self, items: Sequence[Item]) -> dict[int, Ended]:
        """Tell which runs and executions are over."""
        found: dict[int, Ended] = {}
        over = self._runs([item.run_id for item in items if item.run_id is not None])
        for number, item in enumerate(items):
            if item.run_id is not None:
                run = over.get(item.run_id)
                if run is None:
                    found[number] = Ended("error", None, f"The run {item.run_id} is no longer there.")
                elif run.state in OVER:
                    found[number] = Ended(_STATES[run.state], self._result(run), run.error)
            elif item.execution_id is not None:
                ended = self._execution_end(item.execution_id)
                if ended is not None:
                    found[number] = ended
        return found

    def cancel(self, item: Item) -> None:
        """Ask a run, or an execution, to end."""
        if item.run_id is not None:
            try:
                run = runs.fetch_run(self._connection, item.job_id, item.run_id)
            except ObjectNotFound:
                return
            cancel_run(self._platform, self._connection, run)
        elif item.execution_id is not None:
            child = objects.select_objects(self._connection, store.KIND, id=item.execution_id)
            for stored in child:
                execution = store.load(stored)
                execution.is_cancel_requested = True
                store.save(self._connection, stored, execution, self.now())
                self.woken.append(stored.id)

    def _begin(self, action: Action, given: dict[str, Any], task: TaskRun) -> Started | Ended:
        """Begin an action that is known and given what it needs."""
        if action.does == "nothing":
            return Ended("success")
        if action.does == "echo":
            return Ended("success", given["output"])
        if action.does == "fail":
            data = given.get("error_data")
            return Ended("error", data, f"The action 'std.fail' fails{f': {data}' if data else ''}.")
        if action.does == "wait":
            return Started()
        if action.does == "run a workflow":
            return self._execute(given)
        if action.does == "run a job":
            return self._run(given["job_id"])
        return self._run(self._make(action, given, task))

    def _make(self, action: Action, given: dict[str, Any], task: TaskRun) -> int:
        """Make the job that an action describes; without a name it has the task's."""
        body = {"name": task.name, **given}
        for name in _NESTED:
            if name in body and (action.does == "make an import" or action.path.startswith("/exports")):
                body[name] = snake_keys(body[name])
        syncs = body.pop("syncs", None) or []
        job = self._perform("POST", action.path, body=body)
        for sync in syncs:
            self._perform("POST", f"{action.path}/{{id}}/syncs", ids={"id": job["id"]}, body=sync)
        return int(job["id"])

    def _run(self, job_id: Any) -> Started:
        """Run a job."""
        run = self._perform("POST", "/jobs/{id}/runs", ids={"id": job_id})
        noted = {EXECUTION: self._stored.id, **self._restriction}
        runs.update_run(self._connection, run["id"], document=noted)
        return Started(job_id=int(job_id), run_id=int(run["id"]))

    def _execute(self, given: Mapping[str, Any]) -> Started | Ended:
        """Execute a workflow, this one's child."""
        if int(self._stored.document.get("depth") or 0) >= DEEPEST:
            return Ended("error", None, f"More than {DEEPEST} workflows have started each other.")
        answer = self._perform(
            "POST",
            "/workflows/{id}/executions",
            ids={"id": given["workflow_id"]},
            body={key: given[key] for key in ("input", "target_task", "included_tasks") if key in given},
        )
        depth = int(self._stored.document.get("depth") or 0) + 1
        relation = {"parent_execution_id": self._stored.id, "depth": depth, **self._restriction}
        objects.update(self._connection, answer["id"], now=self.now(), document=relation)
        return Started(execution_id=int(answer["id"]))

    @property
    def _restriction(self) -> dict[str, Any]:
        """What the key was restricted to that started the execution, for the keys of its runs."""
        return {name: value for name, value in self._stored.document.items() if name == CONSTRAINTS}

    def _perform(self, method: str, path: str, **values: Any) -> Any:
        """Call an operation as the user of the execution."""
        return self._operations.perform(self._connection, self._user_id, method, path, **values)

    def _runs(self, ids: Sequence[int]) -> dict[int, Run]:
        """Read runs, many with one query."""
        found: dict[int, Run] = {}
        for start in range(0, len(ids), 500):
            table = schema.runs
            rows = self._connection.execute(sa.select(table).where(table.c.id.in_(ids[start : start + 500])))
            found |= {row["id"]: Run(**row) for row in rows.mappings()}
        return found

    def _result(self, run: Run) -> dict[str, Any]:
        """Give a run as expressions see it."""
        call = self._operations.call(self._connection, self._user_id)
        return {
            "job_id": run.job_id,
            "run_id": run.id,
            "state": run.state,
            "error": run.error,
            "created_at": moment_text(run.created_at),
            "started_at": moment_text(run.started_at) if run.started_at else None,
            "finished_at": moment_text(run.finished_at) if run.finished_at else None,
            "outputs": [output_view(call, each) for each in runs.outputs(self._connection, run.id)],
        }

    def _execution_end(self, id: int) -> Ended | None:
        """Tell how an execution ended, or None."""
        found = objects.select_objects(self._connection, store.KIND, id=id)
        if not found:
            return Ended("error", None, f"The execution {id} is no longer there.")
        execution = store.load(found[0])
        if not execution.is_over:
            return None
        state: TaskState = execution.state if execution.state in ("success", "error") else "cancelled"
        result = {
            "workflow_id": found[0].parent_id,
            "execution_id": id,
            "state": store.STATES[execution.state],
            "output": execution.output,
            "finished_at": moment_text(as_datetime(found[0].updated_at)),
        }
        return Ended(state, result, execution.info)

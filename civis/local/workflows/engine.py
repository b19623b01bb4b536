"""The engine: from what has happened in an execution to what happens next.

It knows neither clock, threads nor database: `advance` changes the execution that it is given, by what a
`World` tells it, and begins what has to begin. Called again with nothing new, it changes nothing.

The life of a task::

    (led to) ─> waiting ─> idle ─> delayed ─> running ─> delayed ─> success, error, cancelled
                join       pause   wait       calls      retry, wait
"""

from __future__ import annotations

from typing import Any

from civis._mistral import Definition, Task
from civis.local.workflows import joins
from civis.local.workflows.calls import Calls
from civis.local.workflows.execution import Execution, Held, TaskRun
from civis.local.workflows.expressions import ExpressionError
from civis.local.workflows.scope import Scope
from civis.local.workflows.world import World

__all__ = ["MOST_TASKS", "advance", "begin", "resume", "retry"]

#: Tasks of one execution; a circle that never ends must end all the same.
MOST_TASKS = 10_000
#: Steps of one call, so that no transaction of the caller lasts too long.
_STEPS = 200


def begin(definition: Definition, execution: Execution) -> None:
    """Lead to the tasks that an execution begins with."""
    if definition.is_reverse:
        return  # `advance` starts whatever has what it requires
    for task in definition.first():
        execution.add(task.name)


def advance(definition: Definition, execution: Execution, world: World) -> bool:
    """Take an execution as far as it goes without anything else happening.

    Parameters
    ----------
    definition : Definition
    execution : Execution
        Is changed.
    world : World

    Returns
    -------
    bool
        Whether it could go further at once: it was long enough for one call.
    """
    engine = _Engine(definition, execution, world)
    engine.notice()
    for _ in range(_STEPS):
        if not engine.step():
            engine.settle()
            return False
    return True


def resume(execution: Execution) -> None:
    """Let a paused execution go on."""
    if execution.state == "paused":
        execution.state, execution.info = "running", None


def retry(definition: Definition, execution: Execution, name: str | None = None) -> list[TaskRun]:
    """Have failed tasks done again: that of a name, or all whose failure nothing took care of.

    Tasks that failed because they waited in vain wait again.

    Returns
    -------
    list of TaskRun
        Those that are done again; with none the execution stays as it is.
    """
    failed = [
        task
        for task in execution.tasks
        if task.state == "error"
        and task is execution.latest(task.name)
        and (not task.is_error_handled if name is None else task.name == name)
    ]
    waited = [task for task in execution.tasks if task.state == "error" and _is_join(definition, task)]
    for task in [*failed, *waited] if failed else ():
        _reset(task, is_join=task in waited)
    if failed:
        execution.state, execution.info, execution.output = "running", None, None
    return failed


def _is_join(definition: Definition, task: TaskRun) -> bool:
    """Tell whether a task never began because it waits for others."""
    return task.attempts == 0 and definition.tasks[task.name].join is not None


def _reset(task: TaskRun, *, is_join: bool) -> None:
    """Have a task done once more; what went well of a list is kept."""
    task.state, task.info, task.result, task.next = "waiting" if is_join else "idle", None, None, None
    task.published, task.outcome, task.due, task.due_for, task.timeout_at = {}, None, None, None, None
    task.attempts, task.is_error_handled = 0, False
    task.items = task.items if any(item.values for item in task.items) else []
    for item in task.items:
        if item.state != "success":
            item.state, item.info = "idle", None


class _Engine:
    """One call of `advance`."""

    def __init__(self, definition: Definition, execution: Execution, world: World) -> None:
        self._definition, self._execution, self._world = definition, execution, world
        self._scope = Scope(execution, world.now)
        self._calls = Calls(execution, world, self._scope)

    def notice(self) -> None:
        """Take notice of what has ended, and of a request to cancel."""
        self._calls.notice()
        if self._execution.is_cancel_requested and not self._execution.is_over:
            self._calls.cancel_all("The execution was cancelled.")
            self._execution.held.clear()
            self._execution.state, self._execution.info = "cancelled", "The execution was cancelled."

    def step(self) -> bool:
        """Do one thing that can be done; False if there is none."""
        execution = self._execution
        for task in execution.tasks:
            if not task.is_over and self._move(task):
                return True
        if execution.is_over or execution.state == "paused":
            return False
        if execution.held:
            held = execution.held.pop(0)
            self._follow(held)
            return True
        for task in execution.tasks:
            if task.is_over and task.next is None:
                self._lead_on(task)
                return True
        return self._definition.is_reverse and self._lead_back()

    def settle(self) -> None:
        """End the execution if nothing of it goes on."""
        execution = self._execution
        if (
            execution.is_over
            or execution.state == "paused"
            or any(not task.is_over for task in execution.tasks)
        ):
            return
        failed = [task for task in execution.tasks if task.state == "error" and not task.is_error_handled]
        stopped = [task for task in execution.tasks if task.state == "cancelled"]
        if stopped:
            self._end("cancelled", f"The task {stopped[0].name!r} was cancelled.")
        elif failed:
            said = "; ".join(f"The task {task.name!r} failed: {task.info}" for task in failed[:20])
            self._end("error", said)
        else:
            self._end("success", None)

    def _end(self, state: Any, info: str | None) -> None:
        """End the execution, with its output."""
        execution = self._execution
        execution.state, execution.info = state, info
        execution.held.clear()
        wanted = self._definition.output if state == "success" else self._definition.output_on_error
        last = execution.tasks[-1] if execution.tasks else None
        try:
            if state != "cancelled" and wanted is not None:
                execution.output = self._scope.evaluate(wanted, last)
        except ExpressionError as error:
            execution.state, execution.info = "error", f"The output: {error}"

    def _move(self, task: TaskRun) -> bool:
        """Take one task a step further, if that is possible."""
        spec = self._definition.tasks[task.name]
        if self._execution.is_over:
            return self._calls.close(task, spec)
        if task.state == "waiting":
            return joins.settle(self._definition, self._execution, task)
        if task.state == "running":
            return self._calls.work(task, spec)
        if self._execution.state == "paused":
            return False
        return self._calls.prepare(task, spec) if task.state == "idle" else self._calls.go_on(task, spec)

    def _lead_on(self, task: TaskRun) -> None:
        """Hand on what a task that is over hands on, and go where it leads."""
        task.next = []
        if task.state == "cancelled":
            return
        try:
            transitions = self._chosen(task)
        except (ExpressionError, TypeError, ValueError) as error:
            task.state, task.info, task.is_error_handled = "error", str(error), False
            return
        if task.state == "error":
            task.is_error_handled = any(clause == "on-error" for clause, _ in transitions)
        self._execution.held = [held for _, held in transitions]

    def _chosen(self, task: TaskRun) -> list[tuple[str, Held]]:
        """Work out what a task publishes, and which of its transitions hold."""
        spec = self._definition.tasks[task.name]
        has_succeeded = task.state == "success"
        self._publish(task, spec.publish if has_succeeded else spec.publish_on_error)
        chosen = []
        for name in ("on-success" if has_succeeded else "on-error", "on-complete"):
            if name not in spec.clauses:
                continue
            self._publish(task, spec.clauses[name].publish)
            for each in spec.clauses[name].transitions:
                if self._scope.is_true(each.condition, task):
                    message = self._scope.evaluate(each.message, task)
                    chosen.append((name, Held(each.target, task.id, message)))
        return chosen

    def _publish(self, task: TaskRun, publish: Any) -> None:
        """Set variables."""
        found = self._scope.evaluate(dict(publish.branch), task)
        everywhere = self._scope.evaluate(dict(publish.everywhere), task)
        task.published = {**task.published, **found}
        self._execution.everywhere = {**self._execution.everywhere, **everywhere}

    def _follow(self, held: Held) -> None:
        """Go to what follows a task."""
        execution = self._execution
        if held.target == "pause":
            execution.state, execution.info = "paused", held.message or "The workflow pauses."
        elif held.target == "fail":
            self._end("error", held.message or "The workflow ended by the command 'fail'.")
        elif held.target == "succeed":
            self._end("success", held.message)
        elif held.target != "noop":
            self._lead_to(self._definition.tasks[held.target], execution.task(held.parent))

    def _lead_to(self, spec: Task, parent: TaskRun) -> None:
        """Add a task after another one; a join is added once, and then told who else led to it."""
        execution = self._execution
        assert parent.next is not None
        parent.next.append(spec.name)
        if spec.join is not None:
            known = execution.latest(spec.name)
            if known is not None:
                known.parents.append(parent.id)
                return
            execution.add(spec.name, state="waiting", parents=[parent.id])
            return
        if len(execution.tasks) >= MOST_TASKS:
            self._end("error", f"The execution has more than {MOST_TASKS:,} tasks; it goes in a circle.")
            return
        execution.add(spec.name, variables={**parent.variables, **parent.published}, parents=[parent.id])

    def _lead_back(self) -> bool:
        """In a reverse workflow: add a task for which all that it requires has succeeded."""
        execution = self._execution
        for name in execution.wanted or ():
            before = [execution.latest(each) for each in self._definition.tasks[name].requires]
            if execution.latest(name) is None and all(each and each.state == "success" for each in before):
                handed_on: dict[str, Any] = {}
                for each in before:
                    assert each is not None
                    handed_on |= {**each.variables, **each.published}
                execution.add(name, variables=handed_on, parents=[each.id for each in before if each])
                return True
        return False

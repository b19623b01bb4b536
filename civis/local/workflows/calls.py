"""What one task does: its waits, the calls of its action, and its retries."""

from __future__ import annotations

from typing import Any

from civis._mistral import Task
from civis.local.workflows.execution import Execution, Item, TaskRun, TaskState
from civis.local.workflows.expressions import ExpressionError
from civis.local.workflows.scope import Scope
from civis.local.workflows.world import Ended, World

__all__ = ["MOST_ITEMS", "Calls"]

#: Items of one list; each is a job.
MOST_ITEMS = 10_000
_WRONG = (ExpressionError, TypeError, ValueError)


class Calls:
    """Takes tasks through their calls.

    Parameters
    ----------
    execution : Execution
    world : World
    scope : Scope
    """

    def __init__(self, execution: Execution, world: World, scope: Scope) -> None:
        self._execution, self._world, self._scope = execution, world, scope

    def notice(self) -> None:
        """Take notice of the calls that have ended."""
        running = [item for task in self._execution.tasks for item in task.running()]
        if running:
            for number, ended in self._world.ended(running).items():
                _end(running[number], ended)

    def cancel_all(self, info: str) -> None:
        """Ask all calls to end; tasks that have none are cancelled at once."""
        for task in self._execution.tasks:
            for item in task.running():
                self._world.cancel(item)
                if item.run_id is None and item.execution_id is None:  # nothing else would ever end it
                    item.state = "cancelled"
            if not task.is_over and not task.running():
                task.state, task.info, task.due, task.due_for = "cancelled", info, None, None

    def close(self, task: TaskRun, spec: Task) -> bool:
        """End a task of an execution that is over, once its calls are."""
        if task.running():
            return False
        state = _sum(task.items) if task.state == "running" else "cancelled"
        self._keep_result(task, spec)
        task.state, task.info = state, _infos(task.items) or "The execution is over."
        task.next, task.due, task.due_for = [], None, None
        return True

    def prepare(self, task: TaskRun, spec: Task) -> bool:
        """Have a task begin that was led to: at once, after its pause, or after its wait."""
        try:
            if task.attempts == 0 and task.outcome is None and spec.pause_before is not None:
                task.outcome = "idle"  # it has paused once; it does not again
                if self._scope.evaluate(spec.pause_before, task):
                    self._execution.state = "paused"
                    self._execution.info = f"The workflow pauses before the task {task.name!r}."
                    return True
            wait = self._scope.number(spec.wait_before, task)
        except _WRONG as error:
            return self._fail(task, str(error))
        if wait > 0:
            return self._delay(task, wait, "start")
        return self._begin(task, spec)

    def go_on(self, task: TaskRun, spec: Task) -> bool:
        """Have a task go on whose wait is over."""
        if task.due is None or task.due > self._world.now():
            return False
        reason, task.due, task.due_for = task.due_for, None, None
        if reason == "end":
            task.state = task.outcome or "success"
            return True
        if reason == "retry":
            self._forget_failures(task)
        return self._begin(task, spec)

    def work(self, task: TaskRun, spec: Task) -> bool:
        """Start calls of a running task, see whether all are over, or whether it took too long."""
        if task.timeout_at is not None and task.timeout_at <= self._world.now() and task.running():
            return self._time_out(task, spec)
        waiting = [item for item in task.items if item.state == "idle"]
        if waiting and self._execution.state == "paused":
            return False
        if waiting:
            try:
                most = int(self._scope.number(spec.concurrency, task))
            except _WRONG as error:
                return self._fail(task, str(error))
            if most and len(task.running()) >= most:
                return False
            self._start(task, spec, waiting[0])
            return True
        return not task.running() and self._end_try(task, spec)

    def _begin(self, task: TaskRun, spec: Task) -> bool:
        """Begin a try: make the list of its calls."""
        try:
            task.items = task.items or [Item(values) for values in self._lists(task, spec)]
            timeout = self._scope.number(spec.timeout, task)
        except _WRONG as error:
            return self._fail(task, str(error))
        task.state, task.info, task.outcome = "running", None, None
        task.attempts += 1
        task.timeout_at = self._world.now() + timeout if timeout > 0 else None
        return True

    def _lists(self, task: TaskRun, spec: Task) -> list[dict[str, Any]]:
        """Work out the variables of each call."""
        if spec.with_items is None:
            return [{}]
        lists = {name: self._scope.evaluate(each, task) for name, each in spec.with_items.lists.items()}
        for name, each in lists.items():
            if isinstance(each, dict):
                lists[name] = [[key, value] for key, value in each.items()]
            elif not isinstance(each, list):
                raise ValueError(f"with-items: {name!r} must go through a list, not {each!r}.")
        lengths = {len(each) for each in lists.values()}
        if len(lengths) > 1:
            said = ", ".join(f"{name} has {len(each)}" for name, each in lists.items())
            raise ValueError(f"with-items: the lists must be equally long: {said}.")
        if max(lengths) > MOST_ITEMS:
            raise ValueError(f"with-items: a list may have {MOST_ITEMS:,} items, not {max(lengths):,}.")
        return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]

    def _start(self, task: TaskRun, spec: Task, item: Item) -> None:
        """Begin one call."""
        try:
            action = str(self._scope.evaluate(spec.action, task, item.values))
            whole = spec.input.get("", spec.input)
            given = self._scope.evaluate(whole, task, item.values)
            if not isinstance(given, dict):
                raise ValueError(f"The input must be a mapping, not {given!r}.")
        except _WRONG as error:
            _end(item, Ended("error", None, str(error)))
            return
        begun = self._world.start(action, given, task)
        if isinstance(begun, Ended):
            _end(item, begun)
            return
        item.state, item.result, item.info = "running", None, None
        item.job_id, item.run_id, item.execution_id = begun.job_id, begun.run_id, begun.execution_id
        if begun.job_id is not None and begun.run_id is not None:
            task.runs.append([begun.job_id, begun.run_id])
        if begun.execution_id is not None:
            task.executions.append(begun.execution_id)

    def _time_out(self, task: TaskRun, spec: Task) -> bool:
        """End a try that takes too long."""
        seconds = self._scope.number(spec.timeout, task)
        for item in task.items:
            if item.state == "running":
                self._world.cancel(item)
            if item.state in ("running", "idle"):
                item.state, item.info = "error", f"Not over after {seconds:g} seconds (its timeout)."
        return self._end_try(task, spec)

    def _end_try(self, task: TaskRun, spec: Task) -> bool:
        """Decide how a try ended, and whether there is another one."""
        state, task.timeout_at = _sum(task.items), None
        self._keep_result(task, spec)
        try:
            if state == "success" and spec.fail_on is not None and self._scope.evaluate(spec.fail_on, task):
                state, task.info = "error", "Its condition 'fail-on' is true."
            else:
                task.info = _infos(task.items) if state != "success" else None
            delay = self._until_retry(task, spec, state)
            if delay is not None:
                task.outcome = state
                return self._delay(task, delay, "retry")
            wait = self._scope.number(spec.wait_after, task) if state != "cancelled" else 0
            if not self._scope.evaluate(spec.keep_result, task):
                task.result = None
        except _WRONG as error:
            return self._fail(task, str(error))
        if wait > 0:
            task.outcome = state
            return self._delay(task, wait, "end")
        task.state = state
        return True

    def _until_retry(self, task: TaskRun, spec: Task, state: TaskState) -> float | None:
        """Give the seconds until the next try; None if there is none."""
        retry = spec.retry
        if retry is None or state == "cancelled" or task.attempts > self._scope.number(retry.count, task):
            return None
        if retry.continue_on is not None:
            if not self._scope.evaluate(retry.continue_on, task):
                return None
        elif state == "success":
            return None
        if state == "error" and retry.break_on is not None and self._scope.evaluate(retry.break_on, task):
            return None
        return self._scope.number(retry.delay, task)

    def _forget_failures(self, task: TaskRun) -> None:
        """Have the next try do again what went wrong; all of it, if nothing did."""
        is_all = all(item.state == "success" for item in task.items)
        for item in task.items:
            if is_all or item.state != "success":
                item.state, item.info, item.result = "idle", None, None

    def _keep_result(self, task: TaskRun, spec: Task) -> None:
        """Give a task the result of its calls: a list where it goes through one."""
        results = [item.result for item in task.items]
        task.result = results if spec.with_items is not None else (results[0] if results else None)

    def _delay(self, task: TaskRun, seconds: float, reason: Any) -> bool:
        """Have a task wait."""
        task.state, task.due, task.due_for = "delayed", self._world.now() + seconds, reason
        return True

    def _fail(self, task: TaskRun, info: str) -> bool:
        """End a task that something is wrong with."""
        for item in task.running():
            self._world.cancel(item)
            item.state = "error"
        task.state, task.info, task.due, task.due_for, task.timeout_at = "error", info, None, None, None
        return True


def _end(item: Item, ended: Ended) -> None:
    """Note how a call ended."""
    item.state, item.result, item.info = ended.state, ended.result, ended.info


def _sum(items: list[Item]) -> TaskState:
    """Tell how a task ended whose calls ended so."""
    states = {item.state for item in items}
    if states & {"cancelled", "idle"}:
        return "cancelled"
    return "error" if "error" in states else "success"


def _infos(items: list[Item]) -> str | None:
    """Say what went wrong in calls."""
    said = [item.info for item in items if item.state != "success" and item.info]
    return "; ".join(dict.fromkeys(said[:10])) or None

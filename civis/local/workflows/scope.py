"""What the expressions of an execution see: variables, and the functions ``task``, ``tasks``, ``env``, …."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from civis.local.workflows.execution import Execution, TaskRun
from civis.local.workflows.expressions import evaluate, is_true

__all__ = ["Scope"]


class Scope:
    """Works out expressions for one execution.

    Parameters
    ----------
    execution : Execution
    now : callable
        Gives the time, in seconds since 1970.
    """

    def __init__(self, execution: Execution, now: Callable[[], float]) -> None:
        self._execution = execution
        self._now = now

    def evaluate(
        self, value: Any, task: TaskRun | None = None, values: Mapping[str, Any] | None = None
    ) -> Any:
        """Work out a value; `values` are variables of one item of a list."""
        return evaluate(value, self._variables(task, values), self._functions(task))

    def is_true(self, value: Any, task: TaskRun | None = None) -> bool:
        """Tell whether a condition holds."""
        return is_true(value, self._variables(task, None), self._functions(task))

    def number(self, value: Any, task: TaskRun) -> float:
        """Work out a number; nothing counts as 0."""
        found = self.evaluate(value, task)
        return 0.0 if found is None else float(found)

    def _variables(self, task: TaskRun | None, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Put the variables together; the nearer ones hide the others."""
        execution = self._execution
        own = {} if task is None else {**task.variables, **task.published}
        return {**execution.variables, **execution.everywhere, **own, **(values or {})}

    def _functions(self, current: TaskRun | None) -> dict[str, Callable[..., Any]]:
        """Give the functions that know the execution."""
        execution = self._execution
        env = execution.variables.get("__env", {})

        def task(name: Any = None) -> Any:
            found = current if name is None else execution.latest(str(name))
            return None if found is None else _view(found)

        def everywhere(name: Any) -> Any:
            return execution.everywhere.get(str(name))

        return {
            "task": task,
            "tasks": lambda: [_view(each) for each in execution.tasks],
            "env": lambda: env,
            "execution": lambda: {"id": env.get("execution_id"), "input": env.get("input", {})},
            "global": everywhere,
            "now": lambda: datetime.fromtimestamp(self._now(), timezone.utc),
        }


def _view(task: TaskRun) -> dict[str, Any]:
    """Show a task as ``task()`` does."""
    return {
        "id": task.id,
        "name": task.name,
        "state": task.state.upper(),
        "state_info": task.info,
        "result": task.result,
        "published": task.published,
    }

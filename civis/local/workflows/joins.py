"""Tasks that wait for several others; pure."""

from __future__ import annotations

from typing import Literal

from civis._mistral import Definition
from civis.local.workflows.execution import Execution, TaskRun

__all__ = ["settle"]

_Way = Literal["led", "open", "shut"]


def settle(definition: Definition, execution: Execution, task: TaskRun) -> bool:
    """Let a task that waits begin, if enough others have led to it, or fail, if they cannot any more.

    Returns
    -------
    bool
        Whether its state changed.
    """
    before = [each.name for each in definition.before(task.name)]
    ways = {name: _way(definition, execution, name, task.name) for name in before}
    join = definition.tasks[task.name].join
    needed = len(before) if join == "all" else int(join or 1)
    led = [name for name, way in ways.items() if way == "led"]
    shut = [name for name, way in ways.items() if way == "shut"]
    if len(led) >= needed:
        for id in task.parents:
            parent = execution.task(id)
            task.variables = {**task.variables, **parent.variables, **parent.published}
        task.state, task.info = "idle", None
        return True
    if len(before) - len(shut) < needed:
        names = ", ".join(repr(name) for name in shut)
        task.state, task.info = "error", f"It waited for tasks that did not lead to it: {names}."
        return True
    return False


def _way(definition: Definition, execution: Execution, name: str, target: str) -> _Way:
    """Tell whether a task has led to the one that waits, still may, or does not."""
    done = execution.latest(name)
    if done is None:
        return "open" if _may_come(definition, execution, name, {target}) else "shut"
    if not done.is_over or done.next is None:
        return "open"
    held = any(each.parent == done.id and each.target == target for each in execution.held)
    if target in done.next:
        return "led"
    return "open" if held else "shut"


def _may_come(definition: Definition, execution: Execution, name: str, seen: set[str]) -> bool:
    """Tell whether a task that was not led to yet may still be."""
    seen = seen | {name}
    for each in definition.before(name):
        done = execution.latest(each.name)
        if done is None:
            if each.name not in seen and _may_come(definition, execution, each.name, seen):
                return True
        elif not done.is_over or done.next is None or any(h.parent == done.id for h in execution.held):
            return True
    return False

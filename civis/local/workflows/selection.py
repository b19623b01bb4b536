"""A part of a workflow: only some of its tasks are done, in the order that all would have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from civis._mistral import Clause, Definition, Task, Transition

__all__ = ["needed", "select"]


def select(definition: Definition, names: Collection[str]) -> Definition:
    """Leave out all tasks but some; the tasks that remain follow each other through those left out.

    Parameters
    ----------
    definition : Definition
    names : collection of str
        The tasks to keep; with none, all are.

    Returns
    -------
    Definition
        Those left out are still there and do nothing, whatever they lead to follows.
    """
    if not names:
        return definition
    leading = _leading(definition, set(names))
    tasks = {
        name: _kept(task, name in names, leading)
        for name, task in definition.tasks.items()
        if name in leading
    }
    return _with_joins(replace(definition, tasks=tasks))


def needed(definition: Definition, target: str) -> list[str]:
    """List a task of a reverse workflow and all that it requires, in their order."""
    found: set[str] = set()
    waiting = [target]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += definition.tasks[name].requires
    return [name for name in definition.tasks if name in found]


def _leading(definition: Definition, names: set[str]) -> set[str]:
    """Collect the tasks to keep, and those that lead to one of them."""
    found = set(names)
    waiting = list(names)
    while waiting:
        for task in definition.before(waiting.pop()):
            if task.name not in found:
                found.add(task.name)
                waiting.append(task.name)
    return found


def _kept(task: Task, is_wanted: bool, leading: set[str]) -> Task:
    """Give a task without transitions to what is left out; one that is passed over leads on in any case."""
    if is_wanted:
        clauses = {
            key: replace(
                clause, transitions=tuple(each for each in clause.transitions if _stays(each, leading))
            )
            for key, clause in task.clauses.items()
        }
        return replace(task, clauses=clauses)
    onward = tuple(
        Transition(each.target)
        for each in task.transitions()
        if not each.is_command and each.target in leading
    )
    return Task(task.name, clauses={"on-success": Clause(onward)}, join=task.join, requires=task.requires)


def _with_joins(definition: Definition) -> Definition:
    """Have no task wait for more tasks than still lead to it."""
    tasks = {
        name: replace(task, join=min(task.join, len(definition.before(name))) or None)
        if isinstance(task.join, int)
        else task
        for name, task in definition.tasks.items()
    }
    return replace(definition, tasks=tasks)


def _stays(each: Transition, leading: set[str]) -> bool:
    """Tell whether what a transition names is still there."""
    return each.is_command or each.target in leading

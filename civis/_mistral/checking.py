"""What the parts of a definition must be to each other, such as: a task that is named must be there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from civis._mistral.actions import ACTIONS, find_action
from civis._mistral.expressions import has_expression, names_of_tasks, unclosed
from civis._mistral.model import Definition, Task
from civis._mistral.problems import Problem
from civis._names import camel_to_snake, suggestion

__all__ = ["check"]


def check(definition: Definition) -> list[Problem]:
    """List what does not fit together.

    Parameters
    ----------
    definition : Definition
    """
    problems = [problem for task in definition.tasks.values() for problem in _of_task(definition, task)]
    if definition.is_reverse:
        return problems
    if not definition.first():
        message = "every task is led to by another one, so that none could begin."
        problems.append(Problem(message, key="tasks"))
    return problems


def _of_task(definition: Definition, task: Task) -> Iterator[Problem]:
    """List what does not fit around one task."""
    yield from _targets(definition, task)
    yield from _requirements(definition, task)
    yield from _join(definition, task)
    yield from _action(task)
    yield from _expressions(definition, task)


def _targets(definition: Definition, task: Task) -> Iterator[Problem]:
    """Look at what follows the task."""
    for key, clause in task.clauses.items():
        if definition.is_reverse:
            message = "the tasks of a reverse workflow say what comes before them: 'requires'."
            yield Problem(message, task.name, key, task.lines.get(key))
        for each in clause.transitions:
            if each.target == task.name:
                yield Problem("a task cannot follow itself.", task.name, key, each.line)
            elif not each.is_command and each.target not in definition.tasks:
                hint = suggestion(each.target, list(definition.tasks))
                yield Problem(f"there is no task {each.target!r}.{hint}", task.name, key, each.line)


def _requirements(definition: Definition, task: Task) -> Iterator[Problem]:
    """Look at what comes before the task, in a reverse workflow."""
    line = task.lines.get("requires")
    if task.requires and not definition.is_reverse:
        message = "only the tasks of a reverse workflow (type: reverse) say what comes before them."
        yield Problem(message, task.name, "requires", line)
    for name in task.requires:
        if name not in definition.tasks:
            hint = suggestion(name, list(definition.tasks))
            yield Problem(f"there is no task {name!r}.{hint}", task.name, "requires", line)
    if definition.is_reverse and task.name in _needed(definition, task.requires):
        yield Problem("the task requires itself.", task.name, "requires", line)


def _needed(definition: Definition, names: tuple[str, ...]) -> set[str]:
    """Collect the tasks that come before, and those before these."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += definition.tasks[name].requires if name in definition.tasks else ()
    return found


def _join(definition: Definition, task: Task) -> Iterator[Problem]:
    """Look at how many tasks it waits for."""
    if isinstance(task.join, int):
        count = len(definition.before(task.name))
        if task.join > count:
            message = f"it waits for {task.join} tasks, but {count} lead to it."
            yield Problem(message, task.name, "join", task.lines.get("join"))


def _action(task: Task) -> Iterator[Problem]:
    """Look at the action and what it is given."""
    if has_expression(task.action):
        return
    action = find_action(task.action)
    line = task.lines.get("action", task.line)
    if action is None:
        hint = suggestion(task.action, list(ACTIONS))
        yield Problem(f"there is no action {task.action!r}.{hint}", task.name, "action", line)
        return
    if "" in task.input:  # the whole input comes from an expression
        return
    given = {camel_to_snake(name): name for name in task.input}
    line = task.lines.get("input", line)
    for name in sorted(action.required - set(given)):
        message = f"the action {task.action!r} needs the input {name!r}."
        yield Problem(message, task.name, "input", line, is_about_input=True)
    for name in given:
        if name not in action.inputs:
            hint = suggestion(name, sorted(action.inputs))
            message = f"the action {task.action!r} has no input {given[name]!r}.{hint}"
            yield Problem(message, task.name, "input", line, is_about_input=True)


def _expressions(definition: Definition, task: Task) -> Iterator[Problem]:
    """Look for expressions without an end, and for results of tasks that there are not."""
    for each in fields(task):
        if each.name in ("name", "line", "lines"):
            continue
        key, value = each.name.replace("_", "-"), _plain(getattr(task, each.name))
        line = task.lines.get(key, task.line)
        if (beginning := unclosed(value)) is not None:
            yield Problem(f"the expression {beginning!r} has no end: '%>'.", task.name, key, line)
        for name in names_of_tasks(value):
            if name not in definition.tasks:
                hint = suggestion(name, list(definition.tasks))
                yield Problem(
                    f"it uses the result of {name!r}, which is no task.{hint}", task.name, key, line
                )


def _plain(value: Any) -> Any:
    """Take the model's classes apart into lists, so that texts in them are found."""
    if hasattr(value, "__dataclass_fields__"):
        return [_plain(getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, (tuple, dict)) and all(
        hasattr(each, "__dataclass_fields__") for each in _parts(value)
    ):
        return [_plain(each) for each in _parts(value)]
    return value


def _parts(value: Any) -> list[Any]:
    """List the values of a tuple or a mapping."""
    return list(value.values() if isinstance(value, dict) else value)

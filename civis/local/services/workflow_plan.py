"""Which tasks of a workflow come next, after what is over; pure, it knows neither state nor time.

A task starts once: when one of the tasks before it ends in a way that leads to it, or when all do, where it
has ``join: all``; tasks to which nothing leads start at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from civis.local.services.workflow_tasks import Task

__all__ = ["failed_for_good", "next_tasks", "tasks_wanted"]

_CLAUSES = {"success": ("on-success", "on-complete"), "error": ("on-error", "on-complete")}


def tasks_wanted(
    tasks: Mapping[str, Task], target: str | None = None, included: Collection[str] = ()
) -> dict[str, Task]:
    """Leave out the tasks that an execution does not ask for.

    Parameters
    ----------
    tasks : mapping
    target : str, optional
        A task: only it and those that it requires.
    included : collection of str, optional
        Only these tasks.
    """
    wanted = set(included) or set(tasks)
    if target is not None:
        wanted, waiting = set(), [target]
        while waiting:
            name = waiting.pop()
            if name in tasks and name not in wanted:
                wanted.add(name)
                waiting += tasks[name].requires
    return {name: task for name, task in tasks.items() if name in wanted}


def next_tasks(tasks: Mapping[str, Task], states: Mapping[str, str]) -> list[str]:
    """List the tasks to start now.

    Parameters
    ----------
    tasks : mapping
    states : mapping
        ``"running"``, ``"success"`` or ``"error"`` of the tasks that have begun.

    Examples
    --------
    >>> tasks = {"a": Task("a", "std.noop", following={"on-success": ("b",)}), "b": Task("b", "std.noop")}
    >>> next_tasks(tasks, {}), next_tasks(tasks, {"a": "success"}), next_tasks(tasks, {"a": "error"})
    (['a'], ['b'], [])
    """
    return [name for name in tasks if name not in states and _is_due(name, tasks, states)]


def failed_for_good(tasks: Mapping[str, Task], states: Mapping[str, str]) -> list[str]:
    """List the tasks that failed without another one to take care of that.

    Parameters
    ----------
    tasks, states : mapping
    """
    return [
        name
        for name, state in states.items()
        if state == "error" and not tasks[name].following.get("on-error")
    ]


def _is_due(name: str, tasks: Mapping[str, Task], states: Mapping[str, str]) -> bool:
    """Tell whether a task may start."""
    required = [each for each in tasks[name].requires if each in tasks]
    if any(states.get(each) != "success" for each in required):
        return False
    before = [task for task in tasks.values() if any(name in names for names in task.following.values())]
    led = [task for task in before if _leads(task, name, states)]
    return not before or (len(led) == len(before) if tasks[name].joins_all else bool(led))


def _leads(task: Task, name: str, states: Mapping[str, str]) -> bool:
    """Tell whether a task has ended in a way that leads to another one."""
    clauses = _CLAUSES.get(states.get(task.name, ""), ())
    return any(name in task.following.get(clause, ()) for clause in clauses)

"""The definition of a workflow: its tasks and what follows which; pure, it knows neither state nor requests.

Of Mistral's language (version 2) it reads what workflows of the platform are made of: `tasks` with `action`,
`input`, `on-success`, `on-error`, `on-complete` and `requires`; text in ``<% … %>`` is not worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

__all__ = ["DefinitionError", "Task", "read_definition"]

_CLAUSES = ("on-success", "on-error", "on-complete")


class DefinitionError(ValueError):
    """A definition that cannot be run; the text says why."""


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    name : str
    action : str
        What it does, such as ``"civis.run_job"``.
    input : mapping
        What the action is given.
    following : mapping
        The names of the tasks that follow, by ``"on-success"``, ``"on-error"`` and ``"on-complete"``.
    requires : tuple of str
        The tasks that have to succeed before, in a workflow of the type ``reverse``.
    joins_all : bool
        Whether it waits for all tasks that lead to it.
    """

    name: str
    action: str
    input: Mapping[str, Any] = field(default_factory=dict)
    following: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    joins_all: bool = False


def read_definition(text: str) -> dict[str, Task]:
    """Read a definition.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict
        The tasks by their names, in their order.

    Raises
    ------
    DefinitionError
        If it is no definition, or names tasks that it does not have.

    Examples
    --------
    >>> tasks = read_definition("{version: '2.0', flow: {tasks: {a: {action: std.noop}}}}")
    >>> tasks["a"].action
    'std.noop'
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DefinitionError(f"The definition is not YAML: {error}") from None
    if not isinstance(content, Mapping):
        raise DefinitionError("The definition must be a mapping with a version and a workflow.")
    if str(content.get("version")) not in ("2", "2.0"):
        raise DefinitionError(f"The definition's version must be '2.0', not {content.get('version')!r}.")
    flows = {name: each for name, each in content.items() if name != "version"}
    if len(flows) != 1:
        raise DefinitionError(f"The definition must hold one workflow, not {len(flows)}.")
    ((name, flow),) = flows.items()
    tasks = flow.get("tasks") if isinstance(flow, Mapping) else None
    if not isinstance(tasks, Mapping) or not tasks:
        raise DefinitionError(f"The workflow {name!r} has no tasks.")
    found = {str(key): _task(str(key), each) for key, each in tasks.items()}
    _require_known(found)
    return found


def _task(name: str, content: Any) -> Task:
    """Read one task."""
    if not isinstance(content, Mapping):
        raise DefinitionError(f"The task {name!r} must be a mapping.")
    given = content.get("input") or {}
    if not isinstance(given, Mapping):
        raise DefinitionError(f"The input of the task {name!r} must be a mapping.")
    return Task(
        name,
        str(content.get("action") or content.get("workflow") or "std.noop"),
        dict(given),
        {clause: _names(content.get(clause)) for clause in _CLAUSES},
        _names(content.get("requires")),
        content.get("join") == "all",
    )


def _names(value: Any) -> tuple[str, ...]:
    """Read names of tasks: one, a list, or a list of names with conditions."""
    if value is None:
        return ()
    if isinstance(value, Mapping):
        return _names(value.get("next")) if "next" in value else tuple(str(each) for each in value)
    if isinstance(value, list):
        return tuple(name for each in value for name in _names(each))
    return (str(value),)


def _require_known(tasks: Mapping[str, Task]) -> None:
    """Refuse names of tasks that there are not; Mistral's own commands are no tasks."""
    known = {*tasks, "fail", "succeed", "pause", "noop"}
    for task in tasks.values():
        for name in (*task.requires, *(each for names in task.following.values() for each in names)):
            if name not in known:
                raise DefinitionError(f"The task {task.name!r} names a task that there is not: {name!r}.")

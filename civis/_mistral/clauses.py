"""What follows a task, and what it hands on, from what its YAML holds to the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis._mistral.model import Clause, Publishing, Transition
from civis._mistral.notes import Notes
from civis._mistral.shorthand import read_command
from civis._mistral.source import Path
from civis._names import suggestion

__all__ = ["read_clause", "read_names", "read_publishing"]

_SCOPES = ("branch", "global", "atomic")


def read_clause(value: Any, path: Path, notes: Notes, task: str, key: str) -> Clause:
    """Read one of ``on-success``, ``on-error``, ``on-complete``.

    Parameters
    ----------
    value : object
        A name; a list of names and of names with conditions; or a mapping with ``publish`` and ``next``.
    path : tuple
    notes : Notes
    task, key : str
        What it is about, for messages.
    """
    publish = Publishing()
    if isinstance(value, Mapping) and set(value) & {"publish", "next"}:
        for name in value:
            if name not in ("publish", "next"):
                notes.add(
                    (*path, name), f"it has no key {name!r}, only 'publish' and 'next'.", task=task, key=key
                )
        publish = read_publishing(value.get("publish"), (*path, "publish"), notes, task, is_scoped=True)
        value, path = value.get("next"), (*path, "next")
    return Clause(tuple(_transitions(value, path, notes, task, key)), publish)


def _transitions(value: Any, path: Path, notes: Notes, task: str, key: str) -> list[Transition]:
    """Read the targets, each with its condition."""
    if value is None:
        return []
    if isinstance(value, str):
        return [_transition(value, None, notes.line(path))]
    if isinstance(value, Mapping):
        return [_transition(str(name), each, notes.line((*path, name))) for name, each in value.items()]
    if not isinstance(value, list):
        notes.add(path, f"it must name tasks, not {value!r}.", task=task, key=key)
        return []
    found = []
    for number, each in enumerate(value):
        if isinstance(each, (str, Mapping)) and each:
            found += _transitions(each, (*path, number), notes, task, key)
        else:
            notes.add((*path, number), f"{each!r} is no name of a task.", task=task, key=key)
    return found


def _transition(name: str, condition: Any, line: int | None) -> Transition:
    """Make a transition to a task, or to a command."""
    command = read_command(name)
    if command is not None:
        return Transition(command[0], condition, command[1], line)
    return Transition(name.strip(), condition, None, line)


def read_publishing(
    value: Any, path: Path, notes: Notes, task: str, *, is_scoped: bool = False
) -> Publishing:
    """Read the variables that a task hands on; inside a clause they stand under ``branch`` and ``global``."""
    given = notes.mapping(value, path, "publish", task)
    if not is_scoped:
        return Publishing(given)
    for name in given:
        if name not in _SCOPES:
            hint = suggestion(name, _SCOPES)
            notes.add(
                (*path, name), f"variables stand under 'branch' or 'global'.{hint}", task=task, key="publish"
            )
    branch = notes.mapping(given.get("branch"), (*path, "branch"), "publish", task)
    everywhere = {
        **notes.mapping(given.get("global"), (*path, "global"), "publish", task),
        **notes.mapping(given.get("atomic"), (*path, "atomic"), "publish", task),
    }
    return Publishing(branch, everywhere)


def read_names(value: Any, path: Path, notes: Notes, task: str, key: str) -> tuple[str, ...]:
    """Read the name of a task, or several."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    notes.add(path, f"it must be the name of a task, or a list of names, not {value!r}.", task=task, key=key)
    return ()

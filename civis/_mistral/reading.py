"""From a definition's YAML to its model: which keys there are, and of which type their values must be.

What the values mean together (tasks that are named and not there, …) is for `checking`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis._mistral.model import Definition, Task
from civis._mistral.notes import Notes
from civis._mistral.problems import DefinitionError, Problem
from civis._mistral.source import Source
from civis._mistral.tasks import TASK_KEYS, read_task
from civis._names import suggestion

__all__ = ["read_document"]

_TYPES = ("direct", "reverse")
#: Keys of a task that the defaults of all tasks may set as well.
_DEFAULT_KEYS = frozenset(TASK_KEYS) - {"action", "input", "with-items", "join", "name", "description"}


def read_document(text: str) -> tuple[Definition | None, list[Problem]]:
    """Read a definition; what is wrong with it is listed rather than raised.

    Parameters
    ----------
    text : str

    Returns
    -------
    (Definition or None, list of Problem)
        None where so much is wrong that there is nothing to look at.
    """
    try:
        source = Source(text)
    except DefinitionError as error:
        return None, list(error.problems)
    notes = Notes(source)
    try:
        found = _workflow(source.content, notes)
    except RecursionError:
        notes.add((), "the definition holds itself.")
        found = None
    return found, notes.problems


def _workflow(content: Any, notes: Notes) -> Definition | None:
    """Read the whole."""
    if not isinstance(content, Mapping):
        notes.add((), "the definition must be a mapping with a version and a workflow.")
        return None
    _check_version(content, notes)
    # Other keys may hold blocks that the workflow refers to by YAML's aliases.
    flows = [name for name, each in content.items() if isinstance(each, Mapping) and "tasks" in each]
    others = [name for name in content if name != "version"]
    if len(flows) != 1:
        _tell_about_flows(content, flows, others, notes)
        return None
    name = flows[0]
    flow, path = content[name], (name,)
    tasks = _tasks(flow, (name,), notes)
    if not tasks:
        return None
    kind = flow.get("type", "direct")
    if kind not in _TYPES:
        notes.add((*path, "type"), f"the type must be 'direct' or 'reverse', not {kind!r}.", key="type")
        kind = "direct"
    inputs, required = _inputs(flow.get("input"), (*path, "input"), notes)
    return Definition(
        str(name),
        tasks,
        kind,
        inputs,
        required,
        notes.mapping(flow.get("vars"), (*path, "vars"), "vars"),
        flow.get("output"),
        flow.get("output-on-error"),
    )


def _check_version(content: Mapping[Any, Any], notes: Notes) -> None:
    """Insist on version 2 of the language."""
    if "version" not in content:
        notes.add((), "the key 'version' is missing; it must be '2.0'.", key="version")
    elif str(content["version"]) not in ("2", "2.0"):
        notes.add(("version",), f"the version must be '2.0', not {content['version']!r}.", key="version")


def _tell_about_flows(content: Mapping[Any, Any], flows: list[Any], others: list[Any], notes: Notes) -> None:
    """Say why there is no workflow to read, or more than one."""
    if len(flows) > 1:
        notes.add((flows[1],), f"there must be one workflow, not {len(flows)}: {', '.join(map(str, flows))}.")
    elif not others:
        notes.add((), "there is no workflow: a key beside 'version' that holds its tasks.")
    else:
        name = others[0]
        held = content[name]
        hint = suggestion("tasks", [str(key) for key in held]) if isinstance(held, Mapping) else ""
        notes.add(
            (name,), f"the workflow {name!r} has no tasks: its key 'tasks' is missing.{hint}", key="tasks"
        )


def _tasks(flow: Mapping[Any, Any], path: tuple[str | int, ...], notes: Notes) -> dict[str, Task]:
    """Read all tasks, each with the defaults of all."""
    defaults = notes.mapping(flow.get("task-defaults"), (*path, "task-defaults"), "task-defaults")
    for key in defaults:
        if key not in _DEFAULT_KEYS:
            hint = suggestion(str(key), sorted(_DEFAULT_KEYS))
            notes.add((*path, "task-defaults", key), f"there is no such default.{hint}", key=str(key))
    path = (*path, "tasks")
    given = flow.get("tasks")
    if not isinstance(given, Mapping) or not given:
        notes.add(path, "the tasks must be a mapping with one task or more.", key="tasks")
        return {}
    if isinstance(flow.get("type"), str) and flow["type"] == "reverse":
        defaults = {key: each for key, each in defaults.items() if not str(key).startswith("on-")}
    return {str(name): read_task(name, each, defaults, (*path, name), notes) for name, each in given.items()}


def _inputs(value: Any, path: tuple[str | int, ...], notes: Notes) -> tuple[dict[str, Any], frozenset[str]]:
    """Read the inputs: names, and mappings of a name to its default; one without a default must be given."""
    defaults: dict[str, Any] = {}
    required: set[str] = set()
    if value is not None and not isinstance(value, list):
        notes.add(path, "the input must be a list of names, or of names with their defaults.", key="input")
        return {}, frozenset()
    for number, each in enumerate(value or ()):
        if isinstance(each, str):
            required.add(each)
        elif isinstance(each, Mapping) and len(each) == 1:
            ((name, default),) = each.items()
            defaults[str(name)] = default
        else:
            notes.add(
                (*path, number), f"{each!r} is no name of an input, nor one with its default.", key="input"
            )
    return defaults, frozenset(required)

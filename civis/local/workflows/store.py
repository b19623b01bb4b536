"""Executions in the platform's state: each is an object below its workflow, so that a restart finds it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy.engine import Connection

from civis._mistral import Definition, DefinitionError, read_definition
from civis.local.state import Moment, Stored, moment_text, objects
from civis.local.workflows.engine import begin
from civis.local.workflows.execution import Execution
from civis.local.workflows.expressions import ExpressionError
from civis.local.workflows.scope import Scope
from civis.local.workflows.selection import needed, select

__all__ = ["KIND", "STATES", "CannotStart", "create", "definition_of", "load", "problem_of", "save"]

KIND = "workflow_execution"
"""The kind of the objects."""

STATES: Mapping[str, str] = {
    "running": "running",
    "paused": "running",
    "success": "succeeded",
    "error": "failed",
    "cancelled": "cancelled",
}
"""The platform's word for a state of the engine; a paused execution is one that is not over."""


class CannotStart(ValueError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """An execution cannot be started as it is asked for; the text says why."""


def create(
    connection: Connection,
    workflow: Stored,
    *,
    user_id: int,
    now: float,
    input: Mapping[str, Any] | None = None,
    target: str | None = None,
    included: list[str] | None = None,
    parent: Stored | None = None,
) -> Stored:
    """Store a new execution of a workflow; it goes on when the runner is told of it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        A write transaction.
    workflow : Stored
    user_id : int
        For whom its jobs run.
    now : float
        Seconds since 1970.
    input : mapping, optional
    target : str, optional
        The task of a reverse workflow that is asked for; by default all are.
    included : list of str, optional
        The tasks to do; by default all.
    parent : Stored, optional
        The execution one of whose tasks this is.

    Raises
    ------
    DefinitionError
        If the workflow's definition cannot be run.
    CannotStart
        If an input is missing or not known, or there is no such task.
    """
    text = workflow.document.get("definition") or ""
    definition = read_definition(text)
    for name in [*(included or ()), *([target] if target else ())]:
        if name not in definition.tasks:
            raise CannotStart(f"The workflow {workflow.id} has no task {name!r}.")
    given = _inputs(workflow, definition, input or {})
    stored = objects.insert(
        connection,
        KIND,
        {
            "definition": text,
            "input": dict(input or {}),
            "included_tasks": included or [],
            "target_task": target,
            "parent_execution_id": None if parent is None else parent.id,
            "depth": 0 if parent is None else int(parent.document.get("depth") or 0) + 1,
            "started_at": moment_text(now),
            "finished_at": None,
            "is_active": True,
        },
        now=now,
        name=workflow.name,
        author_id=user_id,
        parent_id=workflow.id,
    )
    execution = Execution(variables={**given, "__env": _environment(workflow, stored, given)})
    if definition.is_reverse:
        execution.wanted = needed(definition, target) if target else list(definition.tasks)
        if included:
            execution.wanted = [name for name in execution.wanted if name in included]
    try:
        found = Scope(execution, lambda: now).evaluate(dict(definition.variables))
    except ExpressionError as error:
        raise CannotStart(f"The workflow {workflow.id} cannot start. {error}") from None
    execution.variables = {**found, **execution.variables}
    begin(definition_of(stored), execution)
    return save(connection, stored, execution, now)


def load(stored: Stored) -> Execution:
    """Give the execution that an object holds."""
    return Execution.of_document(stored.document["engine"])


def save(connection: Connection, stored: Stored, execution: Execution, now: Moment) -> Stored:
    """Store what has become of an execution."""
    document: dict[str, Any] = {
        "engine": execution.to_document(),
        "state": STATES[execution.state],
        "is_active": execution.is_busy(),
    }
    if execution.is_over and not stored.document.get("finished_at"):
        document["finished_at"] = moment_text(now)
    elif not execution.is_over:
        document["finished_at"] = None
    return objects.update(connection, stored.id, now=now, document=document)


def definition_of(stored: Stored) -> Definition:
    """Give the definition that an execution runs by: that of its start, with the tasks it asked for.

    Raises
    ------
    DefinitionError
        If it cannot be read any more.
    """
    included = stored.document.get("included_tasks") or ()
    return _definition(stored.document.get("definition") or "", tuple(included))


@lru_cache(maxsize=64)
def _definition(text: str, included: tuple[str, ...]) -> Definition:
    """Read a definition; the same one is needed for every step of an execution."""
    definition = read_definition(text)
    return definition if definition.is_reverse else select(definition, included)


def _inputs(workflow: Stored, definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Put the inputs together: what was sent, and defaults for the rest.

    An input with no value (``- report_id:`` in YAML) has the default null, as Mistral has it.
    """
    known = {*definition.inputs, *definition.required_inputs}
    missing = sorted(definition.required_inputs - set(given))
    unknown = sorted(set(given) - known)
    if missing:
        raise CannotStart(f"The workflow {workflow.id} needs the input {', '.join(map(repr, missing))}.")
    if unknown:
        said = ", ".join(map(repr, unknown))
        has = f"it has: {', '.join(sorted(known))}" if known else "it has none"
        raise CannotStart(f"The workflow {workflow.id} has no input {said}; {has}.")
    return {**definition.inputs, **given}


def _environment(workflow: Stored, stored: Stored, given: Mapping[str, Any]) -> dict[str, Any]:
    """Give what ``env()`` and ``$.get('__env')`` are."""
    return {"workflow_id": workflow.id, "execution_id": stored.id, "input": dict(given)}


def problem_of(text: str) -> str | None:
    """Say what is wrong with a definition, or None."""
    try:
        read_definition(text)
    except DefinitionError as error:
        return str(error)
    return None

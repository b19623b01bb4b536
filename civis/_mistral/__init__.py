"""The workflow language (Mistral's, version 2) as a model: no HTTP, no state, no value of an expression.

One definition for two readers: :mod:`civis.workflows` tells people what is wrong with theirs, and the local
platform runs it.

>>> definition = read_definition("{version: '2.0', flow: {tasks: {a: {}}}}")
>>> [task.name for task in definition.tasks.values()]
['a']
"""

from __future__ import annotations

from civis._mistral.actions import ACTIONS, Action, find_action
from civis._mistral.checking import check
from civis._mistral.expressions import has_expression, names_of_tasks, split
from civis._mistral.model import (
    CLAUSES,
    COMMANDS,
    Clause,
    Definition,
    Publishing,
    Retry,
    Task,
    Transition,
    WithItems,
)
from civis._mistral.problems import DefinitionError, Problem
from civis._mistral.reading import read_document

__all__ = [
    "ACTIONS",
    "CLAUSES",
    "COMMANDS",
    "Action",
    "Clause",
    "Definition",
    "DefinitionError",
    "Problem",
    "Publishing",
    "Retry",
    "Task",
    "Transition",
    "WithItems",
    "find_action",
    "find_problems",
    "has_expression",
    "names_of_tasks",
    "read_definition",
    "split",
]


def find_problems(text: str) -> list[Problem]:
    """List all that is wrong with a definition, in the order of its lines.

    Parameters
    ----------
    text : str
        YAML.

    Returns
    -------
    list of Problem
        Empty for a good one.

    Examples
    --------
    >>> print(find_problems("{version: '2.0', flow: {tasks: {a: {join: 2}}}}")[0])
    line 1, task 'a', key 'join': it waits for 2 tasks, but 0 lead to it.
    """
    return _read(text)[1]


def read_definition(text: str) -> Definition:
    """Read a definition that is to be run.

    Inputs that an action lacks, or does not have, are left for the task to fail with, as on the hosted
    platform: only a task that is reached needs them.

    Parameters
    ----------
    text : str
        YAML.

    Returns
    -------
    Definition

    Raises
    ------
    DefinitionError
        If it cannot be run; it lists all that is wrong.
    """
    definition, problems = _read(text)
    fatal = [problem for problem in problems if not problem.is_about_input]
    if fatal or definition is None:
        raise DefinitionError(fatal)
    return definition


def _read(text: str) -> tuple[Definition | None, list[Problem]]:
    """Read a definition, and all that is wrong with it in the order of its lines."""
    definition, problems = read_document(text)
    if definition is not None:
        problems = [*problems, *check(definition)]
    return definition, sorted(problems, key=lambda problem: problem.line or 0)

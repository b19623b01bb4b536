"""Definitions of workflows are checked on this machine: nothing is sent, no client is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from civis._errors import CivisError
from civis._mistral import Problem, find_problems

__all__ = ["WorkflowValidationError", "validate_workflow_yaml"]


class WorkflowValidationError(CivisError, ValueError):
    """A workflow's definition has something wrong with it.

    Attributes
    ----------
    problems : tuple of Problem
        All of it in the order of the lines, each with `message`, `task`, `key` and `line`.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.args[0], self.problems)


def validate_workflow_yaml(text: str) -> None:
    """Check the YAML that defines a workflow, as `client.workflows.post` takes it.

    Checked are the version, the keys and their values, that actions are known and given what they need, that
    transitions name tasks which are there and other than the task itself, joins that can come about,
    expressions that end, and that all characters are ASCII's. What only a run can tell (whether a job exists,
    what an expression gives) is not.

    Parameters
    ----------
    text : str
        The definition.

    Raises
    ------
    WorkflowValidationError
        If something is wrong: one line of text for each problem, with its line, task and key.
    TypeError
        If `text` is no str.

    Examples
    --------
    >>> validate_workflow_yaml('''
    ... version: "2.0"
    ... workflow:
    ...   tasks:
    ...     load:
    ...       action: civis.run_job
    ...       input:
    ...         job_id: 123
    ...       on-success: [report]
    ... ''')
    Traceback (most recent call last):
    ...
    civis.workflows._validation.WorkflowValidationError: The workflow's definition is not valid:
    line 9, task 'load', key 'on-success': there is no task 'report'.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"A workflow's definition must be a str with YAML, not {type(text).__name__}; "
            "read a file with Path(...).read_text()."
        )
    problems = find_problems(text)
    if problems:
        lines = "\n".join(str(problem) for problem in problems)
        raise WorkflowValidationError(f"The workflow's definition is not valid:\n{lines}", problems)

"""What is wrong with a definition, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["DefinitionError", "Problem"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a definition.

    Attributes
    ----------
    message : str
        What is wrong, and what would be right.
    task : str, optional
        The task it is in.
    key : str, optional
        The key it is about.
    line : int, optional
        The line of the text, from 1 on.
    is_about_input : bool
        Whether only an action's input is wrong: the workflow runs, but the task will fail.

    Examples
    --------
    >>> print(Problem("there is no task 'b'.", "a", "on-success", 7))
    line 7, task 'a', key 'on-success': there is no task 'b'.
    """

    message: str
    task: str | None = None
    key: str | None = None
    line: int | None = None
    is_about_input: bool = False

    def __str__(self) -> str:
        places = []
        if self.line is not None:
            places.append(f"line {self.line}")
        if self.task is not None:
            places.append(f"task {self.task!r}")
        if self.key is not None:
            places.append(f"key {self.key!r}")
        return f"{', '.join(places)}: {self.message}" if places else self.message


class DefinitionError(ValueError):
    """A definition that cannot be run.

    Attributes
    ----------
    problems : tuple of Problem
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

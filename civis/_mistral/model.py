"""What a definition says, as values; how it is written, and how it is run, is for others to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "CLAUSES",
    "COMMANDS",
    "Clause",
    "Definition",
    "Publishing",
    "Retry",
    "Task",
    "Transition",
    "WithItems",
]

CLAUSES = ("on-success", "on-error", "on-complete")
"""The keys under which a task says what follows it, in the order in which they are followed."""

COMMANDS = ("fail", "succeed", "pause", "noop")
"""Words that stand where a task's name could, and tell the workflow itself what to do."""


@dataclass(frozen=True)
class Transition:
    """What follows a task: another task, or a command.

    Attributes
    ----------
    target : str
        The task's or the command's name.
    condition : str or bool, optional
        An expression; the target follows only where it is true.
    message : str, optional
        What a command is given: ``fail(msg="no rows")``.
    line : int, optional
    """

    target: str
    condition: Any = None
    message: str | None = None
    line: int | None = None

    @property
    def is_command(self) -> bool:
        """Whether it tells the workflow what to do, rather than naming a task."""
        return self.target in COMMANDS


@dataclass(frozen=True)
class Publishing:
    """Variables that a task hands on: to those that follow it, and to all tasks.

    Attributes
    ----------
    branch, everywhere : mapping
        Expressions by the variables' names.
    """

    branch: Mapping[str, Any] = field(default_factory=dict)
    everywhere: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Clause:
    """One of ``on-success``, ``on-error``, ``on-complete``."""

    transitions: tuple[Transition, ...] = ()
    publish: Publishing = Publishing()


@dataclass(frozen=True)
class Retry:
    """How often, and until when, a task is tried again.

    Attributes
    ----------
    count : int or str
        Tries after the first one.
    delay : float or str, default 0
        Seconds between two of them.
    break_on, continue_on : str, optional
        Expressions: when true no further try is made after a failure; when true one is made after a success.
    """

    count: Any
    delay: Any = 0
    break_on: Any = None
    continue_on: Any = None


@dataclass(frozen=True)
class WithItems:
    """The lists whose items a task's action is run for, by the names of the variables."""

    lists: Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    name : str
    action : str
        What it does, such as ``"civis.run_job"``.
    input : mapping
        What the action is given; may hold expressions.
    clauses : mapping
        What follows, by ``"on-success"``, ``"on-error"`` and ``"on-complete"``.
    publish, publish_on_error : Publishing
    join : int, "all" or None
        How many of the tasks that lead here have to; None: each starts it anew.
    retry : Retry, optional
    wait_before, wait_after, timeout : float or str, optional
        Seconds.
    pause_before, fail_on : bool or str, optional
    with_items : WithItems, optional
    concurrency : int or str, optional
        Items at once.
    requires : tuple of str
        Tasks before it, in a workflow of the type ``reverse``.
    keep_result : bool or str
    line : int, optional
    lines : mapping
        The lines of its keys.
    """

    name: str
    action: str = "std.noop"
    input: Mapping[str, Any] = field(default_factory=dict)
    clauses: Mapping[str, Clause] = field(default_factory=dict)
    publish: Publishing = Publishing()
    publish_on_error: Publishing = Publishing()
    join: int | Literal["all"] | None = None
    retry: Retry | None = None
    wait_before: Any = None
    wait_after: Any = None
    timeout: Any = None
    pause_before: Any = None
    fail_on: Any = None
    with_items: WithItems | None = None
    concurrency: Any = None
    requires: tuple[str, ...] = ()
    keep_result: Any = True
    line: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def transitions(self, clause: str | None = None) -> Sequence[Transition]:
        """List what follows it: under one of the clauses, or under any."""
        names = CLAUSES if clause is None else (clause,)
        return [each for name in names if name in self.clauses for each in self.clauses[name].transitions]


@dataclass(frozen=True)
class Definition:
    """A workflow.

    Attributes
    ----------
    name : str
    tasks : mapping
        By name, in their order.
    type : {"direct", "reverse"}
    inputs : mapping
        The defaults of its inputs.
    required_inputs : frozenset of str
        Inputs without one.
    variables, output, output_on_error : mapping
        May hold expressions.
    """

    name: str
    tasks: Mapping[str, Task]
    type: str = "direct"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    required_inputs: frozenset[str] = frozenset()
    variables: Mapping[str, Any] = field(default_factory=dict)
    output: Any = None
    output_on_error: Any = None

    @property
    def is_reverse(self) -> bool:
        """Whether tasks name those before them, rather than those after them."""
        return self.type == "reverse"

    def before(self, name: str) -> list[Task]:
        """List the tasks that lead to one."""
        return [
            task for task in self.tasks.values() if any(each.target == name for each in task.transitions())
        ]

    def first(self) -> list[Task]:
        """List the tasks that nothing leads to: a direct workflow begins with them."""
        led_to = {each.target for task in self.tasks.values() for each in task.transitions()}
        return [task for name, task in self.tasks.items() if name not in led_to]

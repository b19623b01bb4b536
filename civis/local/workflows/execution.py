"""An execution of a workflow as it is kept: what of it has happened so far, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["OVER", "Execution", "Held", "Item", "TaskRun"]

TaskState = Literal["idle", "waiting", "running", "delayed", "success", "error", "cancelled"]
State = Literal["running", "paused", "success", "error", "cancelled"]

OVER = frozenset({"success", "error", "cancelled"})
"""States in which nothing happens any more: of executions, of tasks and of items alike."""


@dataclass
class Item:
    """One call of a task's action: its only one, or that for one item of a list.

    Attributes
    ----------
    values : dict
        The variables of ``with-items``.
    state : str
        As of tasks.
    result : object
    info : str, optional
        Why it failed.
    job_id, run_id, execution_id : int, optional
        What it started.
    """

    values: dict[str, Any] = field(default_factory=dict)
    state: TaskState = "idle"
    result: Any = None
    info: str | None = None
    job_id: int | None = None
    run_id: int | None = None
    execution_id: int | None = None


@dataclass
class TaskRun:
    """One time that a task is done; a task that is led to several times is done several times.

    Attributes
    ----------
    id : int
        Counts up within the execution.
    name : str
    state : str
    info : str, optional
        Why it is in that state.
    variables : dict
        What the tasks before it handed on.
    published : dict
        What it hands on itself.
    result : object
    items : list of Item
    parents : list of int
        The IDs of what led to it.
    attempts : int
        How often it was tried.
    due, due_for : float, str
        When it goes on, and with what: ``"start"``, ``"retry"`` or ``"end"``.
    outcome : str, optional
        How it will end once its ``wait-after`` is over.
    timeout_at : float, optional
    next : list of str, optional
        What it led to; None until that is decided.
    is_error_handled : bool
    runs : list of (int, int)
        The jobs and runs of all its tries, the last one last.
    executions : list of int
        Likewise the executions.
    """

    id: int
    name: str
    state: TaskState = "idle"
    info: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    items: list[Item] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attempts: int = 0
    due: float | None = None
    due_for: Literal["start", "retry", "end"] | None = None
    outcome: TaskState | None = None
    timeout_at: float | None = None
    next: list[str] | None = None
    is_error_handled: bool = False
    runs: list[list[int]] = field(default_factory=list)
    executions: list[int] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in OVER

    def running(self) -> list[Item]:
        """List the calls that go on."""
        return [item for item in self.items if item.state == "running"]


@dataclass
class Held:
    """A transition that a pause keeps back."""

    target: str
    parent: int
    message: str | None = None


@dataclass
class Execution:
    """An execution.

    Attributes
    ----------
    state : str
    info : str, optional
    variables : dict
        Inputs, variables of the workflow, and ``__env``.
    everywhere : dict
        What tasks handed on to all.
    tasks : list of TaskRun
        In the order in which they were led to.
    held : list of Held
    wanted : list of str, optional
        The tasks of a reverse workflow that are asked for.
    is_cancel_requested : bool
    output : object
    """

    state: State = "running"
    info: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    everywhere: dict[str, Any] = field(default_factory=dict)
    tasks: list[TaskRun] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    wanted: list[str] | None = None
    is_cancel_requested: bool = False
    output: Any = None

    @property
    def is_over(self) -> bool:
        """Whether no further task is started."""
        return self.state in OVER

    def latest(self, name: str) -> TaskRun | None:
        """Give a task's last time, or None."""
        return next((task for task in reversed(self.tasks) if task.name == name), None)

    def task(self, id: int) -> TaskRun:
        """Give the task of an ID."""
        return self.tasks[id - 1]

    def add(self, name: str, **fields: Any) -> TaskRun:
        """Add a task that is led to."""
        task = TaskRun(len(self.tasks) + 1, name, **fields)
        self.tasks.append(task)
        return task

    def due(self) -> float | None:
        """Give when something has to be done without anything having ended, or None."""
        if self.state == "paused":
            return None
        times = [task.due for task in self.tasks if task.due is not None and not task.is_over]
        times += [task.timeout_at for task in self.tasks if task.timeout_at is not None and task.running()]
        return min(times, default=None)

    def is_busy(self) -> bool:
        """Tell whether something of it still goes on, even if the execution itself is over."""
        return not self.is_over or any(task.running() for task in self.tasks)

    def to_document(self) -> dict[str, Any]:
        """Give it as JSON can hold it; what is in it is shared, not copied, which a long list would feel."""
        tasks = [{**vars(task), "items": [dict(vars(item)) for item in task.items]} for task in self.tasks]
        return {**vars(self), "tasks": tasks, "held": [dict(vars(each)) for each in self.held]}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Execution:
        """Read what `to_document` gave."""
        given = dict(document)
        tasks = [
            TaskRun(**{**each, "items": [Item(**item) for item in each["items"]]})
            for each in given.pop("tasks", ())
        ]
        return cls(**given | {"tasks": tasks, "held": [Held(**each) for each in given.pop("held", ())]})

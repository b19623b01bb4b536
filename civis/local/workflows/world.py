"""What the engine needs of the world around it: actions that start, end, and are cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from civis.local.workflows.execution import Item, TaskRun, TaskState

__all__ = ["Ended", "Started", "World"]


@dataclass(frozen=True)
class Started:
    """An action that goes on: as a run of a job, as an execution of a workflow, or until it is ended."""

    job_id: int | None = None
    run_id: int | None = None
    execution_id: int | None = None


@dataclass(frozen=True)
class Ended:
    """How an action ended."""

    state: TaskState
    result: Any = None
    info: str | None = None


class World(Protocol):
    """Performs actions."""

    def now(self) -> float:
        """Give the time, in seconds since 1970."""
        ...

    def start(self, action: str, input: Mapping[str, Any], task: TaskRun) -> Started | Ended:
        """Begin an action; one that is over at once tells how it ended."""
        ...

    def ended(self, items: Sequence[Item]) -> Mapping[int, Ended]:
        """Tell which of the calls that go on have ended, by their places in the list."""
        ...

    def cancel(self, item: Item) -> None:
        """Ask a call to end."""
        ...

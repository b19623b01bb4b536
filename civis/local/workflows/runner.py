"""Executions taken along: when a run of one ends, when one is due, and after a restart.

Each step is one transaction: what the engine decided, the jobs that it started, and the runs it queued are
stored together or not at all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from civis.local.duties.notices import Outcome, note_outcome
from civis.local.jobs.endings import when_over
from civis.local.settings import PlatformError
from civis.local.state import ObjectNotFound, Run, Stored, after_commit, objects
from civis.local.workflows import store
from civis.local.workflows.actions import EXECUTION, PlatformWorld
from civis.local.workflows.engine import advance
from civis.local.workflows.operations import Operations

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Runner"]

_LOGGER = logging.getLogger(__name__)


class Runner:
    """Takes executions along; a keeper of the agenda.

    Parameters
    ----------
    platform : Platform
    operations : Operations
    wake : callable
        Has `turn` called soon.
    """

    def __init__(self, platform: Platform, operations: Operations, wake: Callable[[], object]) -> None:
        self._platform, self._operations, self._wake = platform, operations, wake
        self._lock = threading.Lock()
        self._called: set[int] = set()
        self._due: dict[int, float] = {}
        self._has_looked = False

    def call(self, id: int) -> None:
        """Have an execution taken along soon; call it after the commit of what it is to see."""
        with self._lock:
            self._called.add(id)
        self._wake()

    def turn(self) -> float | None:
        """Take along the executions that were called, and those that are due."""
        while ids := self._take():
            for id in sorted(ids):
                self._advance(id)
        return min(self._due.values(), default=None)

    def _take(self) -> set[int]:
        """Give the executions to take along; at first all that are not over."""
        if not self._has_looked:
            with self._platform.state.read() as connection:
                active = objects.select_objects(connection, store.KIND, document={"is_active": True})
            self._has_looked = True
            return {each.id for each in active}
        now = self._platform.clock.time()
        with self._lock:
            found, self._called = self._called, set()
        return found | {id for id, due in self._due.items() if due <= now}

    def _advance(self, id: int) -> None:
        """Take one execution along; whatever goes wrong, it does not stay running for ever."""
        self._due.pop(id, None)
        try:
            self._step(id)
        except PlatformError:
            raise
        except Exception as error:
            _LOGGER.exception("The execution %s of a workflow could not go on", id)
            self._give_up(id, f"The execution cannot go on: {type(error).__name__}: {error}")

    def _step(self, id: int) -> None:
        """Take one execution along, in one transaction."""
        with self._platform.state.begin() as connection:
            try:
                stored = objects.fetch(connection, store.KIND, id)
            except ObjectNotFound:
                return
            if not stored.document.get("is_active"):
                return
            execution = store.load(stored)
            was_over = execution.is_over
            world = PlatformWorld(self._platform, self._operations, connection, stored)
            has_more = advance(store.definition_of(stored), execution, world)
            stored = store.save(connection, stored, execution, world.now())
            if execution.is_over and not was_over:
                self._end(connection, stored, world)
            due = execution.due()
        for each in [*world.woken, *([id] if has_more else ())]:
            self.call(each)
        if due is not None and stored.document["is_active"]:
            self._due[id] = due

    def _end(self, connection: Connection, stored: Stored, world: PlatformWorld) -> None:
        """Tell those who wait for an execution that it is over."""
        parent_id = stored.document.get("parent_execution_id")
        if parent_id is not None:
            world.woken.append(parent_id)
        if stored.parent_id is None:
            return
        workflow = objects.fetch(connection, None, stored.parent_id)
        state, info = stored.document["state"], stored.document["engine"]["info"]
        outcome = Outcome(stored.id, state, info, stored.created_at, stored.updated_at)
        note_outcome(self._platform, connection, workflow, outcome)

    def _give_up(self, id: int, info: str) -> None:
        """End an execution that cannot go on."""
        with self._platform.state.begin() as connection:
            for stored in objects.select_objects(connection, store.KIND, id=id):
                execution = store.load(stored)
                execution.state, execution.info = "error", info
                for task in execution.tasks:
                    if not task.is_over:
                        task.state, task.info, task.items = "error", info, []
                store.save(connection, stored, execution, self._platform.clock.time())


@when_over
def call_execution(platform: Platform, connection: Connection, run: Run) -> None:
    """When a run of an execution is over, have the execution go on."""
    id = run.document.get(EXECUTION)
    if id is None:
        return

    def call() -> None:
        try:
            duties = platform.duties
        except (PlatformError, AttributeError):
            return  # the platform stops, or is being started: its next turn looks at all executions
        duties.workflows.call(int(id))

    after_commit(connection, call)

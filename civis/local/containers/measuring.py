"""What a container uses of memory and processors, looked at from outside while it runs.

The engine's own figures cost it a second each, and lack the highest; the processes of a container on this
machine are this machine's, and are measured as those of other runs are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from civis.local.containers.engine import ContainerEngine
from civis.local.jobs.executors import RunContext
from civis.local.jobs.usage import Usage

__all__ = ["forget_use", "measured"]

_FIRST_LOOK, _LAST_PAUSE = 0.2, 2.0  # seconds; asking the engine costs a process each time
#: Seconds: a process that is older than the container's start by more is another machine's number.
_OLDER = 5.0


@contextmanager
def measured(context: RunContext, engine: ContainerEngine, name: str) -> Iterator[None]:
    """While the block runs a container, measure it; the run's notes get the figures, if there are any."""
    over = threading.Event()
    looking = _Looking(engine, name, over)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        forget_use(context)
        if looking.usage is not None and looking.usage.memory_mb:
            context.notes.update(looking.usage.fields(0.0, 1.0))


def forget_use(context: RunContext) -> None:
    """Take from a run's notes what the engine's own program has used: it is no use of the run's."""
    for field in ("max_memory_usage", "max_cpu_usage"):
        context.notes.pop(field, None)


class _Looking(threading.Thread):
    """Finds the first process of a container, and measures what descends from it."""

    def __init__(self, engine: ContainerEngine, name: str, over: threading.Event) -> None:
        super().__init__(name="civis-platform-container")
        self.usage: Usage | None = None
        self._engine, self._container, self._over = engine, name, over
        self._begin = time.time()

    def run(self) -> None:
        """Look until the container has ended: the life of the thread."""
        if self._engine.host is not None:  # its processes are those of a virtual machine
            return
        pause = _FIRST_LOOK
        while not self._over.wait(pause):
            if self.usage is not None:
                pause = self.usage.look()
            elif self._is_there():
                pause = 0.0
            else:
                pause = min(2 * pause, _LAST_PAUSE)

    def _is_there(self) -> bool:
        """Find the container's first process."""
        process = self._engine.inspect(self._container, ".State.Pid")
        if not process:
            return False
        with suppress(psutil.Error):
            if psutil.Process(int(process)).create_time() >= self._begin - _OLDER:
                self.usage = Usage(int(process))
                return True
        return False

"""Asks a container to end, and goes on asking until it has begun and hears it.

The program that is attached to a container is not told: some versions of it hand SIGTERM on, others let go of
the container at once, and what it says at its end would be lost.
"""

from __future__ import annotations

import threading
from types import TracebackType

from civis.local.containers.engine import CHECK_SECONDS, ContainerEngine, EngineError
from civis.local.warehouse import Interrupted, Interruption

__all__ = ["Asking"]

_PAUSE = 0.1  # seconds


class Asking:
    """Sends a container SIGTERM, from a thread of its own.

    Parameters
    ----------
    engine : ContainerEngine
    container : str
        Its name.
    """

    def __init__(self, engine: ContainerEngine, container: str) -> None:
        self._engine, self._container = engine, container
        self._is_over, self._interruption = threading.Event(), Interruption()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Asking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._interruption.interrupt()  # one that hangs must not keep the run
        if self._thread is not None:
            self._thread.join()

    def begin(self) -> None:
        """Begin to ask; does not wait, and does nothing the second time."""
        with self._lock:
            if self._thread is None and not self._is_over.is_set():
                self._thread = threading.Thread(target=self._ask, name="civis-platform-container-end")
                self._thread.start()

    def _ask(self) -> None:
        """Ask until it is heard, or there is nobody left to ask: the life of the thread."""
        while not self._is_over.is_set():
            try:
                self._engine.ask(
                    "kill",
                    "--signal=TERM",
                    self._container,
                    interruption=self._interruption,
                    seconds=CHECK_SECONDS,
                )
            except Interrupted:
                return
            except EngineError:  # it has not begun yet, or has ended
                self._is_over.wait(_PAUSE)
            else:
                return

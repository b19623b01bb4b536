"""Lets requests through until somebody needs the platform to hold still; knows nothing of either."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Gate"]


class Gate:
    """Counts who is inside, and keeps others out while it is closed.

    Examples
    --------
    >>> gate = Gate()
    >>> with gate.passing():
    ...     pass  # a request
    >>> with gate.closed():
    ...     pass  # nobody is inside
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_closed = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Go in, once the gate is open."""
        with self._changed:
            if self._is_closed:
                self._changed.wait_for(lambda: not self._is_closed)
            self._inside += 1
        try:
            yield
        finally:
            self.leave()

    def enter_if_open(self) -> bool:
        """Go in unless the gate is closed, without waiting; whoever got in has to `leave`."""
        with self._changed:
            self._inside += not self._is_closed
            return not self._is_closed

    def leave(self) -> None:
        """Go out."""
        with self._changed:
            self._inside -= 1
            if self._is_closed:
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Keep newcomers waiting, and wait until all who are inside have left."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_closed)
            self._is_closed = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._is_closed = False
                self._changed.notify_all()

"""How long the steps of a job take, and what its process uses of the machine; for the metadata."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]

__all__ = ["Stopwatch"]


class Stopwatch:
    """Measures steps by their names.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> with watch.measured("load"):
    ...     pass
    >>> list(watch.usage()["seconds"])
    ['load']
    """

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def measured(self, step: str) -> Iterator[None]:
        """Measure a step."""
        begin = time.monotonic()
        yield
        self._seconds[step] = self._seconds.get(step, 0.0) + time.monotonic() - begin

    def usage(self) -> dict[str, Any]:
        """Give the seconds of each step, those of the processor, and the most memory of the process in MB."""
        found: dict[str, Any] = {
            "seconds": {name: round(value, 3) for name, value in self._seconds.items()},
            "cpu_seconds": round(time.process_time(), 3),
        }
        if resource is not None:
            unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
            found["memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)
        return found

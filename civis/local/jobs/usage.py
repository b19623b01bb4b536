"""How much memory and processor a program and all that it started use; what a run may have of the machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["LEAST_MEMORY_MB", "Usage", "machine_cpu", "machine_memory_mb"]

MEGABYTE = 1024 * 1024

LEAST_MEMORY_MB = 64
"""A lower memory limit counts as this one: an interpreter alone takes a good part of it."""

#: Memory that a program could take in a second, in MB: how soon to look again follows from what it has left.
_FASTEST_MB = 4096.0
_SOONEST, _LATEST = 0.02, 0.5  # seconds between two looks
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def machine_cpu() -> int:
    """Give the processors there are for this process, in thousandths of one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return 1000 * (count or 1)


def machine_memory_mb() -> int:
    """Give the memory there is, in MB: the machine's, or the container's if that is less."""
    found = [psutil.virtual_memory().total]
    for name in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # not there, or "max"
            found.append(int(Path(name).read_text(encoding="ascii")))
    return min(found) // MEGABYTE


class Usage:
    """Measures the processes that descend from one.

    Parameters
    ----------
    process : int
        The ID of the process whose descendants count; itself it does not.
    memory_mb : int, optional
        What they may use together, in MB.
    monotonic : callable, optional
        What tells the time, in seconds.
    """

    def __init__(
        self, process: int, memory_mb: int | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._root = process
        self._limit = None if memory_mb is None else max(memory_mb, LEAST_MEMORY_MB)
        self._monotonic = monotonic
        self._seen: tuple[float, float] | None = None  # when, and how many seconds of processor by then
        self.memory_mb = 0.0
        self.cpu = 0.0
        self.is_over = False

    @property
    def limit_mb(self) -> int | None:
        """What they may use together, in MB; None is all there is."""
        return self._limit

    def look(self) -> float:
        """Measure, and tell in how many seconds to look again."""
        processes = self._descendants()
        memory = sum(_rss(each) for each in processes)
        if self._limit is not None and memory > self._limit:
            # Pages that a fork shares count once in each: only a closer and slower look tells.
            memory = sum(_own_share(each) for each in processes)
            # Once over, it is: the next look may find the processes half gone.
            self.is_over = self.is_over or memory > self._limit
        self.memory_mb = max(self.memory_mb, memory)
        self._note_cpu(sum(_cpu_seconds(each) for each in processes))
        if not self.memory_mb:  # the program is not there yet, and may be gone before a later look
            return _SOONEST
        if self._limit is None:
            return _LATEST
        return min(_LATEST, max(_SOONEST, (self._limit - memory) / _FASTEST_MB))

    def fields(self, cpu_seconds: float, seconds: float) -> dict[str, float]:
        """Give what a run tells of its use: the most memory in MB, the most processor in thousandths.

        Parameters
        ----------
        cpu_seconds, seconds : float
            The program's time on processors and on the clock, for one too short to be looked at.
        """
        cpu = max(self.cpu, 1000 * cpu_seconds / max(seconds, 0.001))
        return {"max_memory_usage": round(self.memory_mb, 1), "max_cpu_usage": round(cpu, 1)}

    def _descendants(self) -> list[psutil.Process]:
        """List the processes that count."""
        with suppress(psutil.Error):
            return psutil.Process(self._root).children(recursive=True)
        return []

    def _note_cpu(self, seconds: float) -> None:
        """Work out the use of processors since the last look; one that ended takes its seconds with it."""
        now, before = self._monotonic(), self._seen
        self._seen = (now, seconds)
        if before is not None and now > before[0]:
            self.cpu = max(self.cpu, 1000 * (seconds - before[1]) / (now - before[0]))


def _rss(process: psutil.Process) -> float:
    """Give a process's memory in MB; 0 if it has ended."""
    with suppress(psutil.Error):
        return float(process.memory_info().rss) / MEGABYTE
    return 0.0


def _own_share(process: psutil.Process) -> float:
    """Give a process's memory in MB, shared pages in parts, where the system tells that."""
    with suppress(psutil.Error):
        info = process.memory_full_info()
        return float(getattr(info, "pss", info.rss)) / MEGABYTE
    return _rss(process)


def _cpu_seconds(process: psutil.Process) -> float:
    """Give the processor time a process has taken, with that of children it waited for."""
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0

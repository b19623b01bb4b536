"""A child process as a run: its output becomes the log, a cancel or a limit ends it with all it started.

Knows nothing of scripts; what to start and with which environment is for the caller to say. Between the
platform and the program stands `launcher`, which outlives the program and never the platform.
"""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from civis.local.jobs.children import Child, Program, open_child
from civis.local.jobs.executors import JobFailed, RunContext
from civis.local.jobs.program_log import ProgramLog
from civis.local.jobs.usage import Usage

__all__ = ["GRACE_SECONDS", "Program", "ProgramFailed", "oom_kills", "run_process"]

GRACE_SECONDS = 5.0
"""How long a program may at most take to end when the platform itself is being stopped, in seconds."""

_CHUNK = 65_536  # bytes; what a pipe holds on Linux
_MOST_AT_ONCE = 1_048_576  # bytes of output that are stored in one go
_BURST_SECONDS = 0.02  # a program that goes on talking is listened to this long before its lines are stored
_OOM_KILLS = Path("/proc/vmstat")


class ProgramFailed(JobFailed):
    """A program ended with another code than 0.

    Attributes
    ----------
    code : int
        Negative: the signal that ended it.
    last : str
        The last line it wrote that says something.
    """

    def __init__(self, code: int, last: str) -> None:
        self.code, self.last = code, last
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        super().__init__(f"The program {how}{f': {last}' if last else '.'}")

    def __reduce__(self) -> tuple[type[ProgramFailed], tuple[int, str]]:
        return type(self), (self.code, self.last)


def run_process(context: RunContext, program: Program) -> None:
    """Run a program to its end.

    Parameters
    ----------
    context : RunContext
        Its log gets what the program writes; its interruption ends the program; its notes get what it used.
    program : Program

    Raises
    ------
    JobFailed
        If it cannot be started, uses too much memory, or ends with another code than 0.
    Interrupted
        If the run was cancelled.

    Examples
    --------
    >>> from civis.local.jobs import executor
    >>> @executor("greeting")  # doctest: +SKIP
    ... def greet(context):
    ...     run_process(context, Program(["echo", "hello"], Path("/tmp"), {"PATH": "/bin"}))
    """
    context.check()
    if os.name != "posix":
        raise JobFailed("The local platform runs programs on Linux and macOS only.")
    kills, begin = oom_kills(), time.monotonic()
    with ExitStack() as opened:
        child = open_child(program, opened, context.warm)
        log, usage = ProgramLog(context), Usage(child.launcher_id, program.memory_mb)
        ending = _Ending(child, program, context.stopping)
        opened.callback(ending.close)
        context.interruption.attach(ending.ask)
        opened.callback(context.interruption.detach, ending.ask)
        _Listening(child, log, usage).until_the_end()
    end = child.end
    context.notes.update(usage.fields(end.get("seconds", 0.0), time.monotonic() - begin))
    context.check()
    if usage.is_over or (end.get("code") == -signal.SIGKILL and oom_kills() > kills):
        limit = f"{usage.limit_mb} MB" if usage.is_over else "machine's"
        raise JobFailed(f"Process ran out of its {limit} memory")
    _require_success(program, end, log.last)


def _require_success(program: Program, end: Mapping[str, Any], last: str) -> None:
    """Raise what has become of a program that did not end well."""
    if "error" in end:
        raise JobFailed(f"The program {program.command[0]!r} cannot be started: {end['error']}.")
    if "code" not in end:
        raise JobFailed("The program's process vanished: something ended it from outside.")
    if end["code"]:
        raise ProgramFailed(end["code"], last)


class _Ending:
    """Ends a program: asks first, and insists after a while."""

    def __init__(self, child: Child, program: Program, stopping: threading.Event) -> None:
        self._child = child
        self._ask = program.ask or partial(child.tell, b"T")
        self._seconds = max(0.0, program.cancel_seconds)
        self._stopping = stopping
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def ask(self) -> None:
        """Ask the program to end; again only when there is less time, because the platform stops."""
        seconds = self._seconds
        if self._stopping.is_set():
            seconds = min(seconds, GRACE_SECONDS)
        with self._lock:
            if self._is_over or (self._timer is not None and seconds >= self._seconds):
                return
            before, self._seconds = self._timer, seconds
            self._timer = threading.Timer(seconds, self._child.tell, [b"K"])
            self._timer.name = "civis-platform-kill"
            self._timer.daemon = True
            self._timer.start()
        if before is not None:
            before.cancel()
            before.join()
        self._ask()

    def close(self) -> None:
        """Forget the program."""
        with self._lock:
            self._is_over = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()


class _Listening:
    """Reads what a program and its launcher write, and looks at what they use, until both are done."""

    def __init__(self, child: Child, log: ProgramLog, usage: Usage) -> None:
        self._child, self._log, self._usage = child, log, usage
        self._selector = selectors.DefaultSelector()
        for name, stream in child.outputs.items():
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ, name)
        self._selector.register(child.report, selectors.EVENT_READ, None)
        self._look_at = time.monotonic()
        self._stored_at = 0.0

    def until_the_end(self) -> None:
        """Go on until the launcher has nothing more to report, then take what is left of the output."""
        with self._selector:
            is_reporting = True
            while is_reporting:
                is_reporting = self._wait()
            # What the program left in the pipes; where something of it lives on, that must not keep the run.
            while self._read_all():
                continue
            self._log.add([("stdout", b""), ("stderr", b"")])

    def _wait(self) -> bool:
        """Wait for something to happen, and take it; False when the launcher is done."""
        ready = self._selector.select(max(0.0, self._look_at - time.monotonic()))
        if time.monotonic() >= self._look_at:
            self._look()
        if any(key.data is not None for key, _ in ready):
            early = _BURST_SECONDS - (time.monotonic() - self._stored_at)
            if early > 0:  # a line a commit would cost more than the program
                time.sleep(early)
            self._read_all()
            self._stored_at = time.monotonic()
        return all(key.data is not None or self._child.hear() for key, _ in ready)

    def _look(self) -> None:
        """Measure the program, and end one that uses too much."""
        self._look_at = time.monotonic() + self._usage.look()
        if self._usage.is_over:
            self._child.tell(b"K")

    def _read_all(self) -> bool:
        """Read what there is, up to a limit, and store it; False if there was nothing."""
        chunks: list[tuple[str, bytes]] = []
        size, is_more = 0, True
        while is_more and size < _MOST_AT_ONCE:
            is_more = False
            for key, _ in self._selector.select(0):
                if key.data is None:
                    continue
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    self._selector.unregister(key.fileobj)
                    continue
                chunks.append((key.data, chunk))
                size += len(chunk)
                is_more = True
        self._log.add(chunks)
        return bool(chunks)


def oom_kills() -> int:
    """Give how many processes Linux has ended for want of memory since the machine's start."""
    with suppress(OSError):
        for line in _OOM_KILLS.read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0

"""A run's program as the platform holds it: the launcher beside it, and the pipes to both.

There are two ways to start one: as a new process, and by a server that has loaded what it needs already. From
then on they do not differ.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from civis.local.jobs.executors import JobFailed
from civis.local.jobs.warm import WarmWorkers

__all__ = ["Child", "Program", "open_child"]

_LAUNCHER = Path(__file__).with_name("launcher.py")
_CHUNK = 65_536  # bytes; what a pipe holds on Linux


@dataclass(frozen=True)
class Program:
    """A program to run.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; no shell looks at them.
    folder : Path
        Where it runs.
    environment : mapping
        All the environment variables it gets.
    cancel_seconds : float, default 0
        How long it may take to end when it is asked to; then it is killed with all that it started.
    memory_mb : int, optional
        What it may use together with all that it started, in MB.
    ask : callable, optional
        Asks it to end, without waiting; by default it and all that it started get SIGTERM.
    """

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)  # it holds an API key
    cancel_seconds: float = 0.0
    memory_mb: int | None = None
    ask: Callable[[], None] | None = None


def open_child(program: Program, opened: ExitStack, warm: WarmWorkers | None) -> Child:
    """Start a program, quickly where that is possible; `opened` closes its pipes and ends what is left of it.

    Raises
    ------
    JobFailed
        If it cannot be started.
    """
    if warm is not None:
        with ExitStack() as tried:
            child = _WarmChild(tried)
            if child.start(program, warm):
                opened.enter_context(tried.pop_all())
                return child
    cold = _ColdChild(opened)
    cold.start(program)
    return cold


class Child:
    """A launcher and its pipes.

    Attributes
    ----------
    launcher_id : int
        Its process.
    outputs : dict
        The streams to which the program writes, by name.
    report : file
        To which the launcher writes.
    """

    launcher_id: int
    outputs: dict[str, IO[bytes]]

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._reported = b""
        self._control = -1
        opened.callback(self._close)
        self.report, self._reporting = self._pipe()
        self._controlled, self._control = os.pipe()
        #: The ends that are the launcher's; closed here once it has them.
        self._theirs = [self._controlled, self._reporting]
        opened.callback(self._close_theirs)

    def _pipe(self) -> tuple[IO[bytes], int]:
        """Make a pipe to read from; give its end here, and the other."""
        here, there = os.pipe()
        return self._opened.enter_context(os.fdopen(here, "rb", buffering=0)), there

    def _close_theirs(self) -> None:
        """Close what is the launcher's."""
        while self._theirs:
            os.close(self._theirs.pop())

    @property
    def end(self) -> dict[str, Any]:
        """What the launcher reported: `process`, then `code` and `seconds`, or `error`."""
        found: dict[str, Any] = {}
        for line in self._reported.splitlines():
            found.update(json.loads(line))
        return found

    def hear(self) -> bool:
        """Take what the launcher reports; False when it is over."""
        chunk = os.read(self.report.fileno(), _CHUNK)
        self._reported += chunk
        return bool(chunk)

    def tell(self, what: bytes) -> None:
        """Ask the launcher for something; it may be gone."""
        with self._lock, suppress(BrokenPipeError):
            if self._control >= 0:
                os.write(self._control, what)

    def _close(self) -> None:
        """Let go of the launcher, which has it end everything, if it has not."""
        with self._lock:
            if self._control >= 0:
                os.close(self._control)
            self._control = -1
        end = self.end
        if "process" in end and "code" not in end:  # the launcher was killed; Linux ended the program already
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(end["process"], signal.SIGKILL)


class _ColdChild(Child):
    """A program started as any other."""

    def start(self, program: Program) -> None:
        """Start launcher and program."""
        files = [str(self._controlled), str(self._reporting)]
        try:
            process = subprocess.Popen(  # noqa: S603 - what scripts name is what is to be run
                [sys.executable, "-I", "-S", str(_LAUNCHER), *files, *program.command],
                cwd=program.folder,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(self._controlled, self._reporting),
                start_new_session=True,  # a Ctrl-C in the platform's terminal is not for the program
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise JobFailed(f"The program {program.command[0]!r} cannot be started: {why}.") from None
        finally:
            self._close_theirs()
        # Its pipes are closed, and it is waited for, when all else is closed already.
        self._opened.enter_context(process)
        self._opened.callback(self._close)
        assert process.stdout is not None
        assert process.stderr is not None
        self.launcher_id = process.pid
        self.outputs = {"stdout": process.stdout, "stderr": process.stderr}


class _WarmChild(Child):
    """A program that a server forked."""

    def start(self, program: Program, warm: WarmWorkers) -> bool:
        """Have a server start launcher and program; False if it cannot, and has started nothing."""
        self.outputs = {}
        for name in ("stdout", "stderr"):
            self.outputs[name], theirs = self._pipe()
            self._theirs.append(theirs)
        is_asked = warm.start(program, self._theirs)
        self._close_theirs()
        while is_asked and b"\n" not in self._reported:
            is_asked = self.hear()
        if is_asked:
            self.launcher_id = self.end["launcher"]
        return is_asked

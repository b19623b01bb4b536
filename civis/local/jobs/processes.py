"""A child process as a run: its output becomes the log, a cancel ends it with all it started.

Knows nothing of scripts; what to start and with which environment is for the caller to say.
"""

from __future__ import annotations

import codecs
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from civis.local.jobs.executors import JobFailed, RunContext

__all__ = ["run_process"]

GRACE_SECONDS = 5.0
"""How long a process may take to end after it was asked to, in seconds."""

_LOOK_SECONDS = 0.05  # how often a silent program is looked at
_CHUNK = 65_536  # bytes; what a pipe holds on Linux
_LONGEST_LINE = 10_000  # characters; a longer one goes on in the next line of the log


class _Ending:
    """Ends a process and all it started: asks first, and insists after a while."""

    def __init__(self, process: subprocess.Popen[bytes], grace: float) -> None:
        self._process = process
        self._timer = threading.Timer(grace, self._send, [signal.SIGKILL])
        self._timer.name = "civis-platform-kill"
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._is_asked = self._is_over = False

    def ask(self) -> None:
        """Ask the process to end; again does nothing."""
        with self._lock:
            if self._is_asked or self._is_over:
                return
            self._is_asked = True
            self._timer.start()
        self._send(signal.SIGTERM)

    def close(self) -> None:
        """End what the process left behind, and forget it."""
        self._send(signal.SIGKILL)
        with self._lock:
            self._is_over = True
            is_asked = self._is_asked
        if is_asked:
            self._timer.cancel()
            self._timer.join()

    def _send(self, number: signal.Signals) -> None:
        """Send a signal to the process's group, unless its ID may be somebody else's by now."""
        with self._lock:
            if self._is_over:
                return
            # Nobody is left, or only a zombie, whose group some systems let nobody signal.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def run_process(
    context: RunContext,
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Run a program to its end.

    Parameters
    ----------
    context : RunContext
        Its log gets what the program writes; its interruption ends the program.
    command : sequence of str
        The program and its arguments; no shell looks at them.
    folder : Path
        Where it runs.
    environment : mapping
        All the environment variables it gets.
    grace_seconds : float, default 5
        How long it may take to end when it is asked to.

    Raises
    ------
    JobFailed
        If it cannot be started, or ends with another code than 0.
    Interrupted
        If the run was cancelled.
    """
    context.check()
    try:
        process = subprocess.Popen(  # noqa: S603 - see the import
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, to be ended as one
        )
    except OSError as error:
        raise JobFailed(f"The program {command[0]!r} cannot be started: {error.strerror}.") from None
    ending, log = _Ending(process, grace_seconds), _OutputLog(context)
    context.interruption.attach(ending.ask)
    try:
        code = _follow(process, log)
    finally:
        context.interruption.detach(ending.ask)
        ending.close()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    context.check()
    if code != 0:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        raise JobFailed(f"The program {how}{f': {log.last}' if log.last else '.'}")


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """Tell how a process ended, or None; not reaping it keeps its ID its own until its group is ended."""
    if not hasattr(os, "waitid"):  # macOS before Python 3.13
        return process.poll()
    found = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status


class _OutputLog:
    """Turns what a program writes into lines of a log."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.last = ""

    def add(self, chunk: bytes) -> None:
        """Take some output; nothing means that there is no more."""
        text = self._rest + self._decoder.decode(chunk, final=not chunk).replace("\x00", "")
        *lines, self._rest = text.split("\n")
        if self._rest and (not chunk or len(self._rest) > _LONGEST_LINE):
            lines, self._rest = [*lines, self._rest], ""
        shown = [line.rstrip("\r") for line in _wrapped(lines)]
        if shown:
            self._context.log_lines(shown)
            self.last = next((line for line in reversed(shown) if line.strip()), self.last)


def _follow(process: subprocess.Popen[bytes], log: _OutputLog) -> int:
    """Log a program's output until the program ends; give its code.

    What it started may go on and hold the pipe: that must not keep the run going.
    """
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    is_open = True
    while True:
        code = _exit_code(process)
        if is_open and select.select([descriptor], [], [], 0 if code is not None else _LOOK_SECONDS)[0]:
            chunk = os.read(descriptor, _CHUNK)
            is_open = bool(chunk)
            log.add(chunk)
        elif code is not None:
            if is_open:
                log.add(b"")
            return code
        elif not is_open:
            time.sleep(_LOOK_SECONDS)  # it closed its output and goes on


def _wrapped(lines: Sequence[str]) -> list[str]:
    """Break lines that are too long for one line of a log."""
    return [
        line[start : start + _LONGEST_LINE]
        for line in lines
        for start in range(0, max(1, len(line)), _LONGEST_LINE)
    ]

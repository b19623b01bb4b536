"""Interpreters that have loaded what the worker of `civis.parallel` needs, for runs that start nothing else.

A worker's run is short, and most of it was loading the same modules again. After the first such run one
small process stays that has loaded them; it forks itself for each further one, so that every run has a fresh
process with its own session, environment, folder, pipes and limits, as if started in the usual way, only
sooner. What a program could tell is its process's command line in the system's table, and that the runs of
one server share the seed of Python's hashes. Whatever is not plainly the worker's is started in the usual
way, and so is everything where there is no fork.

Knows nothing of runs and their state.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Protocol

    class Program(Protocol):
        """As much of a program as is looked at."""

        @property
        def command(self) -> Sequence[str]: ...
        @property
        def folder(self) -> Path: ...
        @property
        def environment(self) -> Mapping[str, str]: ...


__all__ = ["WarmWorkers"]

WORKER = "civis_joblib_worker"
_SERVER = Path(__file__).with_name("server.py")
_LAUNCHER = Path(__file__).parents[1] / "launcher.py"
_COMMAND = re.compile(rf"(?:exec )?{WORKER}(?: ([0-9]+))?", re.ASCII)
#: What the installers of packages write into a console script, below the line that names its interpreter.
_IMPORT = "from civis.run_joblib_func import main"
#: The way by which a program gets its environment, in which interpreter and shell leave variables of their
#: own: what stands for the launcher, and the shell.
_WAY = (
    *(sys.executable, "-I", "-S", "-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"),
    *("sh", "-c", 'exec "$0" "$@"'),
)
#: What differs between runs, and nothing reads before the worker itself does. All other variables have to be
#: those with which the server was started: any of them may concern the start of an interpreter.
_OF_THE_RUN = frozenset(
    {
        "CIVIS_API_KEY",
        "CIVIS_API_ENDPOINT",
        "CIVIS_JOB_ID",
        "CIVIS_RUN_ID",
        "CIVIS_PARENT_JOB_ID",
        "CIVIS_PARENT_RUN_ID",
        "JOBLIB_FUNC_FILE_ID",
    }
)


@dataclass(frozen=True)
class _Script:
    """A console script that is the worker's: where it is, and which interpreter it names."""

    path: str
    interpreter: str


class WarmWorkers:
    """Starts worker processes quickly, from the second one on.

    Examples
    --------
    >>> warm = WarmWorkers()
    >>> warm.close()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._is_closed = not hasattr(os, "fork") or not hasattr(socket, "send_fds")

    def start(self, program: Program, files: Sequence[int]) -> bool:
        """Ask for a process for a program.

        Parameters
        ----------
        program : Program
        files : sequence of int
            Descriptors: of the control pipe's end to read, and those to write a report, output and errors to.

        Returns
        -------
        bool
            Whether it was asked for. That it was taken shows in the report, whose first line then names the
            ``launcher``; if the report ends without a line, nothing was started.
        """
        arguments = _worker_arguments(program.command)
        if arguments is None:
            return False
        base = {name: value for name, value in program.environment.items() if name not in _OF_THE_RUN}
        script = _find_script(base.get("PATH", ""))
        if script is None:
            return False
        server = self._server_for(script, base)
        if server is None:
            return False
        request = {
            "arguments": [script.path, *arguments],
            "folder": str(program.folder),
            "environment": {
                name: value for name, value in program.environment.items() if name in _OF_THE_RUN
            },
        }
        return server.ask(json.dumps(request).encode(), files)

    def _server_for(self, script: _Script, base: Mapping[str, str]) -> _Server | None:
        """Give the server if it is ready for such a program; the first time, and after its end, start one."""
        with self._lock:
            if self._is_closed:
                return None
            if self._server is not None and not self._server.is_over:
                return self._server if self._server.suits(script, base) else None
            if self._server is not None:
                self._server.close()
                if not self._server.was_ready:  # another one would fail as well
                    self._is_closed, self._server = True, None
                    return None
            self._server = _Server(script, base)
            return None

    def close(self) -> None:
        """End the server; processes that it made go on."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.close()


class _Server:
    """The process that forks, as the platform sees it."""

    def __init__(self, script: _Script, base: Mapping[str, str]) -> None:
        self._script, self._base = script, dict(base)
        self._lock = threading.Lock()
        self.was_ready = self.is_over = False
        self._channel, other = socket.socketpair()
        with other:
            server = [script.interpreter, str(_SERVER), str(other.fileno()), str(_LAUNCHER), script.path]
            self._process = subprocess.Popen(  # noqa: S603 - the interpreter that the worker's script names
                [*_WAY, *server],
                cwd="/",
                env=self._base,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(other.fileno(),),
                start_new_session=True,  # a Ctrl-C in the platform's terminal is not for it
            )

    def suits(self, script: _Script, base: Mapping[str, str]) -> bool:
        """Tell whether it can run a script now as if that was started with an environment."""
        return script == self._script and base == self._base and self._is_ready()

    def _is_ready(self) -> bool:
        """Tell whether it has loaded all; without waiting for that."""
        with self._lock:
            if not self.was_ready and not self.is_over:
                try:
                    said = self._channel.recv(1, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return False
                except OSError:
                    said = b""
                self.was_ready, self.is_over = bool(said), not said
            return self.was_ready and not self.is_over

    def ask(self, request: bytes, files: Sequence[int]) -> bool:
        """Send a request with its files; False if nobody is there to read it."""
        with self._lock:
            try:
                socket.send_fds(self._channel, [len(request).to_bytes(8, "big")], list(files))
                self._channel.sendall(request)
            except OSError:
                self.is_over = True
            return not self.is_over

    def close(self) -> None:
        """Let it end, which it does when nobody is there any more, and wait for that."""
        with self._lock:
            self.is_over = True
            self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
            return
        self._process.kill()
        self._process.wait()


def _worker_arguments(command: Sequence[str]) -> list[str] | None:
    """Give the worker's arguments if a command runs it and does nothing else."""
    if len(command) != 3 or tuple(command[:2]) != ("sh", "-c"):
        return None
    found = _COMMAND.fullmatch(command[2].strip(" \n"))
    return None if found is None else [each for each in found.groups() if each]


def _find_script(path: str) -> _Script | None:
    """Find the worker's console script; None if it is not one that this very environment installed."""
    found = shutil.which(WORKER, path=path)
    if found is None or not os.path.isabs(found):
        return None
    try:
        lines = Path(found).read_text(encoding="utf-8").splitlines()
        interpreter = shlex.split(lines[0].removeprefix("#!"))
    except (OSError, ValueError, IndexError):
        return None
    if len(interpreter) != 1 or not lines[0].startswith("#!") or _IMPORT not in lines:
        return None
    is_ours = Path(interpreter[0]).parent == Path(sys.executable).parent
    return _Script(found, interpreter[0]) if is_ours else None

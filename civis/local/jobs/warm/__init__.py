"""Interpreters that have loaded what a kind of program needs, for runs that start nothing else.

The run of a worker of `civis.parallel` is short, and most of it was loading the same modules again; a program
of CivisML takes seconds to load scikit-learn. After the first such run one process stays that has loaded
them; it forks itself for each further one, so that every run has a fresh process with its own session,
environment, folder, pipes and limits, as if started in the usual way, only sooner. What a program could tell
is its process's command line in the system's table, and that the runs of one server share the seed of
Python's hashes. Whatever has no recipe is started in the usual way, and so is everything where there is no
fork.

Knows nothing of runs and their state; which programs there are is for `recipes` to know.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from civis.local.jobs.warm.recipes import WORKER, Recipe, Source, recipe_for

if TYPE_CHECKING:
    from civis.local.jobs.warm.recipes import Program

__all__ = ["WORKER", "WarmWorkers"]

_SERVER = Path(__file__).with_name("server.py")
_LAUNCHER = Path(__file__).parents[1] / "launcher.py"
#: The way by which a program gets its environment, in which interpreter and shell leave variables of their
#: own: what stands for the launcher, and the shell.
_WAY = (
    *(sys.executable, "-I", "-S", "-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"),
    *("sh", "-c", 'exec "$0" "$@"'),
)
_LONGEST_LOADING = 30.0  # seconds that a program waits for a server to have loaded what it would load itself


class WarmWorkers:
    """Starts programs quickly, from the second one of a kind on.

    Examples
    --------
    >>> warm = WarmWorkers()
    >>> warm.close()
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}
        #: The kinds whose server cannot start; another one would fail as well.
        self._given_up: set[str] = set()
        self._is_possible = hasattr(os, "fork") and hasattr(socket, "send_fds")

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
        recipe = recipe_for(program) if self._is_possible else None
        server = None if recipe is None else self._server_for(recipe)
        if recipe is None or server is None or not server.is_ready(recipe.source.is_awaited):
            return False
        request = {
            "arguments": recipe.arguments,
            "folder": str(program.folder),
            "environment": dict(recipe.own),
        }
        return server.ask(json.dumps(request).encode(), files)

    def _server_for(self, recipe: Recipe) -> _Server | None:
        """Give the server that suits a program, if there is one; start it where there is none."""
        kind = recipe.source.place if recipe.source.is_module else WORKER
        with self._lock:
            server = self._servers.get(kind)
            if server is not None and server.has_ended():
                server.close()
                if not server.was_ready:
                    self._given_up.add(kind)
                del self._servers[kind]
                server = None
            if kind in self._given_up:
                return None
            if server is None:
                try:
                    server = self._servers[kind] = _Server(recipe.source, recipe.base)
                except OSError:  # no process or descriptor to be had now; the usual way says so if it must
                    return None
            return server if server.suits(recipe) else None

    def close(self) -> None:
        """End the servers; processes that they made go on."""
        with self._lock:
            servers = list(self._servers.values())
            self._servers.clear()
        for each in servers:
            each.close()


class _Server:
    """The process that forks, as the platform sees it."""

    def __init__(self, source: Source, base: Mapping[str, str]) -> None:
        self._source, self._base = source, dict(base)
        self._lock = threading.Lock()
        self.was_ready = self.is_over = False
        self._channel, other = socket.socketpair()
        with other:
            idle = "" if source.idle_seconds is None else str(source.idle_seconds)
            kind = "module" if source.is_module else "script"
            server = [source.interpreter, str(_SERVER), str(other.fileno()), str(_LAUNCHER), idle, kind]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the Python that the program itself would have
                    [*_WAY, *server, source.place, *source.modules],
                    cwd="/",
                    env=self._base,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(other.fileno(),),
                    start_new_session=True,  # a Ctrl-C in the platform's terminal is not for it
                )
            except OSError:
                self._channel.close()
                raise

    def suits(self, recipe: Recipe) -> bool:
        """Tell whether a program would find there what it finds when it is started in the usual way."""
        return recipe.source == self._source and recipe.base == self._base

    def has_ended(self) -> bool:
        """Tell whether it is gone: after a while without runs, or when a file changed that it loaded."""
        self._look()
        with self._lock:
            self.is_over = self.is_over or self._process.poll() is not None
            return self.is_over

    def is_ready(self, is_awaited: bool = False) -> bool:
        """Tell whether it has loaded all; waiting for that only where it is wanted."""
        end = time.monotonic() + (_LONGEST_LOADING if is_awaited else 0.0)
        while not (self._look() or self.is_over) and time.monotonic() < end:
            with suppress(OSError, ValueError), selectors.DefaultSelector() as selector:  # it is being closed
                selector.register(self._channel, selectors.EVENT_READ)
                selector.select(0.1)
        return self.was_ready and not self.is_over

    def _look(self) -> bool:
        """Take what it says when it has loaded all, without waiting; True once it has said it."""
        with self._lock:
            if not self.was_ready and not self.is_over:
                try:
                    said = self._channel.recv(1, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return False
                except OSError:
                    said = b""
                self.was_ready, self.is_over = bool(said), not said
            return self.was_ready

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

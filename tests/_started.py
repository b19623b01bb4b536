"""`civis local start` as a process of its own, as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StartedPlatform:
    """A running process, and the variables that it printed.

    Parameters
    ----------
    process : subprocess.Popen
    environment : dict
        ``CIVIS_API_ENDPOINT`` and ``CIVIS_API_KEY``.
    """

    process: subprocess.Popen[str]
    environment: dict[str, str]

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def started_platform(data_dir: Path, *options: str) -> Iterator[StartedPlatform]:
    """Run `civis local start` on a directory; it is stopped by its own process ID."""
    command = [sys.executable, "-m", "civis", "local", "start", "--data-dir", str(data_dir), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        variables: dict[str, str] = {}
        while len(variables) < 2:
            line = process.stdout.readline()
            assert line, f"civis local start ended with status {process.wait()}"
            if line.strip().startswith("export "):
                name, _, value = line.strip().removeprefix("export ").partition("=")
                variables[name] = value
        yield StartedPlatform(process, variables)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

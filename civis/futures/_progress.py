"""A line that shows how a run goes on while somebody waits for it, on a terminal or in a notebook.

It is told what to show and knows no future; where nobody would see it, there is none.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol, TextIO

#: Seconds between two updates of the line.
REDRAW = 1.0


class Screen(Protocol):
    """Where the line is shown."""

    def show(self, line: str) -> None:
        """Show a line in place of the one before."""

    def close(self) -> None:
        """Leave the last line as it is."""


class _Terminal:
    """A line of a terminal, overwritten again and again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, line: str) -> None:
        """Show a line, cut to the terminal's width."""
        width = max(20, shutil.get_terminal_size().columns - 1)
        self._stream.write("\r" + _printable(line)[:width].ljust(width))
        self._stream.flush()

    def close(self) -> None:
        """Go on to the next line."""
        self._stream.write("\n")
        self._stream.flush()


class _Notebook:
    """A piece of a notebook's output."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, line: str) -> None:
        """Show a line."""
        self._handle.update({"text/plain": _printable(line)}, raw=True)

    def close(self) -> None:
        """Leave the line as it is."""


def find_screen() -> Screen | None:
    """Give the notebook or the terminal that the program writes to; None where there is neither."""
    # A notebook's kernel has loaded IPython already; nothing is loaded to find out.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and type(shell).__name__ == "ZMQInteractiveShell":
        return _Notebook(import_module("IPython.display").display)
    stream = sys.stderr
    return _Terminal(stream) if stream is not None and stream.isatty() else None


class ProgressLine:
    """Shows a line that is made anew every second; the scheduler of futures has it redrawn.

    Parameters
    ----------
    screen : Screen
    describe : callable
        Takes the seconds since the start and returns the line.
    """

    def __init__(self, screen: Screen, describe: Callable[[float], str]) -> None:
        self._screen = screen
        self._describe = describe
        self._start = time.monotonic()
        self._is_closed = False

    def _poll(self) -> float | None:
        """Draw the line; the seconds until the next time."""
        if self._is_closed:
            return None
        line = self._describe(time.monotonic() - self._start)
        if not self._is_closed:
            self._screen.show(line)
        return REDRAW

    def close(self) -> None:
        """Draw the line a last time, and leave it."""
        self._poll()
        self._is_closed = True
        self._screen.close()


def progress_text(about: str, state: str, seconds: float, last_log_line: str) -> str:
    """Write what the line says.

    Examples
    --------
    >>> progress_text("job 3 / run 7", "running", 75.2, "loading")
    'job 3 / run 7: running, 1:15, loading'
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    elapsed = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return ", ".join(part for part in (f"{about}: {state}", elapsed, last_log_line) if part)


def _printable(line: str) -> str:
    """Replace what would move a terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in line)

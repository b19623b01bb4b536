"""Standard output and warnings when neither click nor anything else is loaded."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

__all__ = ["discard_output", "note", "plain_warnings", "replace_closed", "standard_output", "write_whole"]

_BROKEN, _UNWRITABLE = 1, 2  # as click ends, and as `civis.cli.failures` has it


def replace_closed() -> None:
    """Put a stream that takes what is written in the place of one that was closed (``>&-``)."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as above


def standard_output() -> TextIO:
    """Give standard output; what its encoding lacks is written as an escape, not refused."""
    stream = sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    # In the C locale the errors are "surrogateescape", which refuses all letters that ASCII lacks.
    if reconfigure is not None and (stream.errors == "strict" or stream.encoding.lower() != "utf-8"):
        reconfigure(errors="backslashreplace")
    return stream


def note(text: str) -> None:
    """Tell a person, but no program, something beside the output: pale, where colours are wanted."""
    if not sys.stderr.isatty():
        return
    import shutil  # noqa: PLC0415 - with textwrap 10 ms, and most commands have nothing to note
    import textwrap  # noqa: PLC0415 - as above

    width = shutil.get_terminal_size().columns - 1
    told = "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "dumb") == "dumb"
    sys.stderr.write(f"{told}\n" if is_plain else f"\x1b[2m{told}\x1b[0m\n")


def write_whole(text: str) -> int:
    """Write a text and give the status to end with: 0, or that for readers and disks that take no more."""
    try:
        stream = standard_output()
        stream.write(text)
        stream.flush()
    except OSError as error:
        discard_output()
        if isinstance(error, BrokenPipeError):
            return _BROKEN
        sys.stderr.write(f"Error: standard output: {error.strerror}\n")
        return _UNWRITABLE
    return 0


def discard_output() -> None:
    """Send what is left nowhere: it would be written, and fail, once more when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show warnings as a line each, without the place in the code, which tells a shell's user nothing."""

    def show(message: Warning | str, *place: object) -> None:
        sys.stderr.write(f"Warning: {' '.join(str(message).split())}\n")

    with warnings.catch_warnings():
        warnings.showwarning = show  # type: ignore[assignment] # it wants less than it is given
        yield

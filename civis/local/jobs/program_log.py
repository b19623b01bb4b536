"""What a program writes, as lines of its run's log: decoded, split, and stored a burst at a time."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, repeat
from operator import itemgetter

from civis.local.jobs.executors import RunContext

__all__ = ["ProgramLog"]

_LONGEST_LINE = 10_000  # characters; a longer one goes on in the next line of the log
#: What R, Node.js and Docker write below the error that they end with: the line above tells more.
_TELLS_NOTHING = re.compile(
    r"\s*(?:Execution halted|Node\.js v[0-9.]+|\s{4}at .*|(?:See|Run) '(?:docker|podman) .*)?\s*"
)


class _Stream:
    """One of a program's two outputs."""

    def __init__(self, level: str) -> None:
        self.level = level
        self.last = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def lines(self, chunk: bytes) -> list[str]:
        """Take some output and give the lines that it completes; nothing means that there is no more."""
        text = self._rest + self._decoder.decode(chunk, final=not chunk).replace("\x00", "")
        *lines, self._rest = text.split("\n")
        if self._rest and (not chunk or len(self._rest) > _LONGEST_LINE):
            lines, self._rest = [*lines, self._rest], ""
        # Nearly all output needs neither of the two; a million lines then cost little.
        if "\r" in text:
            lines = [line.rstrip("\r") for line in lines]
        shown = lines if max(map(len, lines), default=0) <= _LONGEST_LINE else list(_wrapped(lines))
        self.last = next((line for line in reversed(shown) if not _TELLS_NOTHING.fullmatch(line)), self.last)
        return shown


class ProgramLog:
    """Turns what a program writes into lines of a run's log.

    Parameters
    ----------
    context : RunContext
        Whose log it is.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._streams = {"stdout": _Stream("info"), "stderr": _Stream("error")}

    @property
    def last(self) -> str:
        """The last line that says something; one of the errors if there is one."""
        return self._streams["stderr"].last or self._streams["stdout"].last

    def add(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        """Take what came since the last time.

        Parameters
        ----------
        chunks : sequence of (str, bytes)
            In their order: which stream (``"stdout"``, ``"stderr"``), and what it gave; nothing is its end.
        """
        entries: list[tuple[str, str]] = []
        for name, some in groupby(chunks, key=itemgetter(0)):
            stream = self._streams[name]
            entries.extend(zip(repeat(stream.level), stream.lines(b"".join(chunk for _, chunk in some))))
        if entries:
            self._context.log_entries(entries)


def _wrapped(lines: Sequence[str]) -> Iterator[str]:
    """Break lines that are too long for one line of a log."""
    for line in lines:
        starts = range(0, max(1, len(line)), _LONGEST_LINE)
        yield from (line[start : start + _LONGEST_LINE] for start in starts)

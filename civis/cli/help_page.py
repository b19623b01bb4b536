"""A page of help: sections, lists of two columns and texts, as wide as the terminal. Knows no click.

Click's pages look the same, but its formatter cannot be had without all of click, which takes as long as
everything else that help needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from civis.cli.words import cut

__all__ = ["HelpPage", "page_width"]

_WIDEST, _NARROWEST = 80, 50
#: Columns left of what stands in a section, and between two columns.
_INDENT = _GAP = 2


def page_width() -> int:
    """Say how wide a page is where it goes: as wide as the terminal, from 50 columns to 78."""
    columns = os.environ.get("COLUMNS", "")
    wide = int(columns) if columns.isdecimal() else 0
    if not wide:
        try:
            wide = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (OSError, ValueError, AttributeError):
            wide = 0
    return max(min(wide or _WIDEST, _WIDEST) - 2, _NARROWEST)


class HelpPage:
    """A page that grows from the top.

    Parameters
    ----------
    width : int
        Columns of a line.

    Examples
    --------
    >>> page = HelpPage(40)
    >>> page.section("Options", [("--limit N", "How many results a page has: at most 50.")])
    >>> print(page.text())
    Options:
      --limit N  How many results a page
                 has: at most 50.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._lines: list[str] = []

    def text(self) -> str:
        """Give the whole page, without a line's end at its end."""
        return "\n".join(self._lines)

    def usage(self, command: str, words: Iterable[str]) -> None:
        """Write how a command is called."""
        begin = f"Usage: {command} "
        if len(begin) + 20 > self.width:
            self._lines.append(begin.rstrip())
            begin = " " * 11
        self._wrapped(" ".join(words), begin, " " * len(begin))

    def paragraph(self, text: str) -> None:
        """Write a text, with an empty line before it."""
        self._lines.append("")
        self._wrapped(text, " " * _INDENT, " " * _INDENT)

    def line(self, text: str) -> None:
        """Write a line that is not broken however long it is, with an empty line before it."""
        self._lines += ["", " " * _INDENT + text]

    def section(self, title: str, rows: Sequence[tuple[str, str]], widest: int = 30) -> None:
        """Write terms and what they mean; where there are none, nothing.

        Parameters
        ----------
        title : str
            The heading.
        rows : sequence of (str, str)
            Terms and their meanings.
        widest : int, default 30
            Columns of the terms at most; the meaning of a longer one begins on the next line.
        """
        if not rows:
            return
        self._heading(title)
        column = min(max(len(term) for term, _ in rows), widest)
        below = " " * (_INDENT + column + _GAP)
        # Two columns stay free at the right, as on click's pages.
        width = len(below) + max(self.width - column - _GAP - 2, 10)
        for term, meaning in rows:
            begin = f"{'':{_INDENT}}{term}"
            if not meaning:
                self._lines.append(begin)
                continue
            if len(term) > column:
                self._lines.append(begin)
                begin = below
            self._wrapped(meaning, begin.ljust(len(below)), below, width)

    def commands(self, title: str, rows: Mapping[str, str]) -> None:
        """Write commands, each in one line, cut where the page ends."""
        if rows:
            room = max(self.width - max(map(len, rows)) - 2 * _GAP, 10)
            self.section(title, [(name, cut(text, room)) for name, text in rows.items()], widest=40)

    def example(self, text: str) -> None:
        """Write a command line to try."""
        self._heading("Example")
        self._wrapped(text, " " * _INDENT, " " * _INDENT)

    def _heading(self, title: str) -> None:
        """Begin a section."""
        self._lines += ["", f"{title}:"] if self._lines else [f"{title}:"]

    def _wrapped(self, text: str, begin: str, below: str, width: int = 0) -> None:
        """Write a text in lines that end where a word does; a word that no line holds has one of its own."""
        width = width or self.width
        line, is_empty = begin, True
        for word in text.split():
            if not is_empty and len(line) + 1 + len(word) > width:
                self._lines.append(line)
                line, is_empty = below, True
            line += word if is_empty else f" {word}"
            is_empty = False
        self._lines.append(line.rstrip())

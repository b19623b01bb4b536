"""A film of a command in a terminal, as an SVG that moves by CSS alone; made of a real run.

``python docs/_ext/film.py`` runs ``civis local demo`` in a terminal of 80 columns and writes
``docs/_static/demo.svg``. It knows nothing of what it films.
"""

from __future__ import annotations

import argparse
import codecs
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import pyte

__all__ = ["main", "record", "render"]

DEMO = ("civis", "local", "demo")
TARGET = Path(__file__).resolve().parents[1] / "_static" / "demo.svg"
COLUMNS, LINES = 80, 24
#: Changes that are nearer than this to one another, in seconds, are one.
TOGETHER = 0.08
#: Nothing happens for no longer than this, and the last picture stays for that long.
LONGEST, LAST = 1.2, 5.0
#: Pixels of a character and a line.
WIDTH, HEIGHT, EDGE = 8.43, 19, 14
COLOURS = {
    "default": "#d7dce2", "black": "#5c6370", "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341",
    "blue": "#79c0ff", "magenta": "#d2a8ff", "cyan": "#76e3ea", "white": "#ffffff",
}  # fmt: skip


class Shown(NamedTuple):
    """What a terminal showed, and from when on."""

    seconds: float
    lines: tuple[str, ...]


def record(command: Sequence[str]) -> list[tuple[float, str]]:
    """Run a command in a terminal of its own, and note what it writes when.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.

    Returns
    -------
    list of (float, str)
        Seconds since the start, and what was written.

    Raises
    ------
    RuntimeError
        If the command fails.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    start = time.monotonic()
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    written: list[tuple[float, str]] = []
    with subprocess.Popen(  # noqa: S603 - what is filmed is what was asked for
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        while True:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    piece = os.read(ours, 1 << 16)
                except OSError:  # how Linux says that nobody has the terminal open any more
                    break
                if not piece:
                    break
                written.append((time.monotonic() - start, decode(piece)))
            elif process.poll() is not None:
                break
    os.close(ours)
    if process.returncode:
        text = "".join(piece for _, piece in written)
        raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}:\n{text}")
    return written


def pictures(command: Sequence[str], written: Sequence[tuple[float, str]]) -> list[Shown]:
    """Give what the terminal showed, the prompt first, with pauses that a watcher bears."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[32m$\x1b[0m " + " ".join(command) + "\r\n")
    shown = [Shown(0.0, _lines(screen))]
    now, before = 0.8, 0.0
    for index, (seconds, piece) in enumerate(written):
        now += min(seconds - before, LONGEST)
        before = seconds
        stream.feed(piece)
        is_last = index + 1 == len(written)
        if not is_last and written[index + 1][0] - seconds < TOGETHER and now - shown[-1].seconds < TOGETHER:
            continue
        lines = _lines(screen)
        if lines != shown[-1].lines:
            shown.append(Shown(now, lines))
    return shown


def _lines(screen: pyte.Screen) -> tuple[str, ...]:
    """Write each line of a screen as what stands inside of SVG's ``<text>``."""
    return tuple("".join(_spans(screen, row)) for row in range(LINES))


def _spans(screen: pyte.Screen, row: int) -> Iterator[str]:
    """Write the pieces of a line, each with its colour."""
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    while cells and cells[-1].data == " ":
        cells.pop()
    begin = 0
    for place in range(1, len(cells) + 1):
        if place < len(cells) and _look(cells[place]) == _look(cells[begin]):
            continue
        text = escape("".join(cell.data for cell in cells[begin:place]))
        colour, is_bold = _look(cells[begin])
        look = f' fill="{colour}"' * (colour != COLOURS["default"]) + ' font-weight="bold"' * is_bold
        yield f"<tspan{look}>{text}</tspan>" if look else text
        begin = place


def _look(cell: pyte.screens.Char) -> tuple[str, bool]:
    """Give colour and weight of a character."""
    colour = COLOURS.get(cell.fg) or (f"#{cell.fg}" if len(cell.fg) == 6 else COLOURS["default"])
    return colour, cell.bold


def render(command: Sequence[str], shown: Sequence[Shown]) -> str:
    """Write the film: each text of each line is there from when on it is shown until it changes."""
    length = shown[-1].seconds + LAST
    rows = max(row + 1 for each in shown for row, line in enumerate(each.lines) if line)
    height = rows * HEIGHT + 2 * EDGE + HEIGHT
    width = round(COLUMNS * WIDTH + 2 * EDGE)
    rules: dict[str, str] = {}
    texts = []
    for row in range(rows):
        for begin, end, line in _spells(shown, row):
            rule = rules.setdefault(_keyframes(begin, end, length), f"k{len(rules)}")
            is_last = end is None
            texts.append(
                f'<text class="{"s" if is_last else "t"}" x="{EDGE}" y="{EDGE + (row + 2) * HEIGHT - 5}" '
                f'style="animation-name:{rule}">{line}</text>'
            )
    frames = "\n".join(f"@keyframes {name}{{{body}}}" for body, name in rules.items())
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<!-- Written by docs/_ext/film.py from a run of the command; run that, do not change this. -->
<title>{escape(" ".join(command))} in a terminal</title>
<style>
text{{font:14px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:{COLOURS["default"]};white-space:pre}}
.t,.s{{animation-duration:{length:.2f}s;animation-iteration-count:infinite;animation-timing-function:step-end}}
.t{{visibility:hidden}}
{frames}
@media (prefers-reduced-motion:reduce){{.t,.s{{animation:none}}}}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>
<circle cx="20" cy="16" r="5" fill="#ff5f57"/><circle cx="38" cy="16" r="5" fill="#febc2e"/><circle cx="56" cy="16" r="5" fill="#28c840"/>
{chr(10).join(texts)}
</svg>
"""  # noqa: E501 - a tag a line


def _spells(shown: Sequence[Shown], row: int) -> Iterator[tuple[float, float | None, str]]:
    """Yield from when until when a line has which text; no end for what stays."""
    begin = shown[0]
    for each in [*shown[1:], None]:
        if each is not None and each.lines[row] == begin.lines[row]:
            continue
        if begin.lines[row]:
            yield begin.seconds, None if each is None else each.seconds, begin.lines[row]
        if each is not None:
            begin = each


def _keyframes(begin: float, end: float | None, length: float) -> str:
    """Write when something is there, in parts of the film's length."""
    start = f"{100 * begin / length:.2f}%{{visibility:visible}}"
    before = "0%{visibility:hidden}" if begin else ""
    after = "" if end is None else f"{100 * end / length:.2f}%{{visibility:hidden}}"
    return before + start + after


def main(arguments: Sequence[str] | None = None) -> None:
    """Film a command and write the SVG.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    parser = argparse.ArgumentParser(description="Film a command in a terminal of 80 columns as an SVG.")
    parser.add_argument("--output", type=Path, default=TARGET, help="where the film goes")
    parser.add_argument("command", nargs="*", default=DEMO, help="what is run; by default the demo")
    given = parser.parse_args(arguments)
    command = tuple(given.command)
    text = render(command, pictures(command, record(command)))
    given.output.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{given.output}: {len(text) / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main()

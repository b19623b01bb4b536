"""Rows and columns: CSV for programs, tables for people. Knows nothing of where rows come from."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, TextIO

from civis.cli.plain_output import note

__all__ = ["rows_as_objects", "write_csv", "write_csv_rows", "write_grid", "write_table"]

#: Rows that are looked at for the widths of a table's columns.
LOOKED_AT = 200
#: A column is not made narrower than this.
NARROWEST = 12
_GAP = "  "
_NEEDS_QUOTES = re.compile(r'[,"\r\n]|^\s|\s$')


def rows_as_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Give the rows that a value is: one an item of a list, one for an object; plain values as ``value``."""
    items = value if isinstance(value, (list, Iterator)) else [] if value is None else [value]
    for item in items:
        yield item if isinstance(item, dict) else {"value": item}


def write_csv(value: Any, stream: TextIO) -> None:
    """Write CSV: the columns of the first row, and an error where a later row has others."""
    rows = rows_as_objects(value)
    first = next(rows, None)
    if first is None:
        return
    columns = list(first)
    known = set(columns)
    stream.write(_csv_line(columns))
    for row in chain([first], rows):
        further = [name for name in row if name not in known]
        if further:
            raise ValueError(
                f"a row has the further columns {', '.join(further)}, for which the CSV has no place; "
                "choose columns by --query, or another --output"
            )
        stream.write(_csv_line([row.get(name) for name in columns]))


def write_csv_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: TextIO) -> None:
    """Write CSV of rows whose columns are known, and may share a name."""
    stream.write(_csv_line(columns))
    for row in rows:
        stream.write(_csv_line(row))


def _csv_line(values: Sequence[Any]) -> str:
    """Write a row; the module csv leaves a lone CR without quotes, and readers end the line there."""
    cells = ["" if value is None else _text(value) for value in values]
    if cells == [""]:
        return '""\n'  # an empty line would be no row
    return ",".join(_csv_cell(cell) for cell in cells) + "\n"


def _csv_cell(text: str) -> str:
    """Write a field: null as nothing, objects as JSON, in quotes where it needs them."""
    if not _NEEDS_QUOTES.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _text(value: Any) -> str:
    """Write a value in one line or more; a text as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_table(value: Any, stream: TextIO) -> None:
    """Write a table as wide as the terminal; an object as a row a key."""
    if isinstance(value, dict):
        write_grid(["field", "value"], ([name, each] for name, each in value.items()), stream, is_whole=True)
        return
    rows = rows_as_objects(value)
    looked_at = list(islice(rows, LOOKED_AT))
    columns = list(dict.fromkeys(name for row in looked_at for name in row))
    if not looked_at:
        return
    cells = ([row.get(name) for name in columns] for row in chain(looked_at, rows))
    write_grid(columns, cells, stream)


def write_grid(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], stream: TextIO, *, is_whole: bool = False
) -> None:
    """Write columns with their names, as wide as the first rows need and the terminal allows.

    Parameters
    ----------
    columns : sequence of str
        Their names.
    rows : iterable of sequence
        Their values, which are written while they come.
    stream : TextIO
        Where to.
    is_whole : bool, default False
        Whether no column may be left out.
    """
    every = ([_cell(value) for value in row] for row in rows)
    looked_at = list(islice(every, LOOKED_AT))
    names = [_cell(name) for name in columns]
    widths = [
        max([_width(name), *(_width(row[place]) for row in looked_at)]) for place, name in enumerate(names)
    ]
    is_right = [_is_numeric([row[place] for row in looked_at]) for place in range(len(names))]
    shown = range(len(names))
    if stream.isatty():
        shown, widths = _fitted(widths, shutil.get_terminal_size().columns, is_whole)
    lines = chain([names, ["─" * width for width in widths]], looked_at, every)
    for line in lines:
        cells = [_padded(line[place], widths[place], is_right[place]) for place in shown]
        stream.write(_GAP.join(cells).rstrip() + "\n")
    if len(shown) < len(names):
        left = ", ".join(names[place] for place in range(len(names)) if place not in shown)
        note(f"No room for: {left}")


def _fitted(widths: list[int], room: int, is_whole: bool) -> tuple[range, list[int]]:
    """Choose the columns that fit, from the left, and cut the widest of them to the room there is."""
    count, least = 0, 0
    for width in widths:
        needed = min(width, NARROWEST if not is_whole else width) + (len(_GAP) if count else 0)
        if not is_whole and count and least + needed > room:
            break
        least += needed
        count += 1
    fitted = list(widths)
    while sum(fitted[:count]) + len(_GAP) * (count - 1) > room:
        widest = max(range(count), key=lambda place: fitted[place])
        if fitted[widest] <= NARROWEST:
            break
        excess = sum(fitted[:count]) + len(_GAP) * (count - 1) - room
        second = max([NARROWEST, *(fitted[place] for place in range(count) if place != widest)])
        fitted[widest] = max(fitted[widest] - excess, min(second, fitted[widest] - 1), NARROWEST)
    return range(count), fitted


def _cell(value: Any) -> str:
    """Write a value in one line, with nothing in it that a terminal obeys."""
    text = "" if value is None else _text(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _visible(each) for each in text)


def _visible(character: str) -> str:
    """Write what cannot be seen so that it can."""
    return {"\n": "⏎", "\t": " ", "\r": ""}.get(character, "\N{REPLACEMENT CHARACTER}")


def _width(text: str) -> int:
    """Count the places that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_places(each) for each in text)


def _places(character: str) -> int:
    """Count the places that a character takes."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _padded(text: str, width: int, is_right: bool) -> str:
    """Fill a text up, or cut it, to a width."""
    missing = width - _width(text)
    if missing >= 0:
        return " " * missing + text if is_right else text + " " * missing
    kept, taken = "", 0
    for each in text:
        places = _places(each)
        if taken + places > width - 1:
            break
        kept, taken = kept + each, taken + places
    return f"{kept}…" + " " * (width - 1 - taken)


def _is_numeric(texts: list[str]) -> bool:
    """Tell whether a column holds numbers, which stand at the right."""
    found = [text for text in texts if text]
    return bool(found) and all(_is_number(text) for text in found)


def _is_number(text: str) -> bool:
    """Tell whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return text[-1].isdigit() and "_" not in text

"""How responses look: texts and tables that can be read, without secrets. Knows plain JSON only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from civis._masking import mask_value, printable

_LONGEST_TEXT = 300
_MOST_ITEMS = 50
_MOST_VALUES = 1_000
_LONGEST_REPR = 10_000
_LONGEST_CELL = 200
#: Levels of objects and lists in one another that are shown.
DEEPEST = 30
ROWS_SHOWN = 50
_COLUMNS_SHOWN = 60

#: Characters of a cell that is not broken into lines: numbers, times, names.
_LONGEST_UNBROKEN = 40

# The class is named twice because Jupyter's own rules, which align to the right, would win otherwise.
_STYLE = (
    "<style scoped>"
    "table.civis.civis th,table.civis.civis td{text-align:left;vertical-align:top;white-space:nowrap}"
    "table.civis.civis td.long{white-space:pre-wrap;min-width:18em;max-width:36em;overflow-wrap:break-word}"
    "</style>"
)


class _Rest:
    """What stands for values that are not shown."""

    def __init__(self, text: str = "…") -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def shown_repr(plain: Any) -> str:
    """Write decoded JSON as Python does, at most 10,000 characters of it, with its secrets hidden."""
    text = repr(_cut(mask_value(plain), [_MOST_VALUES], 0))
    return text if len(text) <= _LONGEST_REPR else text[:_LONGEST_REPR] + " …"


def _cut(value: Any, left: list[int], depth: int) -> Any:
    """Copy what is to be shown; `left` counts the values that may still be."""
    left[0] -= 1
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…"
    if isinstance(value, dict):
        if depth >= DEEPEST:
            return _Rest("{…}")
        shown: dict[Any, Any] = {}
        for name, item in value.items():
            if left[0] <= 0:
                shown[_Rest()] = _Rest(f"{len(value) - len(shown)} more")
                break
            shown[name] = _cut(item, left, depth + 1)
        return shown
    if isinstance(value, list):
        if depth >= DEEPEST:
            return _Rest("[…]")
        items: list[Any] = []
        for item in value:
            if left[0] <= 0 or len(items) == _MOST_ITEMS:
                items.append(_Rest(f"… {len(value) - len(items)} more"))
                break
            items.append(_cut(item, left, depth + 1))
        return items
    return value


def list_repr(items: Sequence[Any]) -> str:
    """Write a list: its first items, and how many more there are."""
    parts: list[str] = []
    length = 0
    for item in items[:_MOST_ITEMS]:
        text = repr(mask_value(item) if isinstance(item, (str, list, dict)) else item)
        length += len(text)
        if length > _LONGEST_REPR and parts:
            break
        parts.append(text)
    if len(parts) < len(items):
        parts.append(f"… {len(items) - len(parts)} more")
    return f"[{', '.join(parts)}]"


def html_of_object(plain: Mapping[str, Any]) -> str:
    """Write a table of names and values."""
    shown = mask_value(plain)
    rows = "".join(f"<tr><th>{_cell(name)}</th>{_data(value)}</tr>" for name, value in shown.items())
    return f'{_STYLE}<table class="civis">{rows}</table>'


def html_of_list(plain: Sequence[Any], total: int, on_all_pages: int | None) -> str:
    """Write a table with a row an object; `total` is the length of the list that `plain` begins."""
    rows = [mask_value(row) for row in plain[:ROWS_SHOWN]]
    columns = _columns(rows)
    shown = columns[:_COLUMNS_SHOWN]
    if not columns:
        table = f"<pre>{_cell(rows)}</pre>"
    else:
        head = "".join(f"<th>{_cell(name)}</th>" for name in shown)
        body = "".join(_row(row, shown) for row in rows)
        table = f'{_STYLE}<table class="civis"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f"{table}<p>{_counts(len(rows), total, on_all_pages, len(columns) - len(shown))}</p>"


def _columns(rows: Iterable[Any]) -> list[str]:
    """List the fields of all rows in the order in which they turn up."""
    return list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))


def _row(row: Any, columns: Sequence[str]) -> str:
    """Write one row; what is no object gets one broad cell."""
    if not isinstance(row, dict):
        return f'<tr><td colspan="{len(columns)}">{_cell(row)}</td></tr>'
    cells = "".join(_data(row.get(name)) for name in columns)
    return f"<tr>{cells}</tr>"


def _counts(shown: int, total: int, on_all_pages: int | None, hidden_columns: int) -> str:
    """Say how much there is, and how much of it is shown."""
    words = f"{total:,} item{'' if total == 1 else 's'}"
    if on_all_pages is not None and on_all_pages > total:
        words += f" of {on_all_pages:,} on all pages"
    if shown < total:
        words += f", the first {shown} shown"
    if hidden_columns > 0:
        words += f", {hidden_columns} more columns"
    return words


def _data(value: Any) -> str:
    """Write a cell of the body; long texts get lines."""
    text = _cell(value)
    return (
        f'<td class="long">{text}</td>'
        if len(text) > _LONGEST_UNBROKEN or "\n" in text
        else f"<td>{text}</td>"
    )


def _cell(value: Any) -> str:
    """Write a value for a cell; a missing one stays blank."""
    if value is None:
        return ""
    from html import escape  # noqa: PLC0415 - 2 ms of names of characters, for notebooks only

    text = value if isinstance(value, str) else repr(_cut(value, [_LONGEST_CELL], 0))
    return escape(printable(text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + " …"))

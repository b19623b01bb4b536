"""Values on standard output: YAML, JSON, JSON lines, CSV or a table, item by item as they come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from civis.cli.own_options import STYLES
from civis.cli.plain_output import standard_output

__all__ = ["STYLES", "as_stream", "select", "standard_output", "write"]


def write(value: Any, style: str | None, stream: TextIO | None = None) -> None:
    """Write a value; an iterator is a list whose items are written when they come.

    Parameters
    ----------
    value : object
        What JSON can hold, or an iterator of such.
    style : str or None
        One of `STYLES`; None is YAML.
    stream : TextIO, optional
        By default standard output.
    """
    stream = stream or standard_output()
    style = style or "yaml"
    if style in ("table", "csv"):
        from civis.cli.tabular import write_csv, write_table  # noqa: PLC0415 - most outputs are none

        (write_csv if style == "csv" else write_table)(value, stream)
    elif isinstance(value, Iterator) or (isinstance(value, list) and style != "json"):
        _write_items(iter(value), style, stream)
    else:
        stream.write(_rendered(value, style))
    stream.flush()


def _write_items(items: Iterator[Any], style: str, stream: TextIO) -> None:
    """Write a list."""
    if style == "jsonl":
        for item in items:
            stream.write(_rendered(item, style))
        return
    begun = False
    for item in items:
        if style == "yaml":
            stream.write(_rendered([item], style))
        else:
            indented = _rendered(item, style).rstrip("\n").replace("\n", "\n  ")
            stream.write((",\n  " if begun else "[\n  ") + indented)
        begun = True
    if not begun:
        stream.write("[]\n")
    elif style == "json":
        stream.write("\n]\n")


def _rendered(value: Any, style: str) -> str:
    """Write one value."""
    if style == "yaml":
        from civis.cli.documents import dump_yaml  # noqa: PLC0415 - PyYAML takes 15 ms

        return dump_yaml(value)
    if style == "jsonl":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def select(value: Any, query: str) -> Any:
    """Take out of a value what a JMESPath expression asks for; items that come bit by bit are awaited.

    Raises
    ------
    ValueError
        If it is no such expression.
    """
    import jmespath  # noqa: PLC0415 - 15 ms, only where it is asked for

    try:
        expression = jmespath.compile(query)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"--query: {' '.join(str(error).split())}") from None
    try:
        return expression.search(list(value) if isinstance(value, Iterator) else value)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"--query: {' '.join(str(error).split())}") from None


def as_stream(items: Iterable[Any]) -> Iterator[Any]:
    """Give plain values of responses, one by one."""
    for item in items:
        yield getattr(item, "json_data", item)

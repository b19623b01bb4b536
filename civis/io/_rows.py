"""A result as rows, each a list of texts: with pyarrow in half the time, without it by Python alone.

With pyarrow, equal values of a column are one object in memory as long as they come near one another.
"""

from __future__ import annotations

import csv
import gc
import importlib.util
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from civis.io._result_tables import OpenStream

__all__ = ["read_rows"]


def read_rows(
    streams: Sequence[OpenStream],
    encoding: str | None,
    delimiter: str,
    names: Sequence[str] | None,
    has_header: bool | None = None,
) -> list[list[str]]:
    """Read streams that follow one another: the header, and the rows. NULL is ``""``.

    Parameters
    ----------
    streams : sequence of callable
    encoding : str or None
        None is UTF-8.
    delimiter : str
    names : sequence of str or None
        The columns, where the first row may hold values; None where it holds the names.
    has_header : bool or None, default None
        Whether the first row of each stream holds the names; None where it does if it is `names`.
    """
    with _garbage_collection_paused():
        # Rows are made of Arrow's columns by NumPy, which pyarrow can do without.
        if all(importlib.util.find_spec(name) is not None for name in ("pyarrow", "numpy")):
            import pyarrow as pa  # noqa: PLC0415 - optional library

            try:
                return _by_arrow(streams, encoding, delimiter, names, has_header)
            except pa.ArrowInvalid:
                # Rows of different lengths, or bytes that are no text: Python takes the former, and names
                # the latter.
                pass
        return _by_python(streams, encoding, delimiter, names, has_header)


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    """Pause the collector: millions of new lists, none of them garbage, would set it off again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _by_arrow(
    streams: Sequence[OpenStream],
    encoding: str | None,
    delimiter: str,
    names: Sequence[str] | None,
    has_header: bool | None,
) -> list[list[str]]:
    """Read by Arrow, block by block."""
    from civis.io._result_tables import TableFormat, read_pieces  # noqa: PLC0415 - needs pyarrow

    form = TableFormat(encoding, infers=False, delimiter=delimiter, names=names, has_header=has_header)
    rows: list[list[str]] = []
    for opened in streams:
        for piece in read_pieces(opened, form):
            if not rows:
                rows.append(list(piece.column_names))
            rows += _rows_of(piece)
    return rows


def _rows_of(table: pa.Table) -> list[list[str]]:
    """Turn columns of text into rows."""
    import numpy as np  # noqa: PLC0415 - comes with pandas, and NumPy is needed for no other reader
    import pyarrow.compute as pc  # noqa: PLC0415 - optional library

    cells: Any = np.empty((len(table), table.num_columns), dtype=object)
    for place, column in enumerate(table.columns):
        for begin, chunk in _chunks(column):
            found = pc.fill_null(chunk, "").dictionary_encode()
            # One more than there are, so that NumPy does not take the texts for something else.
            values = np.array([*found.dictionary.to_pylist(), None], dtype=object)
            cells[begin : begin + len(chunk), place] = values[found.indices.to_numpy()]
    rows: list[list[str]] = cells.tolist()
    return rows


def _chunks(column: pa.ChunkedArray) -> Iterator[tuple[int, pa.Array]]:
    """Yield the pieces of a column, and where each begins."""
    begin = 0
    for chunk in column.chunks:
        yield begin, chunk
        begin += len(chunk)


def _by_python(
    streams: Sequence[OpenStream],
    encoding: str | None,
    delimiter: str,
    names: Sequence[str] | None,
    has_header: bool | None = None,
) -> list[list[str]]:
    """Read by Python's own parser."""
    if has_header is True:
        names = None
    rows: list[list[str]] = [] if names is None else [list(names)]
    for opened in streams:
        with opened() as stream, io.TextIOWrapper(stream, encoding or "utf-8", newline="") as text:
            found = csv.reader(text, delimiter=delimiter)
            if names is None or has_header is not False:
                first = next(found, None)
                is_row = names is not None and has_header is None and first != rows[0]
                if first is not None and (is_row or not rows):
                    rows.append(first)
            rows.extend(found)
    if rows and len(rows[0]) == 1:
        # A lone NULL is an empty line.
        return [row or [""] for row in rows]
    return rows

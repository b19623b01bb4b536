"""Rows of CSV files put into a table, and those that do not fit found again with their lines.

It knows casts and rows; whether and how the table came about is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import duckdb

from civis.local.warehouse.casts import Cast, cast_of
from civis.local.warehouse.csv_files import PlainFile
from civis.local.warehouse.csv_rows import RowStream, Shape, numbered_rows
from civis.local.warehouse.csv_types import scratch
from civis.local.warehouse.errors import LoadError, RejectedRow
from civis.local.warehouse.script import quote
from civis.local.warehouse.session import Session
from civis.local.warehouse.types import SqlType

__all__ = ["Filling", "Target", "fill"]

_INPUT = "civis_rows_in"
_MISFIT = "civis: a value does not fit"


@dataclass(frozen=True)
class Target:
    """A table to fill.

    Parameters
    ----------
    place : str
        Its name for the engine.
    columns : tuple of (str, SqlType, bool)
        Name, type and whether NULL is allowed, in the order of the file.
    order_column : str or None
        A column, by its name for the engine, that takes the rows' numbers.
    """

    place: str
    columns: tuple[tuple[str, SqlType, bool], ...]
    order_column: str | None = None

    def casts(self) -> list[Cast]:
        """Give the expressions for each column."""
        return [
            cast_of(f"c{number}", declared, nullable=nullable)
            for number, (_, declared, nullable) in enumerate(self.columns)
        ]


@dataclass
class Filling:
    """What went in and what did not."""

    rows: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


def fill(
    session: Session, files: Sequence[PlainFile], shape: Shape, target: Target, max_errors: int
) -> Filling:
    """Put all rows of all files into the table.

    Raises
    ------
    LoadError
        If more than `max_errors` rows do not fit; it lists them.
    """
    filling = Filling()
    for file in files:
        stream = RowStream(file, shape)
        try:
            inserted = _insert(session, stream, target, filling.rows, lenient=max_errors > 0)
        except duckdb.Error as error:
            if stream.problem is not None:
                raise stream.problem from None
            if _MISFIT not in str(error):
                raise
            inserted = -1
        if inserted < stream.row_count or stream.malformed:
            filling.rejected += _rejected(file, shape, target)
        if len(filling.rejected) > max_errors:
            raise LoadError(_message(filling.rejected, max_errors), filling.rejected[:100])
        filling.rows += max(inserted, 0)
    return filling


def _insert(session: Session, stream: RowStream, target: Target, begin: int, *, lenient: bool) -> int:
    """Insert a file's rows, numbered from `begin`; a misfit ends it, or is left out."""
    names = ", ".join(quote(name) for name, _, _ in target.columns)
    casts = target.casts()
    misfit = " or ".join(each.misfit for each in casts if each.misfit != "false") or "false"
    if lenient:
        values = ", ".join(each.value for each in casts)
        condition = f" where not ({misfit})"
    else:
        values = ", ".join(
            each.value
            if each.misfit == "false"
            else f"case when {each.misfit} then error('{_MISFIT}') else {each.value} end"
            for each in casts
        )
        condition = ""
    if target.order_column is not None:
        names, values = f"{names}, {target.order_column}", f"{values}, n + {begin}"
    session.cursor.register(_INPUT, stream.reader())
    try:
        query = f"insert into {target.place} ({names}) select {values} from {_INPUT}{condition}"  # noqa: S608
        row = session.run(query).fetchone()
    finally:
        with suppress(duckdb.Error):  # a failed transaction does not even let go; the cursor's end does
            session.cursor.unregister(_INPUT)
    return int(row[0]) if row else 0


def _rejected(file: PlainFile, shape: Shape, target: Target) -> list[RejectedRow]:
    """Find the rows that do not fit: by the engine what, then in the file where."""
    casts = target.casts()
    misfits = [(number, each) for number, each in enumerate(casts) if each.misfit != "false"]
    found: dict[int, tuple[int, str | None, str]] = {}
    if misfits:
        which = " ".join(f"when {each.misfit} then {number}" for number, each in misfits)
        value = " ".join(f"when {number} then c{number}" for number, _ in misfits)
        reason = " ".join(f"when {number} then {each.reason}" for number, each in misfits)
        query = (
            f"select n, which, case which {value} end, case which {reason} end "  # noqa: S608 - our own words
            f"from (select *, case {which} end as which from rows) where which is not null order by n"
        )
        with scratch(RowStream(file, shape)) as connection:
            found = {row[0]: row[1:] for row in connection.execute(query).fetchall()}
    rejected, number = [], 0
    for line, row in numbered_rows(file, shape):
        if len(row) != shape.width:
            reason = f"the row has {len(row)} columns instead of {shape.width}"
            rejected.append(RejectedRow(file.label, line, None, _shortened(shape.join(row)), reason))
            continue
        if number in found:
            index, text, why = found[number]
            column = target.columns[index][0]
            rejected.append(RejectedRow(file.label, line, column, _shortened(text), why))
        number += 1
    return rejected


def _shortened(text: str | None) -> str | None:
    """Cut a text for a message."""
    return text if text is None or len(text) <= 100 else text[:99] + "…"


def _message(rejected: Sequence[RejectedRow], max_errors: int) -> str:
    """Word a load's failure by the first rows that did not fit."""
    many = f"{len(rejected)} rows do" if len(rejected) > 1 else "1 row does"
    shown = "\n".join(f"  {each}" for each in rejected[:10])
    more = f"\n  and {len(rejected) - 10} more" if len(rejected) > 10 else ""
    return (
        f"{many} not fit the table, {max_errors} may be left out (max_errors); nothing was loaded. Correct "
        f"the file, or declare wider types:\n{shown}{more}"
    )

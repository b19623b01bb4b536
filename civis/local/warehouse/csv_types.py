"""The types of a CSV file's columns: the narrowest into which every value fits without losing anything.

It looks at all rows, with the engine in a connection of its own that has no database behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from civis.local.warehouse.csv_files import PlainFile
from civis.local.warehouse.csv_rows import RowStream, Shape
from civis.local.warehouse.types import MAX_VARCHAR

__all__ = ["detect_types", "scratch"]

_SAMPLE = 5000
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = rf"{_DAY}[ T]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?"
_FLOAT = r"-?((0|[1-9]\d*)(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?|-?inf"


def _braced(pattern: str) -> str:
    """Have a pattern's braces survive `str.format`."""
    return pattern.replace("{", "{{").replace("}", "}}")


# kind -> whether a text {x} is of it; in the order in which they are preferred.
_KINDS = {
    "boolean": "{x} in ('t', 'f', 'true', 'false', 'True', 'False', 'TRUE', 'FALSE')",
    "integer": "regexp_full_match({x}, '0|-?[1-9]\\d{{0,37}}')",
    "float": f"(regexp_full_match({{x}}, '{_braced(_FLOAT)}'))",
    "date": f"(length({{x}}) = 10 and regexp_full_match({{x}}, '{_braced(_DAY)}')"
    " and try_cast({x} as date) is not null)",
    "timestamp": f"(regexp_full_match({{x}}, '{_braced(_CLOCK)}')"
    " and try_cast({x} as timestamp) is not null)",
    "timestamptz": f"(regexp_full_match({{x}}, '{_braced(_CLOCK)}"
    "(Z|[+-]\\d{{2}}(:?\\d{{2}})?)') and try_cast({x} as timestamptz) is not null)",
}
# Figures that decide between the types of a kind.
_FIGURES = {
    "integer": (
        "min(try_cast({x} as hugeint))",
        "max(try_cast({x} as hugeint))",
        "max(length(ltrim({x}, '-')))",
    ),
    "float": (
        # 15 digits always survive a double; more do if they come back as they were.
        "coalesce(bool_and(length(regexp_replace({x}, '[eE].*|[^0-9]', '', 'g')) <= 15"
        " or cast(try_cast({x} as double) as varchar) = {x}), true)",
        "coalesce(bool_and(isfinite(try_cast({x} as double)) or contains({x}, 'inf')), false)",
        "max(length(split_part(ltrim({x}, '-'), '.', 1)))",
        "max(length(split_part({x}, '.', 2)))",
        "bool_or(contains(lower({x}), 'e') or contains({x}, 'inf'))",
    ),
}


@dataclass
class _Evidence:
    """What is known of one column."""

    kinds: list[str] = field(default_factory=lambda: list(_KINDS))
    is_empty: bool = True
    length: int = 0
    figures: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def merge(self, other: _Evidence) -> None:
        """Take in what another file shows of the same column."""
        if other.is_empty:
            self.length = max(self.length, other.length)
            return
        if self.is_empty:
            other.length = max(self.length, other.length)
            self.__dict__.update(other.__dict__)
            return
        self.kinds = [kind for kind in self.kinds if kind in other.kinds]
        self.length = max(self.length, other.length)
        for kind, figures in other.figures.items():
            self.figures[kind] = _merged(kind, self.figures.get(kind, figures), figures)


def _merged(kind: str, one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
    """Join the figures of two files."""
    if kind == "integer":
        return (min(one[0], two[0]), max(one[1], two[1]), max(one[2], two[2]))
    return (
        one[0] and two[0],
        one[1] and two[1],
        max(one[2], two[2]),
        max(one[3], two[3]),
        one[4] or two[4],
    )


def detect_types(files: Iterable[PlainFile], shape: Shape) -> tuple[list[str], int]:
    """Find a type for each column into which all values of all files fit, and count the rows.

    Returns
    -------
    tuple of (list of str, int)
        Types in Redshift's words, such as ``"VARCHAR(12)"``.
    """
    total: list[_Evidence] | None = None
    rows = 0
    for file in files:
        sample, _ = _examine(file, shape, [_Evidence() for _ in range(shape.width)], _SAMPLE)
        evidence, count = _examine(file, shape, sample, None)
        rows += count
        if total is None:
            total = evidence
        else:
            for before, now in zip(total, evidence, strict=True):
                before.merge(now)
    return [_type(each) for each in total or []], rows


def scratch(stream: RowStream, limit: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a connection without a database in which the table ``rows`` is the stream."""
    connection = duckdb.connect(config={"python_enable_replacements": False})
    connection.execute("set TimeZone = 'UTC'")
    connection.register("rows", stream.reader(limit))
    return connection


def _examine(
    file: PlainFile, shape: Shape, before: Sequence[_Evidence], limit: int | None
) -> tuple[list[_Evidence], int]:
    """Look at a file's rows, for the kinds that are still possible."""
    stream = RowStream(file, shape)
    wanted: list[str] = []
    for column, evidence in zip(shape.columns, before, strict=True):
        wanted += [f"count({column})", f"coalesce(max(strlen({column})), 0)"]
        # A quoted empty text is no value of any other type.
        for kind in evidence.kinds:
            test = _KINDS[kind].format(x=column)
            wanted.append(f"coalesce(bool_and({test}) filter (where {column} is not null), true)")
            if limit is None:
                wanted += [figure.format(x=column) for figure in _FIGURES.get(kind, ())]
    with scratch(stream, limit) as connection:
        try:
            row = connection.execute(f"select {', '.join(wanted)} from rows").fetchone()  # noqa: S608
        except duckdb.Error:
            if stream.problem is not None:
                raise stream.problem from None
            raise
    values = iter(row or ())
    return [_evidence(each.kinds, values, full=limit is None) for each in before], stream.row_count


def _evidence(kinds: Sequence[str], values: Any, *, full: bool) -> _Evidence:
    """Read one column's part of the answer."""
    found = _Evidence(kinds=[], is_empty=next(values) == 0, length=next(values))
    for kind in kinds:
        holds = next(values)
        figures = tuple(next(values) for _ in _FIGURES.get(kind, ())) if full else ()
        if holds:
            found.kinds.append(kind)
            found.figures[kind] = figures
    return found


def _type(evidence: _Evidence) -> str:
    """Name the narrowest type that loses nothing."""
    text = f"VARCHAR({min(max(evidence.length, 1), MAX_VARCHAR)})"
    if evidence.is_empty or not evidence.kinds:
        return text
    kind = evidence.kinds[0]
    if kind == "integer":
        low, high, digits = evidence.figures[kind]
        if low >= -(2**31) and high < 2**31:
            return "INTEGER"
        if low >= -(2**63) and high < 2**63:
            return "BIGINT"
        return f"NUMERIC({digits},0)" if digits <= 38 else text
    if kind == "float":
        is_exact, is_finite, whole, scale, has_exponent = evidence.figures[kind]
        if is_exact and is_finite:
            return "DOUBLE PRECISION"
        return f"NUMERIC({whole + scale},{scale})" if not has_exponent and whole + scale <= 38 else text
    return {"boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}.get(kind, "TIMESTAMPTZ")

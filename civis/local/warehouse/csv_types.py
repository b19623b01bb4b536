"""The types of a CSV file's columns: the narrowest into which every value fits without losing anything.

It looks at all rows, with the engine in a connection of its own that has no database behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis.local.deferral import Deferred
from civis.local.warehouse.csv_files import PlainFile
from civis.local.warehouse.csv_rows import RowStream, Shape
from civis.local.warehouse.types import MAX_VARCHAR

if TYPE_CHECKING:
    import duckdb
    import pyarrow
    import pyarrow.compute as pc
else:
    duckdb = Deferred("duckdb")  # a start needs no engine
    pyarrow = Deferred("pyarrow")
    pc = Deferred("pyarrow.compute")

__all__ = ["detect_types", "scratch"]

_SAMPLE = 1000
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = rf"{_DAY}[ T]\d{{2}}:\d{{2}}(:\d{{2}}(\.\d{{1,6}})?)?"
_FLOAT = r"-?((0|[1-9]\d*)(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?|-?inf"


# kind -> what a text of it looks like, in the order in which they are preferred; read alike by both engines.
_PATTERNS = {
    "boolean": "t|f|true|false|True|False|TRUE|FALSE",
    "integer": r"0|-?[1-9]\d{0,37}",
    "float": _FLOAT,
    "date": _DAY,
    "timestamp": _CLOCK,
    "timestamptz": rf"{_CLOCK}(Z|[+-]\d{{2}}(:?\d{{2}})?)",
}
_CASTS = ("date", "timestamp", "timestamptz")  # what looks like one may be none, as 2023-02-30 does
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

    kinds: list[str]
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
        evidence, count = _examine(file, shape, _possible_kinds(file, shape))
        rows += count
        if total is None:
            total = evidence
        else:
            for before, now in zip(total, evidence, strict=True):
                before.merge(now)
    return [_type(each) for each in total or []], rows


def scratch(stream: RowStream) -> duckdb.DuckDBPyConnection:
    """Open a connection without a database in which the table ``rows`` is the stream."""
    connection = duckdb.connect(config={"python_enable_replacements": False})
    connection.execute("pragma disable_optimizer")  # it takes seconds for hundreds of columns
    connection.execute("set TimeZone = 'UTC'")
    connection.register("rows", stream.reader())
    return connection


def _possible_kinds(file: PlainFile, shape: Shape) -> list[list[str]]:
    """Look at a file's first rows for the kinds that its columns may be of.

    The engine needs seconds to plan every test for each of hundreds of columns; few are left after this.
    """
    stream = RowStream(file, shape)
    try:
        rows = stream.reader(_SAMPLE).read_all()
    except pyarrow.ArrowInvalid:
        if stream.problem is not None:
            raise stream.problem from None
        raise
    return [[kind for kind in _PATTERNS if _may_be(kind, rows[column])] for column in shape.columns]


def _may_be(kind: str, texts: pyarrow.ChunkedArray) -> bool:
    """Tell whether every text looks like a kind; NULL does."""
    return bool(pc.all(pc.match_substring_regex(texts, f"^({_PATTERNS[kind]})$")).as_py() is not False)


def _examine(file: PlainFile, shape: Shape, possible: Sequence[list[str]]) -> tuple[list[_Evidence], int]:
    """Look at all of a file's rows, for the kinds that its columns may be of."""
    stream = RowStream(file, shape)
    wanted: list[str] = []
    for column, kinds in zip(shape.columns, possible, strict=True):
        wanted += [f"count({column})", f"coalesce(max(strlen({column})), 0)"]
        for kind in kinds:
            # No FILTER: the engine would copy all that is asked for, once for each.
            wanted.append(f"coalesce(bool_and({column} is null or ({_test(kind, column)})), true)")
            wanted += [figure.format(x=column) for figure in _FIGURES.get(kind, ())]
    with scratch(stream) as connection:
        try:
            row = connection.execute(f"select {', '.join(wanted)} from rows").fetchone()  # noqa: S608
        except duckdb.Error:
            if stream.problem is not None:
                raise stream.problem from None
            raise
    values = iter(row or ())
    return [_evidence(kinds, values) for kinds in possible], stream.row_count


def _test(kind: str, column: str) -> str:
    """Write the condition that a text is of a kind. A quoted empty text is of none."""
    looks = f"regexp_full_match({column}, '{_PATTERNS[kind]}')"
    return f"{looks} and try_cast({column} as {kind}) is not null" if kind in _CASTS else looks


def _evidence(kinds: Sequence[str], values: Iterator[Any]) -> _Evidence:
    """Read one column's part of the answer."""
    found = _Evidence(kinds=[], is_empty=next(values) == 0, length=next(values))
    for kind in kinds:
        holds = next(values)
        figures = tuple(next(values) for _ in _FIGURES.get(kind, ()))
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

"""What INSERT, UPDATE and MERGE put into columns: as strict about lengths and whole numbers as Redshift.

The engine stores a text of any length and rounds ``'1.9'`` into an integer. A constant is checked here; what
is worked out, the engine is made to check. It changes trees; what is declared it reads from the notes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp, parse_one

from civis.local.warehouse.dialect import Tree, engine_sql
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.notes import Notes
from civis.local.warehouse.script import Name, quote_text
from civis.local.warehouse.types import SqlType, parse_type, redshift_name

__all__ = ["check_assignments"]

_INTEGERS = {"smallint", "integer", "bigint"}
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_ROWS = "civis_rows"

Run = Callable[[str], Any]


@dataclass(frozen=True)
class _Column:
    """A column that takes values: Redshift's name of its type, and the type where a length was declared."""

    type_name: str
    declared: SqlType | None

    @property
    def length(self) -> int | None:
        """The most bytes that it takes; None if nobody said."""
        return None if self.declared is None else self.declared.length


def check_assignments(run: Run, tree: Tree) -> None:
    """Change a prepared statement so that it fails where Redshift would refuse a value.

    Parameters
    ----------
    run : callable
        Runs one statement of the engine's in the transaction of the call.
    tree : Expression
        Of an INSERT, UPDATE or MERGE, prepared; others are left alone. It is changed in place.

    Raises
    ------
    SqlError
        If a constant does not fit its column.
    """
    if not isinstance(tree, (exp.Insert, exp.Update, exp.Merge)):
        return
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        return
    columns = _columns(run, table)
    if isinstance(tree, exp.Insert):
        _check_insert(run, tree, columns)
    elif isinstance(tree, exp.Update):
        _check_settings(tree, columns)
    else:
        for each in tree.find_all(exp.When):
            _check_when(each.args.get("then"), columns)


def _columns(run: Run, table: exp.Table) -> dict[str, _Column]:
    """Describe a table's columns, in order."""
    place = table.copy()
    place.set("alias", None)
    described = run(f"select * from {engine_sql(place)} limit 0").description  # noqa: S608 - quoted names
    noted = _noted(run, table)
    return {
        str(name).lower(): _Column(redshift_name(str(kind)), noted.get(str(name).lower()))
        for name, kind, *_ in described
    }


def _noted(run: Run, table: exp.Table) -> dict[str, SqlType]:
    """Give the declared types of a table's columns; none of a temporary one, of which nothing is noted."""
    if table.text("db"):
        return _types(run, Name(table.text("db"), table.name))
    is_temporary = f"select 1 from duckdb_tables() where temporary and table_name = {quote_text(table.name)}"  # noqa: S608 - quoted
    for schema in run("select current_schemas(false)").fetchone()[0]:
        found = _types(run, Name(schema, table.name))
        if found:
            return {} if run(is_temporary).fetchone() else found
    return {}


def _types(run: Run, name: Name) -> dict[str, SqlType]:
    """Read the types noted about one table."""
    noted = Notes(_Cursor(run)).table(name)
    return {column: parse_type(text) for (column, kind), text in noted.items() if kind == "type"}


@dataclass(frozen=True)
class _Cursor:
    """Reads notes through the function that runs statements."""

    run: Callable[..., Any]

    def execute(self, query: str, parameters: Any = None) -> Any:
        """Run one statement."""
        return self.run(query, parameters)


def _check_insert(run: Run, tree: exp.Insert, columns: dict[str, _Column]) -> None:
    """Check what an INSERT brings: rows written out value by value, those of a query where they come out."""
    names = [each.name for each in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
    targets = [columns.get(name) for name in names] if names else list(columns.values())
    rows = tree.expression
    if isinstance(rows, exp.Values):
        for row in rows.expressions:
            if isinstance(row, exp.Tuple):
                _check_row(row, targets)
    elif isinstance(rows, exp.Query) and any(each is not None and each.length for each in targets):
        description = run(f"select * from ({engine_sql(rows)}) limit 0").description  # noqa: S608 - a query
        if len(description) == len(targets):  # else the engine says what is wrong
            tree.set("expression", _checked_rows(rows, targets))


def _check_row(row: exp.Tuple, targets: Sequence[_Column | None]) -> None:
    """Check the values of one row."""
    for value, column in zip(list(row.expressions), targets, strict=False):
        if column is not None:
            _check_value(value, column)


def _check_settings(update: exp.Update, columns: dict[str, _Column]) -> None:
    """Check the values of ``SET a = 1, b = 2``."""
    for each in update.expressions:
        column = columns.get(each.this.name) if isinstance(each, exp.EQ) else None
        if column is not None:
            _check_value(each.expression, column)


def _check_when(action: Tree, columns: dict[str, _Column]) -> None:
    """Check what MERGE does with a row."""
    if isinstance(action, exp.Update):
        _check_settings(action, columns)
    elif isinstance(action, exp.Insert) and isinstance(action.expression, exp.Tuple):
        names = [each.name for each in action.this.expressions] if action.this is not None else list(columns)
        _check_row(action.expression, [columns.get(name) for name in names])


def _check_value(value: Tree, column: _Column) -> None:
    """Check a constant at once; have the engine check what it works out."""
    if isinstance(value, exp.Literal):
        _check_constant(value, column)
    elif column.declared is not None and not isinstance(value, (exp.Null, exp.Var)):
        # A lambda, as the value is to be worked out once only.
        check = _filled(f"list_transform([civis_value], lambda v: {_checked('v', column.declared)})[1]")
        for each in list(check.find_all(exp.Column)):
            if each.name == "civis_value":
                each.replace(value.copy())
        value.replace(check)


def _check_constant(value: exp.Literal, column: _Column) -> None:
    """Refuse a constant that is too long, or no whole number where one is wanted."""
    if column.declared is not None and column.length:
        text = value.name.rstrip(" ") if column.declared.is_fixed_text else value.name
        if len(text.encode("utf-8", "surrogatepass")) > column.length:
            raise SqlError(_too_long(column.declared))
    elif value.is_string and column.type_name in _INTEGERS and not _WHOLE.fullmatch(value.name):
        raise SqlError(f'invalid input syntax for type {column.type_name}: "{value.name}"')


def _checked_rows(query: Tree, targets: Sequence[_Column | None]) -> Tree:
    """Give a query whose rows are checked as they come out of another."""
    names = [f"civis_{number}" for number in range(1, len(targets) + 1)]
    values = [
        _filled(_checked(name, column.declared))
        if column is not None and column.declared is not None
        else exp.column(name)
        for name, column in zip(names, targets, strict=True)
    ]
    alias = exp.TableAlias(this=exp.to_identifier(_ROWS), columns=[exp.to_identifier(name) for name in names])
    return exp.select(*values).from_(exp.Subquery(this=query.copy(), alias=alias))


def _checked(name: str, declared: SqlType) -> str:
    """Write the expression that gives a value or fails, as it is too long."""
    text = f"cast({name} as varchar)"
    if declared.is_fixed_text:
        text = f"rtrim({text}, ' ')"
    length = f"strlen({text})" if declared.family == "text" else f"octet_length({name})"
    failure = f"error({quote_text(_too_long(declared))})"
    return f"case when {length} > {declared.length} then {failure} else {name} end"


def _too_long(declared: SqlType) -> str:
    """Say that a value does not fit."""
    return f"value too long for type {declared.name}"


def _filled(text: str) -> Tree:
    """Parse an expression of the engine's."""
    return parse_one(text, dialect="duckdb")

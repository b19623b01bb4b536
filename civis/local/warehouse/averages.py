"""AVG with Redshift's types: of whole numbers it is a whole number, of decimals a decimal of their kind.

The engine alone knows what type an argument has, so it is asked: a constant that names the type is put into
each AVG, and read in the engine's plan for the statement, which is not run for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp, parse_one

from civis.local.warehouse.dialect import Tree, engine_sql

__all__ = ["type_averages"]

_MARK = re.compile(r"civis type (\d+) ([A-Z]+(?:\(\d+,\d+\))?)")
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}


def type_averages(run: Callable[[str], Any], tree: Tree) -> None:
    """Give each AVG of a prepared statement the type that Redshift gives it.

    Parameters
    ----------
    run : callable
        Runs one statement of the engine's in the transaction of the call.
    tree : Expression
        Changed in place.
    """
    pending: list[exp.Avg] = list(tree.find_all(exp.Avg))
    while pending:
        kinds = _types_of(run, tree, pending)
        open_ones = []
        for average, kind in zip(pending, kinds, strict=True):
            if kind is None or not _set_type(average, kind):
                open_ones.append(average)
        if len(open_ones) == len(pending):
            return
        pending = open_ones  # an average of averages is a whole number now that these are


def _set_type(average: exp.Avg, kind: str) -> bool:
    """Cast an average of a type to what Redshift makes of it; False if the engine makes the same."""
    if kind not in _WHOLE and not kind.startswith("DECIMAL"):
        return False
    outermost: Tree = average
    while isinstance(outermost.parent, (exp.Window, exp.Filter)) and outermost.arg_key == "this":
        outermost = outermost.parent  # nothing can be put between an aggregate and its OVER
    to = exp.DataType.build("BIGINT" if kind in _WHOLE else kind, dialect="duckdb")
    holder = exp.Cast(to=to)
    outermost.replace(holder)
    holder.set("this", exp.Anonymous(this="trunc", expressions=[outermost]) if kind in _WHOLE else outermost)
    return True


def _types_of(run: Callable[[str], Any], tree: Tree, averages: list[exp.Avg]) -> list[str | None]:
    """Ask the engine for the types of what is averaged; None where its plan does not show one."""
    originals = [each.this for each in averages]
    try:
        for number, (average, argument) in enumerate(zip(averages, originals, strict=True)):
            average.set("this", _marked(argument, number))
        query = tree.expression if isinstance(tree, exp.Create) else tree  # of a view there is no plan
        plan = str(run(f"explain (format json) {_unlimited(query)}").fetchall())
    finally:
        for average, argument in zip(averages, originals, strict=True):
            average.set("this", argument)
    found = {int(number): kind for number, kind in _MARK.findall(plan)}
    return [found.get(number) for number in range(len(averages))]


def _marked(argument: Tree, number: int) -> Tree:
    """Give an argument with a constant in it that names its type, and that the engine cannot do without."""
    if isinstance(argument, exp.Distinct):
        return exp.Distinct(expressions=[_marked(each, number) for each in argument.expressions])
    marked = parse_one(
        f"case when cast(random() as varchar) = 'civis type {number} ' || typeof(_0) then null else _0 end",
        dialect="duckdb",
    )
    for column in list(marked.find_all(exp.Column)):
        column.replace(argument.copy())
    return marked


def _unlimited(query: Tree) -> str:
    """Write a query without its LIMIT: of LIMIT 0 the engine makes an empty plan."""
    if isinstance(query, exp.Query) and query.args.get("limit") is not None:
        query = query.copy()
        query.set("limit", None)
    return engine_sql(query)

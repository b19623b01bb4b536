"""Statements of Redshift's dialect put into the engine's words.

It works on the syntax tree of one statement; no connection, no transaction. What the engine must not be asked
at all is refused here already, with the reason; the engine is locked besides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from sqlglot import TokenType, exp, parse_one
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError

from civis.local.warehouse.catalogue import CATALOGUE_VIEWS
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.functions import PLAIN_FUNCTIONS, adapt_function
from civis.local.warehouse.notes import HIDDEN_SCHEMA
from civis.local.warehouse.types import parse_type

__all__ = ["DECLARED", "Tree", "engine_sql", "parse_statement", "prepare"]

Tree: TypeAlias = Any
"""A node of a syntax tree; sqlglot's root class has another name in every other version."""

#: Under this name a node keeps the type of text that it was cast to, which the engine does not see.
DECLARED = "declared"

_ALLOWED = (
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
)
_CREATABLE = {"TABLE", "VIEW", "SCHEMA"}
_TABLE_FUNCTIONS = {"generate_series", "exploding_generate_series", "range", "unnest", "explode", "json_each"}
_REFUSED_FUNCTION = re.compile(
    r"read_.*|glob|sniff_csv|getenv|getvariable|duckdb_.*|pragma_.*|query|query_table|parquet_.*|.*_scan(_.*)?"
    r"|which_secret|.*_secret(s)?|current_setting|set_config|json_execute_serialized_sql|sql_auto_complete"
    r"|write_log|nextval|currval|test_.*|in_search_path|summary|.*_log(s)?|current_query.*|checkpoint|force_.*"
)
_SAFE_LOG = {"log"}
_ENGINE_TABLE = re.compile(r"(pg|duckdb|sqlite|pragma)_")
_CATALOGUE = {name: schema for schema, name in CATALOGUE_VIEWS if schema == "pg_catalog"}


class WarehouseRedshift(Redshift):
    """Redshift's dialect, with FLOAT as the double that it is there."""

    class Tokenizer(Redshift.Tokenizer):
        """Tells FLOAT and REAL apart."""

        KEYWORDS = {  # noqa: RUF012 - declared so by the base class
            **Redshift.Tokenizer.KEYWORDS,
            "FLOAT": TokenType.DOUBLE,
            "FLOAT8": TokenType.DOUBLE,
            "FLOAT4": TokenType.FLOAT,
        }

    class Parser(Redshift.Parser):  # type: ignore[misc, valid-type] # a metaclass makes it
        """Leaves to `functions` what it would translate halfway."""

        FUNCTIONS = {  # noqa: RUF012 - declared so by the base class
            name: build for name, build in Redshift.Parser.FUNCTIONS.items() if name not in PLAIN_FUNCTIONS
        }

        def _warn_unsupported(self) -> None:
            """Log nothing: what the parser does not know is refused below, to the one who sent it."""


def parse_statement(text: str) -> Tree:
    """Parse one statement; :exc:`SqlError` says where it cannot be read.

    Examples
    --------
    >>> parse_statement("select top 1 a from t").sql("duckdb")
    'SELECT a FROM t LIMIT 1'
    """
    first = (re.findall(r"\w+", text) or ["?"])[0].upper()
    if first in _FOREIGN:
        instead = _INSTEAD.get(first, "")
        raise SqlError(
            f"{first} is not something that the local warehouse does, or may do: {text[:100]}{instead}"
        )
    if first == "DELETE":
        text = re.sub(r"(?i)^\s*delete\s+(?!from\b|/\*|--)", "delete from ", text)  # FROM may be missing
    try:
        tree: Tree = parse_one(text, dialect=WarehouseRedshift)
    except ParseError as error:
        found = error.errors[0] if error.errors else {}
        near = found.get("highlight") or text.strip()[:50]
        raise SqlError(
            f'syntax error at or near "{near}" (line {found.get("line", 1)}, column {found.get("col", 1)})'
        ) from None
    except SqlglotError as error:
        raise SqlError(f"syntax error: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise SqlError("the SQL is nested too deeply to be read") from None
    if not isinstance(tree, _ALLOWED):
        if isinstance(tree, (exp.Command, exp.Copy, exp.Pragma, exp.Attach, exp.Detach)):
            raise SqlError(f"{first} is not something that the local warehouse does, or may do: {text[:100]}")
        raise SqlError(f'syntax error at or near "{text.strip()[:50]}"')
    if isinstance(tree, exp.Create) and str(tree.args.get("kind")).upper() not in _CREATABLE:
        raise SqlError(f"CREATE {tree.args.get('kind')} is not something that the local warehouse does")
    return tree


_FOREIGN = frozenset(
    [
        "COPY",
        "UNLOAD",
        "ATTACH",
        "DETACH",
        "INSTALL",
        "LOAD",
        "PRAGMA",
        "USE",
        "CALL",
        "EXPORT",
        "IMPORT",
        "SHOW",
        "PREPARE",
        "EXECUTE",
        "DEALLOCATE",
        "CHECKPOINT",
        "DECLARE",
        "FETCH",
        "CLOSE",
        "CANCEL",
    ]
)

_INSTEAD = {
    "UNLOAD": ". It reaches no storage; read the rows with civis.io.civis_to_csv or civis_to_multifile_csv",
    "COPY": ". It reaches no storage; load the file with civis.io.csv_to_civis or civis_file_to_table",
}


def prepare(tree: Tree, user: str, parameters: Mapping[str, Any] | Sequence[Any] | None) -> None:
    """Change a tree, in place, into what the engine takes for the same.

    Raises
    ------
    SqlError
        If it asks for what the warehouse does not give.
    """
    _refuse(tree)
    _bind(tree, parameters)
    _name_columns(tree)
    for node in reversed(list(tree.walk(bfs=True))):  # what is within comes before what it is in
        _adapt(node, user)
    for name in tree.find_all(exp.Identifier):
        name.set("this", name.this.lower())
        name.set("quoted", True)
    _adapt_catalogue(tree)


def engine_sql(tree: Tree) -> str:
    """Write a prepared tree for the engine."""
    try:
        text: str = tree.sql(dialect="duckdb", unsupported_level=ErrorLevel.IGNORE)
    except (SqlglotError, ValueError) as error:
        raise SqlError(f"the statement cannot be run: {error}") from None
    return text


def _refuse(tree: Tree) -> None:
    """Refuse functions and schemas that are the engine's own affair."""
    for function in tree.find_all(exp.Func):
        name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
        name = name.lower()
        is_table = isinstance(function.parent, exp.Table)
        if (is_table and name not in _TABLE_FUNCTIONS) or (
            name not in _SAFE_LOG
            and _REFUSED_FUNCTION.fullmatch(name)
            and isinstance(function, exp.Anonymous)
        ):
            raise SqlError(f"function {name}() does not exist, or may not be used here")
    for csv in tree.find_all(exp.ReadCSV, exp.ReadParquet):
        raise SqlError(f"function {csv.sql_name().lower()}() may not be used here")
    for node in tree.find_all(exp.Table, exp.Column):
        if node.args.get("db") and node.text("db").lower() in (HIDDEN_SCHEMA, "main", "system"):
            raise SqlError(f'schema "{node.text("db")}" does not exist')


def _bind(tree: Tree, parameters: Mapping[str, Any] | Sequence[Any] | None) -> None:
    """Put values in place of ``:name`` and ``?``."""
    position = 0
    for holder in list(tree.find_all(exp.Placeholder, exp.Parameter)):
        name = holder.name
        if isinstance(parameters, Mapping):
            if name not in parameters:
                raise SqlError(f"no value was given for the parameter :{name}")
            value = parameters[name]
        elif parameters is not None and position < len(parameters):
            value, position = parameters[position], position + 1
        else:
            raise SqlError(f"no value was given for the parameter {':' + name if name else '?'}")
        holder.replace(exp.convert(value))


def _name_columns(tree: Tree) -> None:
    """Name unnamed columns as Redshift does: by the function, else ``?column?``."""
    for select in reversed(list(tree.find_all(exp.Select))):  # inner ones first: outer names come from them
        if isinstance(select.parent, (exp.In, exp.Exists)):
            continue
        for each in list(select.expressions):
            if not each.alias and not isinstance(
                each, (exp.Column, exp.Star, exp.Alias, exp.Aliases, exp.Dot)
            ):
                name = _column_name(each)
                each.replace(exp.alias_(each.copy(), name, quoted=True))


def _column_name(node: Tree) -> str:
    """Tell how Redshift calls a column that has no name."""
    if isinstance(node, (exp.Paren, exp.Cast, exp.Window, exp.WithinGroup, exp.Filter, exp.IgnoreNulls)):
        inner = _column_name(node.this)
        return node.to.this.name.lower() if inner == "?column?" and isinstance(node, exp.Cast) else inner
    if isinstance(node, exp.Column):
        return node.name or "?column?"
    if isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
        return "sysdate"
    if isinstance(node, exp.Subquery):
        selects = node.this.selects
        return (selects[0].alias_or_name if selects else "") or "?column?"
    if type(node) in _FUNCTION_NAMES:
        return _FUNCTION_NAMES[type(node)]
    if isinstance(node, exp.Pad):
        return "lpad" if node.args.get("is_left") else "rpad"
    if isinstance(node, (exp.Connector, exp.Binary)) or not isinstance(node, (exp.Func, exp.Case)):
        return "?column?"
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    return str(node.sql_name()).lower()


_FUNCTION_NAMES: dict[type, str] = {
    exp.Case: "case",
    exp.If: "case",
    exp.GroupConcat: "listagg",
    exp.DateAdd: "date_add",
    exp.TsOrDsAdd: "date_add",
    exp.DateDiff: "date_diff",
    exp.TsOrDsDiff: "date_diff",
    exp.CurrentTimestamp: "getdate",
    exp.Extract: "date_part",
    exp.Length: "len",
    exp.TimestampTrunc: "date_trunc",
    exp.ConvertTimezone: "convert_timezone",
    exp.ApproxDistinct: "count",
    exp.LogicalOr: "bool_or",
    exp.LogicalAnd: "bool_and",
    exp.RegexpExtract: "regexp_substr",
    exp.StrPosition: "strpos",
    exp.ParseJSON: "json_parse",
    exp.JSONExtractScalar: "json_extract_path_text",
    exp.DecodeCase: "case",
    exp.LowerHex: "to_hex",
    exp.BitwiseAndAgg: "bit_and",
    exp.BitwiseOrAgg: "bit_or",
    exp.ExplodingGenerateSeries: "generate_series",
}


def _adapt(node: Tree, user: str) -> None:
    """Change one node where the translation alone would mean something else."""
    if isinstance(node, exp.CurrentTimestamp):
        sum_of = node.parent if isinstance(node.parent, (exp.Add, exp.Sub)) else None
        if sum_of is not None and sum_of.this is node and sum_of.expression.is_int:
            sum_of.set("expression", exp.func("to_days", sum_of.expression.copy()))  # numbers are days
        node.replace(parse_one("CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)", dialect="duckdb"))
    elif isinstance(node, exp.Localtimestamp):
        node.replace(parse_one("CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP)", dialect="duckdb"))
    elif isinstance(node, (exp.CurrentUser, exp.SessionUser)):
        node.replace(exp.Literal.string(user))
    elif isinstance(node, exp.Column) and not node.table and not node.this.args.get("quoted"):
        if node.name.lower() in ("user", "session_user"):
            node.replace(exp.Literal.string(user))
    elif isinstance(node, exp.Cast) and not isinstance(node.parent, exp.ColumnDef):
        _adapt_cast(node)
    elif isinstance(node, exp.GroupConcat):
        _adapt_listagg(node)
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "isnull":
        node.replace(exp.Coalesce(this=node.expressions[0], expressions=node.expressions[1:]))
    elif isinstance(node, exp.SimilarTo) and isinstance(node.expression, exp.Literal):
        pattern = exp.Literal.string(_similar_pattern(node.expression.name))
        node.replace(exp.func("regexp_full_match", node.this, pattern, dialect="duckdb"))
    else:
        adapt_function(node)


def _similar_pattern(pattern: str) -> str:
    """Write a pattern of SIMILAR TO as a regular expression."""
    signs = {"%": "(?s:.*)", "_": "(?s:.)", ".": r"\.", "^": r"\^", "$": r"\$"}
    parts = re.findall(r"\\.|\[[^\]]*\]|.", pattern, re.DOTALL)
    return "".join(signs.get(part, part) for part in parts)


def _adapt_cast(node: exp.Cast) -> None:
    """Cut a text at its declared length, and give NUMERIC its scale of nothing."""
    to = node.to
    if to.this in exp.DataType.TEXT_TYPES and to.expressions:
        try:
            declared = parse_type(to.sql(dialect="redshift"))
        except ValueError as error:
            raise SqlError(str(error)) from None
        to.set("expressions", [])
        cut = exp.Left(this=node.copy(), expression=exp.Literal.number(declared.length or 1))
        cut.meta[DECLARED] = declared.name
        node.replace(cut)
    elif to.this in exp.DataType.INTEGER_TYPES and node.this.is_string:
        if not re.fullmatch(r"\s*[+-]?\d+\s*", node.this.name):  # the engine would round '1.5'
            name = parse_type(to.sql(dialect="redshift")).name
            raise SqlError(f'invalid input syntax for type {name}: "{node.this.name}"')
    elif to.this == exp.DataType.Type.DECIMAL and not to.expressions:
        to.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(each)) for each in (18, 0)])


def _adapt_listagg(node: exp.GroupConcat) -> None:
    """Take the separator out of ``DISTINCT a, ','``, where the parser has left it."""
    distinct = node.this
    if isinstance(distinct, exp.Distinct) and len(distinct.expressions) == 2:
        node.set("separator", distinct.expressions[1])
        distinct.set("expressions", distinct.expressions[:1])


def _adapt_catalogue(tree: Tree) -> None:
    """Point the catalogue's names at our own views of it."""
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            continue
        schema, name = table.text("db"), table.name
        schema = schema or ("pg_catalog" if name in _CATALOGUE else "")
        if (schema, name) in CATALOGUE_VIEWS:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
            table.set("this", exp.to_identifier(f"{schema}.{name}", quoted=True))
            table.set("db", exp.to_identifier(HIDDEN_SCHEMA))
            table.set("catalog", None)
        elif schema in ("pg_catalog", "information_schema") or (not schema and _ENGINE_TABLE.match(name)):
            raise SqlError(f'relation "{name}" does not exist')  # the engine's own would show its settings
        elif table.args.get("catalog"):
            table.set("catalog", None)

"""Functions of Redshift that the engine has under another name, or not at all, in the engine's words.

It works on nodes of a syntax tree; what may be called is decided in `dialect`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlglot import exp, parse_one

from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.formats import number_text, parse_format, timestamp_text

__all__ = ["PLAIN_FUNCTIONS", "adapt_function"]

#: Functions that the parser would translate, but not well; they stay calls by name.
PLAIN_FUNCTIONS = frozenset(
    {
        "TO_CHAR",
        "TO_DATE",
        "TO_TIMESTAMP",
        "TO_NUMBER",
        "STRTOL",
        "POWER",
        "POW",
        "MOD",
        "VERSION",
        "JSON_EXTRACT_PATH_TEXT",
    }
)

_DIGITS = "'0123456789abcdefghijklmnopqrstuvwxyz'"
#: Name and number of arguments -> what it is for the engine; _0, _1 … stand for the arguments.
_TEMPLATES = {
    ("func_sha1", 1): "sha1(_0)",
    ("replicate", 2): "repeat(_0, _1)",
    ("quote_ident", 1): "case when regexp_full_match(_0, '[a-z_][a-z0-9_]*') then _0 "
    "else '\"' || replace(_0, '\"', '\"\"') || '\"' end",
    ("quote_literal", 1): "'''' || replace(_0, '''', '''''') || ''''",
    ("dlog10", 1): "log10(_0)",
    ("dlog1", 1): "ln(_0)",
    ("dexp", 1): "exp(_0)",
    ("octet_length", 1): "octet_length(encode(cast(_0 as varchar)))",
    ("json_extract_array_element_text", 2): "json_extract_string(_0, '$[' || cast(_1 as varchar) || ']')",
    ("is_valid_json", 1): "coalesce(json_valid(_0) and json_type(_0) = 'OBJECT', false)",
    ("is_valid_json_array", 1): "coalesce(json_valid(_0) and json_type(_0) = 'ARRAY', false)",
    ("can_json_parse", 1): "json_valid(_0)",
    ("json_serialize", 1): "cast(to_json(_0) as varchar)",
    ("get_array_length", 1): "json_array_length(to_json(_0))",
    ("timeofday", 0): "strftime(now(), '%a %b %d %H:%M:%S.%f %Y UTC')",
    ("date_cmp", 2): "sign(datediff('day', cast(_1 as date), cast(_0 as date)))",
    ("timestamp_cmp", 2): "sign(epoch_us(cast(_0 as timestamp)) - epoch_us(cast(_1 as timestamp)))",
    ("bpcharcmp", 2): "case when rtrim(_0) < rtrim(_1) then -1 when rtrim(_0) > rtrim(_1) then 1 else 0 end",
    ("pg_backend_pid", 0): "1",
    ("version", 0): "'PostgreSQL 8.0.2 on the local platform, Redshift 1.0.0'",
    ("strtol", 2): "cast(list_sum(list_transform(range(1, length(_0) + 1), lambda i: "
    f"(strpos({_DIGITS}, lower(substr(_0, i, 1))) - 1) * pow(_1, length(_0) - i))) as bigint)",
    ("to_number", 2): "cast(regexp_replace(_0, '[^0-9.+-]', '', 'g') as decimal(38, 10))",
}
_TEMPORAL = (exp.CurrentTimestamp, exp.TsOrDsAdd, exp.DateAdd, exp.TimestampTrunc, exp.DateTrunc)
_TEMPORAL_TYPES = {
    exp.DataType.Type[name] for name in ("TIMESTAMP", "TIMESTAMPNTZ", "TIMESTAMPTZ", "TIMESTAMPLTZ", "DATE")
}


def adapt_function(node: Any) -> None:
    """Put one node, in place, into the engine's words if it is one of these functions."""
    if isinstance(node, exp.Anonymous):
        _adapt_named(node)
    elif isinstance(node, exp.Trunc) and not node.args.get("decimals") and _is_temporal(node.this):
        node.replace(exp.cast(node.this.copy(), "date"))
    elif isinstance(node, (exp.Like, exp.ILike)) and not isinstance(node.parent, exp.Escape):
        if isinstance(node.expression, exp.Literal) and "\\" in node.expression.name:
            node.replace(exp.Escape(this=node.copy(), expression=exp.Literal.string("\\")))
    elif isinstance(node, exp.Window) and _is_call(node.this, "ratio_to_report"):
        total = node.copy()
        total.set("this", exp.Sum(this=node.this.expressions[0].copy()))
        share = exp.cast(node.this.expressions[0].copy(), "double")
        node.replace(exp.Paren(this=exp.Div(this=share, expression=total)))
    elif isinstance(node, exp.Substring):
        _adapt_substring(node)
    elif isinstance(node, exp.Concat) and len(node.expressions) == 2:
        # CONCAT of Redshift is NULL where one of the two is.
        node.replace(exp.Paren(this=exp.DPipe(this=node.expressions[0], expression=node.expressions[1])))


def _adapt_substring(node: exp.Substring) -> None:
    """Count a start before the text from there on; the engine would count it from the end."""
    start, length = node.args.get("start"), node.args.get("length")
    if start is None or (start.is_int and int(start.to_py()) > 0):
        return
    if length is not None:
        node.set("length", _filled("greatest(_0 + least(_1, 1) - 1, 0)", [length, start]))
    node.set("start", _filled("greatest(_0, 1)", [start]))


def _json_path(document: Any, keys: list[Any]) -> Any:
    """Look a path up in a JSON text; the last argument may say that what is no JSON gives NULL."""
    is_lenient = isinstance(keys[-1], exp.Boolean) and bool(keys[-1].this)
    names = keys[:-1] if isinstance(keys[-1], exp.Boolean) else keys
    path = " || ".join(f"""'."' || _{number} || '"'""" for number in range(1, len(names) + 1))
    found = f"json_extract_string(_0, '$' || {path})" if names else "json_extract_string(_0, '$')"
    return _filled(f"try({found})" if is_lenient else found, [document, *names])


def _is_call(node: Any, name: str) -> bool:
    """Tell whether a node calls a function that the parser does not know."""
    return isinstance(node, exp.Anonymous) and node.name.lower() == name


def _is_temporal(node: Any) -> bool:
    """Tell whether an expression is a date or a timestamp, as far as it shows."""
    if isinstance(node, exp.Paren):
        return _is_temporal(node.this)
    return isinstance(node, _TEMPORAL) or (isinstance(node, exp.Cast) and node.to.this in _TEMPORAL_TYPES)


def _adapt_named(node: exp.Anonymous) -> None:
    """Replace a call by what its name and its number of arguments stand for."""
    name, arguments = node.name.lower(), node.expressions
    if name in ("to_char", "to_date", "to_timestamp") and len(arguments) >= 2:
        node.replace(_formatted(name, arguments[0], arguments[1]))
        return
    if name == "json_extract_path_text" and len(arguments) > 1:
        node.replace(_json_path(arguments[0], arguments[1:]))
        return
    template = _TEMPLATES.get((name, len(arguments)))
    if template is not None:
        node.replace(_filled(template, arguments))


def _formatted(name: str, value: Any, pattern: Any) -> Any:
    """Write or read a date or number in a format."""
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise SqlError(f"the format of {name}() has to be a text constant here")
    if name == "to_char":
        number = number_text("_0", pattern.name)
        text = number or timestamp_text("cast(_0 as timestamp)", pattern.name)
    else:
        text = parse_format("_0", pattern.name)
        text = f"cast({text} as {'date' if name == 'to_date' else 'timestamp'})"
    return _filled(text, [value])


def _filled(template: str, arguments: list[Any]) -> Any:
    """Put arguments into an expression of the engine's."""
    tree = _parsed(template).copy()
    for column in list(tree.find_all(exp.Column)):
        if column.name[:1] == "_" and column.name[1:].isdigit():
            argument = arguments[int(column.name[1:])].copy()
            column.replace(exp.Paren(this=argument) if isinstance(argument, exp.Binary) else argument)
    return exp.Paren(this=tree)


@cache
def _parsed(template: str) -> Any:
    """Parse an expression of the engine's, once."""
    return parse_one(template, dialect="duckdb")

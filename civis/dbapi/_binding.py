"""Values for the places in SQL that wait for them: passed as a script's parameters, never written into it.

``?`` and ``:name`` become ``{{parameter.literal}}``, in whose place the platform puts the quoted value.
The only values written into SQL are constants of this file: NULL, TRUE, FALSE and the empty text.
"""

from __future__ import annotations

import datetime
import decimal
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from civis._names import suggestion
from civis.dbapi._exceptions import NotSupportedError, ProgrammingError

__all__ = ["BoundSql", "Parameters", "bind", "is_lone_query"]

#: Values by place, or by name.
Parameters: TypeAlias = "Sequence[Any] | Mapping[str, Any]"

#: Parts in which neither ``?`` nor ``:name`` is a place; ``::`` is a cast. Redshift has ``'it\\'s'``.
_TOKEN: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<quoted>'(?:[^'\\]|\\.|'')*(?:'|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)"
    r"|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))"
    r"|(?P<cast>::)"
    r"|(?P<end>;)"
    r"|(?P<place>\?)"
    r"|(?<![\w:]):(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)
_QUERY: Final = re.compile(r"[\s(]*(?:select|with|values)\b", re.IGNORECASE)
_INT64: Final = 1 << 63
_MOST_DIGITS: Final = 38  # of a NUMERIC
#: The types of pandas's values for what is missing.
_MISSING: Final = frozenset({"NAType", "NaTType"})
#: What may stand for a backslash; no text has all of these.
_STAND_INS: Final = ("~", "^", "|", "@", "#", *map(chr, range(0xE000, 0xF8FF)))


@dataclass
class BoundSql:
    """SQL and the parameters of the script that it is run as.

    Parameters
    ----------
    sql : str
    prefix : str
        How the names of its parameters begin; nothing else in the SQL does.
    params : list of dict
        Their definitions.
    arguments : dict
        Their values by name.
    """

    sql: str
    prefix: str = ""
    params: list[dict[str, Any]] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def params_arguments(self) -> dict[str, Any] | None:
        """Both as `civis.io` takes them; None where there are none."""
        return {"params": self.params, "arguments": self.arguments} if self.params else None

    def add(self, kind: str, value: str | int) -> str:
        """Define one more parameter, and give its name."""
        name = f"{self.prefix}{len(self.params) + 1}"
        self.params.append({"name": name, "label": name, "type": kind, "required": True})
        self.arguments[name] = value
        return name


def bind(sql: str, parameters: Parameters | None) -> BoundSql:
    """Give each place of SQL its value.

    Parameters
    ----------
    sql : str
        With ``?`` for values by place, or ``:name`` for values by name. Without values it stays as it is.
    parameters : sequence or mapping or None
        The values.

    Raises
    ------
    ProgrammingError
        If places and values do not go together.
    NotSupportedError
        If a value is of a type that SQL has no literal for.

    Examples
    --------
    >>> bound = bind("SELECT ? AS a, ? AS b", ["O'Hara", None])
    >>> bound.sql, bound.arguments
    ('SELECT {{civis_value_1.literal}} AS a, NULL AS b', {'civis_value_1': "O'Hara"})
    """
    if not isinstance(sql, str):
        raise ProgrammingError(f"SQL has to be a str, not {type(sql).__name__}")
    if parameters is None or (not parameters and not isinstance(parameters, str)):
        return BoundSql(sql)
    if isinstance(parameters, (str, bytes)) or not isinstance(parameters, (Sequence, Mapping)):
        raise ProgrammingError(
            f"parameters have to be a sequence or a mapping, not {type(parameters).__name__}; write [value]"
        )
    bound = BoundSql("", _free_prefix(sql))
    bound.sql = _filled(sql, parameters, bound)
    return bound


def _free_prefix(sql: str) -> str:
    """Choose a prefix that the SQL does not have, so that nobody else's placeholder is taken for ours."""
    prefix = "civis_value_"
    while prefix in sql:
        prefix += "_"
    return prefix


def _filled(sql: str, parameters: Parameters, bound: BoundSql) -> str:
    """Put placeholders in the places of values."""
    written: list[str] = []
    position, count = 0, 0
    by_name: dict[str, str] = {}
    for token in _TOKEN.finditer(sql):
        if isinstance(parameters, Mapping):
            name = token["name"]
            if name is None:
                continue
            if name not in by_name:
                by_name[name] = _placeholder(_named(parameters, name), f":{name}", bound)
            placeholder = by_name[name]
        elif token.lastgroup == "place":
            count += 1
            if count > len(parameters):
                continue
            placeholder = _placeholder(parameters[count - 1], f"value {count}", bound)
        else:
            continue
        written += (sql[position : token.start()], placeholder)
        position = token.end()
    if not isinstance(parameters, Mapping) and count != len(parameters):
        raise ProgrammingError(f"the SQL has {count} places ('?') for {len(parameters)} values")
    return "".join([*written, sql[position:]])


def _named(parameters: Mapping[str, Any], name: str) -> Any:
    """Find the value of a name."""
    if name not in parameters:
        raise ProgrammingError(f"there is no value for :{name}.{suggestion(name, list(parameters))}")
    return parameters[name]


def _placeholder(value: Any, what: str, bound: BoundSql) -> str:
    """Write what stands for a value in SQL."""
    value = _as_python(value)
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        # In brackets, since a minus before a negative number would begin a comment.
        return f"({{{{{bound.add('integer', int(value))}}}}})"
    text, sql_type = _text_of(value, what)
    if not text:
        return "''"  # an empty argument may be taken for one that is missing
    kind = "multi_line_string" if "\n" in text or "\r" in text else "string"
    literal = _literal(text, kind, bound)
    return literal if sql_type is None else f"CAST({literal} AS {sql_type})"


def _as_python(value: Any) -> Any:
    """Give a scalar of NumPy as Python's own, and None for what pandas calls missing."""
    if type(value).__name__ in _MISSING:
        return None
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is None or kind == "m" or getattr(value, "ndim", 1):
        return value
    found = value.item()
    if kind == "M" and isinstance(found, int):  # of nanoseconds NumPy makes a bare number
        found = value.astype("datetime64[us]").item()
    return value if kind == "M" and isinstance(found, int) else found


def _literal(text: str, kind: str, bound: BoundSql) -> str:
    """Write what stands for a text; none is sent with a backslash, with which some databases would end it."""
    if "\\" not in text:
        return f"{{{{{bound.add(kind, text)}.literal}}}}"
    stand_in = next(mark for mark in _STAND_INS if mark not in text)
    sent = bound.add(kind, text.replace("\\", stand_in))
    return f"REPLACE({{{{{sent}.literal}}}}, '{stand_in}', CHR(92))"


def _text_of(value: Any, what: str) -> tuple[str, str | None]:
    """Write a value as a text, and say as what type SQL is to read it."""
    if isinstance(value, str):
        if "\0" in value:
            raise NotSupportedError(f"{what} has a NUL character, which no text in SQL can have")
        return str.__str__(value), None  # of a member of an Enum, str() gives the name
    if isinstance(value, uuid.UUID):
        return str(value), None
    if isinstance(value, float):
        if math.isfinite(value):
            return repr(float(value)), "DOUBLE PRECISION"
        return ("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"), "DOUBLE PRECISION"
    if isinstance(value, (int, decimal.Decimal)):
        return _exact(decimal.Decimal(value), what)
    if isinstance(value, datetime.datetime):
        kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
        return value.isoformat(" "), kind
    if isinstance(value, datetime.date):
        return value.isoformat(), "DATE"
    if isinstance(value, datetime.time) and value.tzinfo is None:
        return value.isoformat(), "TIME"
    raise NotSupportedError(
        f"{what} is of type {type(value).__name__}, for which SQL has no literal; give a number, text, date "
        "or time"
    )


def _exact(value: decimal.Decimal, what: str) -> tuple[str, str]:
    """Write a decimal with all its digits."""
    if not value.is_finite():
        raise NotSupportedError(f"{what} is {value}, which a NUMERIC cannot be; give a float")
    text = format(value, "f")
    whole, _, fraction = text.lstrip("-").partition(".")
    digits, scale = len(whole.lstrip("0")) + len(fraction), len(fraction)
    if digits > _MOST_DIGITS:
        raise NotSupportedError(f"{what} has {digits} digits; a NUMERIC has at most {_MOST_DIGITS}")
    return text, f"NUMERIC({max(digits, scale, 1)},{scale})"


def is_lone_query(sql: str) -> bool:
    r"""Tell whether SQL is one statement that asks and changes nothing as far as its first word tells.

    Examples
    --------
    >>> is_lone_query("-- all\nSELECT ';' FROM t;"), is_lone_query("SELECT 1; DROP TABLE t")
    (True, False)
    """
    bare, position = [], 0
    for token in _TOKEN.finditer(sql):
        if token.lastgroup in ("comment", "quoted", "tag"):
            bare.append(sql[position : token.start()])
            bare.append(" " if token.lastgroup == "comment" else "''")
            position = token.end()
    text = "".join([*bare, sql[position:]]).strip().rstrip("; \t\r\n")
    return bool(_QUERY.match(text)) and ";" not in text and not _WRITES.search(text)


#: Words by which a query that begins like any other writes: WITH … DELETE, SELECT … INTO.
_WRITES: Final = re.compile(r"\b(?:insert|update|delete|merge|into|create|drop)\b", re.IGNORECASE)

"""How the text of a CSV file becomes a value of a column, and what does not fit.

Expressions for the engine only; the engine's own casts are laxer than Redshift's ('1.5' would be
the integer 2).
"""

from __future__ import annotations

from dataclasses import dataclass

from civis.local.warehouse.script import quote_text
from civis.local.warehouse.types import Family, SqlType

__all__ = ["Cast", "cast_of"]


@dataclass(frozen=True)
class Cast:
    """Expressions about one column of text.

    Parameters
    ----------
    value : str
        The value, or NULL if it does not fit.
    misfit : str
        Whether it does not fit (true or false, never NULL).
    reason : str
        Why not, as a clause.
    """

    value: str
    misfit: str
    reason: str


_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_FLOAT = rf"{_NUMBER}|[+-]?(inf|infinity|Infinity)|nan|NaN"
_ARTICLE: dict[Family, str] = {"integer": "an integer", "numeric": "a number", "float": "a number"}


def cast_of(column: str, declared: SqlType, *, nullable: bool = True) -> Cast:
    """Give the expressions for a column of texts, of the type declared."""
    cast = _text(column, declared) if declared.family == "text" else _other(column, declared)
    if nullable:
        return cast
    missing = f"{column} is null" if declared.family == "text" else f"nullif(trim({column}), '') is null"
    return Cast(
        cast.value,
        f"({missing} or {cast.misfit})",
        f"case when {missing} then 'NULL in a column that is NOT NULL' else {cast.reason} end",
    )


def _text(column: str, declared: SqlType) -> Cast:
    """Keep a text as it is, if it is not too long; blanks at the end of CHAR mean nothing."""
    value = f"rtrim({column}, ' ')" if declared.is_fixed_text else column
    if declared.length is None:
        return Cast(value, "false", "''")
    reason = (
        f"'the value is ' || strlen({column}) || ' bytes long, which is too long for type {declared.name}'"
    )
    return Cast(value, f"coalesce(strlen({value}) > {declared.length}, false)", reason)


def _other(column: str, declared: SqlType) -> Cast:
    """Turn a text into a value of another type; an empty text is NULL."""
    text = f"nullif(trim({column}), '')"
    value, guard = f"try_cast({text} as {declared.engine})", ""
    family = declared.family
    if family == "integer":
        guard = _matches(text, r"[+-]?\d+")
    elif family == "numeric":
        guard = _matches(text, _NUMBER)
    elif family == "float":
        guard = f"{_matches(text, _FLOAT)} or (isinf({value}) and not contains(lower({text}), 'inf'))"
    elif family == "boolean":
        value = (
            f"case when lower({text}) in ('t', 'true', 'y', 'yes', '1') then true "
            f"when lower({text}) in ('f', 'false', 'n', 'no', '0') then false end"
        )
    elif family == "date":
        guard = f"length({text}) > 10 and try_cast({text} as timestamp) <> cast({value} as timestamp)"
    elif family == "timestamp":
        zoned = f"cast(try_cast({text} as timestamptz) as timestamp)"
        value = f"case when {_offset(text)} then {zoned} else {value} end"
    elif family == "binary":
        value = f"try(unhex({text}))"
    misfit = f"({text} is not null and ({value} is null{f' or {guard}' if guard else ''}))"
    kind = _ARTICLE.get(family, "one")
    return Cast(value, misfit, quote_text(f"the value is not {kind} that fits the type {declared.name}"))


def _matches(text: str, pattern: str) -> str:
    """Tell whether a text is *not* as a pattern says."""
    return f"not regexp_full_match({text}, {quote_text(pattern)})"


def _offset(text: str) -> str:
    """Tell whether a text ends with an offset from UTC."""
    return f"(length({text}) > 16 and regexp_matches(substr({text}, 17), '[Z+-]'))"

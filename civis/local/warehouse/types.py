"""SQL types: Redshift's names, what the engine stores them as, and the way back.

It knows names only, no values and no engine connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["ENGINE_NAMES", "Family", "SqlType", "parse_type", "redshift_name"]

Family = Literal[
    "integer", "numeric", "float", "boolean", "text", "date", "timestamp", "timestamptz", "time", "timetz",
    "interval", "json", "binary", "other",
]  # fmt: skip

MAX_VARCHAR = 65535
MAX_CHAR = 4096
DEFAULT_VARCHAR = 256

# name -> (family, Redshift's own name, the engine's type)
_PLAIN: dict[str, tuple[Family, str, str]] = {
    "smallint": ("integer", "smallint", "SMALLINT"),
    "int2": ("integer", "smallint", "SMALLINT"),
    "tinyint": ("integer", "smallint", "SMALLINT"),
    "integer": ("integer", "integer", "INTEGER"),
    "int": ("integer", "integer", "INTEGER"),
    "int4": ("integer", "integer", "INTEGER"),
    "serial": ("integer", "integer", "INTEGER"),
    "bigint": ("integer", "bigint", "BIGINT"),
    "int8": ("integer", "bigint", "BIGINT"),
    "bigserial": ("integer", "bigint", "BIGINT"),
    "real": ("float", "real", "REAL"),
    "float4": ("float", "real", "REAL"),
    "float": ("float", "double precision", "DOUBLE"),
    "float8": ("float", "double precision", "DOUBLE"),
    "double": ("float", "double precision", "DOUBLE"),
    "double precision": ("float", "double precision", "DOUBLE"),
    "boolean": ("boolean", "boolean", "BOOLEAN"),
    "bool": ("boolean", "boolean", "BOOLEAN"),
    "date": ("date", "date", "DATE"),
    "timestamp": ("timestamp", "timestamp without time zone", "TIMESTAMP"),
    "datetime": ("timestamp", "timestamp without time zone", "TIMESTAMP"),
    "timestamp without time zone": ("timestamp", "timestamp without time zone", "TIMESTAMP"),
    "timestamptz": ("timestamptz", "timestamp with time zone", "TIMESTAMPTZ"),
    "timestamp with time zone": ("timestamptz", "timestamp with time zone", "TIMESTAMPTZ"),
    "time": ("time", "time without time zone", "TIME"),
    "time without time zone": ("time", "time without time zone", "TIME"),
    "timetz": ("timetz", "time with time zone", "TIMETZ"),
    "time with time zone": ("timetz", "time with time zone", "TIMETZ"),
    "interval": ("interval", "interval", "INTERVAL"),
    "super": ("json", "super", "JSON"),
    "json": ("json", "super", "JSON"),
    "jsonb": ("json", "super", "JSON"),
    "uuid": ("text", "character varying(36)", "VARCHAR"),
    "hllsketch": ("binary", "hllsketch", "BLOB"),
}
_VARCHAR = frozenset({"varchar", "character varying", "nvarchar", "text", "string", "bpchar"})
_CHAR = frozenset({"char", "character", "nchar"})
_NUMERIC = frozenset({"numeric", "decimal", "dec"})
_VARBYTE = frozenset({"varbyte", "varbinary", "binary varying", "binary", "blob", "bytea"})

# The engine's names of types -> Redshift's, where they differ.
ENGINE_NAMES = {
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(38,0)",
    "HUGEINT": "numeric(38,0)",
    "UHUGEINT": "numeric(38,0)",
    "BIGNUM": "numeric(38,0)",
    "INTEGER": "integer",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "character varying",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP_S": "timestamp without time zone",
    "TIMESTAMP_MS": "timestamp without time zone",
    "TIMESTAMP_NS": "timestamp without time zone",
    "TIME": "time without time zone",
    "TIME_NS": "time without time zone",
    "BLOB": "binary varying",
    "JSON": "super",
    "VARIANT": "super",
    "UUID": "character varying(36)",
    "BIT": "character varying",
    "NULL": "character varying",
    '"NULL"': "character varying",
    "ENUM": "character varying",
}


@dataclass(frozen=True)
class SqlType:
    """A declared type, understood.

    Parameters
    ----------
    family : str
        What kind of value it holds.
    name : str
        Redshift's name for it, e.g. ``character varying(256)``.
    engine : str
        What the engine stores it as, e.g. ``VARCHAR``.
    length : int or None
        Of text and binary: the most bytes.
    precision, scale : int or None
        Of numeric.
    """

    family: Family
    name: str
    engine: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def is_fixed_text(self) -> bool:
        """Whether it is CHAR(n), whose trailing blanks mean nothing."""
        return self.name.startswith("character(")


def parse_type(text: str) -> SqlType:
    """Understand a type as a user declares it.

    Parameters
    ----------
    text : str
        Such as ``"VARCHAR(10)"``, ``"numeric(10, 2)"``, ``"timestamp with time zone"``.

    Raises
    ------
    ValueError
        If Redshift has no such type, or its arguments do not fit.

    Examples
    --------
    >>> parse_type("DECIMAL(10,2)").name
    'numeric(10,2)'
    >>> parse_type("varchar").length
    256
    """
    base, arguments = _split(text)
    if base in _PLAIN:
        family, name, engine = _PLAIN[base]
        if base == "float" and arguments and arguments[0] <= 24:
            name, engine = "real", "REAL"
        return SqlType(family, name, engine)
    if base in _VARCHAR:
        return _text("character varying", base, arguments, DEFAULT_VARCHAR)
    if base in _CHAR:
        return _text("character", base, arguments, 1)
    if base in _NUMERIC:
        return _numeric(text, arguments)
    if base in _VARBYTE:
        length = arguments[0] if arguments else 64000
        return SqlType("binary", f"binary varying({length})", "BLOB", length=length)
    raise ValueError(
        f"unknown SQL type {text!r}; write one of Redshift's types, such as INTEGER or VARCHAR(256)"
    )


def redshift_name(engine_type: str) -> str:
    """Name one of the engine's types in Redshift's words.

    Examples
    --------
    >>> redshift_name("DECIMAL(10,2)"), redshift_name("DOUBLE"), redshift_name("INTEGER[]")
    ('numeric(10,2)', 'double precision', 'super')
    """
    if engine_type.endswith("]") or engine_type.startswith(("STRUCT", "MAP", "UNION")):
        return "super"
    if engine_type.startswith("DECIMAL"):
        return "numeric" + engine_type[len("DECIMAL") :].replace(" ", "")
    if engine_type.startswith("ENUM"):
        return "character varying"
    return ENGINE_NAMES.get(engine_type, engine_type.lower())


def _split(text: str) -> tuple[str, list[int]]:
    """Take a type's name, lower case and with single blanks, apart from its arguments."""
    match = re.fullmatch(
        r"\s*([a-z_][a-z0-9_ ]*?)\s*(?:\(([^()]*)\))?\s*((?:with|without) time zone)?\s*", text.lower()
    )
    if match is None:
        raise ValueError(f"{text!r} is not a SQL type")
    words = " ".join(match[1].split())
    if match[3]:
        words = f"{words} {match[3]}"
    if match[2] is None or match[2].strip() == "":
        return words, []
    if match[2].strip() == "max":
        return words, [MAX_VARCHAR if words in _VARCHAR else MAX_CHAR if words in _CHAR else 1024000]
    try:
        return words, [int(part) for part in match[2].split(",")]
    except ValueError:
        raise ValueError(f"the arguments of the SQL type {text!r} are not whole numbers") from None


def _text(name: str, base: str, arguments: list[int], default: int) -> SqlType:
    """Build VARCHAR(n) or CHAR(n); TEXT and the like take the length that Redshift gives them."""
    length = arguments[0] if arguments else DEFAULT_VARCHAR if base in {"text", "bpchar"} else default
    if length < 1:
        raise ValueError(f"{name}({length}): a length has to be at least 1")
    return SqlType("text", f"{name}({length})", "VARCHAR", length=length)


def _numeric(text: str, arguments: list[int]) -> SqlType:
    """Build NUMERIC(p, s), by default (18, 0) as on Redshift."""
    precision, scale = ([*arguments, 0] if arguments else [18, 0])[:2]
    if not 1 <= precision <= 38 or not 0 <= scale <= precision:
        raise ValueError(f"{text!r}: a precision is 1 to 38, a scale 0 to the precision")
    return SqlType(
        "numeric",
        f"numeric({precision},{scale})",
        f"DECIMAL({precision},{scale})",
        precision=precision,
        scale=scale,
    )

"""A result as a polars frame without pyarrow: parsed by polars as texts, which are then cast exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from civis.io._distinct_names import distinct_names
from civis.io._plain_results import FALSE, TRUE
from civis.io._sql_kinds import TEXT, Kind

if TYPE_CHECKING:
    from civis.io._plain_results import PlainResult

__all__ = ["to_polars"]

_DAY, _CLOCK = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
# What a value has to look like, for polars reads more than databases write.
_FORMS = {
    "int16": r"^-?\d+$",
    "int32": r"^-?\d+$",
    "int64": r"^-?\d+$",
    "float32": r"^[-+0-9.a-zA-Z]+$",
    "float64": r"^[-+0-9.a-zA-Z]+$",
    "bool": f"^({'|'.join((*TRUE, *FALSE))})$",
    "date": f"^{_DAY}$",
    "time": f"^{_CLOCK}$",
    "timestamp": rf"^{_DAY}([ T](\d\d|{_CLOCK}))?$",
    "timestamptz": rf"^{_DAY}([ T](\d\d|{_CLOCK}))?(Z|[+-]\d\d(:?\d\d)?)$",
}
_NUMBERS: dict[str, Any] = {
    "int16": pl.Int16,
    "int32": pl.Int32,
    "int64": pl.Int64,
    "float32": pl.Float32,
    "float64": pl.Float64,
}


def to_polars(result: PlainResult) -> pl.DataFrame:
    """Give a frame of the result's rows.

    Parameters
    ----------
    result : PlainResult
    """
    parsed = pl.concat([_parse(rows, result) for rows in result.parts])
    names = distinct_names(result.names, "polars")
    return pl.DataFrame(
        [
            _column(column.alias(names[place]), place, result)
            for place, column in enumerate(parsed.get_columns())
        ]
    )


def _parse(rows: bytes, result: PlainResult) -> pl.DataFrame:
    """Parse rows as texts and nulls."""
    schema = {str(place): pl.String for place in range(len(result.names))}
    if not rows or not schema:
        return pl.DataFrame(schema=schema)
    parsed: pl.DataFrame = pl.read_csv(
        rows, has_header=False, schema=schema, separator=result.options.delimiter
    )
    if result.is_single:
        return parsed.with_columns(pl.when(pl.col("0") != "").then(pl.col("0")).alias("0"))
    return parsed


def _column(column: pl.Series, place: int, result: PlainResult) -> pl.Series:
    """Cast a column to its kind; leave it a text where a value does not fit."""
    needs_values = result.needs_values(place)
    if needs_values and (column == "").any():
        return column
    kind = result.kind(place, column.drop_nulls().to_list() if needs_values else ())
    if kind == TEXT:
        return column
    values = pl.select(pl.when(column != "").then(column).alias(column.name)).to_series()
    try:
        form = _form(kind)
        return _cast(values, kind) if values.str.contains(form).all() else column
    except pl.exceptions.PolarsError:
        # As by way of Arrow: the column may have changed, or holds what only the database can.
        return column


def _form(kind: Kind) -> str:
    """Give the pattern of a kind's values."""
    if kind.name != "decimal":
        return _FORMS[kind.name]
    fraction = rf"(\.\d{{1,{kind.scale}}}0*)?" if kind.scale else r"(\.0*)?"
    return rf"^-?0*\d{{1,{kind.precision - kind.scale or 1}}}{fraction}$"


def _cast(values: pl.Series, kind: Kind) -> pl.Series:
    """Cast texts of which it is known that they look right; a value that is out of range raises."""
    if kind.name in _NUMBERS:
        return values.cast(_NUMBERS[kind.name], strict=True)
    if kind.name == "decimal":
        return values.cast(pl.Decimal(kind.precision, kind.scale), strict=True)
    if kind.name == "bool":
        return pl.select(
            pl.when(values.is_not_null()).then(values.is_in(list(TRUE))).alias(values.name)
        ).to_series()
    if kind.name == "date":
        return values.str.to_date("%Y-%m-%d", strict=True)
    if kind.name == "time":
        whole = values.str.replace(r"^(\d\d:\d\d)$", "$1:00")
        return whole.str.to_time("%H:%M:%S%.f", strict=True)
    return _timestamps(values, has_zone=kind.name == "timestamptz")


def _timestamps(values: pl.Series, *, has_zone: bool) -> pl.Series:
    """Read times in their shorter and longer spellings, to the microsecond."""
    whole = (
        values.str.replace(r"^(.{10})T", "$1 ")
        .str.replace(r"^(.{10})($|Z|[+-])", "$1 00:00:00$2")
        .str.replace(r"^(.{13})($|Z|[+-])", "$1:00:00$2")
        .str.replace(r"^(.{16})($|Z|[+-])", "$1:00$2")
    )
    if not has_zone:
        return whole.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=True)
    whole = whole.str.replace("Z$", "+00:00").str.replace(r"([+-]\d\d)$", "${1}00")
    return whole.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=True)

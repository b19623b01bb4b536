"""The columns of a polars frame in types that its own CSV writer writes exactly, without pyarrow."""

from __future__ import annotations

from typing import Any, BinaryIO

import polars as pl

from civis.io._cell_texts import bytes_error, json_text, mixed_text, times_error
from civis.io._frames import varchar, whole_numbers

__all__ = ["series_type", "writable_series", "write_polars"]

_TYPES: dict[Any, str] = {
    pl.Boolean: "BOOLEAN",
    pl.Int8: "SMALLINT",
    pl.Int16: "SMALLINT",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.UInt8: "SMALLINT",
    pl.UInt16: "INTEGER",
    pl.UInt32: "BIGINT",
    pl.UInt64: "NUMERIC(20,0)",
    pl.Float32: "REAL",
    pl.Float64: "DOUBLE PRECISION",
    pl.Date: "DATE",
    pl.Time: "TIME",
}


def writable_series(series: pl.Series) -> pl.Series:
    """Convert a column to a type whose CSV form is exact and known to every warehouse.

    Raises
    ------
    TypeError
        If it holds bytes.
    ValueError
        If it holds times finer than a microsecond.
    """
    kind = series.dtype
    if kind == pl.Binary:
        raise bytes_error(series.name)
    if kind.is_nested() or kind == pl.Object or kind == pl.Duration:
        as_text = json_text if kind.is_nested() else mixed_text
        texts = [None if value is None else as_text(value) for value in series.to_list()]
        return pl.Series(series.name, texts, dtype=pl.String)
    if isinstance(kind, pl.Datetime):
        micro = series.cast(pl.Datetime("us", kind.time_zone))
        if not (micro.cast(kind) == series).all():
            raise times_error(series.name)
        return micro if kind.time_zone is None else micro.dt.convert_time_zone("UTC")
    if kind == pl.Time and (series.cast(pl.Int64) % 1000 != 0).any():
        raise times_error(series.name)
    if kind.is_integer() and kind not in _TYPES:
        series = whole_numbers(series)
        kind = series.dtype
    is_known = kind in _TYPES or kind == pl.Decimal
    return series if is_known else series.cast(pl.String)


def series_type(series: pl.Series) -> str:
    """Name the SQL type that holds the values of such a column."""
    kind = series.dtype
    if isinstance(kind, pl.Datetime):
        return "TIMESTAMP" if kind.time_zone is None else "TIMESTAMPTZ"
    if isinstance(kind, pl.Decimal):
        return f"NUMERIC({kind.precision or 38},{kind.scale})"
    if kind == pl.String:
        longest: Any = series.str.len_bytes().max()
        return varchar(longest or 0)
    return _TYPES[kind.base_type()]


def write_polars(frame: pl.DataFrame, target: BinaryIO, delimiter: str, has_header: bool) -> None:
    """Write such columns by polars itself: texts in quotes, NULL an empty value without."""
    pl.DataFrame([_as_written(series) for series in frame.get_columns()]).write_csv(
        target,
        include_header=has_header,
        separator=delimiter,
        quote_style="non_numeric",
        datetime_format="%Y-%m-%d %H:%M:%S%.6f",
    )


def _as_written(series: pl.Series) -> pl.Series:
    """Give times in the one form that every warehouse reads; polars itself leaves out the zone."""
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
        return series.dt.strftime("%Y-%m-%d %H:%M:%S%.6fZ")
    return series.dt.strftime("%H:%M:%S%.6f") if series.dtype == pl.Time else series

"""The user's own formats of dates and numbers, applied to a frame's columns before these are written as CSV.

The columns become texts, and of each it is told which SQL type its texts have, so that the file is written,
declared and appended as it is without formats. It knows nothing of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from civis.io._frames import is_pandas, is_polars

__all__ = ["formatted", "header_names", "says_header"]

_DAY, _CLOCK = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
#: SQL types of days and times, each with what its texts look like.
_MOMENTS = (
    ("DATE", re.compile(_DAY)),
    ("TIMESTAMP", re.compile(rf"{_DAY}[ T]{_CLOCK}")),
    ("TIMESTAMPTZ", re.compile(rf"{_DAY}[ T]{_CLOCK}(?:Z|[+-]\d\d:?\d\d)")),
    ("TIME", re.compile(_CLOCK)),
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf)", re.IGNORECASE)
_POLARS_FORMATS = {
    "Date": ("date_format",),
    "Datetime": ("datetime_format",),
    "Time": ("time_format",),
    "Float32": ("float_precision", "float_scientific"),
    "Float64": ("float_precision", "float_scientific"),
}


def says_header(arguments: Mapping[str, Any]) -> bool:
    """Whether the arguments to a CSV writer ask for a row of names; pandas takes whatever is false for no."""
    header = arguments.get("header", arguments.get("include_header", True))
    return bool(len(header)) if hasattr(header, "__len__") else bool(header)


def header_names(arguments: Mapping[str, Any]) -> list[str] | None:
    """Give the names that pandas is to write instead of the frame's.

    Raises
    ------
    TypeError
        If it is a single text, which pandas would not take for a name either.
    """
    header = arguments.get("header")
    if isinstance(header, str):
        raise TypeError(f"header={header!r} is one text; give True, False or a list of names")
    return None if header is None or not hasattr(header, "__iter__") else [str(name) for name in header]


def formatted(frame: Any, arguments: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Apply the arguments to a CSV writer that say how values are written and what columns are called.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame or pyarrow.Table
    arguments : mapping
        Of `pandas.DataFrame.to_csv` or `polars.DataFrame.write_csv`.

    Returns
    -------
    frame
        One of the columns that are to be written, the index of pandas among them if it is to be.
    dict
        The SQL types of the columns that became texts, by name.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be what it is.
    """
    if is_pandas(frame):
        return _formatted_pandas(_labelled(frame, arguments), arguments)
    if is_polars(frame):
        return _formatted_polars(frame, arguments)
    return frame, {}


def _labelled(frame: Any, arguments: Mapping[str, Any]) -> Any:
    """Select and name the columns of a pandas frame."""
    columns = arguments.get("columns")
    if columns is not None:
        frame = frame[list(columns)]
    names = header_names(arguments)
    if names:
        if len(names) != len(frame.columns):
            raise ValueError(f"header has {len(names)} names, but there are {len(frame.columns)} columns")
        frame = frame.set_axis(names, axis="columns")
    if not arguments.get("index", False):
        return frame
    label = arguments.get("index_label")
    if label is False:
        raise TypeError("index_label=False leaves the index without a name, which a column of a table needs")
    if label is None or label is True:
        return frame.reset_index()
    return frame.reset_index(names=[label] if isinstance(label, str) else list(label))


def _formatted_pandas(frame: Any, arguments: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Apply the formats of pandas."""
    date_format, float_format = arguments.get("date_format"), arguments.get("float_format")
    if date_format is None and float_format is None:
        return frame, {}
    as_text = float_format if callable(float_format) else lambda value: float_format % value
    types: dict[str, str] = {}
    made = frame.copy(deep=False)
    for place, dtype in enumerate(frame.dtypes):
        series = frame.iloc[:, place]
        kind = _pandas_kind(dtype)
        if kind == "moment" and date_format is not None:
            texts, own = series.dt.strftime(date_format), _own_moment(getattr(series.dt, "tz", None))
            find = _type_of_moments
        elif kind == "number" and float_format is not None:
            texts = series.astype(object).where(series.notna(), None).map(as_text, na_action="ignore")
            own = (
                "REAL"
                if str(dtype).lower().startswith(("float32", "float[", "float16", "halffloat"))
                else "DOUBLE PRECISION"
            )
            find = _type_of_numbers
        else:
            continue
        texts = texts.astype(object).where(series.notna(), None)
        made.isetitem(place, texts)
        _note(types, _flat(frame.columns[place]), find(texts.dropna().tolist(), own))
    return made, types


def _pandas_kind(dtype: Any) -> str | None:
    """Tell which format a column of pandas takes."""
    import pandas as pd  # noqa: PLC0415 - optional library

    if pd.api.types.is_float_dtype(dtype) and not isinstance(dtype, pd.SparseDtype):
        return "number"
    return "moment" if pd.api.types.is_datetime64_any_dtype(dtype) else None


def _flat(name: Any) -> str:
    """Give the name that a column of pandas has in a table."""
    return "_".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _formatted_polars(frame: Any, arguments: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """Apply the formats of polars: each column is written by polars itself."""
    import polars as pl  # noqa: PLC0415 - optional library

    types: dict[str, str] = {}
    made = []
    for series in frame.get_columns():
        kind = str(series.dtype.base_type())
        options = _POLARS_FORMATS.get(kind, ())
        formats = {name: arguments[name] for name in options if arguments.get(name) is not None}
        if not formats:
            continue
        present = series.drop_nulls()
        lines = present.to_frame().write_csv(include_header=False, quote_style="never", **formats)
        written = lines.split("\n")[:-1]
        if len(written) != len(present):
            raise ValueError(f"{formats} does not write a value of the column {series.name!r} as one line")
        texts = iter(written)
        values = [next(texts) if is_there else None for is_there in series.is_not_null().to_list()]
        made.append(pl.Series(series.name, values, dtype=pl.String))
        _note(types, series.name, _type_of_polars(series, kind, written))
    return frame.with_columns(made), types


def _type_of_polars(series: Any, kind: str, written: Sequence[str]) -> str | None:
    """Name the SQL type of the texts that were made of a column of polars."""
    if kind.startswith("Float"):
        return _type_of_numbers(written, "REAL" if kind == "Float32" else "DOUBLE PRECISION")
    own = kind.upper() if kind in ("Date", "Time") else _own_moment(series.dtype.time_zone)
    return _type_of_moments(written, own)


def _own_moment(zone: Any) -> str:
    """Name the SQL type of times as they are without a format."""
    return "TIMESTAMP" if zone is None else "TIMESTAMPTZ"


def _note(types: dict[str, str], name: str, sql_type: str | None) -> None:
    """Keep the type of a column whose texts are not just texts."""
    if sql_type is not None:
        types[name] = sql_type


def _type_of_moments(texts: Sequence[str], own: str) -> str | None:
    """Name the SQL type of days or times, where all texts have the form of one; None where they have not."""
    distinct = set(texts)
    if not distinct:
        return own
    return next((name for name, form in _MOMENTS if all(map(form.fullmatch, distinct))), None)


def _type_of_numbers(texts: Sequence[str], own: str) -> str | None:
    """Give the SQL type that the numbers have, where their texts are still numbers."""
    return own if all(map(_NUMBER.fullmatch, texts)) else None

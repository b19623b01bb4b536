"""Columns of pandas as Arrow arrays: Python's values for what they are, never bent to what the first one is.

Arrow takes the type of a column of Python's objects from the first of them: times that follow a date lose
their hours, and zones are forgotten. Such columns are looked at here; what no type holds becomes texts.
"""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from typing import Any

from civis.io._cell_texts import bytes_error, json_text, mixed_text, text_error, times_error

__all__ = ["pandas_array"]


def pandas_array(series: Any, name: str, arrow: Any) -> Any:
    """Convert one column.

    Parameters
    ----------
    series : pandas.Series
    name : str
        What the column is called in errors.
    arrow : module
        pyarrow, which is an optional library.

    Returns
    -------
    pyarrow.ChunkedArray

    Raises
    ------
    TypeError
        If it holds bytes.
    ValueError
        If it holds a text that is no Unicode, or times finer than a microsecond.
    """
    try:
        return _converted(series, name, arrow)
    except UnicodeEncodeError as error:
        raise text_error(name, error) from None


def _converted(series: Any, name: str, arrow: Any) -> Any:
    """Convert one column; values of several kinds become texts, as a CSV writer would write them."""
    if str(series.dtype).startswith("Sparse["):
        series = series.sparse.to_dense()
    try:
        alike = _alike(series, name)
        converted = arrow.Array.from_pandas(series if alike is None else alike)
    except OverflowError:
        # Integers beyond 64 bits.
        return _converted(series.map(_decimal_of_integer, na_action="ignore"), name, arrow)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, TypeError):
        return _texts(series, name, mixed_text, arrow)
    if isinstance(converted.type, arrow.BaseExtensionType):
        return _texts(series, name, mixed_text, arrow)
    if series.dtype == object and arrow.types.is_nested(converted.type):
        # Arrow would give all dicts the keys of all.
        return _texts(series, name, json_text, arrow)
    # Extension types give chunked arrays, over which `chunked_array` would go value by value.
    return converted if isinstance(converted, arrow.ChunkedArray) else arrow.chunked_array([converted])


def _texts(series: Any, name: str, as_text: Callable[[Any], str], arrow: Any) -> Any:
    """Convert each value that is there to a text."""
    missing = series.isna().tolist()
    values = series.tolist()
    if any(isinstance(value, (bytes, bytearray, memoryview)) for value in values):
        raise bytes_error(name)
    texts = [
        None if is_missing is True else as_text(value)
        for value, is_missing in zip(values, missing, strict=True)
    ]
    return arrow.chunked_array([arrow.array(texts, arrow.string())])


def _alike(series: Any, name: str) -> Any:
    """Give days and times in one column the same class; None where all are of one already."""
    if series.dtype != object:
        return None
    kinds = set(map(type, series))
    if any(issubclass(kind, dt.time) for kind in kinds):
        has_zone = any(isinstance(value, dt.time) and value.tzinfo is not None for value in series)
        return series.map(str, na_action="ignore").astype(object) if has_zone else None
    if not any(issubclass(kind, dt.datetime) for kind in kinds):
        return None
    present = series[series.notna()]
    if any(getattr(value, "nanosecond", 0) for value in present):
        raise times_error(name)
    zones = {getattr(value, "tzinfo", None) is not None for value in present}
    if len(zones) > 1:
        return series.map(str, na_action="ignore").astype(object)
    if any(kind is dt.date for kind in kinds):
        return series.map(_beginning, na_action="ignore").astype(object)
    return None


def _beginning(value: Any) -> Any:
    """Give the time at which a day begins."""
    return dt.datetime.combine(value, dt.time()) if type(value) is dt.date else value


def _decimal_of_integer(value: Any) -> Any:
    """Give a whole number as a decimal; a text for a value of another kind, which stands beside it."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return decimal.Decimal(value) if is_whole else mixed_text(value)

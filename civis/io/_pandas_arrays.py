"""Columns of pandas as Arrow arrays: Python's values for what they are, never bent to what the first one is.

What Arrow would bend is looked at first: values of several kinds in one column, and zones of times. What no
type of Arrow's holds becomes texts.
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
    if str(series.dtype) == "category":
        return _of_categories(series.cat.remove_unused_categories().cat, name, arrow)
    if str(series.dtype).startswith("Sparse["):
        series = series.sparse.to_dense()
    if series.dtype == object:
        return _of_objects(series, name, arrow)
    try:
        converted = arrow.Array.from_pandas(series)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, TypeError):
        return _texts(series, mixed_text, arrow)
    if isinstance(converted.type, arrow.BaseExtensionType):
        return _texts(series, mixed_text, arrow)
    return _chunked(converted, arrow)


def _chunked(array: Any, arrow: Any) -> Any:
    """Give chunks; extension types are given in them, over which `chunked_array` would go value by value."""
    return array if isinstance(array, arrow.ChunkedArray) else arrow.chunked_array([array])


def _of_categories(categorical: Any, name: str, arrow: Any) -> Any:
    """Convert the categories, of whatever kind they are, and put them where they stand."""
    categories = _converted(categorical.categories.to_series(), name, arrow)
    codes = categorical.codes.to_numpy()
    return categories.take(arrow.array(codes, mask=codes < 0))


def _of_objects(series: Any, name: str, arrow: Any) -> Any:
    """Convert Python's objects that one type of column holds, and write all others as texts."""
    from civis.io._object_values import ALIKE, NESTED, as_integer, examined  # noqa: PLC0415 - pandas is optional

    series, present, families = examined(series)
    if "bytes" in families:
        raise bytes_error(name)
    if families == NESTED:
        return _texts(series, json_text, arrow)
    if families not in ALIKE or _has_foreign_zones(present, families):
        return _texts(series, mixed_text, arrow)
    if "datetime" in families and any(getattr(value, "nanosecond", 0) for value in present):
        raise times_error(name)
    if families == {"date", "datetime"}:
        series = series.map(_beginning, na_action="ignore").astype(object)
    is_large = families == {"int"} and not -(2**63) <= min(present) <= max(present) < 2**63
    if is_large or families == {"int", "decimal"}:
        series = series.map(lambda value: decimal.Decimal(as_integer(value)), na_action="ignore")
    try:
        return _chunked(arrow.Array.from_pandas(series), arrow)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError, TypeError, OverflowError):
        return _texts(series, mixed_text, arrow)


def _has_foreign_zones(present: list[Any], families: frozenset[str]) -> bool:
    """Tell whether times have zones that no type keeps: times of day have one, or some times and not all."""
    if not families & {"time", "datetime"}:
        return False
    zones = {getattr(value, "tzinfo", None) is not None for value in present}
    return len(zones) > 1 or (True in zones and "time" in families)


def _texts(series: Any, as_text: Callable[[Any], str], arrow: Any) -> Any:
    """Convert each value that is there to a text."""
    missing = series.isna().tolist()
    texts = [
        None if is_missing is True else as_text(value)
        for value, is_missing in zip(series.tolist(), missing, strict=True)
    ]
    return arrow.chunked_array([arrow.array(texts, arrow.string())])


def _beginning(value: Any) -> Any:
    """Give the time at which a day begins."""
    return value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())

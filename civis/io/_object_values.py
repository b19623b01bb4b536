"""Columns of Python's objects: of which kinds their values are, and which kinds one type of column holds.

Arrow takes the type of such a column from the first value and bends the others to it: an integer after a day
becomes a day of 1970, a UUID after an integer its low bits, and some pairs of NumPy's end the process. So
nothing is left to it that is not of one kind. This knows neither Arrow nor how anything is written.
"""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["ALIKE", "NESTED", "as_integer", "examined"]

#: Each family of Python's values, with the classes that tell it; the first that fits counts.
_FAMILIES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("bool", (bool, np.bool_)),
    ("other", (np.timedelta64, np.longdouble)),  # NumPy counts them among its integers and floats
    ("int", (int, np.integer)),
    ("float", (float, np.floating)),
    ("decimal", (decimal.Decimal,)),
    ("datetime", (dt.datetime,)),
    ("date", (dt.date,)),
    ("time", (dt.time,)),
    ("span", (dt.timedelta,)),
    ("text", (str,)),
    ("bytes", (bytes, bytearray, memoryview)),
    ("nested", (dict, list, tuple, set, frozenset, np.ndarray)),
)
NESTED = frozenset({"nested"})
#: The families that stand in one column as what they are; all others beside each other become texts.
ALIKE = frozenset(
    map(
        frozenset,
        [
            (),
            ("bool",),
            ("int",),
            ("float",),
            ("int", "float"),
            ("decimal",),
            ("int", "decimal"),
            ("date",),
            ("datetime",),
            ("date", "datetime"),
            ("time",),
            ("span",),
            ("text",),
        ],
    )
)


def examined(series: Any) -> tuple[Any, list[Any], frozenset[str]]:
    """Look at a column's values for what they are.

    Parameters
    ----------
    series : pandas.Series
        Of the dtype ``object``.

    Returns
    -------
    pandas.Series
        The column, with Python's times in the place of NumPy's.
    list
        The values that are not missing.
    frozenset of str
        Their families.
    """
    kinds = set(map(type, series))
    if np.datetime64 in kinds:
        series = series.map(_of_numpy, na_action="ignore").astype(object)
    present = series[series.notna()].tolist()
    if len(present) < len(series) or np.datetime64 in kinds:  # what is missing has a class, too
        kinds = set(map(type, present))
    return series, present, frozenset(map(_family, kinds))


def as_integer(value: Any) -> Any:
    """Give Python's integer for one of NumPy's, and anything else as it is."""
    return int(value) if isinstance(value, np.integer) else value


def _family(kind: type) -> str:
    """Name the family of a class."""
    return next((name for name, classes in _FAMILIES if issubclass(kind, classes)), "other")


def _of_numpy(value: Any) -> Any:
    """Give Python's time or day for NumPy's; for nanoseconds pandas' time, beyond all years a text."""
    if not isinstance(value, np.datetime64):
        return value
    made = value.item()
    if not isinstance(made, int):
        return made
    micro = value.astype("datetime64[us]")
    made = micro.item()
    if isinstance(made, int):
        return str(value)
    return made if micro == value else pd.Timestamp(value)

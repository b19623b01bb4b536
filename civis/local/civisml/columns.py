"""What columns of a data frame hold, and their values as numbers or as text; knows no model."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from civis.local.civisml.problems import ModelProblem

__all__ = ["ColumnKind", "as_numbers", "as_texts", "kind_of"]

ColumnKind = Literal["number", "bool", "text", "date"]


def kind_of(values: pd.Series) -> ColumnKind:
    """Tell what a column holds.

    Parameters
    ----------
    values : pandas.Series

    Returns
    -------
    {"number", "bool", "text", "date"}

    Examples
    --------
    >>> kind_of(pd.Series([1.5, None]))
    'number'
    >>> kind_of(pd.Series(["a", None]))
    'text'
    """
    types = pd.api.types
    if types.is_bool_dtype(values.dtype):
        return "bool"
    if types.is_numeric_dtype(values.dtype):
        return "number"
    if types.is_datetime64_any_dtype(values.dtype) or types.is_timedelta64_dtype(values.dtype):
        return "date"
    return "text"


def as_numbers(values: pd.Series) -> npt.NDArray[np.float64]:
    """Give a column's values as floating point numbers; missing ones are NaN.

    Raises
    ------
    ModelProblem
        If one is no number.
    """
    try:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        pass
    converted = pd.to_numeric(values.astype(object), errors="coerce")
    wrong = values[converted.isna() & values.notna()]
    if len(wrong):
        raise ModelProblem(
            f"The column {values.name!r} held numbers when the model was trained, and now holds "
            f"{str(wrong.iloc[0])!r}; give numbers, or train again with the column as text."
        )
    return np.asarray(converted, dtype=np.float64)


def as_texts(values: pd.Series) -> npt.NDArray[np.object_]:
    """Give a column's values as text; missing ones are None, whole numbers have no decimals.

    A level is the same whether it came as ``1``, as ``1.0`` beside a missing value, or as ``"1"`` from a CSV.
    """
    present = values.notna().to_numpy()
    texts = np.full(len(values), None, dtype=object)
    given = values[present]
    if pd.api.types.is_float_dtype(given.dtype) and bool((given % 1 == 0).all()):
        given = given.astype("int64")
    texts[present] = [str(value) for value in given.astype(object)]
    return texts

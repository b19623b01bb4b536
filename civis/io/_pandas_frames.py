"""Arrow tables as pandas frames, with pandas's usual dtypes wherever they keep every value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["to_pandas"]

_EXACT_IN_FLOAT = 2**53


def to_pandas(
    table: pa.Table,
    dtype_backend: str | None = None,
    is_known: Callable[[str], bool] = lambda name: False,
) -> pd.DataFrame:
    """Convert a table.

    Parameters
    ----------
    table : pyarrow.Table
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        As for `pandas.read_csv`. By default NumPy's dtypes, and nullable ones only where those of NumPy would
        change a value.
    is_known : callable, optional
        Tells of a column's name whether its type is known: text of nothing but NULL stays text then. In any
        other column that becomes ``float64``, as `pandas.read_csv` reads it.
    """
    if dtype_backend is not None:
        # Arrow keeps dtypes by name: of columns of one name all would get that of the last.
        placed = table.rename_columns([str(place) for place in range(table.num_columns)])
        converted: pd.DataFrame = placed.to_pandas(types_mapper=_mapper(dtype_backend), date_as_object=False)
        converted.columns = pd.Index(table.column_names)
        return converted
    if not table.num_columns:
        return pd.DataFrame()
    columns = {
        place: _column(column, is_known(name))
        for place, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True))
    }
    made = pd.DataFrame(columns, copy=False)
    made.columns = pd.Index(table.column_names)
    return made


def _mapper(dtype_backend: str) -> Callable[[pa.DataType], Any]:
    """Give what finds the dtype for an Arrow type."""
    if dtype_backend == "pyarrow":
        return pd.ArrowDtype
    nullable: dict[pa.DataType, Any] = {
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.float32(): pd.Float32Dtype(),
        pa.float64(): pd.Float64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(),
    }
    return nullable.get


def _column(column: pa.ChunkedArray, is_known: bool) -> Any:
    """Convert one column."""
    kind = column.type
    if pa.types.is_string(kind) and column.null_count == len(column) > 0 and not is_known:
        return pd.Series([float("nan")] * len(column), dtype="float64")
    if pa.types.is_decimal(kind) and kind.scale == 0:
        whole = [None if each is None else int(each) for each in column.to_pylist()]
        return pd.Series(whole, dtype="object")
    if column.null_count and pa.types.is_boolean(kind):
        return column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    if column.null_count and pa.types.is_integer(kind):
        ends = pc.min_max(column).as_py()
        if max(abs(ends["min"] or 0), abs(ends["max"] or 0)) > _EXACT_IN_FLOAT:
            return column.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return column.to_pandas(date_as_object=False)

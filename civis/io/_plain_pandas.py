"""A result as a pandas frame without pyarrow: parsed by pandas as texts, of which exact values are made.

The dtypes are those that the same result has by way of Arrow.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from civis.io._distinct_names import distinct_names
from civis.io._plain_results import FALSE, TRUE, UnfitError
from civis.io._sql_kinds import TEXT, Kind

if TYPE_CHECKING:
    from civis.io._plain_results import PlainResult

__all__ = ["to_pandas"]

_EXACT_IN_FLOAT = 2**53
_QUOTED = re.compile(rb'"(?:[^"]+|"")*"')
_DAY, _CLOCK = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
_ZONE = r"(?:Z|[+-]\d\d(?::?\d\d)?)"
_WHOLE = re.compile(r"-?\d+", re.ASCII).fullmatch
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII).fullmatch
_FLOAT = re.compile(r"[-+0-9.a-z]+", re.ASCII | re.IGNORECASE).fullmatch
_DATE = re.compile(_DAY, re.ASCII).fullmatch
_TIME = re.compile(_CLOCK, re.ASCII).fullmatch
_TIMESTAMP = re.compile(rf"{_DAY}(?:[ T](?:\d\d|{_CLOCK}))?", re.ASCII).fullmatch
_TIMESTAMPTZ = re.compile(rf"({_DAY}(?:[ T](?:\d\d|{_CLOCK}))?)({_ZONE})", re.ASCII).fullmatch
_BOOLEANS = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}


def to_pandas(result: PlainResult) -> pd.DataFrame:
    """Give a frame of the result's rows.

    Parameters
    ----------
    result : PlainResult
    """
    if not result.names:
        return pd.DataFrame()
    mark = _unused_mark(result.parts)
    parsed = [_parse(rows, result, mark) for rows in result.parts]
    columns = {}
    for place in range(len(result.names)):
        values = np.concatenate([frame[place].to_numpy() for frame in parsed])
        columns[place] = _column(values, place, result, mark)
    made = pd.DataFrame(columns, copy=False)
    made.columns = pd.Index(distinct_names(result.names, "pandas"))
    return made


def _unused_mark(parts: tuple[bytes, ...]) -> str:
    """Find a text for ``""``, which pandas takes for NULL, that is not in the result."""
    number = 0
    while True:
        mark = f"\ue000empty{number}\ue001"
        if not any(mark.encode() in rows for rows in parts):
            return mark
        number += 1


def _parse(rows: bytes, result: PlainResult, mark: str) -> pd.DataFrame:
    """Parse rows as texts and NaN."""
    width = len(result.names)
    if not rows:
        return pd.DataFrame({place: np.empty(0, dtype=object) for place in range(width)})
    if not result.is_single and b'""' in rows:
        marked = f'"{mark}"'.encode()
        rows = _QUOTED.sub(lambda found: marked if len(found[0]) == 2 else found[0], rows)
    # One column more than there are: values in it show that a row is too long.
    parsed: pd.DataFrame = pd.read_csv(
        io.BytesIO(rows),
        header=None,
        names=list(range(width + 1)),
        index_col=False,
        dtype=object,
        keep_default_na=False,
        na_values=[""],
        skip_blank_lines=not result.is_single and b"\n\n" in rows,
        sep=result.options.delimiter,
        encoding="utf-8",
    )
    if parsed[width].notna().any():
        place = int(parsed[width].notna().to_numpy().argmax())
        raise ValueError(f"row {place + 1} of the result has more values than its {width} columns")
    return parsed


def _column(values: Any, place: int, result: PlainResult, mark: str) -> Any:
    """Give a column of what its texts stand for; as texts, where one of them does not fit."""
    is_null = pd.isna(values)
    is_empty = values == mark
    backend = result.options.dtype_backend
    if result.needs_values(place):
        kind = TEXT if is_empty.any() else result.kind(place, values[~is_null].tolist())
    else:
        kind = result.kind(place, ())
    if kind.name != "text":
        is_absent = is_null | is_empty
        try:
            return _MAKERS[kind.name](values[~is_absent].tolist(), is_absent, kind, backend)
        except (UnfitError, ValueError, OverflowError, decimal.InvalidOperation):
            # As by way of Arrow: the column may have changed, or holds what only the database can.
            pass
    if is_null.all() and len(values) and not result.is_known(place) and backend is None:
        return pd.Series(np.full(len(values), np.nan))
    values = np.where(is_empty, "", values).astype(object)
    values[is_null] = None
    return pd.Series(values.tolist(), dtype=_text_dtype(backend))


def _text_dtype(backend: str | None) -> Any:
    """Give the dtype that pandas has for texts: its own since version 3, before that ``object``."""
    return pd.StringDtype() if backend is not None else pd.Series(["text"]).dtype


def _checked(texts: list[str], fits: Callable[[str], object]) -> list[str]:
    """Give texts that all have a form."""
    for text in texts:
        if not fits(text):
            raise UnfitError(text)
    return texts


def _spread(values: Any, is_absent: Any, filler: Any) -> Any:
    """Put the values where there are some, and something else where there are none."""
    made = np.full(len(is_absent), filler, dtype=values.dtype)
    made[~is_absent] = values
    return made


def _whole_numbers(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make integers; with NULL among them floats while these are exact."""
    values = np.array(_checked(texts, _WHOLE), dtype=object).astype(np.int64)
    limits = np.iinfo(kind.name)
    if len(values) and (values.min() < limits.min or values.max() > limits.max):
        raise UnfitError(kind.name)
    spread = _spread(values, is_absent, 0).astype(kind.name)
    if backend is not None:
        return pd.Series(pd.arrays.IntegerArray(spread, is_absent))
    if not is_absent.any():
        return pd.Series(spread)
    if len(values) and max(-int(values.min()), int(values.max())) > _EXACT_IN_FLOAT:
        return pd.Series(pd.arrays.IntegerArray(spread, is_absent))
    return pd.Series(np.where(is_absent, np.nan, spread))


def _floats(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make floats, each the one nearest to its text."""
    values = np.array(_checked(texts, _FLOAT), dtype=object).astype(np.float64)
    spread = _spread(values, is_absent, np.nan).astype(kind.name)
    return pd.Series(spread if backend is None else pd.arrays.FloatingArray(spread, np.isnan(spread)))


def _booleans(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make booleans."""
    values = np.array([_BOOLEANS[text] for text in _checked(texts, _BOOLEANS.__contains__)], dtype=bool)
    spread = _spread(values, is_absent, False)
    if backend is None and not is_absent.any():
        return pd.Series(spread)
    return pd.Series(pd.arrays.BooleanArray(spread, is_absent))


def _dates(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make days, which pandas keeps as the times at which they begin."""
    values = np.array(_checked(texts, _DATE), dtype="datetime64[D]").astype("datetime64[ms]")
    return pd.Series(_spread(values, is_absent, "NaT"))


def _timestamps(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make times without a zone."""
    values = np.array(_checked(texts, _TIMESTAMP), dtype="datetime64[us]")
    return pd.Series(_spread(values, is_absent, "NaT"))


def _moments(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make times in UTC."""
    found = [_TIMESTAMPTZ(text) for text in _checked(texts, _TIMESTAMPTZ)]
    values = np.array([each[1] for each in found if each], dtype="datetime64[us]")
    offsets = [_offset(each[2]) for each in found if each]
    values = values - np.array(offsets, dtype="timedelta64[m]")
    return pd.Series(_spread(values, is_absent, "NaT")).dt.tz_localize("UTC")


def _offset(zone: str) -> int:
    """Give the minutes by which a zone is ahead of UTC."""
    if zone == "Z":
        return 0
    minutes = 60 * int(zone[1:3]) + int(zone[3:].lstrip(":") or 0)
    return -minutes if zone[0] == "-" else minutes


def _times(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make times of day."""
    values = np.empty(len(texts), dtype=object)
    # Python 3.10 reads fractions of three or six digits only.
    values[:] = [
        dt.time.fromisoformat(text.ljust(15, "0") if "." in text else text) for text in _checked(texts, _TIME)
    ]
    return pd.Series(_spread(values, is_absent, None), dtype=object)


def _decimals(texts: list[str], is_absent: Any, kind: Kind, backend: str | None) -> Any:
    """Make decimals with as many digits after the point as the type has; whole ones become integers."""
    context = decimal.Context(prec=kind.precision, traps=[decimal.InvalidOperation, decimal.Inexact])
    step = decimal.Decimal(1).scaleb(-kind.scale)
    try:
        found = [decimal.Decimal(text).quantize(step, context=context) for text in _checked(texts, _DECIMAL)]
    except decimal.Inexact as error:
        raise UnfitError(str(kind)) from error
    values = np.empty(len(found), dtype=object)
    values[:] = [int(each) for each in found] if kind.scale == 0 and backend is None else found
    return pd.Series(_spread(values, is_absent, None), dtype=object)


_MAKERS: Mapping[str, Callable[[list[str], Any, Kind, str | None], Any]] = {
    "int16": _whole_numbers,
    "int32": _whole_numbers,
    "int64": _whole_numbers,
    "float32": _floats,
    "float64": _floats,
    "bool": _booleans,
    "date": _dates,
    "time": _times,
    "timestamp": _timestamps,
    "timestamptz": _moments,
    "decimal": _decimals,
}

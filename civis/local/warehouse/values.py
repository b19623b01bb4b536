"""How one value is written in CSV and messages: as Redshift unloads it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

__all__ = ["value_text"]


def value_text(value: Any) -> str | None:
    """Write a value of a result as an export would.

    Parameters
    ----------
    value : object
        A Python value as :class:`~civis.local.warehouse.Result` holds them.

    Returns
    -------
    str or None
        None for NULL.

    Examples
    --------
    >>> value_text(True), value_text(1.0), value_text(None)
    ('t', '1.0', None)
    >>> import datetime
    >>> value_text(datetime.datetime(2024, 1, 31, 12, 34, 56, 500000))
    '2024-01-31 12:34:56.5'
    """
    if value is None:
        return None
    for kind, text in _TEXTS:
        if isinstance(value, kind):
            return text(value)
    return str(value)


def _timestamp_text(value: dt.datetime) -> str:
    """Write a timestamp; one with a zone in UTC."""
    if value.tzinfo is None:
        return f"{value:%Y-%m-%d} {_clock_text(value.time())}".rjust(19, "0")
    moment = value.astimezone(dt.timezone.utc)
    return f"{_timestamp_text(moment.replace(tzinfo=None))}+00"


def _clock_text(value: dt.time) -> str:
    """Write a time of day; its fraction without trailing zeros."""
    text = f"{value:%H:%M:%S}"
    if value.microsecond:
        text += f".{value.microsecond:06d}".rstrip("0")
    if value.tzinfo is not None:
        offset = value.strftime("%z")
        text += offset[:3] if offset[3:] == "00" else f"{offset[:3]}:{offset[3:]}"
    return text


_TEXTS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (str, str),
    (bool, lambda value: "t" if value else "f"),
    (dt.datetime, _timestamp_text),
    (dt.date, lambda value: value.isoformat()),
    (dt.time, _clock_text),
    (Decimal, lambda value: format(value, "f")),
    (float, repr),
    ((bytes, bytearray), lambda value: value.hex()),
    (
        (list, dict),
        lambda value: json.dumps(value, ensure_ascii=False, default=value_text, separators=(",", ":")),
    ),
)

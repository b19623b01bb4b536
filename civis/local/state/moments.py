"""Moments of time as the state keeps them: aware datetimes in UTC, whatever the database can hold.

Clocks give seconds since 1970, databases give naive datetimes, the API's answers want text; this is the one
place where the three meet.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Moment = datetime | float
"""A point in time: a datetime (naive ones count as UTC) or seconds since 1970, as clocks give them."""


def as_datetime(moment: Moment) -> datetime:
    """Give a point in time as an aware datetime in UTC.

    Parameters
    ----------
    moment : datetime or float
        A datetime (a naive one counts as UTC) or seconds since 1970.

    Returns
    -------
    datetime
        In UTC, with its time zone.

    Examples
    --------
    >>> as_datetime(0.5).isoformat()
    '1970-01-01T00:00:00.500000+00:00'
    """
    if isinstance(moment, datetime):
        return (
            moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
        )
    return datetime.fromtimestamp(moment, tz=timezone.utc)


def moment_text(moment: Moment) -> str:
    """Write a point in time as the API does, in milliseconds.

    Examples
    --------
    >>> moment_text(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    return as_datetime(moment).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A column of aware datetimes, kept in UTC without a zone because SQLite has none."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what was given into a naive datetime in UTC."""
        return None if value is None else as_datetime(value).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what was stored its zone back."""
        return None if value is None else value.replace(tzinfo=timezone.utc)

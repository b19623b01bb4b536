"""When a schedule is due next; pure, it knows neither jobs nor the time it is.

A schedule names days of the week or of the month, hours and minutes, in a time zone: those of a calendar on
the wall. Where clocks go forward over a time, it is due that much later; where they go back, the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["Schedule", "next_time", "zone_named"]

#: Days to look ahead: the 31st comes 62 days after the one before at the latest; the rest is for odd zones.
_DAYS_AHEAD = 100
#: Candidates of so many days are compared: where a zone skips a day, two days' times lie on one.
_DAYS_TOGETHER = 3


@dataclass(frozen=True)
class Schedule:
    """A schedule.

    Attributes
    ----------
    days : tuple of int
        Days of the week, 0 for Sunday; empty with empty `days_of_month`: every day.
    days_of_month : tuple of int
        1 to 31; months without such a day are passed over.
    hours : tuple of int
        0 to 23. Empty: every hour if minutes are given, else midnight.
    minutes : tuple of int
        0 to 59. Empty: the full hour.
    zone : str
        An IANA time zone.
    """

    days: tuple[int, ...] = ()
    days_of_month: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    zone: str = "America/Chicago"

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any], zone: str) -> Schedule | None:
        """Read the fields that the API has for a schedule; None for one that is off.

        Parameters
        ----------
        fields : mapping
            ``scheduled``, ``scheduled_days``, ``scheduled_days_of_month``, ``scheduled_hours``,
            ``scheduled_minutes``, ``scheduled_runs_per_hour``.
        zone : str

        Raises
        ------
        ValueError
            If a number is out of range, or both kinds of days are given.

        Examples
        --------
        >>> Schedule.of_fields({"scheduled": True, "scheduled_runs_per_hour": 4}, "UTC").minutes
        (0, 15, 30, 45)
        """
        if not fields.get("scheduled"):
            return None
        days = _numbers(fields, "scheduled_days", 0, 6)
        of_month = _numbers(fields, "scheduled_days_of_month", 1, 31)
        if days and of_month:
            raise ValueError("A schedule has scheduled_days or scheduled_days_of_month, not both.")
        minutes = _numbers(fields, "scheduled_minutes", 0, 59)
        per_hour = fields.get("scheduled_runs_per_hour")
        if per_hour is not None and not minutes:
            minutes = _spread(per_hour)
        return cls(days, of_month, _numbers(fields, "scheduled_hours", 0, 23), minutes, zone)


def next_time(schedule: Schedule, after: datetime) -> datetime | None:
    """Give the first time, later than another one, at which a schedule is due.

    Parameters
    ----------
    schedule : Schedule
    after : datetime
        Aware.

    Returns
    -------
    datetime or None
        In UTC; None for a schedule that is never due.

    Raises
    ------
    ValueError
        If there is no such time zone.

    Examples
    --------
    >>> mondays = Schedule(days=(1,), hours=(2,), zone="America/Chicago")
    >>> next_time(mondays, datetime(2026, 4, 17, tzinfo=timezone.utc)).isoformat()
    '2026-04-20T07:00:00+00:00'
    """
    zone = zone_named(schedule.zone)
    first = after.astimezone(zone).date() - timedelta(days=1)
    hours = schedule.hours or (tuple(range(24)) if schedule.minutes else (0,))
    times = [
        time(hour, minute) for hour in sorted(set(hours)) for minute in sorted(set(schedule.minutes or (0,)))
    ]
    found: list[datetime] = []
    until = _DAYS_AHEAD
    for number in range(_DAYS_AHEAD):
        if number >= until:
            break
        try:
            day = first + timedelta(days=number)
        except OverflowError:
            break
        if not _is_day(schedule, day):
            continue
        later = [
            moment for each in times if (moment := _moment(day, each, zone)) is not None and moment > after
        ]
        if later:
            found += later
            until = min(until, number + _DAYS_TOGETHER)
    return min(found, default=None)


def zone_named(name: str) -> ZoneInfo:
    """Give a time zone.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"There is no time zone {name!r}; give an IANA name such as 'America/Chicago' or 'UTC'."
        ) from None


def _is_day(schedule: Schedule, day: date) -> bool:
    """Tell whether a schedule is due on a day."""
    if schedule.days_of_month:
        return day.day in schedule.days_of_month
    return not schedule.days or (day.weekday() + 1) % 7 in schedule.days


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """Give a time of a day in UTC; of a time that is there twice, the first."""
    try:
        return datetime.combine(day, at, zone).astimezone(timezone.utc)
    except OverflowError:
        return None


def _numbers(fields: Mapping[str, Any], name: str, least: int, most: int) -> tuple[int, ...]:
    """Read a list of numbers."""
    value = fields.get(name)
    values: Iterable[Any] = () if value is None else value if isinstance(value, (list, tuple)) else [value]
    found = []
    for each in values:
        if not isinstance(each, int) or isinstance(each, bool) or not least <= each <= most:
            raise ValueError(f"{name} must hold whole numbers from {least} to {most}, not {each!r}.")
        found.append(each)
    return tuple(found)


def _spread(per_hour: Any) -> tuple[int, ...]:
    """Spread runs evenly over an hour."""
    if not isinstance(per_hour, int) or isinstance(per_hour, bool) or not 1 <= per_hour <= 60:
        raise ValueError(f"scheduled_runs_per_hour must be a whole number from 1 to 60, not {per_hour!r}.")
    return tuple(sorted({60 * number // per_hour for number in range(per_hour)}))

"""When a schedule is due next: in time zones, over days on which clocks change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.jobs.schedules import Schedule, next_time, zone_named

UTC = timezone.utc
ZONES = [
    *("UTC", "America/Chicago", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"),
    *("America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu"),
]


def moment(text: str) -> datetime:
    """Read a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "zone", "after", "due"),
    [
        # As recorded from the hosted platform: Mondays, 0 for Sunday, in the job's zone.
        (
            {"days": (1,), "hours": (0, 4), "minutes": (15,)},
            "America/Chicago",
            "2026-09-01T21:18",
            "2026-09-07T05:15",
        ),
        (
            {"days": (1,), "hours": (2,), "minutes": (0,)},
            "America/Chicago",
            "2026-04-17T18:37",
            "2026-04-20T07:00",
        ),
        ({"days": (0,)}, "UTC", "2026-04-17T00:00", "2026-04-19T00:00"),
        # A time that is due is over when it has come.
        ({"hours": (5,)}, "UTC", "2026-04-17T05:00", "2026-04-18T05:00"),
        ({"hours": (5,)}, "UTC", "2026-04-17T04:59:59.999999", "2026-04-17T05:00"),
        ({"minutes": (0, 30)}, "UTC", "2026-04-17T05:10", "2026-04-17T05:30"),
        ({"minutes": (0, 30)}, "Asia/Kathmandu", "2026-04-17T05:10", "2026-04-17T05:15"),
        # The 31st: months without one are passed over.
        ({"days_of_month": (31,), "hours": (1,)}, "UTC", "2026-01-31T01:00", "2026-03-31T01:00"),
        ({"days_of_month": (29,)}, "UTC", "2027-02-01T00:00", "2027-03-29T00:00"),
        # Clocks go forward over 2:30 in Chicago: due an hour later, once.
        ({"hours": (2,), "minutes": (30,)}, "America/Chicago", "2026-03-08T07:00", "2026-03-08T08:30"),
        ({"hours": (2,), "minutes": (30,)}, "America/Chicago", "2026-03-08T08:30", "2026-03-09T07:30"),
        # They go back over 1:30: due the first time only.
        ({"hours": (1,), "minutes": (30,)}, "America/Chicago", "2026-11-01T00:00", "2026-11-01T06:30"),
        ({"hours": (1,), "minutes": (30,)}, "America/Chicago", "2026-11-01T06:30", "2026-11-02T07:30"),
        # Samoa had no 30th of December 2011.
        ({"days_of_month": (30,), "hours": (9,)}, "Pacific/Apia", "2011-12-29T20:00", "2011-12-30T19:00"),
    ],
)
def test_next_time(fields: dict[str, Any], zone: str, after: str, due: str) -> None:
    assert next_time(Schedule(**fields, zone=zone), moment(after)) == moment(due)


_SCHEDULES = st.builds(
    Schedule,
    days=st.lists(st.integers(0, 6), max_size=3).map(tuple),
    hours=st.lists(st.integers(0, 23), max_size=3).map(tuple),
    minutes=st.lists(st.integers(0, 59), max_size=3).map(tuple),
    zone=st.sampled_from(ZONES),
) | st.builds(
    Schedule,
    days_of_month=st.lists(st.integers(1, 31), min_size=1, max_size=3).map(tuple),
    hours=st.lists(st.integers(0, 23), max_size=2).map(tuple),
    minutes=st.lists(st.integers(0, 59), max_size=2).map(tuple),
    zone=st.sampled_from(ZONES),
)
_MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))


def is_on_the_wall(schedule: Schedule, at: datetime) -> bool:
    """Tell, minute by minute, whether the wall's calendar and clock show what a schedule names."""
    wall = at.astimezone(zone_named(schedule.zone))
    hours = schedule.hours or (range(24) if schedule.minutes else (0,))
    days = schedule.days_of_month, schedule.days
    is_day = wall.day in days[0] if days[0] else not days[1] or wall.isoweekday() % 7 in days[1]
    return is_day and wall.hour in hours and wall.minute in (schedule.minutes or (0,))


@given(_SCHEDULES, _MOMENTS)
@settings(max_examples=150, deadline=None)
def test_it_is_the_first_time_that_the_wall_shows(schedule: Schedule, after: datetime) -> None:
    due = next_time(schedule, after)
    assert due is not None
    assert after < due <= after + timedelta(days=100)
    zone = zone_named(schedule.zone)
    wall = due.astimezone(zone)
    exists = wall.replace(tzinfo=zone).astimezone(UTC) == due
    # A time that clocks went over comes later than the wall would have shown it.
    assert exists
    start = due.replace(second=0, microsecond=0) - timedelta(minutes=200)
    skipped = any(
        (start + timedelta(minutes=n)).astimezone(zone).utcoffset()
        != (start + timedelta(minutes=n + 1)).astimezone(zone).utcoffset()
        for n in range(200)
    )
    assert is_on_the_wall(schedule, due) or skipped or schedule.zone == "Pacific/Apia"


@given(_SCHEDULES, _MOMENTS, st.integers(1, 3000))
@settings(max_examples=100, deadline=None)
def test_nothing_is_due_between(schedule: Schedule, after: datetime, minutes: int) -> None:
    due = next_time(schedule, after)
    later = after + timedelta(minutes=minutes)
    assert due is not None
    if later < due:
        assert next_time(schedule, later) == due
        first = later.replace(second=0, microsecond=0) + timedelta(minutes=1)
        if first < due and first.astimezone(zone_named(schedule.zone)).fold == 0:
            assert not is_on_the_wall(schedule, first)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"scheduled_hours": [24]}, "scheduled_hours must hold whole numbers from 0 to 23, not 24"),
        ({"scheduled_days": [True]}, "scheduled_days"),
        ({"scheduled_days": [1], "scheduled_days_of_month": [1]}, "not both"),
        ({"scheduled_runs_per_hour": 0}, "from 1 to 60"),
    ],
)
def test_fields_out_of_range(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Schedule.of_fields({"scheduled": True, **fields}, "UTC")


def test_what_is_off_is_no_schedule() -> None:
    assert Schedule.of_fields({"scheduled": None, "scheduled_hours": [99]}, "UTC") is None


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "a\0b"])
def test_zones_that_there_are_not(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        next_time(Schedule(zone=name), moment("2026-01-01T00:00"))

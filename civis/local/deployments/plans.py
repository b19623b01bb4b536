"""When something that is deployed is on; pure, it knows neither processes nor the time it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["ON_DEMAND_SECONDS", "Plan"]

ON_DEMAND_SECONDS = 3600.0
"""How long what is on when it is looked at stays on after the last look, in seconds."""

_DAYS, _HOURS = range(7), range(24)


@dataclass(frozen=True)
class Plan:
    """When something is on; as it stands, always.

    Parameters
    ----------
    idle_seconds : float, optional
        It goes off after so long without use.
    hours : frozenset of (int, int), optional
        Days of the week, 0 for Sunday, with hours of the day: it is on in these only.
    zone : str, default "UTC"
        The IANA time zone of the hours.
    sleeps : bool, default True
        Whether it can come back when it has gone off; else that is its end.
    """

    idle_seconds: float | None = None
    hours: frozenset[tuple[int, int]] | None = None
    zone: str = "UTC"
    sleeps: bool = True

    @classmethod
    def of_schedule(cls, schedule: Mapping[str, Any] | None, zone: str) -> Plan:
        """Read the schedule of a service: ``runtime_plan`` and ``recurrences``.

        Raises
        ------
        ValueError
            If a day or an hour is out of range, or there are no times for ``"specific_times"``.

        Examples
        --------
        >>> recurrence = {"scheduled_days": [1], "scheduled_hours": [9, 10]}
        >>> plan = Plan.of_schedule({"runtime_plan": "specific_times", "recurrences": [recurrence]}, "UTC")
        >>> sorted(plan.hours or ())
        [(1, 9), (1, 10)]
        """
        schedule = schedule or {}
        hours = frozenset(
            (day, hour)
            for each in schedule.get("recurrences") or ()
            for day in _numbers(each.get("scheduled_days"), "scheduled_days", _DAYS)
            for hour in _numbers(each.get("scheduled_hours"), "scheduled_hours", _HOURS)
        )
        kind = schedule.get("runtime_plan") or "on_demand"
        if kind == "on_demand":
            return cls(idle_seconds=ON_DEMAND_SECONDS)
        if kind != "specific_times":
            return cls()
        if not hours:
            raise ValueError("A service with the runtime_plan 'specific_times' needs recurrences.")
        return cls(hours=hours, zone=zone)

    def is_on(self, now: float, used_at: float) -> bool:
        """Tell whether it is on at a time, given when it was last used; both in seconds since the epoch."""
        if self.hours is not None:
            there = datetime.fromtimestamp(now, ZoneInfo(self.zone))
            return (there.isoweekday() % 7, there.hour) in self.hours
        return self.idle_seconds is None or now - used_at < self.idle_seconds

    def reason(self) -> str:
        """Say why it is off."""
        if self.hours is not None:
            return f"It sleeps until its next scheduled hour (time zone {self.zone})."
        minutes = (self.idle_seconds or 0) / 60
        idle = f"{minutes / 60:g} hours" if minutes >= 120 else f"{minutes:g} minutes"
        return f"It was idle for {idle}" + (", and sleeps until it is looked at." if self.sleeps else ".")


def _numbers(given: Iterable[int] | None, name: str, allowed: range) -> Iterable[int]:
    """Check the numbers of a recurrence; none are all."""
    found = tuple(given or ())
    for each in found:
        if each not in allowed:
            raise ValueError(f"{name} must be {allowed[0]} to {allowed[-1]}, not {each}.")
    return found or allowed

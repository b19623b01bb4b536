"""What ran on this machine over time, from the runs that the state remembers: hours, series, sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from civis.local.api import Call
from civis.local.jobs import OVER
from civis.local.services.workloads import Workload, ran

__all__ = ["TIMEFRAMES", "Series", "hours_by_month", "seconds_of", "series"]

TIMEFRAMES = {
    "1_hour": timedelta(hours=1),
    "4_hours": timedelta(hours=4),
    "1_day": timedelta(days=1),
    "2_days": timedelta(days=2),
    "1_week": timedelta(weeks=1),
}
"""The spans of time that graphs and measurements can be asked for."""

_POINTS = 48


@dataclass(frozen=True)
class Series:
    """Values at points in time, which are given in whole seconds since 1970."""

    times: list[int]
    values: list[float]


def hours_by_month(call: Call) -> dict[str, dict[str, float]]:
    """Add up the hours of processors that runs took, by month (``"2030-01"``) and type of instance."""
    found: dict[str, dict[str, float]] = {}
    for each in ran(call, OVER):
        run = each.run
        if run is None or run.started_at is None or run.finished_at is None:
            continue
        hours = seconds_of(each) / 3600 * (each.cpu or 1000) / 1000
        month = found.setdefault(run.started_at.strftime("%Y-%m"), {})
        instance_type = str(each.base.document.get("instance_type") or "local")
        month[instance_type] = month.get(instance_type, 0.0) + hours
    return found


def seconds_of(workload: Workload) -> float:
    """Tell how long a run worked; 0 for one that never started."""
    run = workload.run
    if run is None or run.started_at is None or run.finished_at is None:
        return 0.0
    return max(0.0, (run.finished_at - run.started_at).total_seconds())


def series(
    end: datetime, span: timedelta, found: Sequence[Workload], value: Callable[[Workload], float]
) -> Series:
    """Add up a value of the runs that were at work at each of some points in time.

    Parameters
    ----------
    end : datetime.datetime
        The last point.
    span : datetime.timedelta
    found : sequence of Workload
    value : callable
        Gives the value of one run.
    """
    step = span / _POINTS
    moments = [end - span + step * number for number in range(1, _POINTS + 1)]
    values = [sum(value(each) for each in found if _was_at_work(each, moment, step)) for moment in moments]
    return Series([int(moment.timestamp()) for moment in moments], [float(each) for each in values])


def _was_at_work(workload: Workload, moment: datetime, step: timedelta) -> bool:
    """Tell whether a run worked in the step that ends at a moment."""
    run = workload.run
    if run is None or run.started_at is None or run.started_at > moment:
        return False
    return run.finished_at is None or run.finished_at > moment - step

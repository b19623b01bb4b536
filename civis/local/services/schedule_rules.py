"""What every request must keep to that makes something start by itself, whatever it is: one place for all.

A schedule must be one that can be due. A restricted key neither makes one nor changes what has one: nobody
asks for the runs of a schedule, so no key restricts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Forbidden
from civis.local.jobs.run_keys import constraints_of
from civis.local.jobs.schedules import Schedule, zone_named
from civis.local.services.job_views import SCHEDULE, TIME_ZONE
from civis.local.services.permissions import visible
from civis.local.state import objects

__all__ = ["check_schedule"]

#: What may be asked of something that is scheduled without changing what its runs do: paths behind its ID.
_HARMLESS = ("/runs", "/run", "/cancel", "/executions", "/shares", "/projects", "/clone", "/trigger_email")
#: What a request names its jobs by whose schedules become those of what it makes.
_ABOVE = ("parent_id", "from_job_chain")


def check_schedule(call: Call) -> None:
    """Refuse a request that makes a schedule which cannot be, or one that its key may not make.

    Parameters
    ----------
    call : Call

    Raises
    ------
    BadRequest
        If a number of the schedule is out of range, or there is no such time zone.
    Forbidden
        If the request's key is restricted, and the request would make or change what starts by itself.
    """
    if call.operation.method in ("GET", "DELETE"):
        return
    schedule = call.params.get("schedule")
    if isinstance(schedule, Mapping) and schedule.keys() & SCHEDULE.keys():
        _require_possible(call, schedule)
    elif call.params.get("time_zone") and any(each.name == "schedule" for each in call.operation.parameters):
        _require_possible(call, {})
    _require_unrestricted(call)


def _require_possible(call: Call, schedule: Mapping[str, Any]) -> None:
    """Refuse a schedule that could never be due as it says; also one that is off: it may be turned on."""
    try:
        zone = zone_named(call.params.get("time_zone") or TIME_ZONE).key
        Schedule.of_fields({**schedule, "scheduled": True}, zone)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _require_unrestricted(call: Call) -> None:
    """Refuse a restricted key what would start by itself."""
    what = _what_starts(call)
    if what is not None and constraints_of(call.connection, call.user.id, call.key_id):
        raise Forbidden(
            f"The API key is restricted, and {what}: runs of a schedule are restricted by no key. "
            "Use a key without constraints."
        )


def _what_starts(call: Call) -> str | None:
    """Say what a request has to do with schedules; None if it has nothing."""
    params = call.params
    schedule = params.get("schedule")
    if isinstance(schedule, Mapping) and schedule.get("scheduled"):
        return "the request sets a schedule"
    if params.get("clone_schedule"):
        return "the request copies a schedule"
    for name in _ABOVE:
        if params.get(name) is not None and _is_scheduled(call, params[name]):
            return f"the job {params[name]} ({name}) is scheduled"
    rest = call.operation.path.partition("/{id}")[2]
    id = params.get("id") if "/{id}" in call.operation.path and not rest.startswith(_HARMLESS) else None
    return f"{id} is scheduled" if id is not None and _is_scheduled(call, id) else None


def _is_scheduled(call: Call, id: Any) -> bool:
    """Tell whether an object that the user sees, or a job that triggers it, has a schedule that is on."""
    number: int | None = int(id) if str(id).isascii() and str(id).isdigit() else None
    among: Any = visible(call.connection)  # of others, the answer is that there is no such object
    seen: set[int] = set()
    while number is not None and number not in seen:
        seen.add(number)
        found = objects.select_objects(call.connection, id=number, among=among)
        if not found:
            return False
        schedule = found[0].document.get("schedule")
        if isinstance(schedule, Mapping) and schedule.get("scheduled"):
            return True
        number, among = found[0].parent_id, None
    return False

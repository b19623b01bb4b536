"""Refreshing a report's data: the script behind it runs again; the platform has no Tableau of its own."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Forbidden, NotFound, Routes, Unprocessable
from civis.local.services.groups import ORGANIZATION
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import find
from civis.local.services.permissions import require_level
from civis.local.services.reports import REPORT
from civis.local.services.run_views import start
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.state import ObjectNotFound, Stored, objects, runs

__all__ = ["routes"]

routes = Routes()

_KIND = "report_refresh"
_LIMIT = 5000
"""Refreshes in a month, as the hosted platform allows them to an organization."""

_STATES = {"queued": "queued", "running": "running", "succeeded": "succeeded"}


@routes("POST", "/reports/{id}/refresh")
def refresh(call: Call) -> dict[str, Any]:
    """Run the script behind a report again.

    Raises
    ------
    Unprocessable
        If there is none.
    Forbidden
        If this month's refreshes are used up.
    """
    report = find(call, REPORT)
    script_id = report.document.get("script_id")
    if script_id is None:
        raise Unprocessable(
            f"The report {report.id} has no data to refresh: no script is behind it.", "refresh_failed"
        )
    if _used(call)[0]["usage"] >= _LIMIT:
        raise Forbidden(f"The organization's {_LIMIT} refreshes of this month are used up.", "refresh_limit")
    script = find_object(call.connection, tuple(SCRIPT_KINDS), script_id, "script")
    require_level(call.connection, script, "write", "script")
    run = start(call, script, inputs={**script.document, "name": script.name, "parent_id": script.parent_id})
    objects.insert(
        call.connection, _KIND, {"run_id": run.id}, now=call.now, name=str(run.id), parent_id=report.id
    )
    used = _used(call)
    return {
        "id": report.id,
        "tableau_refresh_job_id": str(run.id),
        "organization": {
            "id": ORGANIZATION["id"],
            "tableau_refresh_usage": used[0]["usage"],
            "tableau_refresh_limit": _LIMIT,
            "tableau_refresh_history": used,
        },
    }


@routes("GET", "/reports/{id}/refresh/{job_id}")
def get_refresh(call: Call) -> dict[str, Any]:
    """Show how far a refresh is.

    Raises
    ------
    NotFound
        If the report has none of that ID.
    """
    report, id = find(call, REPORT, "id"), str(call.params["job_id"])
    found: list[Stored] = objects.select_objects(call.connection, _KIND, parent_id=report.id, name=id)
    if not found:
        raise NotFound(f"The report {report.id} has no refresh with ID {id}.")
    try:
        run = runs.fetch_run(call.connection, None, found[0].document["run_id"])
    except ObjectNotFound:
        return {"job_id": id, "state": "failed", "error": "The script behind the report is gone."}
    return {"job_id": id, "state": _STATES.get(run.state, "failed"), "error": run.error}


def _used(call: Call) -> list[dict[str, Any]]:
    """Count the refreshes of this month and of the one before."""
    this = call.now.strftime("%Y-%m")
    year, month = divmod(call.now.year * 12 + call.now.month - 2, 12)
    counted = {this: 0, f"{year:04}-{month + 1:02}": 0}
    for each in objects.select_objects(call.connection, _KIND):
        period = each.created_at.strftime("%Y-%m")
        if period in counted:
            counted[period] += 1
    return [{"time_period": period, "usage": usage} for period, usage in counted.items()]

"""Snapshots of reports: how they are wanted is kept; one that is made is a file with the report's code."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.files import create_file
from civis.local.services.job_views import STATES, schedule_of
from civis.local.services.lookups import parse_moment, require_choice
from civis.local.services.object_kinds import find
from civis.local.services.reports import REPORT
from civis.local.state import Stored, moment_text, objects

__all__ = ["routes"]

routes = Routes()

_DEFAULTS: dict[str, Any] = {
    "state": "idle",
    "finished_at": None,
    "send_email_on_completion": False,
    "email_template": None,
    "recipient_email_addresses": None,
    "email_subject": None,
    "height": 900,
    "width": 1440,
    "schedule": None,
    "parent_id": None,
}
_LEAST_PIXELS = 600


@routes("GET", "/reports/{id}/snapshots")
@routes("GET", "/results/{id}/snapshots")
def get_settings(call: Call) -> dict[str, Any]:
    """Show how snapshots of a report are made, and when the last one was."""
    return _view(find(call, REPORT))


@routes("PATCH", "/reports/{id}/snapshots")
@routes("PATCH", "/results/{id}/snapshots")
def change_settings(call: Call) -> dict[str, Any]:
    """Change how snapshots of a report are made."""
    return _view(_kept(call, find(call, REPORT), _sent(call)))


@routes("POST", "/reports/{id}/snapshots")
@routes("POST", "/results/{id}/snapshots")
def make_snapshot(call: Call) -> dict[str, Any]:
    """Keep a report's code, as it is now, in a file; nobody is mailed."""
    report = find(call, REPORT)
    blobs, name = call.platform.blobs, f"report-{report.id}-{call.now:%Y%m%dT%H%M%S}.html"
    key = blobs.new_key(name)
    with blobs.writer(key) as target:
        target.write(str(report.document.get("code_body") or "").encode("utf-8", "surrogatepass"))
    create_file(
        call.platform,
        call.connection,
        name=name,
        author_id=call.user.id,
        blob_key=key,
        now=call.now,
        description=f"Snapshot of the report {report.id}",
    )
    made = {**_sent(call), "state": "succeeded", "finished_at": moment_text(call.now)}
    return _view(_kept(call, report, made))


def _sent(call: Call) -> dict[str, Any]:
    """Read the settings that a request sends.

    Raises
    ------
    BadRequest
        If an image were too small, or a state is none.
    """
    sent = {name: call.params[name] for name in _DEFAULTS if name in call.params}
    for name in ("height", "width"):
        if sent.get(name) is not None and sent[name] < _LEAST_PIXELS:
            raise BadRequest(f"{name} must be {_LEAST_PIXELS} or more, not {sent[name]}.")
    require_choice(sent.get("state"), STATES, "state")
    moment = parse_moment(sent.get("finished_at"), "finished_at")
    if moment is not None:
        sent["finished_at"] = moment_text(moment)
    return sent


def _kept(call: Call, report: Stored, settings: dict[str, Any]) -> Stored:
    """Store settings with the report, which they are no change of."""
    known = {**(report.document.get("snapshot") or {}), **settings}
    return objects.update(call.connection, report.id, now=report.updated_at, document={"snapshot": known})


def _view(report: Stored) -> dict[str, Any]:
    """Show the settings."""
    settings = {**_DEFAULTS, **(report.document.get("snapshot") or {})}
    return {**settings, "id": report.id, "schedule": schedule_of(settings)}

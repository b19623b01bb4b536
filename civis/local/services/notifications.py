"""The stream of notifications: a server-sent event for each run that ended since the last one.

An answer holds what there is and ends; a listener asks again with the ID of the last event that it has, which
is what browsers do by themselves after the time in `retry`.
"""

from __future__ import annotations

import json

from civis.local.api import BadRequest, Call, Routes
from civis.local.jobs import OVER
from civis.local.notify.messages import run_message
from civis.local.services.permissions import visible
from civis.local.state import objects, runs

__all__ = ["routes"]

routes = Routes()

_RETRY_MS = 3000
_SHOWN = 100


@routes("GET", "/notifications")
def stream(call: Call) -> str:
    """Write the events that the user may see, the oldest first, by their runs' IDs.

    Raises
    ------
    BadRequest
        If `last_event_id` is no ID, or `r` no number of milliseconds.
    """
    last, retry = _number(call, "last_event_id", 0), _number(call, "r", _RETRY_MS)
    found = [
        each
        for each in runs.select_runs(call.connection, state=OVER, limit=_SHOWN, order_by="id")
        if each.id > last
    ]
    jobs = {each.job_id for each in found}
    seen = {
        each.id for each in objects.select_objects(call.connection, id=jobs, among=visible(call.connection))
    }
    lines = [f"retry: {retry}\n"]
    for run in reversed(found):
        if run.job_id in seen:
            data = json.dumps(run_message(run.job_id, run.id, run.state))
            lines.append(f"id: {run.id}\nevent: run\ndata: {data}\n")
    return "\n".join(lines) + "\n"


def _number(call: Call, name: str, default: int) -> int:
    """Read a whole number that is given as text."""
    text = str(call.params.get(name) or default)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadRequest(f"{name} must be a whole number, not {text!r}.")
    return int(text)

"""The job that triggers another one, as requests name it."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call
from civis.local.services.lookups import find_object
from civis.local.services.permissions import require_level
from civis.local.state import Stored, objects

__all__ = ["parent_named"]


def parent_named(call: Call, sent: Any, job: Stored | None) -> int | None:
    """Check the job that a request names as the parent of another one; None where it names none.

    Parameters
    ----------
    call : Call
    sent : int or None
        The parent's ID.
    job : Stored or None
        The job that is changed; None for a new one.

    Raises
    ------
    NotFound
        If there is no such job that the user may see.
    Forbidden
        If the user may not change it: what it triggers runs on behalf of whoever runs it.
    BadRequest
        If the parent is triggered by the job itself: such a circle would never end.
    """
    if sent is None:
        return None
    above = parent = find_object(call.connection, None, sent, "job to be the parent")
    if job is None or job.parent_id != parent.id:
        require_level(call.connection, parent, "write", "job")
    seen = {parent.id}
    while above.parent_id is not None and above.parent_id not in seen:
        seen.add(above.parent_id)
        above = objects.fetch(call.connection, None, above.parent_id)
    if job is not None and job.id in seen:
        raise BadRequest(f"The job {sent} cannot be the parent: it is triggered by the job itself.")
    return parent.id

"""Addresses that a mail to starts a job: one a job, made when first asked for. No mail arrives here."""

from __future__ import annotations

import secrets
from typing import Any

from civis.local.api import Call, Routes
from civis.local.services.jobs import KIND
from civis.local.services.object_kinds import find
from civis.local.state import objects

__all__ = ["routes"]

routes = Routes()

#: A domain that RFC 2606 reserves for names that must not exist: a mail to it comes back at once.
_DOMAIN = "local-platform.invalid"


@routes("POST", "/jobs/{id}/trigger_email")
def make_address(call: Call) -> dict[str, Any]:
    """Give a job its address; the one that it has stays."""
    job = find(call, KIND)
    token = job.document.get("trigger_token")
    if token is None:
        token = secrets.token_hex(16)
        objects.update(call.connection, job.id, now=job.updated_at, document={"trigger_token": token})
    return {"trigger_email": f"run.{job.id}.{token}@{_DOMAIN}"}

"""Codes: pieces of code that users keep, with notes about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_views import show_all
from civis.local.services.permissions import visible
from civis.local.state import Stored, objects

__all__ = ["KIND", "routes"]

routes = Routes()


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a code without a name."""
    if "name" in document and not str(document["name"] or "").strip():
        raise BadRequest("name must not be empty.")
    return document


KIND = declare(
    ObjectKind("code", "/codes", "code", defaults={"score": None, "auth_s3_url": None}, check=_check)
)


@routes("GET", "/codes")
def list_codes(call: Call) -> list[dict[str, Any]]:
    """List the codes that the user sees, those changed last first; featured are those with a score.

    Raises
    ------
    BadRequest
        If `limit` is less than 0.
    """
    limit, featured = call.params.get("limit"), call.params.get("featured")
    if limit is not None and limit < 0:
        raise BadRequest(f"limit must be 0 or more, not {limit}.")
    wanted = {"type": call.params["type"]} if call.params.get("type") else None
    found = objects.select_objects(
        call.connection, KIND.kind, order_by="updated_at", document=wanted, among=visible(call.connection)
    )
    if featured is not None:
        found = [each for each in found if (each.document.get("score") is not None) == featured]
    return show_all(call, KIND, found[:limit])

"""Projects as lists show them; what is in them is shown by `projects`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from civis.local.api import Call
from civis.local.state import Stored
from civis.local.state.people import authors
from civis.local.state.shares import select_shares

__all__ = ["project_summaries"]


def project_summaries(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show projects with who may see them.

    Parameters
    ----------
    call : Call
    found : sequence of Stored
    """
    given: dict[int, list[int]] = {each.id: [each.author_id] if each.author_id else [] for each in found}
    for share in select_shares(call.connection, list(given)):
        if share.grantee == "user" and share.grantee_id not in given[share.object_id]:
            given[share.object_id].append(share.grantee_id)
    people = authors(call.connection, {id for ids in given.values() for id in ids})
    return [
        {
            "id": each.id,
            "author": people.get(each.author_id),
            "name": each.name,
            "description": each.document.get("description"),
            "users": [people[id] for id in given[each.id] if id in people],
            "auto_share": bool(each.document.get("auto_share")),
            "created_at": each.created_at,
            "updated_at": each.updated_at,
            "archived": each.archived,
        }
        for each in found
    ]

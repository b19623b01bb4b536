"""Studios: kept with their settings and deployments; none is started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from civis.local.api import Call
from civis.local.services.families.deployments import latest_deployments
from civis.local.services.git_repos import ensure_repo
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.state import Stored

__all__ = ["KIND"]


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> dict[str, Any]:
    """Bookmark the repository that a studio is in."""
    url = document.get("git_repo_url")
    return {**document, "git_repo_id": ensure_repo(call, url).id if url else None}


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show studios with their latest deployments."""
    return [{"most_recent_deployment": each} for each in latest_deployments(call, KIND, found)]


KIND = declare(
    ObjectKind(
        "studio",
        "/studios",
        "studio",
        defaults={"required_resources": {"cpu": 256, "memory": 1024, "disk_space": 4.0}, "params": []},
        check=_check,
        views=_views,
    )
)

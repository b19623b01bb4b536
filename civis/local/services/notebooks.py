"""Notebooks: kept with their settings and files; `notebook_servers` says how they are deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from civis.local.api import Call, Forbidden, Routes
from civis.local.services.families.deployments import latest_deployments
from civis.local.services.files import has_content
from civis.local.services.git_repos import ensure_repo
from civis.local.services.key_limits import key_allows
from civis.local.services.notebook_contents import KEPT, latest_key
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.services.permissions import require_level
from civis.local.services.stored_text import link_to_text
from civis.local.state import Stored, objects

__all__ = ["KIND", "routes"]

routes = Routes()


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> dict[str, Any]:
    """Bookmark the repository that a notebook is in."""
    url = document.get("git_repo_url")
    return {**document, "git_repo_id": ensure_repo(call, url).id if url else None}


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show notebooks with links to their files and their latest deployments."""
    deployments = latest_deployments(call, KIND, found)
    return [
        {**_links(call, each.document), "most_recent_deployment": deployment}
        for each, deployment in zip(found, deployments, strict=True)
    ]


def _links(call: Call, document: Mapping[str, Any]) -> dict[str, Any]:
    """Link to a notebook's files."""
    content = _uploaded_link(call, document.get("content_keys")) or _file_link(call, document.get("file_id"))
    requirements = _file_link(call, document.get("requirements_file_id"))
    return {
        "notebook_url": content,
        "notebook_preview_url": _uploaded_link(call, document.get("preview_keys")),
        "requirements_url": requirements
        or link_to_text(call, document.get("requirements"), "requirements.txt"),
    }


KIND = declare(
    ObjectKind(
        "notebook",
        "/notebooks",
        "notebook",
        defaults={
            "language": "python3",
            "description": None,
            "memory": 1024,
            "cpu": 256,
            "idle_timeout": 8,
            "credentials": [],
            "environment_variables": {},
        },
        named={"credentials": "credential"},
        deleting="archive",
        project_list="notebooks",
        check=_check,
        views=_views,
    )
)


@routes("GET", "/notebooks/{id}/update-links")
def get_update_links(call: Call) -> dict[str, Any]:
    """Give where a notebook's new content and its preview can be put, by one PUT each.

    Raises
    ------
    Forbidden
        If the user, or the request's key, may not change the notebook: whoever has the links does.
    """
    notebook = find(call, KIND)
    require_level(call.connection, notebook, "write", KIND.noun)
    if not key_allows(call, "PATCH", f"{KIND.path}/{notebook.id}"):
        raise Forbidden(f"The API key is restricted and may not change the notebook {notebook.id}.")
    blobs = call.platform.blobs
    urls, uploads = {}, {}
    for name in ("content", "preview"):
        key = blobs.new_key(f"notebook-{name}")
        urls[name] = blobs.part_urls(key, 1)[0]
        # What is there stays until something new was put.
        uploads[f"{name}_keys"] = [key, *(notebook.document.get(f"{name}_keys") or ())][:KEPT]
    objects.update(call.connection, notebook.id, now=notebook.updated_at, document=uploads)
    return {"update_url": urls["content"], "update_preview_url": urls["preview"]}


def _file_link(call: Call, id: str | None) -> str | None:
    """Link to the content of a file."""
    found = objects.select_objects(call.connection, "file", id=int(id)) if id and str(id).isdecimal() else []
    if not found or not has_content(call.platform, found[0]):
        return None
    return call.platform.blobs.download_url(found[0].document["blob_key"], filename=found[0].name)


def _uploaded_link(call: Call, keys: Sequence[str] | None) -> str | None:
    """Link to what was put last where `get_update_links` said, or by the notebook's server."""
    key = latest_key(call.platform.blobs, keys)
    return None if key is None else call.platform.blobs.download_url(key)

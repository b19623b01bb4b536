"""Git repositories that users bookmarked; the local platform notes them and does not reach them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import visible
from civis.local.state import Stored, objects

__all__ = ["KIND", "ensure_repo", "repo_view", "routes"]

routes = Routes()

KIND = declare(ObjectKind("git_repo", "/git_repos", "Git repository", name="repo_url"))


@routes("POST", "/git_repos")
def post_repo(call: Call) -> dict[str, Any]:
    """Bookmark a repository; one that is bookmarked already is given again."""
    return repo_view(ensure_repo(call, call.params["repo_url"]))


@routes("GET", "/git_repos/{id}/refs")
def list_refs(call: Call) -> dict[str, Any]:
    """List the branches and tags that objects here are tied to; the host of the repository is not asked."""
    repo = find_object(call.connection, KIND.kind, call.params["id"], KIND.noun)
    ties = [
        each.document.get("git")
        for each in objects.select_objects(call.connection, among=visible(call.connection))
    ]
    own = [tie for tie in ties if tie and tie.get("git_repo_id") == repo.id]
    branches = {
        tie.get("git_branch") or tie.get("git_ref") for tie in own if tie.get("git_ref_type") != "tag"
    }
    tags = {tie.get("git_ref") for tie in own if tie.get("git_ref_type") == "tag"}
    return {"branches": sorted(branches - {None}), "tags": sorted(tags - {None})}


def ensure_repo(call: Call, url: str) -> Stored:
    """Give the bookmark of a repository, made if there is none.

    Raises
    ------
    BadRequest
        If it is no URL of a repository.
    """
    parts = urlsplit(url.strip())
    # Of this machine, as scripts name them too; only those have no host.
    has_place = bool(parts.netloc) or parts.scheme == "file"
    is_known = parts.scheme in ("https", "http", "ssh", "git", "file")
    is_repository = is_known and has_place and parts.path.strip("/")
    if not is_repository and not url.startswith("git@"):
        raise BadRequest(f"The repository's URL must be such as https://github.com/owner/name, not {url!r}.")
    if parts.password:
        raise BadRequest("The repository's URL must not hold a password; use a credential.")
    known = objects.select_objects(call.connection, KIND.kind, name=url.strip(), limit=1)
    if known:
        return known[0]
    return objects.insert(
        call.connection, KIND.kind, {}, now=call.now, name=url.strip(), author_id=call.user.id
    )


def repo_view(stored: Stored) -> dict[str, Any]:
    """Show a repository."""
    return {
        "id": stored.id,
        "repo_url": stored.name,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }

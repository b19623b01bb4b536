"""Versions of an object's file, as Git has them: its tie to a repository, and commits.

The platform fetches and pushes nothing: commits are those made through it, kept as parts of the object.
"""

from __future__ import annotations

from hashlib import sha1
from typing import Any

from civis.local.api import BadRequest, Call, Conflict, NotFound
from civis.local.services.families import Family
from civis.local.services.git_repos import ensure_repo, repo_view
from civis.local.services.object_kinds import ObjectKind, find
from civis.local.state import Stored, moment_text, objects

__all__ = ["family"]

family = Family()

COMMIT = "git_commit"
_TIE = ("git_ref", "git_branch", "git_path", "git_ref_type", "pull_from_git")


@family("GET", "/git")
def get_tie(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show what an object is tied to; nothing but nulls before it is."""
    return _tie_view(call, find(call, kind))


@family("PUT", "/git")
def put_tie(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Tie an object to a file of a repository."""
    return _set_tie(call, find(call, kind), {})


@family("PATCH", "/git")
def patch_tie(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Change what an object is tied to."""
    stored = find(call, kind)
    return _set_tie(call, stored, stored.document.get("git") or {})


@family("GET", "/git/commits")
def list_commits(call: Call, kind: ObjectKind) -> list[dict[str, Any]]:
    """List the commits of an object's file, the latest first."""
    stored = find(call, kind)
    # The catalogue says that this answer is an object, but it is a list: its keys are as the API spells them.
    return [
        {
            "commitHash": each.document["commit_hash"],
            "authorName": each.document["author_name"],
            "date": moment_text(each.created_at),
            "message": each.document["message"],
        }
        for each in _commits(call, stored)
    ]


@family("POST", "/git/commits")
def add_commit(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Commit a new content; the object gets it, too.

    Raises
    ------
    Conflict
        If the file is another by now than the one that the request's hash is of.
    """
    stored = find(call, kind)
    _require_tie(kind, stored)
    before = _commits(call, stored)
    given = call.params["file_hash"]
    if before and given != before[0].document["file_hash"]:
        raise Conflict(
            f"file_hash is {given!r}, but the file's is {before[0].document['file_hash']!r} by now: "
            "read it again before you commit."
        )
    content, message = str(call.params["content"]), str(call.params["message"])
    if not message.strip():
        raise BadRequest("message must not be empty.")
    above = before[0].document["commit_hash"] if before else ""
    text = f"{above}\n{stored.id}\n{call.user.username}\n{moment_text(call.now)}\n{message}\n{content}"
    document = {
        "content": content,
        "message": message,
        "author_name": call.user.name,
        "file_hash": _blob_hash(content),
        "commit_hash": _hash(text.encode()),
    }
    commit = objects.insert(
        call.connection, COMMIT, document, now=call.now, author_id=call.user.id, parent_id=stored.id
    )
    return _check_out(call, kind, stored, commit)


@family("GET", "/git/commits/{commit_hash}")
def get_commit(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show an object's file as of a commit, named by its hash or the beginning of it."""
    stored, wanted = find(call, kind), str(call.params["commit_hash"])
    for commit in _commits(call, stored):
        if len(wanted) >= 4 and str(commit.document["commit_hash"]).startswith(wanted):
            return _content(commit)
    raise NotFound(f"The {kind.noun} {stored.id} has no commit {wanted!r}.")


@family("POST", "/git/checkout-latest")
@family("POST", "/git/checkout")
def check_out(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Give an object the content of its newest commit."""
    stored = find(call, kind)
    _require_tie(kind, stored)
    found = _commits(call, stored)
    if not found:
        raise NotFound(
            f"The {kind.noun} {stored.id} has no commit: the local platform fetches none from other hosts."
        )
    return _check_out(call, kind, stored, found[0])


def _commits(call: Call, stored: Stored) -> list[Stored]:
    """Read an object's commits, the latest first."""
    return objects.select_objects(call.connection, COMMIT, parent_id=stored.id)


def _require_tie(kind: ObjectKind, stored: Stored) -> None:
    """Refuse what makes no sense for an object that is tied to nothing."""
    if not stored.document.get("git"):
        raise Conflict(f"The {kind.noun} {stored.id} is not tied to a Git repository; PUT its /git first.")


def _set_tie(call: Call, stored: Stored, before: dict[str, Any]) -> dict[str, Any]:
    """Store what an object is tied to."""
    tie = {**before, **{name: call.params[name] for name in _TIE if name in call.params}}
    if call.params.get("git_repo_url"):
        tie["git_repo_id"] = ensure_repo(call, call.params["git_repo_url"]).id
    if not tie.get("git_repo_id"):
        raise BadRequest("git_repo_url must be given: the object is not tied to a repository yet.")
    return _tie_view(call, objects.update(call.connection, stored.id, now=call.now, document={"git": tie}))


def _tie_view(call: Call, stored: Stored) -> dict[str, Any]:
    """Show what an object is tied to."""
    tie = stored.document.get("git") or {}
    found = objects.select_objects(call.connection, "git_repo", id=tie.get("git_repo_id") or 0)
    return {**tie, "git_repo": repo_view(found[0]) if found else None}


def _check_out(call: Call, kind: ObjectKind, stored: Stored, commit: Stored) -> dict[str, Any]:
    """Give an object the content of a commit, and show that."""
    if kind.source is not None:
        document = {kind.source: commit.document["content"]}
        objects.update(call.connection, stored.id, now=call.now, document=document)
    return _content(commit)


def _content(commit: Stored) -> dict[str, Any]:
    """Show the file as of a commit."""
    content = commit.document["content"]
    return {
        "content": content,
        "type": "file",
        "size": len(content.encode()),
        "file_hash": commit.document["file_hash"],
    }


def _blob_hash(content: str) -> str:
    """Work out a content's hash as Git does."""
    data = content.encode()
    return _hash(b"blob %d\x00" % len(data) + data)


def _hash(data: bytes) -> str:
    """Work out a hash as Git has them; it guards nothing."""
    return sha1(data, usedforsecurity=False).hexdigest()

"""Files: uploads, what is known about a file, and signed URLs to its content.

A file is an object of kind ``"file"``; its document holds the key of its blob, and when it expires. An
expired file is answered like one that never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis.local.api import BadRequest, Call, NotFound, Routes
from civis.local.blobs import BlobError
from civis.local.services.csv_preview import preview
from civis.local.services.lookups import find_object, parse_moment, require_choice
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import level_of
from civis.local.state import Stored, moment_text, objects
from civis.local.state.people import author
from civis.local.warehouse import CsvError

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = [
    "LIFETIME",
    "create_file",
    "delete_expired_files",
    "expiry",
    "find_file",
    "has_content",
    "label_of",
    "routes",
    "sweep",
]

routes = Routes()

declare(ObjectKind("file", "/files", "file", project_list="files"))

LIFETIME = timedelta(days=30)
"""How long a file is kept for which no expiry was asked for."""

_DESCRIPTION_LENGTH = 512
_LINK_SECONDS = 30 * 60
_LONGEST_LINK = timedelta(hours=36)
_MOST_PARTS = 10_000
_DELIMITERS = ("comma", "tab", "pipe")
_NOTHING_DETECTED: Mapping[str, Any] = {
    "include_header": None,
    "column_delimiter": None,
    "compression": None,
    "table_columns": [],
}


def create_file(
    platform: Platform,
    connection: Connection,
    *,
    name: str,
    author_id: int | None,
    blob_key: str,
    size: int | None = None,
    expires_at: datetime | None = None,
    now: datetime,
    description: str | None = None,
    detected_info: Mapping[str, Any] | None = None,
) -> Stored:
    """Make a file of a blob that is there already, such as a run's output.

    Parameters
    ----------
    platform : Platform
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    name : str
    author_id : int or None
    blob_key : str
        Of a blob in ``platform.blobs``.
    size : int, optional
        Bytes; for the caller's convenience, the blob itself is asked when the size is shown.
    expires_at : datetime, optional
        None keeps the file for ever.
    now : datetime
    description : str, optional
    detected_info : mapping, optional
        What was found out about a CSV file, as the answers show it.

    Returns
    -------
    Stored
        Of kind ``"file"``.

    Raises
    ------
    ValueError
        If `size` is given and is not the blob's.
    """
    if size is not None and size != platform.blobs.size(blob_key):
        raise ValueError(
            f"The blob {blob_key!r} of file {name!r} has {platform.blobs.size(blob_key)} bytes, not {size}."
        )
    sweep(platform, connection, now)
    document = {
        "blob_key": blob_key,
        "description": description,
        "expires_at": expires_at,
        "detected_info": None if detected_info is None else dict(detected_info),
    }
    return objects.insert(connection, "file", document, now=now, name=name, author_id=author_id)


def find_file(connection: Connection, id: int | str, now: datetime) -> Stored:
    """Find a file that is there and not expired.

    Raises
    ------
    NotFound
        If there is none, or it has expired.
    """
    stored = find_object(connection, "file", id, "file")
    expires_at = expiry(stored)
    if expires_at is not None and expires_at <= now:
        raise NotFound(f"File {id} ({stored.name!r}) expired at {moment_text(expires_at)}.")
    return stored


def expiry(stored: Stored) -> datetime | None:
    """Give the moment at which a file expires, or None if it never does."""
    return parse_moment(stored.document.get("expires_at"), "expires_at")


def label_of(stored: Stored) -> str:
    """Name a file in messages: by its name and its ID."""
    return f"{stored.name!r} (file {stored.id})"


def has_content(platform: Platform, stored: Stored) -> bool:
    """Tell whether a file's upload is complete."""
    return bool(platform.blobs.exists(stored.document["blob_key"]))


def delete_expired_files(platform: Platform, connection: Connection, now: datetime) -> int:
    """Remove the contents of files that have expired; their IDs stay taken.

    Returns
    -------
    int
        How many contents were removed.
    """
    removed = 0
    for stored in objects.select_objects(connection, "file"):
        expires_at = expiry(stored)
        if expires_at is not None and expires_at <= now and has_content(platform, stored):
            platform.blobs.delete(stored.document["blob_key"])
            removed += 1
    return removed


def sweep(platform: Platform, connection: Connection, now: datetime) -> None:
    """Remove the contents of expired files if that was not done for an hour.

    It is called where files are made, so that it needs no thread of its own: where nothing comes in, nothing
    grows.
    """
    if platform.blobs.is_sweep_due():
        delete_expired_files(platform, connection, now)


@routes("POST", "/files")
def post_file(call: Call) -> dict[str, Any]:
    """Begin an upload by one form POST."""
    stored = _new_file(call)
    return {**_view(call, stored), **call.platform.blobs.form_upload(stored.document["blob_key"])}


@routes("POST", "/files/multipart")
def post_multipart(call: Call) -> dict[str, Any]:
    """Begin an upload in parts, one PUT each."""
    number = call.params["num_parts"]
    if not 1 <= number <= _MOST_PARTS:
        raise BadRequest(f"num_parts must be between 1 and {_MOST_PARTS}, not {number}.")
    stored = _new_file(call, parts=number)
    urls = call.platform.blobs.part_urls(stored.document["blob_key"], number)
    return {**_view(call, stored), "upload_urls": urls}


# Gigabytes are copied; a transaction that writes would stop every other writer meanwhile.
@routes("POST", "/files/multipart/{id}/complete", is_reading=True)
def complete_multipart(call: Call) -> None:
    """End an upload in parts: all of them must be there. Again, it does nothing."""
    stored = find_file(call.connection, call.params["id"], call.now)
    if "parts" not in stored.document:
        raise BadRequest(f"File {stored.id} ({stored.name!r}) is not uploaded in parts.")
    if has_content(call.platform, stored):
        return
    try:
        call.platform.blobs.complete_parts(stored.document["blob_key"])
    except BlobError as error:
        raise BadRequest(
            f"The upload of file {stored.id} ({stored.name!r}) is not complete: {error}"
        ) from None


@routes("GET", "/files/{id}")
def get_file(call: Call) -> dict[str, Any]:
    """Describe a file, with a URL to its content."""
    return _view(call, find_file(call.connection, call.params["id"], call.now))


@routes("PUT", "/files/{id}")
@routes("PATCH", "/files/{id}")
def update_file(call: Call) -> dict[str, Any]:
    """Change a file's name, description or expiry; an expiry of null keeps it for ever."""
    stored = find_file(call.connection, call.params["id"], call.now)
    changes: dict[str, Any] = {}
    if "expires_at" in call.params:
        changes["expires_at"] = _expiry_asked_for(call)
    if "description" in call.params:
        changes["description"] = _description(call)
    name = _name(call) if "name" in call.params else None
    stored = objects.update(call.connection, stored.id, now=call.now, document=changes, name=name)
    return _view(call, stored)


@routes("GET", "/files/{id}/preview")
def preview_file(call: Call) -> dict[str, Any]:
    """Show a CSV file's columns and first rows."""
    stored = find_file(call.connection, call.params["id"], call.now)
    if not has_content(call.platform, stored):
        raise BadRequest(f"File {stored.id} ({stored.name!r}) has no content yet; upload it first.")
    delimiter = call.params.get("column_delimiter")
    require_choice(delimiter, _DELIMITERS, "column_delimiter")
    path = call.platform.blobs.path(stored.document["blob_key"])
    try:
        return preview(
            path,
            name=label_of(stored),
            delimiter=delimiter,
            include_header=call.params.get("include_header"),
        )
    except CsvError as error:
        raise BadRequest(f"It cannot be read as CSV: {error}") from None


def _new_file(call: Call, *, parts: int | None = None) -> Stored:
    """Store the file that a request begins to upload."""
    name = _name(call)
    sweep(call.platform, call.connection, call.now)
    document = {
        "blob_key": call.platform.blobs.new_key(name),
        "description": _description(call),
        "expires_at": _expiry_asked_for(call) if "expires_at" in call.params else call.now + LIFETIME,
        "detected_info": None,
        **({} if parts is None else {"parts": parts}),
    }
    return objects.insert(call.connection, "file", document, now=call.now, name=name, author_id=call.user.id)


def _name(call: Call) -> str:
    """Read the name that a request gives a file."""
    name = call.params.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadRequest(f"name must be a text that is not empty, not {name!r}.")
    return name


def _description(call: Call) -> str | None:
    """Read the description that a request gives a file."""
    description: str | None = call.params.get("description")
    if description is not None and len(description) > _DESCRIPTION_LENGTH:
        raise BadRequest(
            f"description must have {_DESCRIPTION_LENGTH} characters or fewer, not {len(description)}."
        )
    return description


def _expiry_asked_for(call: Call) -> datetime | None:
    """Read the expiry that a request gives; null is one too: never."""
    expires_at = parse_moment(call.params["expires_at"], "expires_at")
    if expires_at is not None and expires_at <= call.now:
        raise BadRequest(
            f"expires_at must be in the future, not {moment_text(expires_at)}; null keeps the file for ever."
        )
    return expires_at


def _link_seconds(call: Call) -> float:
    """Read how long the link to a file's content is to hold."""
    until = parse_moment(call.params.get("link_expires_at"), "link_expires_at")
    if until is None:
        return _LINK_SECONDS
    if not call.now < until <= call.now + _LONGEST_LINK:
        raise BadRequest(
            f"link_expires_at must be between now and 36 hours from now, not {moment_text(until)}."
        )
    return (until - call.now).total_seconds()


def _view(call: Call, stored: Stored) -> dict[str, Any]:
    """Describe a file as the answers do; one whose upload is not complete has no URL."""
    blobs, key = call.platform.blobs, stored.document["blob_key"]
    seconds = _link_seconds(call)
    url = None
    if blobs.exists(key):
        url = blobs.download_url(
            key, filename=stored.name, seconds=seconds, inline=bool(call.params.get("inline"))
        )
    return {
        "id": stored.id,
        "name": stored.name,
        "created_at": stored.created_at,
        "file_size": 0 if url is None else blobs.size(key),
        "expires_at": expiry(stored),
        "description": stored.document.get("description"),
        "author": author(call.connection, stored.author_id),
        "download_url": url,
        "file_url": url,
        "detected_info": stored.document.get("detected_info") or dict(_NOTHING_DETECTED),
        "my_permission_level": level_of(call.connection, stored),
    }

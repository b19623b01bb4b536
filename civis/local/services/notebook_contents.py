"""The contents of a notebook: what was uploaded last, or stored by its server, or it began with."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis.local.blobs import BlobError, Blobs
from civis.local.services.files import has_content
from civis.local.state import Stored, objects

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["CONTENT", "KEPT", "copy_file_to", "copy_notebook_to", "latest_key", "store_notebook"]

CONTENT = "content_keys"
"""The field of a notebook's document with the keys of its contents, the latest first."""

KEPT = 5
"""So many contents, and places for some, are remembered."""


def latest_key(blobs: Blobs, keys: Any) -> str | None:
    """Give the key of what was put last, or None.

    Parameters
    ----------
    blobs : Blobs
    keys : list of str or None
        The latest first; nothing may have been put there.
    """
    for key in keys or ():
        if not blobs.exists(key):
            try:
                blobs.complete_parts(key)
            except BlobError:
                continue
        return str(key)
    return None


def copy_notebook_to(platform: Platform, notebook: Stored, target: Path) -> bool:
    """Write a notebook's content to a path; False if it has none."""
    key = latest_key(platform.blobs, notebook.document.get(CONTENT))
    if key is None:
        return copy_file_to(platform, notebook.document.get("file_id"), target)
    _copy(platform.blobs, key, target)
    return True


def copy_file_to(platform: Platform, id: Any, target: Path) -> bool:
    """Write the content of a file of the platform to a path; False if there is none."""
    with platform.state.read() as connection:
        found = objects.select_objects(connection, "file", id=int(id)) if str(id or "").isdecimal() else []
    if not found or not has_content(platform, found[0]):
        return False
    _copy(platform.blobs, found[0].document["blob_key"], target)
    return True


def store_notebook(platform: Platform, id: int, content: bytes) -> bool:
    """Store a notebook's content, unless it is the one that is there.

    Parameters
    ----------
    platform : Platform
    id : int
        The notebook's.
    content : bytes

    Returns
    -------
    bool
        False for what is no notebook, such as the first half of one that is being written.
    """
    try:
        json.loads(content)
    except ValueError:
        return False
    blobs = platform.blobs
    key = blobs.new_key("notebook.ipynb")
    with platform.state.begin() as connection:
        found = objects.select_objects(connection, "notebook", id=id)
        if not found:
            return True  # its server outlives it by a moment
        keys = found[0].document.get(CONTENT) or []
        latest = latest_key(blobs, keys)
        if latest is not None and _digest(blobs, latest) == hashlib.sha256(content).digest():
            return True
        with blobs.writer(key) as target:
            target.write(content)
        now = platform.clock.time()
        objects.update(connection, id, now=now, document={CONTENT: [key, *keys][:KEPT]})
    for old in keys[KEPT - 1 :]:
        blobs.delete(old)
    return True


def _digest(blobs: Blobs, key: str) -> bytes:
    """Give the SHA-256 of a content."""
    with blobs.open(key) as file:
        return hashlib.sha256(file.read()).digest()


def _copy(blobs: Blobs, key: str, target: Path) -> None:
    """Write a content to a path."""
    with blobs.open(key) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)

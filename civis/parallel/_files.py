"""Temporary files on the platform: calls, large inputs, results. They expire by themselves."""

from __future__ import annotations

import datetime
import io
import logging
from typing import TYPE_CHECKING

from civis._errors import CivisError
from civis.io import civis_to_file, file_to_civis

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["LIFETIME", "expire", "load", "save"]

logger = logging.getLogger(__name__)

#: How long what nobody removes is kept.
LIFETIME = datetime.timedelta(days=7)
#: The platform knows no deletion of files and takes no moment of the past, by its own clock.
_SOON = datetime.timedelta(seconds=60)


def save(client: APIClient, content: bytes, name: str) -> int:
    """Make a file, and give its ID."""
    expires_at = datetime.datetime.now(datetime.timezone.utc) + LIFETIME
    return file_to_civis(io.BytesIO(content), name, expires_at=expires_at, client=client)


def load(client: APIClient, file_id: int) -> bytes:
    """Give the content of a file; `civis.base.EmptyResultError` if it is gone."""
    buffer = io.BytesIO()
    civis_to_file(file_id, buffer, client=client)
    return buffer.getvalue()


def expire(client: APIClient, file_id: int) -> None:
    """Have a file expire soon; where that cannot be asked for, it does after its lifetime."""
    soon = datetime.datetime.now(datetime.timezone.utc) + _SOON
    try:
        client.files.patch(file_id, expires_at=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    except CivisError:
        logger.debug("the temporary file %d was not removed", file_id, exc_info=True)

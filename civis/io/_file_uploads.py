"""How the bytes of a file reach the platform: as one form, or in parts when there are many of them.

It knows what the platform asks for; how bytes are sent is in `civis._http`.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis._http import Progress, upload_form, upload_parts
from civis.io._file_sources import FileSource

if TYPE_CHECKING:
    from civis.client import APIClient

#: The largest file that is sent as one form, in bytes.
LARGEST_FORM = 50 * 2**20
#: What the storage accepts: the smallest part (but for the last), and the most parts.
SMALLEST_PART = 5 * 2**20
MOST_PARTS = 10_000
#: The usual size of a part, in bytes: small enough that a broken connection costs little.
USUAL_PART = 50 * 2**20
LONGEST_DESCRIPTION = 512
#: How long files are kept that nobody said otherwise about.
DEFAULT_LIFETIME = datetime.timedelta(days=30)
#: What means "as long as files are kept by default"; it is a word because users write it.
DEFAULT_EXPIRY = "DEFAULT"


@dataclass(frozen=True)
class FileDetails:
    """What the platform is told about a file beside its bytes."""

    name: str
    expires_at: str | None
    description: str | None = None
    further: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self) -> dict[str, Any]:
        """Give the keywords of the call that makes the file; None as `expires_at` is told: for ever."""
        told: dict[str, Any] = {"expires_at": self.expires_at, **self.further}
        if self.description is not None:
            told["description"] = self.description
        return told


def file_details(
    name: str, expires_at: str | datetime.datetime | None, description: str | None, further: Mapping[str, Any]
) -> FileDetails:
    """Check what a user said about a file.

    Raises
    ------
    ValueError
        When the description is too long, or `expires_at` is no time.
    """
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise ValueError(
            f"the description has {len(description)} characters; at most {LONGEST_DESCRIPTION} are kept"
        )
    return FileDetails(name, expiry_time(expires_at), description, dict(further))


def expiry_time(expires_at: str | datetime.datetime | None) -> str | None:
    """Give the time at which a file expires as the platform wants it, None for never.

    A time without a time zone is taken as UTC.
    """
    if expires_at is None:
        return None
    if expires_at == DEFAULT_EXPIRY:
        expires_at = datetime.datetime.now(datetime.timezone.utc) + DEFAULT_LIFETIME
    if isinstance(expires_at, str):
        if not expires_at.strip():
            raise ValueError(
                "expires_at is an empty string; give an ISO 8601 time, or None to keep the file for ever"
            )
        return expires_at
    if expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=datetime.timezone.utc)
    return expires_at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def part_size_of(size: int, usual: int = USUAL_PART) -> int:
    """Give the size of a file's parts, in bytes: the usual one, or more where they would be too many.

    Examples
    --------
    >>> part_size_of(60 * 2**20)
    52428800
    >>> -(-(5 * 2**40) // part_size_of(5 * 2**40)) <= MOST_PARTS
    True
    """
    return max(SMALLEST_PART, usual, -(-size // MOST_PARTS))


def upload(
    client: APIClient,
    source: FileSource,
    details: FileDetails,
    progress: Progress | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
) -> int:
    """Make a file on the platform and send its bytes; give its ID once all have arrived."""
    if source.size > LARGEST_FORM:
        return _upload_in_parts(client, source, details, progress, path)
    file = client.files.post(details.name, **details.parameters())
    # As the platform spelled them: the storage's field names are not to be turned into snake_case.
    fields = file.json(snake_case=False)["uploadFields"]
    upload_form(file.upload_url, fields, source.stream, source.size, name=details.name, progress=progress)
    return int(file.id)


def _upload_in_parts(
    client: APIClient,
    source: FileSource,
    details: FileDetails,
    progress: Progress | None,
    path: str | os.PathLike[str] | None,
) -> int:
    """Send a file in parts, and say that it is complete only when each has been confirmed."""
    part_size = part_size_of(source.size)
    number = -(-source.size // part_size)
    file = client.files.post_multipart(details.name, number, **details.parameters())
    urls = list(file.upload_urls)
    if len(urls) != number:
        raise RuntimeError(f"the platform gave {len(urls)} addresses for {number} parts of {details.name!r}")
    upload_parts(urls, source.stream if path is None else path, part_size, source.size, progress=progress)
    client.files.post_multipart_complete(file.id)
    return int(file.id)

"""How the bytes of a file reach the platform: as one form, or in parts when there are many of them.

It knows what the platform asks for; how bytes are sent is in `civis._http`.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis._http import ExpiredUrlError, Progress, SignedUrl, upload_form, upload_parts
from civis.io._file_clients import transport_of
from civis.io._file_sources import MOST_HELD, FileSource

if TYPE_CHECKING:
    from civis.client import APIClient

#: The largest file that is sent as one form, in bytes.
LARGEST_FORM = MOST_HELD
#: What the storage accepts: the smallest part (but for the last), and the most parts.
SMALLEST_PART = 5 * 2**20
MOST_PARTS = 10_000
#: The usual size of a part, in bytes: small enough that a broken connection costs little, and smaller of a
#: pipe, whose parts are held in memory while they are sent.
USUAL_PART = 16 * 2**20
PIPE_PART = 8 * 2**20
#: Parts sent at once, and the bytes of a pipe that are held for them.
MOST_AT_ONCE = 8
MOST_OF_A_PIPE = 64 * 2**20
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


def part_size_of(size: int, usual: int | None = None) -> int:
    """Give the size of a file's parts, in bytes: the usual one, or more where they would be too many.

    Examples
    --------
    >>> part_size_of(60 * 2**20)
    16777216
    >>> -(-(5 * 2**40) // part_size_of(5 * 2**40)) <= MOST_PARTS
    True
    """
    return max(SMALLEST_PART, usual or USUAL_PART, -(-size // MOST_PARTS))


def upload(
    client: APIClient,
    source: FileSource,
    details: FileDetails,
    progress: Progress | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
) -> int:
    """Make a file on the platform and send its bytes; give its ID once all have arrived.

    What takes so long that its addresses expire is sent once more, to new ones.
    """
    counted = None if progress is None else _Once(progress)
    send = _upload_in_parts if source.size > LARGEST_FORM else _upload_as_form
    try:
        return send(client, source, details, counted, path)
    except ExpiredUrlError:
        if not source.can_repeat:
            raise
    if counted is not None:
        counted.begin_again()
    source.stream.seek(0)
    return send(client, source, details, counted, path)


class _Once:
    """Tells progress nothing twice about bytes that are sent twice."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._sent = 0
        self._told = 0

    def __call__(self, further: int) -> None:
        """Count further bytes."""
        self._sent += further
        if self._sent > self._told:
            new, self._told = self._sent - self._told, self._sent
            self._tell(new)

    def begin_again(self) -> None:
        """Count from the beginning."""
        self._sent = 0


def _upload_as_form(
    client: APIClient,
    source: FileSource,
    details: FileDetails,
    progress: Progress | None,
    path: str | os.PathLike[str] | None,
) -> int:
    """Send a file in one request."""
    file = client.files.post(details.name, **details.parameters())
    upload_form(
        file.upload_url,
        # As the platform spelled them: the storage's field names are not to be turned into snake_case. They
        # hold a signature, so that no variable keeps them where a traceback would show it.
        file.json(snake_case=False)["uploadFields"],
        source.stream,
        source.size,
        name=details.name,
        progress=progress,
        transport=transport_of(client),
    )
    return int(file.id)


def _upload_in_parts(
    client: APIClient,
    source: FileSource,
    details: FileDetails,
    progress: Progress | None,
    path: str | os.PathLike[str] | None,
) -> int:
    """Send a file in parts, and say that it is complete only when each has been confirmed."""
    part_size = part_size_of(source.size, USUAL_PART if source.can_repeat else PIPE_PART)
    number = -(-source.size // part_size)
    file = client.files.post_multipart(details.name, number, **details.parameters())
    urls = [SignedUrl(url) for url in file.upload_urls]
    if len(urls) != number:
        raise RuntimeError(f"the platform gave {len(urls)} addresses for {number} parts of {details.name!r}")
    upload_parts(
        urls,
        source.stream if path is None else path,
        part_size,
        source.size,
        threads=MOST_AT_ONCE if source.can_repeat else max(1, min(MOST_AT_ONCE, MOST_OF_A_PIPE // part_size)),
        progress=progress,
        transport=transport_of(client),
    )
    client.files.post_multipart_complete(file.id)
    return int(file.id)

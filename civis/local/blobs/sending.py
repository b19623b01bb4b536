"""A file sent over HTTP, whole or a range of it (RFC 9110, section 14).

It knows a file and headers; no keys and no signatures.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread
from starlette.responses import StreamingResponse

__all__ = ["BlobResponse", "entity_tag"]

_CHUNK = 1 << 18


def entity_tag(path: Path) -> str:
    """Name the state of a file; contents are only ever replaced by new files, so these three suffice."""
    return _tag(path.stat())


def _tag(status: os.stat_result) -> str:
    """Build the tag; the dash says, as on S3, that it is not an MD5."""
    return f'"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"'


class BlobResponse(StreamingResponse):
    """Sends an open file and closes it.

    Parameters
    ----------
    file : binary file
        At any position.
    asked : mapping of str to str
        The request's headers (case-insensitive).
    headers : mapping of str to str
        Further headers of the answer.
    is_head : bool
        Whether only headers are wanted.
    """

    def __init__(
        self, file: BinaryIO, asked: Mapping[str, str], headers: Mapping[str, str], *, is_head: bool
    ) -> None:
        status = os.fstat(file.fileno())
        tag, changed = _tag(status), formatdate(status.st_mtime, usegmt=True)
        begin, end, code = 0, status.st_size, 200
        wanted = asked.get("range")
        if wanted is not None and asked.get("if-range", tag) in (tag, changed):
            begin, end, code = _range(wanted, status.st_size)
        elif tag in asked.get("if-none-match", ""):
            begin, end, code = 0, 0, 304
        own = {"ETag": tag, "Last-Modified": changed, "Accept-Ranges": "bytes"}
        if code == 206:
            own["Content-Range"] = f"bytes {begin}-{end - 1}/{status.st_size}"
        elif code == 416:
            own["Content-Range"] = f"bytes */{status.st_size}"
        if code != 304:
            own["Content-Length"] = str(end - begin)
        length = 0 if is_head else end - begin
        super().__init__(_chunks(file, begin, length), code, {**headers, **own})
        self._file = file

    async def __call__(self, *arguments: object) -> None:
        """Send it, and close the file also where the client went away."""
        try:
            await super().__call__(*arguments)  # type: ignore[arg-type] # the three of ASGI, handed through
        finally:
            self._file.close()


def _range(wanted: str, size: int) -> tuple[int, int, int]:
    """Work out begin, end and status; what is not one plain range is answered by the whole."""
    match = re.fullmatch(r"bytes=\s*(\d*)-(\d*)\s*", wanted)
    if match is None or not (match[1] or match[2]):
        return 0, size, 200
    if not match[1]:
        begin, end = max(size - int(match[2]), 0), size
    else:
        begin = int(match[1])
        if match[2] and int(match[2]) < begin:
            return 0, size, 200
        end = min(int(match[2]) + 1, size) if match[2] else size
    return (begin, end, 206) if begin < end else (0, 0, 416)


async def _chunks(file: BinaryIO, begin: int, length: int) -> AsyncIterator[bytes]:
    """Read `length` bytes from `begin` on, in threads."""
    if length:
        await to_thread.run_sync(file.seek, begin)
    while length > 0:
        chunk = await to_thread.run_sync(file.read, min(length, _CHUNK))
        if not chunk:
            raise OSError("a blob's file became shorter while it was sent")
        length -= len(chunk)
        yield chunk

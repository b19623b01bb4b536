"""The ASGI application behind signed URLs: a form's POST, parts by PUT, contents by GET and HEAD.

It knows HTTP and signatures; no users and nothing of the API. Bytes go straight between socket and disk, and
the disk is touched in threads only, so that a slow one holds up nobody else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import mimetypes
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote
from xml.sax.saxutils import escape

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from civis.local.blobs.errors import BlobError, BlobNotFound, SignatureError
from civis.local.blobs.folder import BlobFolder
from civis.local.blobs.form import FormReader
from civis.local.blobs.sending import BlobResponse
from civis.local.blobs.signing import Signer

__all__ = ["blob_app"]

_GATHER = 1 << 20  # bytes between two writes to the disk


def blob_app(files: BlobFolder, signer: Signer) -> ASGIApp:
    """Build the application.

    Parameters
    ----------
    files : BlobFolder
        Holds the contents.
    signer : Signer
        Made the signatures on the URLs.
    """
    routes = _BlobRoutes(files, signer)
    return Starlette(
        routes=[
            Route("/upload", routes.receive_form, methods=["POST"]),
            Route("/{key:path}", routes.receive_part, methods=["PUT"]),
            Route("/{key:path}", routes.send, methods=["GET", "HEAD"]),
        ],
        exception_handlers={BlobError: _error_answer, ClientDisconnect: _gone},
    )


class _BlobRoutes:
    """The three things that can be done by a signed URL."""

    def __init__(self, files: BlobFolder, signer: Signer) -> None:
        self.files = files
        self.signer = signer

    async def receive_form(self, request: Request) -> Response:
        """Take a form, its file straight to the disk."""
        chunks = request.stream()
        try:
            etag = await self._store_form(request, chunks)
        except BlobError:
            await _drain(chunks)
            raise
        return Response(status_code=204, headers={"ETag": f'"{etag}"'})

    async def _store_form(self, request: Request, chunks: AsyncIterator[bytes]) -> str:
        """Write a form's file and give its MD5; it appears if the signature holds and the form is whole."""
        form = FormReader(request.headers.get("content-type", ""))
        digest = hashlib.md5(usedforsecurity=False)
        target: Path | None = None
        with ExitStack() as stack:
            incoming: BinaryIO | None = None
            async for chunk in chunks:
                form.feed(chunk)
                if form.has_file and incoming is None:
                    target = self._permitted(form.fields)
                    incoming = stack.enter_context(self.files.incoming(target))
                if incoming is not None and len(form.pending) >= _GATHER:
                    digest.update(form.pending)
                    await _write(incoming, form.pending)
            if target is None or incoming is None:
                raise BlobError("the form holds no file; send it last, in the field 'file'")
            if not form.is_complete:
                raise BlobError("the form ended before its last boundary; nothing was stored")
            digest.update(form.pending)
            await _write(incoming, form.pending)
            await to_thread.run_sync(stack.close)
        return digest.hexdigest()

    def _permitted(self, fields: dict[str, str]) -> Path:
        """Check a form's signature and give the file that it may write."""
        key = fields.get("key", "")
        self.signer.check("POST", key, fields)
        return self.files.path(key)

    async def receive_part(self, request: Request) -> Response:
        """Take one part of an upload."""
        chunks = request.stream()
        key, part = request.path_params["key"], request.query_params.get("part", "")
        try:
            self.signer.check("PUT", key, dict(request.query_params), part)
            etag = await self._store_part(key, int(part), chunks, request.headers.get("content-md5"))
        except BlobError:
            await _drain(chunks)
            raise
        return Response(status_code=200, headers={"ETag": f'"{etag}"'})

    async def _store_part(
        self, key: str, number: int, chunks: AsyncIterator[bytes], expected_md5: str | None
    ) -> str:
        """Write a part to its own file and give its MD5."""
        target = self.files.part_path(key, number)
        if not target.parent.is_dir():
            raise BlobNotFound("this upload is completed or was deleted; begin a new one")
        digest = hashlib.md5(usedforsecurity=False)
        pending = bytearray()
        with ExitStack() as stack:
            incoming = stack.enter_context(self.files.incoming(target))
            async for chunk in chunks:
                digest.update(chunk)
                pending += chunk
                if len(pending) >= _GATHER:
                    await _write(incoming, pending)
            await _write(incoming, pending)
            if expected_md5 is not None and _decoded(expected_md5) != digest.digest():
                raise BlobError("the part is not what its Content-MD5 says; send it again")
            await to_thread.run_sync(stack.close)
        return digest.hexdigest()

    async def send(self, request: Request) -> Response:
        """Send the content, or a range of it."""
        key, query = request.path_params["key"], dict(request.query_params)
        name, inline = query.get("filename", ""), query.get("inline", "")
        self.signer.check("GET", key, query, name, inline)
        file = await to_thread.run_sync(self._open, key)
        filename = name or key.rpartition("/")[2]
        media_type = mimetypes.guess_type(filename)[0] if inline else None
        return BlobResponse(
            file,
            request.headers,
            {
                "Content-Type": media_type or "application/octet-stream",
                "Content-Disposition": _disposition("inline" if inline else "attachment", filename),
                # A blob is anyone's content on the API's own origin: it must not run as a page of it.
                "Content-Security-Policy": "sandbox",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, max-age=0",
            },
            is_head=request.method == "HEAD",
        )

    def _open(self, key: str) -> BinaryIO:
        """Open a content; from then on it can be sent even if it is deleted."""
        return self.files.existing_path(key).open("rb")


async def _write(file: BinaryIO, pending: bytearray) -> None:
    """Write what was gathered, in a thread, and forget it."""
    await to_thread.run_sync(file.write, bytes(pending))
    pending.clear()


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read the rest of a refused request: a client that is still sending would not see the answer."""
    async for _ in chunks:
        pass


def _decoded(digest: str) -> bytes:
    """Read a Content-MD5 header; what is none is equal to none."""
    try:
        return base64.b64decode(digest, validate=True)
    except binascii.Error:
        return b""


def _disposition(kind: str, filename: str) -> str:
    """Name a download, in ASCII and as it is (RFC 6266)."""
    plain = "".join(each if " " <= each <= "~" and each not in '"\\/;%' else "_" for each in filename)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


async def _error_answer(request: Request, error: Exception) -> Response:
    """Answer in the XML that storage services use."""
    status, code = 400, "InvalidRequest"
    if isinstance(error, SignatureError):
        status, code = 403, "AccessDenied"
    elif isinstance(error, BlobNotFound):
        status, code = 404, "NoSuchKey"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(str(error))}</Message></Error>"
    )
    return Response("" if request.method == "HEAD" else body, status, media_type="application/xml")


async def _gone(request: Request, error: Exception) -> Response:
    """Answer nobody: the client went away in the middle, and nothing was stored."""
    return Response(status_code=400)

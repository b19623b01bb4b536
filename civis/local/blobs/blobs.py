"""The blobs' front door: keys, contents and signed URLs together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlencode

from starlette.types import ASGIApp

from civis._clock import SYSTEM_CLOCK, Clock
from civis.local.blobs.app import blob_app
from civis.local.blobs.errors import BlobNotFound
from civis.local.blobs.folder import BlobFolder
from civis.local.blobs.signing import Signer

__all__ = ["Blobs"]

UPLOAD_SECONDS = 86400

SWEEP_SECONDS = 3600.0
"""How long the contents of expired files may stay after they were last looked for, in seconds."""


class Blobs:
    """Contents of files under keys, and signed URLs to them.

    Parameters
    ----------
    folder : Path
        Where the contents lie; made if missing.
    secret : bytes
        Signs the URLs; keep it, or URLs given out before end with the process.
    base_url : callable
        Gives the server's address (``http://127.0.0.1:8000/``), asked anew for every URL.
    clock : Clock, optional
        Tells when a URL ends.

    Examples
    --------
    >>> import tempfile
    >>> blobs = Blobs(Path(tempfile.mkdtemp()), b"0" * 32, lambda: "http://127.0.0.1:8000/")
    >>> key = blobs.new_key("a.csv")
    >>> with blobs.writer(key) as file:
    ...     _ = file.write(b"a,b")
    >>> blobs.size(key)
    3
    """

    def __init__(
        self, folder: Path, secret: bytes, base_url: Callable[[], str], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._files = BlobFolder(folder)
        self._signer = Signer(secret, clock)
        self._base_url = base_url
        self._clock = clock
        self._swept_at: float | None = None

    def new_key(self, name: str) -> str:
        """Make a key for a new blob; it ends with a harmless form of `name`."""
        return self._files.new_key(name)

    def empty(self) -> None:
        """Remove all contents and all that is being uploaded."""
        self._files.empty()

    def path(self, key: str) -> Path:
        """Give the path at which the content lies or would lie; read it, but never write there."""
        return self._files.path(key)

    def exists(self, key: str) -> bool:
        """Tell whether there is content under the key."""
        return self._files.path(key).is_file()

    def size(self, key: str) -> int:
        """Give the content's length in bytes; :exc:`BlobNotFound` if there is none."""
        return self._files.existing_path(key).stat().st_size

    def adopt(self, key: str, path: Path) -> None:
        """Move a finished file in as the content; atomic, and lasting on return."""
        self._files.adopt(key, path)

    def writer(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Write the content; it becomes visible only when the block is left without an exception."""
        return self._files.incoming(self._files.path(key))

    def open(self, key: str) -> BinaryIO:
        """Open the content for reading; :exc:`BlobNotFound` if there is none."""
        try:
            return self._files.path(key).open("rb")
        except FileNotFoundError:
            self._files.existing_path(key)
            raise BlobNotFound(f"the content under the key {key!r} was just deleted") from None

    def is_sweep_due(self) -> bool:
        """Tell whether it is time to look for what has expired; true once in a while, and noted so."""
        now = self._clock.time()
        if self._swept_at is not None and 0 <= now - self._swept_at < SWEEP_SECONDS:
            return False
        self._swept_at = now
        return True

    def delete(self, key: str) -> None:
        """Remove the content and all parts; nothing happens if there are none."""
        self._files.delete(key)

    def form_upload(self, key: str, *, seconds: float = UPLOAD_SECONDS) -> dict[str, object]:
        """Permit one upload by a form.

        Returns
        -------
        dict
            ``upload_url`` (str) and ``upload_fields`` (dict of str, `key` first): POST them as
            ``multipart/form-data`` with the content last, in the field `file`. The answer is 204.
        """
        fields = {"key": key, **self._signer.sign("POST", key, seconds=seconds)}
        return {"upload_url": self._url("upload"), "upload_fields": fields}

    def part_urls(self, key: str, number: int, *, seconds: float = UPLOAD_SECONDS) -> list[str]:
        """Permit an upload in `number` parts: PUT each to its URL, then call :meth:`complete_parts`."""
        self._files.begin_parts(key, number)
        urls = []
        for each in map(str, range(1, number + 1)):
            permission = self._signer.sign("PUT", key, each, seconds=seconds)
            urls.append(f"{self._url(key)}?{urlencode({'part': each, **permission})}")
        return urls

    def complete_parts(self, key: str) -> None:
        """Make the parts one content; :exc:`BlobError` names those missing (they may still be sent)."""
        self._files.complete_parts(key)

    def download_url(
        self, key: str, *, filename: str | None = None, seconds: float = 86400, inline: bool = False
    ) -> str:
        """Permit reading the content, by GET or HEAD.

        Parameters
        ----------
        key : str
        filename : str, optional
            The name under which a browser keeps it; by default the key's.
        seconds : float, default 86400
            How long the URL holds.
        inline : bool, default False
            Whether a browser shows it rather than keeping it.
        """
        details = (filename or "", "1" if inline else "")
        permission = self._signer.sign("GET", key, *details, seconds=seconds)
        given = {name: value for name, value in zip(("filename", "inline"), details, strict=True) if value}
        return f"{self._url(key)}?{urlencode({**given, **permission})}"

    @cached_property
    def app(self) -> ASGIApp:
        """The ASGI application behind the URLs; the server mounts it at ``/blobs``."""
        return blob_app(self._files, self._signer)

    def _url(self, path: str) -> str:
        """Build the address of one of the application's routes."""
        return f"{self._base_url().rstrip('/')}/blobs/{quote(path)}"

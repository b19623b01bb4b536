"""How the bytes of a file of the platform reach a path or a handle, whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from civis._errors import CivisAPIError, EmptyResultError
from civis._http import Progress, SignedUrl, download, open_download
from civis.io._file_clients import transport_of

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.response import Response


def find_file(client: APIClient, file_id: int) -> Response:
    """Ask the platform for a file that can be downloaded.

    Raises
    ------
    EmptyResultError
        When there is no such file, or it has expired.
    """
    try:
        file: Response = client.files.get(file_id)
    except CivisAPIError as error:
        if error.status_code != 404:
            raise
        raise EmptyResultError(
            f"there is no file {file_id} on the platform, or it is not shared with you, or it has expired"
        ) from error
    if not file.file_url:
        raise EmptyResultError(f"file {file_id} ({file.name!r}) has no content to download: it has expired")
    return file


def fresh_url(client: APIClient, file_id: int) -> Callable[[], str]:
    """Give a function that gets another address for a file, for when the first has expired."""

    def ask() -> str:
        return str(find_file(client, file_id).file_url)

    return ask


def download_to_path(client: APIClient, file: Response, path: Path, progress: Progress | None) -> None:
    """Download a file to a path, where it appears when it is complete."""
    download(
        str(file.file_url),
        path,
        progress=progress,
        refresh_url=fresh_url(client, int(file.id)),
        transport=transport_of(client),
    )


def download_to_handle(
    client: APIClient, file: Response, handle: BinaryIO, progress: Progress | None
) -> None:
    """Download a file into a handle; one that can be truncated is left as it was when the download fails."""
    undo = _undo_of(handle)
    url, again = SignedUrl(file.file_url), fresh_url(client, int(file.id))
    try:
        with open_download(
            url, progress=progress, refresh_url=again, transport=transport_of(client)
        ) as stream:
            for block in stream.blocks():
                write_all(handle, block)
    except BaseException:
        undo()
        raise


def write_all(handle: BinaryIO, chunk: bytes) -> None:
    """Write bytes to a handle, also to an unbuffered one, which may take them piecemeal."""
    rest = memoryview(chunk)
    while rest:
        written: Any = handle.write(rest)
        if not isinstance(written, int):
            return
        rest = rest[written:]


def check_binary(handle: Any) -> BinaryIO:
    """Give the handle back, or raise `TypeError` when bytes cannot be written to it."""
    if not callable(getattr(handle, "write", None)):
        raise TypeError(f"expected a path or a handle opened for writing, not {type(handle).__name__}")
    if isinstance(handle, io.TextIOBase) or hasattr(handle, "encoding"):
        raise TypeError("the handle takes text, and files are bytes; open it with mode 'wb' or pass the path")
    binary: BinaryIO = handle
    return binary


def _undo_of(handle: BinaryIO) -> Callable[[], object]:
    """Give a function that takes back what is going to be written to a handle, as far as it allows that."""
    try:
        start = handle.tell()
    except (AttributeError, OSError):
        return lambda: None

    def undo() -> None:
        try:
            handle.seek(start)
            handle.truncate()
        except (AttributeError, OSError):
            return

    return undo

"""CSV files made readable: whatever compression and character set they come in, plain UTF-8 comes out.

It knows bytes and characters; nothing of rows, types or tables.
"""

from __future__ import annotations

import codecs
import gzip
import secrets
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from civis.local.warehouse.errors import CsvError
from civis.local.warehouse.interface import Compression, CsvSource

__all__ = ["PlainFile", "make_plain"]

_CHUNK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class PlainFile:
    """A file of plain UTF-8 (perhaps with a mark at its beginning), and what it was before.

    Parameters
    ----------
    path : Path
    label : str
        The name for messages.
    compression : {"none", "gzip", "zip"}
    encoding : str
        The character set that it came in.
    """

    path: Path
    label: str
    compression: Compression
    encoding: str


def make_plain(source: CsvSource, folder: Path, compression: str | None = None) -> PlainFile:
    """Make a source readable.

    Parameters
    ----------
    source : CsvSource
    folder : Path
        Takes the decompressed or converted copy, if one is needed.
    compression : str, optional
        What it is said to be; an error if it is not.

    Raises
    ------
    CsvError
        If the file is not there, damaged, or not compressed as said.
    """
    if not source.path.is_file():
        raise CsvError(f"{source.label}: there is no such file")
    found = _compression(source.path)
    if compression is not None and compression != found:
        raise CsvError(f"{source.label}: the compression is said to be {compression!r}, but it is {found!r}")
    path = source.path
    if found != "none":
        path = folder / secrets.token_hex(8)
        with _decompressed(source, found) as stream, path.open("xb") as copy:
            shutil.copyfileobj(stream, copy, _CHUNK)
    encoding = _encoding(path)
    if encoding not in ("utf-8", "utf-8-sig"):
        converted = folder / secrets.token_hex(8)
        _convert(path, converted, encoding, source.label)
        path = converted
    return PlainFile(path, source.label, found, encoding)


def _compression(path: Path) -> Compression:
    """Tell a file's compression by its first bytes."""
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    return "zip" if start in (b"PK\x03\x04", b"PK\x05\x06") else "none"


@contextmanager
def _decompressed(source: CsvSource, compression: Compression) -> Iterator[BinaryIO]:
    """Open what is in a compressed file; damage shows as :exc:`CsvError` while it is read."""
    try:
        if compression == "gzip":
            with gzip.open(source.path) as stream:
                yield cast("BinaryIO", stream)
            return
        with zipfile.ZipFile(source.path) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith("__MACOSX/")
            ]
            if len(members) != 1:
                raise CsvError(
                    f"{source.label}: the zip archive holds {len(members)} files; it has to hold one"
                )
            with archive.open(members[0]) as stream:
                yield cast("BinaryIO", stream)
    except (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise CsvError(f"{source.label}: the {compression} file is damaged or cut off ({error})") from None


def _encoding(path: Path) -> str:
    """Tell a file's character set: by its mark, else UTF-8 if all of it is, else Latin-1, which fits all."""
    with path.open("rb") as file:
        start = file.read(1000)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return name
        if len(start) > 3 and 2 * start[1::2].count(0) > len(start) // 2 and 0 not in start[::2]:
            return "utf-16-le"
        if len(start) > 3 and 2 * start[::2].count(0) > len(start) // 2 and 0 not in start[1::2]:
            return "utf-16-be"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _convert(path: Path, target: Path, encoding: str, label: str) -> None:
    """Write a file again as UTF-8; line ends stay as they are."""
    try:
        with (
            path.open(encoding=encoding, newline="") as text,
            target.open("x", encoding="utf-8", newline="") as converted,
        ):
            shutil.copyfileobj(text, converted, _CHUNK)
    except UnicodeError as error:
        raise CsvError(f"{label}: the file begins as {encoding}, but does not go on so ({error})") from None

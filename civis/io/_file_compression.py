"""Compressed streams: which kind one is, how to read and write through it. It knows only bytes and names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import PurePath
from typing import Any, BinaryIO, cast

#: How compressed content begins. None of these can begin a text.
BEGINNINGS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"PK\x03\x04": "zip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
#: What follows "BZh" and a digit: without it that is text after all.
BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")
LONGEST_BEGINNING = 10
#: What the end of a name says.
ENDINGS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}
#: Endings of names whose compression nothing here writes: plain CSV would be called something else.
_UNWRITTEN = (".zst", ".zstd", ".tar", ".tgz", ".7z", ".lz4", ".br")

_OPENERS: dict[str, Callable[..., Any]] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}


def compression_of(stream: BinaryIO) -> str | None:
    """Tell by its first bytes how a stream is compressed, None when it is not; it stays where it is."""
    position = stream.tell()
    start = stream.read(LONGEST_BEGINNING)
    stream.seek(position)
    for beginning, kind in BEGINNINGS.items():
        if start.startswith(beginning):
            return kind if kind != "bz2" or start[4:].startswith(BZ2_BLOCKS) else None
    return None


@contextmanager
def decompressed(stream: BinaryIO, compression: Any) -> Iterator[BinaryIO]:
    """Read a stream through its compression.

    Raises
    ------
    ValueError
        When that compression is not known here.
    """
    # What polars decompresses itself is left to it.
    if compression in (None, "zstd"):
        yield stream
    elif compression == "zip":
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(stream))
            members = archive.namelist()
            if len(members) != 1:
                raise ValueError(f"the zip file holds {len(members)} files; a data frame is made from one")
            yield cast(BinaryIO, stack.enter_context(archive.open(members[0])))
    else:
        with _opener(compression)(stream, "rb") as plain:
            yield plain


@contextmanager
def compressed_writer(stream: BinaryIO, compression: str | None, name: str) -> Iterator[BinaryIO]:
    """Write to a stream through a compression; "infer" goes by the end of the file's name.

    A ZIP archive gets one member.

    Raises
    ------
    ValueError
        When that compression cannot be written here.
    """
    if compression == "infer":
        compression = _by_ending(name)
    if compression is None:
        yield stream
        return
    if compression == "zip":
        with (
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(_member(name), "w", force_zip64=True) as packing,
            io.BufferedWriter(_Sink(cast(BinaryIO, packing))) as buffered,
        ):
            yield cast(BinaryIO, buffered)
        return
    with _opener(compression)(stream, "wb") as packing, io.BufferedWriter(_Sink(packing)) as buffered:
        yield cast(BinaryIO, buffered)


class _Sink(io.RawIOBase):
    """Takes bytes for another stream and hides its descriptor: polars would write past the compression."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target

    def writable(self) -> bool:
        """Whether it can be written to: always."""
        return True

    def write(self, content: Any) -> int:
        """Hand bytes on."""
        return self._target.write(content)


def _member(name: str) -> str:
    """Name what is in a ZIP archive: its own name without the ending."""
    stem = re.sub(r"\.zip$", "", PurePath(name).name, flags=re.IGNORECASE) or "data"
    return stem if PurePath(stem).suffix else f"{stem}.csv"


def _by_ending(name: str) -> str | None:
    """Tell the compression of a file that is to be written by the end of its name."""
    lowered = name.lower()
    if lowered.endswith(_UNWRITTEN):
        raise ValueError(
            f"{name!r} says by its ending that the file is compressed in a way that cannot be written here; "
            f"let it end in one of {', '.join(ENDINGS)}, or pass compression=None for plain CSV"
        )
    return next((kind for ending, kind in ENDINGS.items() if lowered.endswith(ending)), None)


def _opener(compression: object) -> Callable[..., Any]:
    """Give what opens a stream of a compression."""
    if not isinstance(compression, str) or compression not in _OPENERS:
        raise ValueError(
            f"compression must be one of 'infer', {', '.join(map(repr, [*_OPENERS, 'zip']))}, None; "
            f"not {compression!r}"
        )
    return _OPENERS[compression]

"""Compressed streams: which kind one is, how to read and write through it. It knows only bytes and names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
ENDINGS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz"}

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
    """Write to a stream through a compression; "infer" goes by the end of the file's name."""
    if compression == "infer":
        compression = next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), None)
    if compression is None:
        yield stream
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


def _opener(compression: object) -> Callable[..., Any]:
    """Give what opens a stream of a compression."""
    if not isinstance(compression, str) or compression not in _OPENERS:
        raise ValueError(
            f"compression must be one of 'infer', {', '.join(map(repr, _OPENERS))}, None; not {compression!r}"
        )
    return _OPENERS[compression]

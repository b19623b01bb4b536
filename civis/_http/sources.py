"""What uploads read from: blocks of a file, counted, that can be read again. Knows no network."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from civis._errors import CivisTransferError
from civis._http.pools import BLOCK


class PartSource(Protocol):
    """What parts are read from, by several threads at once."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Give at most `size` bytes that begin at `offset`."""
        ...

    def close(self) -> None:
        """Close what was opened here; never what the user handed in."""
        ...


class PathSource:
    """A file opened here, read at any place by any thread."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by close()
        self._lock = threading.Lock()

    def read_at(self, offset: int, size: int) -> bytes:
        """Read at a place; without a lock where the system can."""
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, offset)
        with self._lock:  # Windows has one position a file
            self._file.seek(offset)
            return self._file.read(size) or b""

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class StreamSource:
    """An open, seekable stream; offsets count from where it stood. One thread reads at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._begin = stream.tell()
        self._lock = threading.Lock()

    def read_at(self, offset: int, size: int) -> bytes:
        """Read at a place."""
        with self._lock:
            self._stream.seek(self._begin + offset)
            return self._stream.read(size)

    def close(self) -> None:
        """Leave the stream open, since it is the user's."""


class HeldPart:
    """One part of a pipe, held in memory, since a pipe cannot be read twice."""

    def __init__(self, offset: int, content: bytes) -> None:
        self._offset = offset
        self._content = memoryview(content)

    def read_at(self, offset: int, size: int) -> bytes:
        """Give a piece of the part."""
        begin = offset - self._offset
        return bytes(self._content[begin : begin + size])

    def close(self) -> None:
        """Nothing to close."""


def is_seekable(stream: BinaryIO) -> bool:
    """Tell whether a stream can be read again."""
    try:
        return stream.seekable() and stream.tell() >= 0
    except (AttributeError, OSError, ValueError):
        return False


def remaining(stream: BinaryIO) -> int | None:
    """Count what a seekable stream still holds; None for a pipe."""
    if not is_seekable(stream):
        return None
    here = stream.tell()
    try:
        return max(0, stream.seek(0, io.SEEK_END) - here)
    finally:
        stream.seek(here)


def read_exactly(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or what is left; a pipe may give less than asked at a time."""
    pieces: list[bytes] = []
    while size:
        piece = stream.read(min(size, 8 * BLOCK))
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def blocks_of(read: Callable[[int, int], bytes], offset: int, size: int) -> Iterator[bytes]:
    """Yield exactly `size` bytes in blocks of 1 MB.

    Raises
    ------
    CivisTransferError
        The source ends before that.
    """
    end = offset + size
    while offset < end:
        block = read(offset, min(BLOCK, end - offset))
        if not block:
            raise CivisTransferError(
                f"The source ended {end - offset} bytes too early: it became shorter while it was uploaded."
            )
        offset += len(block)
        yield block


class Meter:
    """Tells progress how many further bytes went out; those sent again after a failure are not told twice."""

    def __init__(self, tell: Callable[[int], object] | None) -> None:
        self._tell = tell
        self._sent = 0
        self._told = 0

    def restart(self) -> None:
        """Begin to send again."""
        self._sent = 0

    def count(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass blocks on and count them."""
        for block in blocks:
            yield block
            self._sent += len(block)
            if self._tell is not None and self._sent > self._told:
                further, self._told = self._sent - self._told, self._sent
                self._tell(further)

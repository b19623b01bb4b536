"""What a user may give to be uploaded, as one thing: a stream of bytes from its beginning, its size, a name.

It knows nothing of the platform. A stream that belongs to the user is read and never closed.
"""

from __future__ import annotations

import errno
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath
from typing import Any, BinaryIO, TypeAlias, TypeGuard, cast

#: A path, or a handle to read from.
FileLike: TypeAlias = "str | os.PathLike[str] | BinaryIO | Any"

#: Bytes of a pipe of unknown length that are held in memory; more go into a file. It is the largest file
#: that is sent as one form, in bytes.
MOST_HELD = 50 * 2**20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class FileSource:
    """Bytes to upload: a stream at its beginning, how many they are, and whether it can be read again."""

    stream: BinaryIO
    size: int
    can_repeat: bool = True


def is_path(buf_or_path: object) -> TypeGuard[str | os.PathLike[str]]:
    """Tell whether what was given names a file, rather than being one."""
    return isinstance(buf_or_path, (str, os.PathLike))


def name_of(buf_or_path: FileLike, name: str | None) -> str:
    """Give the name for a file: the one given, else the last element of its path or handle's name.

    Raises
    ------
    TypeError
        When there is neither, as for a `BytesIO` or the handle of a file descriptor.
    """
    if name is not None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"name must be a string that is not empty, not {name!r}")
        return name
    known = os.fspath(buf_or_path) if is_path(buf_or_path) else getattr(buf_or_path, "name", None)
    if not isinstance(known, str) or not PurePath(known).name:
        raise TypeError(f"{_kind(buf_or_path)} has no name that the file could get; give one with name=")
    return PureWindowsPath(known).name if os.name == "nt" else PurePath(known).name


@contextmanager
def open_source(buf_or_path: FileLike, size: int | None = None) -> Iterator[FileSource]:
    """Open what is to be uploaded.

    A handle is rewound to its beginning, and a text handle is read as the bytes under it. What cannot be
    rewound, such as a pipe, is streamed where its size is told. Otherwise it is read to its end first, since
    the platform must be told the number of parts before the first: the first `MOST_HELD` bytes into memory,
    and only what is longer into a file without a name in the folder for temporary files.

    Raises
    ------
    TypeError
        When it is neither a path nor a handle that can be read as bytes.
    ValueError
        When it has another size than the one given.
    """
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0):
        raise ValueError(f"size={size!r}: give the number of bytes, or None where it is not known")
    if is_path(buf_or_path):
        with open(buf_or_path, "rb") as file, _open_stream(file, size) as source:
            yield source
        return
    with _open_stream(_binary(buf_or_path), size) as source:
        yield source


@contextmanager
def _open_stream(stream: BinaryIO, size: int | None) -> Iterator[FileSource]:
    """Give what is to be uploaded of a stream of bytes."""
    if _is_seekable(stream):
        yield _measure(stream, size)
    elif size is not None and size > MOST_HELD:
        yield FileSource(stream, size, can_repeat=False)
    else:
        with _held(stream) as held:
            yield _measure(held, size)


@contextmanager
def _held(pipe: BinaryIO) -> Iterator[BinaryIO]:
    """Read a pipe to its end, into memory as far as that goes."""
    head = io.BytesIO()
    while (room := MOST_HELD - head.tell()) > 0:
        if not (block := pipe.read(min(room, _BLOCK))):
            yield head
            return
        head.write(block)
    if not (block := pipe.read(_BLOCK)):
        yield head
        return
    # It has no name where the system allows that, and no rights for others: a crash leaves nothing to find.
    with tempfile.TemporaryFile() as spool:
        with _explained_full_disk():
            spool.write(head.getbuffer())
            head = io.BytesIO()
            spool.write(block)
            while block := pipe.read(_BLOCK):
                spool.write(block)
            spool.flush()
        yield spool


@contextmanager
def _explained_full_disk() -> Iterator[None]:
    """Say of a disk without room which it is, and what would do."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise OSError(
            error.errno,
            f"no room for the whole pipe in {tempfile.gettempdir()}, which holds it until its end is known "
            f"({error.strerror}); give its length with size=, and it is sent as it comes, or name a larger "
            "folder by the environment variable TMPDIR",
        ) from error


def _binary(handle: Any) -> BinaryIO:
    """Give the bytes of a handle, whatever it makes of them."""
    if not callable(getattr(handle, "read", None)):
        raise TypeError(f"expected a path or a handle opened for reading, not {_kind(handle)}")
    if callable(getattr(handle, "readable", None)) and not handle.readable():
        raise TypeError(f"{_kind(handle)} is not opened for reading; open it with mode 'rb' or 'r+b'")
    if callable(getattr(handle, "flush", None)):
        # What was written to a handle and has not reached its file yet would be missing.
        handle.flush()
    if not _is_text(handle):
        return cast(BinaryIO, handle)
    stream = getattr(handle, "buffer", None)
    if stream is None and isinstance(handle, io.StringIO):
        return io.BytesIO(handle.getvalue().encode())
    if stream is None:
        raise TypeError(
            f"{_kind(handle)} holds text without an encoding; encode it: io.BytesIO(text.encode())"
        )
    return cast(BinaryIO, stream)


def _is_text(handle: Any) -> bool:
    """Tell whether a handle gives text, also where something that is no text stream wraps it."""
    return isinstance(handle, io.TextIOBase) or hasattr(handle, "encoding") or isinstance(handle.read(0), str)


def _is_seekable(stream: BinaryIO) -> bool:
    """Tell whether a stream can be rewound."""
    try:
        return stream.seekable()
    except AttributeError:
        return hasattr(stream, "seek")


def _measure(stream: BinaryIO, expected: int | None = None) -> FileSource:
    """Give a stream's size, and rewind it."""
    stream.seek(0, os.SEEK_END)
    size = stream.tell()
    stream.seek(0)
    if expected not in (None, size):
        raise ValueError(f"size={expected}, but there are {size} bytes to upload")
    return FileSource(stream, size)


def _kind(given: object) -> str:
    """Name what was given, for a message."""
    return f"an object of type {type(given).__name__}"

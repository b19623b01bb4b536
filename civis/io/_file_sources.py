"""What a user may give to be uploaded, as one thing: a stream of bytes from its beginning, its size, a name.

It knows nothing of the platform. A stream that belongs to the user is read and never closed.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath
from typing import Any, BinaryIO, TypeAlias, TypeGuard, cast

#: A path, or a handle to read from.
FileLike: TypeAlias = "str | os.PathLike[str] | BinaryIO | Any"


@dataclass(frozen=True)
class FileSource:
    """Bytes to upload: a stream at its beginning, and how many they are."""

    stream: BinaryIO
    size: int


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
def open_source(buf_or_path: FileLike) -> Iterator[FileSource]:
    """Open what is to be uploaded.

    A handle is rewound to its beginning, a text handle is read as the bytes under it, and what cannot be
    rewound, such as a pipe, is read to its end first.

    Raises
    ------
    TypeError
        When it is neither a path nor a handle that can be read as bytes.
    """
    if is_path(buf_or_path):
        with open(buf_or_path, "rb") as file:
            yield _measure(file)
        return
    stream = _binary(buf_or_path)
    if _is_seekable(stream):
        yield _measure(stream)
        return
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool)
        yield _measure(spool)


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


def _measure(stream: BinaryIO) -> FileSource:
    """Give a stream's size, and rewind it."""
    stream.seek(0, os.SEEK_END)
    size = stream.tell()
    stream.seek(0)
    return FileSource(stream, size)


def _kind(given: object) -> str:
    """Name what was given, for a message."""
    return f"an object of type {type(given).__name__}"

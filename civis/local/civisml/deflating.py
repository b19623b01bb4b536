"""gzip by the fastest library there is, written while its content comes; knows only bytes."""

from __future__ import annotations

import contextlib
import importlib
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO

__all__ = ["GzipWriter", "engines", "is_sound"]

_FASTEST = 1  # gzip's level
_GZIP_FORMAT = 31
#: Text of numbers, as it is written here, and some that repeats: more than the 64 KB that a window holds.
_SAMPLE = b"1,0.25,0.75\n" * 40 + b"".join(b"%d,%.17g\n" % (number, number / 7) for number in range(5000))


def is_sound(engine: Any) -> bool:
    """Tell whether an engine's gzip of a sample, given in two pieces, is what zlib makes the sample of."""
    deflated = engine.compressobj(_FASTEST, zlib.DEFLATED, _GZIP_FORMAT)
    half = len(_SAMPLE) // 2
    content = deflated.compress(_SAMPLE[:half]) + deflated.compress(_SAMPLE[half:]) + deflated.flush()
    try:
        return zlib.decompress(content, _GZIP_FORMAT) == _SAMPLE
    except zlib.error:
        return False


def engines() -> Iterator[Any]:
    """Yield what can deflate here: isal takes a third of the time of zlib, which is always there."""
    with contextlib.suppress(ImportError):
        yield importlib.import_module("isal.isal_zlib")
    yield zlib


_engine: Any = next(each for each in engines() if is_sound(each))


class GzipWriter:
    """Compresses what is written to it into an open file, which stays open.

    It notes no time, so that equal content gives equal files.

    Parameters
    ----------
    target : binary file
    engine : module, optional
        With zlib's interface; by default the fastest there is.

    Examples
    --------
    >>> import gzip, io
    >>> target = io.BytesIO()
    >>> with GzipWriter(target) as stream:
    ...     stream.write(b"0.25")
    4
    >>> gzip.decompress(target.getvalue())
    b'0.25'
    """

    def __init__(self, target: BinaryIO, engine: Any = None) -> None:
        self._target = target
        self._deflated = (engine or _engine).compressobj(_FASTEST, zlib.DEFLATED, _GZIP_FORMAT)

    def __enter__(self) -> GzipWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._target.write(self._deflated.flush())

    def write(self, data: Any) -> int:
        """Compress bytes."""
        self._target.write(self._deflated.compress(data))
        return len(data)

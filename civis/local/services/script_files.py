"""The blobs that an export writes: none at all for a query without rows, all gone again if it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import BinaryIO, cast

from civis.local.blobs import Blobs

__all__ = ["ExportFiles"]

_KEPT = 65_536  # bytes of the first file that are kept in memory until it is known to be wanted


class ExportFiles:
    """The blobs of one export, by the numbers of its files.

    The first file comes into being only when it is long or :meth:`settle` is called: a statement that gives
    no rows would otherwise write one to the disk only to delete it.

    Parameters
    ----------
    blobs : Blobs
    prefix : str
        What the names begin with.
    """

    def __init__(self, blobs: Blobs, prefix: str) -> None:
        self._blobs = blobs
        self._prefix = prefix
        self._kept: bytearray | None = None
        self.keys: dict[int, str] = {}

    def write(self, number: int) -> AbstractContextManager[BinaryIO]:
        """Open the blob of a file, by the file's number; it can only be written from its begin to its end.

        The first one begins the export, perhaps once more: what was written before is deleted.
        """
        if number == 0:
            self.discard()
        return self._first() if number == 0 else self._open(number)

    def settle(self) -> None:
        """Make sure that what was written is on the disk."""
        if self._kept is not None:
            with self._open(0) as target:
                target.write(self._kept)
            self._kept = None

    def discard(self) -> None:
        """Delete all that was written."""
        self._kept = None
        for key in self.keys.values():
            if self._blobs.exists(key):
                self._blobs.delete(key)
        self.keys.clear()

    def _open(self, number: int) -> AbstractContextManager[BinaryIO]:
        """Open a blob."""
        self.keys[number] = self._blobs.new_key(self._prefix)
        writer: AbstractContextManager[BinaryIO] = self._blobs.writer(self.keys[number])
        return writer

    @contextmanager
    def _first(self) -> Iterator[BinaryIO]:
        """Write the first file, in memory as long as it is short."""
        with ExitStack() as opened:
            late = _Late(lambda: opened.enter_context(self._open(0)))
            yield cast("BinaryIO", late)
        self._kept = late.kept


class _Late:
    """As much of a binary file as an export needs; opens the real one when it has a lot."""

    def __init__(self, opener: Callable[[], BinaryIO]) -> None:
        self._opener = opener
        self._real: BinaryIO | None = None
        self.kept: bytearray | None = bytearray()

    def write(self, data: memoryview) -> int:
        """Write all of the bytes."""
        if self.kept is not None:
            self.kept += data
            if len(self.kept) <= _KEPT:
                return len(data)
            self._real = self._opener()
            data, self.kept = memoryview(bytes(self.kept)), None
        assert self._real is not None
        return self._real.write(data)

    def flush(self) -> None:
        """Hand on what the real file holds back."""
        if self._real is not None:
            self._real.flush()

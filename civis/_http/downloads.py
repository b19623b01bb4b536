"""Content of files by signed URL: a verified stream, and a file that is whole or not there. Knows no API."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from civis._errors import CivisTransferError
from civis._http.ahead import Ahead
from civis._http.checksums import Checksum
from civis._http.hidden import SignedUrl
from civis._http.inflate import GZIP_MAGIC, CorruptGzip, Inflater
from civis._http.pools import BLOCK
from civis._http.ranged import RangedBody
from civis._http.replacing import Sink, replacing
from civis._http.timeouts import TimeoutArgument
from civis._http.transfers import Progress, Transport, shared_transport


class _VerifiedStream(io.RawIOBase):
    """The bytes of a download, checked: its end is given only after length and checksums were found right.

    What is large is inflated in a thread; where nobody knows, from the second block on.
    """

    def __init__(self, body: RangedBody, inflate: bool, progress: Progress | None) -> None:
        self._body = body
        self._inflates = inflate or body.is_encoded
        self._checks = False
        self._inflater = Inflater()
        self._checksum = Checksum.named_in(body.headers)
        self._progress = progress
        self._told = 0
        self._is_large = (body.length or 0) > BLOCK
        self._blocks = self._verified()
        self._ahead: Ahead | None = None
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with as much as is there."""
        target = memoryview(buffer).cast("B")
        if not self._left:
            block = self._next()
            if block is None:
                return 0
            self._left = memoryview(block)
        count = min(len(target), len(self._left))
        target[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def readall(self) -> bytes:
        """Read to the verified end; the base class would do so in pieces of 8 kB."""
        return b"".join(iter(self.next_block, None))

    def next_block(self) -> bytes | None:
        """Give what is there, or the next block as it came; None at the verified end."""
        rest, self._left = self._left, memoryview(b"")
        return bytes(rest) if rest else self._next()

    def close(self) -> None:
        """Give the connection up."""
        if not self.closed:
            if self._ahead is not None:
                self._ahead.close()
            else:
                self._blocks.close()
            self._body.close()
        super().close()

    def _next(self) -> bytes | None:
        """Give the next block, never an empty one; tell what came for it from the thread that reads."""
        try:
            if self._ahead is None and self._inflates and self._is_large:
                self._ahead = Ahead(self._blocks, self._body.interrupt)
            return next(self._blocks, None) if self._ahead is None else self._ahead.take()
        finally:
            further = self._body.received - self._told
            if self._progress is not None and further:
                self._told += further
                self._progress(further)

    def _verified(self) -> Generator[bytes, None, None]:
        """Yield blocks; the check of the whole comes before the end."""
        is_first = True
        try:
            while block := self._body.read(BLOCK):
                if is_first:
                    # Without a length only the content itself can tell that it is whole, and gzip can.
                    self._checks = not self._body.is_verified and block.startswith(GZIP_MAGIC)
                    is_first = False
                if self._checksum is not None:
                    self._checksum.update(block)
                yield from self._checked(block)
                self._is_large = True
            if self._inflates or self._checks:
                self._inflater.finish()
            if self._checksum is not None and not self._checksum.is_right():
                raise _Damaged(f"its {self._checksum.name} is not the one that the storage names")
        except (CorruptGzip, _Damaged) as error:
            problem = CivisTransferError(
                f"{self._body.shown} arrived damaged: {error}. None of it can be trusted; download it again."
            )
        else:
            return
        raise problem

    def _checked(self, block: bytes) -> Iterator[bytes]:
        """Yield a block as it is, or inflated."""
        if self._inflates:
            yield from self._inflater.feed(block)
            return
        if self._checks:
            for _ in self._inflater.feed(block):
                pass
        yield block


class BlockReader(io.BufferedReader):
    """A stream that also gives its bytes in the blocks in which they come, and so copies none of them."""

    def __init__(self, raw: _VerifiedStream) -> None:
        super().__init__(raw, BLOCK)
        self._stream = raw

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes from here on to the verified end, in blocks of 1 MB at most."""
        if held := self.peek():
            yield self.read(len(held))
        yield from iter(self._stream.next_block, None)


class _Damaged(ValueError):  # noqa: N818 - translated at once, never seen by users
    """The bytes are not those that were sent."""


def open_download(
    url: str,
    *,
    timeout: TimeoutArgument = None,
    progress: Progress | None = None,
    inflate: bool = False,
    refresh_url: Callable[[], str] | None = None,
    transport: Transport | None = None,
) -> BlockReader:
    """Open the content behind a signed URL as a stream whose end is only reached if all of it arrived.

    Parameters
    ----------
    url : str
        Where it lies. No credentials are sent.
    timeout : float or (float, float), optional
        Seconds for connecting and for each piece.
    progress : callable, optional
        Told the number of further bytes received, in the thread that reads.
    inflate : bool, default False
        Whether the content is gzip that is to be decompressed.
    refresh_url : callable, optional
        Gives a new URL when this one has expired (403).
    transport : Transport, optional
        Other connections than those that the environment asks for.

    Returns
    -------
    BlockReader
        A binary file, and a context manager: close it. Its `blocks()` gives the rest block by block.

    Raises
    ------
    CivisTransferError
        The content was refused, or (from a later read) broke off, changed or is damaged.

    Examples
    --------
    >>> with open_download(url) as stream:  # doctest: +SKIP
    ...     head = stream.read(100)
    """
    url = SignedUrl(url)
    body = RangedBody(url, transport or shared_transport(), timeout, refresh_url)
    return BlockReader(_VerifiedStream(body, inflate, progress))


def download(
    url: str,
    target: Path,
    *,
    inflate: bool = False,
    progress: Progress | None = None,
    refresh_url: Callable[[], str] | None = None,
    timeout: TimeoutArgument = None,
    transport: Transport | None = None,
) -> int:
    """Download to a file, which is replaced at once when all has arrived and untouched otherwise.

    Parameters
    ----------
    url, inflate, progress, refresh_url, timeout, transport
        As `open_download` takes them.
    target : path
        The file to write. A device or a pipe is written to as it is.

    Returns
    -------
    int
        Bytes written.

    Raises
    ------
    CivisTransferError
        As `open_download` does.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> download(url, Path("result.csv"))  # doctest: +SKIP
    1024
    """
    url = SignedUrl(url)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(
            open_download(
                url,
                timeout=timeout,
                progress=progress,
                inflate=inflate,
                refresh_url=refresh_url,
                transport=transport,
            )
        )
        sink = stack.enter_context(replacing(Path(target)))
        return copy_blocks(source, sink)


def copy_blocks(source: BlockReader, sink: Sink) -> int:
    """Copy everything and count the bytes."""
    count = 0
    for block in source.blocks():
        sink.write(block)
        count += len(block)
    return count

"""Upload in parts to one signed URL each, a few at a time; all of them arrive, or an error is raised."""

from __future__ import annotations

import hashlib
import itertools
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import BinaryIO

from civis._errors import CivisTransferError
from civis._http.checksums import counted_md5, is_other_md5, names_md5
from civis._http.failures import WIRE_ERRORS, Failure, classify, reason_of
from civis._http.hidden import SignedUrl
from civis._http.sources import (
    HeldPart,
    Meter,
    PartSource,
    PathSource,
    StreamSource,
    blocks_of,
    is_seekable,
    read_exactly,
)
from civis._http.timeouts import TimeoutArgument
from civis._http.transfers import (
    RETRIED_STATUSES,
    Progress,
    Transport,
    refused,
    retry_after,
    shared_transport,
)


class _Stopped(Exception):  # noqa: N818 - ends a thread's work, no error of its own
    """Another part has failed, so this one is not sent on."""


def upload_parts(
    urls: Sequence[str],
    source: str | os.PathLike[str] | BinaryIO,
    part_size: int,
    size: int,
    *,
    threads: int = 4,
    progress: Progress | None = None,
    timeout: TimeoutArgument = None,
    transport: Transport | None = None,
) -> list[str]:
    """Send a file in parts of equal size (the last may be smaller), several at once.

    Parameters
    ----------
    urls : sequence of str
        One signed URL for each part, in order.
    source : path or BinaryIO
        What to send. A seekable stream is read from where it stands; of a pipe, as many parts as there are
        threads are held in memory.
    part_size, size : int
        Bytes in a part, and in all.
    threads : int, default 4
        Parts sent at once.
    progress : callable, optional
        Told the number of further bytes sent, in the calling thread.
    timeout : float or (float, float), optional
        Seconds for connecting and for each piece.
    transport : Transport, optional
        Other connections than those that the environment asks for.

    Returns
    -------
    list of str
        The ETag of each part, in order; ``""`` where the storage named none.

    Raises
    ------
    CivisTransferError
        A part could not be sent; the others were stopped, and the upload must not be completed.
    ValueError
        The number of URLs does not fit the sizes.

    Examples
    --------
    >>> upload_parts(urls, "large.csv", 50_000_000, 120_000_000)  # doctest: +SKIP
    ['"a1"', '"b2"', '"c3"']
    """
    signed = [SignedUrl(url) for url in urls]
    urls = signed  # so that no local of this frame shows a signature
    expected = max(1, -(-size // part_size)) if part_size > 0 else 0
    if len(urls) != expected:
        raise ValueError(
            f"{size} bytes in parts of {part_size} make {expected} parts, but there are {len(urls)} URLs."
        )
    upload = _Upload(signed, part_size, size, transport or shared_transport(), timeout)
    return upload.send(source, max(1, threads), progress)


class _Upload:
    """The parts of one upload and what their threads share."""

    def __init__(
        self,
        urls: Sequence[SignedUrl],
        part_size: int,
        size: int,
        transport: Transport,
        timeout: TimeoutArgument,
    ) -> None:
        self._urls = urls
        self._part_size = part_size
        self._size = size
        self._transport = transport
        self._timeout = timeout
        self._stop = threading.Event()
        self._counts: queue.SimpleQueue[int] = queue.SimpleQueue()
        # Whether the storage answers with MD5s; only the first answer tells, and counting them takes time.
        self._names_md5 = False

    def send(
        self, source: str | os.PathLike[str] | BinaryIO, threads: int, progress: Progress | None
    ) -> list[str]:
        """Hand the parts to threads, report their progress from here, and give the ETags."""
        etags: dict[Future[str], int] = {}
        found = [""] * len(self._urls)
        pool = ThreadPoolExecutor(threads, thread_name_prefix="civis-upload")
        opened: PartSource | None = None
        try:
            if isinstance(source, (str, os.PathLike)):
                opened = PathSource(source)
            elif is_seekable(source):
                opened = StreamSource(source)
            pending: set[Future[str]] = set()
            for index in range(len(self._urls)):
                # No more parts are in hand than threads, so that a pipe's are not all in memory.
                while len(pending) >= threads:
                    pending = self._collect(pending, etags, found, progress)
                part = opened or self._held(source, index)  # type: ignore[arg-type]
                future = pool.submit(self._send_part, index, part)
                etags[future] = index
                pending.add(future)
            while pending:
                pending = self._collect(pending, etags, found, progress)
        finally:
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            if opened is not None:
                opened.close()
        return found

    def _collect(
        self,
        pending: set[Future[str]],
        indices: dict[Future[str], int],
        found: list[str],
        progress: Progress | None,
    ) -> set[Future[str]]:
        """Wait a little for parts to finish; raise the error of one that failed."""
        done, left = wait(pending, timeout=0.1 if progress else None, return_when=FIRST_COMPLETED)
        if progress is not None:
            further = self._further()
            if further:
                progress(further)
        for future in done:
            found[indices[future]] = future.result()
        return left

    def _further(self) -> int:
        """Sum up what the threads have counted since the last time."""
        total = 0
        while True:
            try:
                total += self._counts.get_nowait()
            except queue.Empty:
                return total

    def _held(self, stream: BinaryIO, index: int) -> PartSource:
        """Read the next part of a pipe."""
        offset, size = self._bounds(index)
        content = read_exactly(stream, size)
        if len(content) < size:
            raise CivisTransferError(
                f"The source ended {size - len(content)} bytes before the end of part {index + 1}."
            )
        if offset + size == self._size and stream.read(1):
            raise CivisTransferError(f"The source holds more than the {self._size} bytes it was to have.")
        return HeldPart(offset, content)

    def _bounds(self, index: int) -> tuple[int, int]:
        """Give offset and size of a part."""
        offset = index * self._part_size
        return offset, min(self._part_size, self._size - offset)

    def _send_part(self, index: int, source: PartSource) -> str:
        """Send one part until the storage has taken it, and give its ETag."""
        meter = Meter(self._counts.put)
        for number in itertools.count(1):
            meter.restart()
            problem, etag, wish = self._attempt(index, source, meter)
            if problem is None:
                return etag
            if number >= self._transport.attempts or self._stop.is_set():
                raise problem
            self._transport.wait(number, wish)
        raise AssertionError("unreachable")

    def _attempt(
        self, index: int, source: PartSource, meter: Meter
    ) -> tuple[CivisTransferError | None, str, float | None]:
        """Send a part once; give the error that another attempt may mend, raise any other.

        With it comes the ETag, and how long the storage wants to be left alone.
        """
        url = self._urls[index]
        offset, size = self._bounds(index)
        label = f"Part {index + 1} of {len(self._urls)}, to"
        digest = hashlib.md5(usedforsecurity=False)
        blocks = blocks_of(source.read_at, offset, size)
        is_counted = self._names_md5
        if is_counted:
            blocks = counted_md5(blocks, digest)
        try:
            response = self._transport.open(
                "PUT",
                url,
                headers={"Content-Length": str(size)},
                body=self._until_stopped(meter.count(blocks)),
                timeout=self._timeout,
            )
        except WIRE_ERRORS as error:
            if isinstance(error, CivisTransferError):
                raise
            problem = CivisTransferError(f"{label} {url.shown} broke off: {reason_of(error)}.")
            if classify(error) is Failure.FINAL:
                raise problem from None
            return problem, "", None
        if 200 <= response.status < 300:
            response.drain_conn()
            if not is_counted and names_md5(response.headers):
                self._names_md5 = True
                for _ in counted_md5(blocks_of(source.read_at, offset, size), digest):
                    pass
            if is_other_md5(response.headers, digest):
                return CivisTransferError(f"{label} {url.shown} arrived damaged: its MD5 differs."), "", None
            return None, response.headers.get("ETag", ""), None
        problem = refused(label, url, response)
        if response.status not in RETRIED_STATUSES:
            raise problem
        return problem, "", retry_after(response)

    def _until_stopped(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Pass blocks on until another part has failed."""
        for block in blocks:
            if self._stop.is_set():
                raise _Stopped
            yield block

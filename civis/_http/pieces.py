"""Pieces of a content by ``Range``, fetched one by one or several ahead. Knows no files."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue

import urllib3

from civis._errors import CivisTransferError
from civis._http.failures import WIRE_ERRORS, Failure, classify, reason_of
from civis._http.links import Link
from civis._http.pools import BLOCK
from civis._http.timeouts import TimeoutArgument
from civis._http.transfers import RETRIED_STATUSES, Transport, refused, retry_after, stop_reading

__all__ = ["PieceReader", "PieceWindow", "Version", "range_total", "starts_at", "strong_etag"]

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass
class Version:
    """What is known of a content, so that pieces of two versions are never mixed.

    Attributes
    ----------
    length
        Bytes of the whole; None: not known yet.
    etag
        Its strong ETag; None: it has none, or it is not known yet.
    """

    length: int | None = None
    etag: str | None = None


@dataclass(frozen=True)
class _Failed:
    """An attempt that another may mend: its error, and the seconds that the storage wants no other in."""

    problem: CivisTransferError
    wish: float | None = None


class PieceReader:
    """Fetches pieces of one content, from any thread; what breaks off is asked for again from there on."""

    def __init__(
        self,
        link: Link,
        transport: Transport,
        version: Version | None = None,
        timeout: TimeoutArgument = None,
    ) -> None:
        self.version = version or Version()
        self._link = link
        self._transport = transport
        self._timeout = timeout
        self._stop = threading.Event()
        self._open: set[urllib3.BaseHTTPResponse] = set()

    def fetch(self, begin: int, end: int) -> bytes:
        """Give the bytes from `begin` to before `end`.

        Raises
        ------
        CivisTransferError
            They were refused, the content changed, or the connection kept breaking.
        """
        return b"".join(self.fetch_blocks(begin, end))

    def fetch_blocks(self, begin: int, end: int) -> deque[bytes]:
        """Give the bytes from `begin` to before `end` as they came: large ones are slow to put together."""
        blocks: deque[bytes] = deque()
        failures = 0
        while begin < end:
            answer = self._ask(begin, end)
            before = begin
            if answer is not None and not isinstance(answer, _Failed):
                begin, answer = self._read(answer, blocks, begin, end)
            if answer is None:
                continue
            failures = 1 if begin > before else failures + 1
            if failures >= self._transport.attempts or self._stop.is_set():
                raise answer.problem
            self._transport.wait(failures, answer.wish)
        return blocks

    def stop(self) -> None:
        """Make threads that wait for bytes end with an error; nothing is fetched any more."""
        self._stop.set()
        for response in list(self._open):
            stop_reading(response)

    def _ask(self, begin: int, end: int) -> urllib3.BaseHTTPResponse | _Failed | None:
        """Make one request; give its answer, the error that another may mend, or None where that was done.

        Any other error is raised.
        """
        url = self._link.current
        headers = {"Range": f"bytes={begin}-{end - 1}"}
        if self.version.etag is not None:
            headers["If-Range"] = self.version.etag
        try:
            response = self._transport.open("GET", url, headers=headers, timeout=self._timeout)
        except WIRE_ERRORS as error:
            problem = self._broken(begin, end, reason_of(error))
            if classify(error) is Failure.FINAL:
                raise problem from None
            return _Failed(problem)
        if response.status == 206:
            self._check(response, begin)
            return response
        if response.status == 403 and self._link.renew(url):
            response.close()
            return None
        if response.status in (200, 416):
            response.close()
            raise self._changed(begin)
        error_seen = refused("The download of", url, response)
        if response.status not in RETRIED_STATUSES:
            raise error_seen
        return _Failed(error_seen, retry_after(response))

    def _read(
        self, response: urllib3.BaseHTTPResponse, blocks: deque[bytes], place: int, end: int
    ) -> tuple[int, _Failed | None]:
        """Take the bytes of an answer; give where they end, and the error if that is too early."""
        self._open.add(response)
        problem = "the connection ended early"
        try:
            while place < end and not self._stop.is_set():
                data = response.read1(min(end - place, BLOCK), decode_content=False)
                if not data:
                    break
                blocks.append(data)
                place += len(data)
        except WIRE_ERRORS as error:
            problem = reason_of(error)
        finally:
            self._open.discard(response)
        if place == end:
            self._link.worked()
            response.drain_conn()
            response.close()
            return place, None
        response.close()
        return place, _Failed(self._broken(place, end, problem))

    def _check(self, response: urllib3.BaseHTTPResponse, place: int) -> None:
        """Refuse a piece of another version, or of another place; learn what was not known."""
        total, etag = range_total(response), strong_etag(response)
        is_same = self.version.length in (None, total) and (
            self.version.etag is None or etag in (None, self.version.etag)
        )
        if total is None or not is_same or not starts_at(response, place):
            response.close()
            raise self._changed(place)
        if self.version.length is None:
            self.version.length, self.version.etag = total, etag

    def _broken(self, place: int, end: int, problem: str) -> CivisTransferError:
        """Make the error for a connection that broke."""
        return CivisTransferError(
            f"{self._link.shown} broke off at byte {place}, before byte {end}, again and again; "
            f"the last time: {problem}. Nothing incomplete was kept; try again."
        )

    def _changed(self, place: int) -> CivisTransferError:
        """Make the error for a content that is not what it was."""
        return CivisTransferError(
            f"{self._link.shown} cannot be read from byte {place} on, since it has changed "
            "or the server cannot send a part alone; download it again, as a whole."
        )


class PieceWindow:
    """Gives the pieces of a content in order, while threads fetch the next ones.

    Parameters
    ----------
    fetch : callable
        Gives the blocks from one place to before another; called from threads.
    begin, end : int
        Where the first piece begins and the last one ends.
    size : int
        Bytes in a piece.
    width : int
        Pieces fetched or held at a time.
    """

    def __init__(
        self, fetch: Callable[[int, int], deque[bytes]], begin: int, end: int, size: int, width: int
    ) -> None:
        self._fetch = fetch
        self._next = begin
        self._end = end
        self._size = size
        self._work: SimpleQueue[tuple[int, int, Future[deque[bytes]]] | None] = SimpleQueue()
        self._pieces: deque[Future[deque[bytes]]] = deque()
        # Daemons, since an interpreter that ends must not wait for a socket.
        self._threads = [
            threading.Thread(target=self._run, name=f"civis-download-{number}", daemon=True)
            for number in range(width)
        ]
        for thread in self._threads:
            self._submit()
            thread.start()

    def take(self) -> deque[bytes]:
        """Give the blocks of the next piece; none after the last."""
        if not self._pieces:
            return deque()
        content = self._pieces.popleft().result()
        self._submit()
        return content

    def close(self) -> None:
        """Let the threads end when they have done what they are at."""
        for piece in self._pieces:
            piece.cancel()
        self._pieces.clear()
        for _ in self._threads:
            self._work.put(None)
        until = time.monotonic() + 1  # one that waits before another attempt ends by itself
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _submit(self) -> None:
        """Have one piece more fetched, if there is one."""
        if self._next >= self._end:
            return
        begin, self._next = self._next, min(self._next + self._size, self._end)
        piece: Future[deque[bytes]] = Future()
        self._pieces.append(piece)
        self._work.put((begin, self._next, piece))

    def _run(self) -> None:
        """Fetch pieces until there is no more work."""
        while (work := self._work.get()) is not None:
            begin, end, piece = work
            if not piece.set_running_or_notify_cancel():
                continue
            try:
                piece.set_result(self._fetch(begin, end))
            except BaseException as error:  # it is raised where the piece is taken
                piece.set_exception(error)


def starts_at(response: urllib3.BaseHTTPResponse, place: int) -> bool:
    """Tell whether a partial answer begins at a place."""
    found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return found is not None and found[1] is not None and int(found[1]) == place


def range_total(response: urllib3.BaseHTTPResponse) -> int | None:
    """Read the whole length that a partial answer (or the refusal of one) names."""
    found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return int(found[3]) if found and found[3] != "*" else None


def strong_etag(response: urllib3.BaseHTTPResponse) -> str | None:
    """Read the version of the content; a weak one does not promise the same bytes."""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else None

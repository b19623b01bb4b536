"""A body that survives broken connections: what is missing is asked for by ``Range``. Knows no files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import urllib3

from civis._errors import CivisTransferError
from civis._http.failures import WIRE_ERRORS, Failure, classify, reason_of
from civis._http.links import Link
from civis._http.pieces import PieceReader, PieceWindow, Version, range_total, starts_at, strong_etag
from civis._http.pools import BLOCK
from civis._http.timeouts import TimeoutArgument
from civis._http.transfers import RETRIED_STATUSES, Transport, refused, retry_after, stop_reading


class RangedBody:
    """Reads one content; a connection that breaks is replaced by one that goes on where it broke.

    A large one is read over several connections from some point on.
    """

    def __init__(
        self,
        url: str,
        transport: Transport,
        timeout: TimeoutArgument = None,
        refresh_url: Callable[[], str] | None = None,
    ) -> None:
        self._link = Link(url, refresh_url)
        self._transport = transport
        self._timeout = timeout
        #: Bytes that have come so far.
        self.received = 0
        self._failures = 0
        self._is_given_up = False
        self._version = Version()
        self._modified: str | None = None
        #: The headers of the first answer.
        self.headers: Mapping[str, str] = {}
        #: Whether the storage marks the content as compressed for the way, so that it is to be inflated.
        self.is_encoded = False
        #: Whether the end of the content can be told from a connection that broke.
        self.is_verified = False
        self._response: urllib3.BaseHTTPResponse | None = None
        self._handoff: int | None = None
        self._reader: PieceReader | None = None
        self._window: PieceWindow | None = None
        self._blocks: deque[bytes] = deque()
        self._began = 0.0
        self._open()

    @property
    def shown(self) -> str:
        """The URL as messages show it."""
        return self._link.shown

    @property
    def length(self) -> int | None:
        """How many bytes the content has, if that is known."""
        return self._version.length

    def read(self, size: int = BLOCK) -> bytes:
        """Give the next bytes, as many as are there; empty at the verified end."""
        while True:
            if self._version.length is not None and self.received >= self._version.length:
                self.close()
                return b""
            if self._window is not None:
                return self._read_window(self._window, size)
            if self.received == self._handoff:
                self._decide()
                continue
            if self._response is None:
                self._open()
                continue
            response, problem = self._response, ""
            try:
                data = response.read1(self._bounded(size), decode_content=False)
            except WIRE_ERRORS as error:
                data, problem = b"", reason_of(error)
            if data:
                return self._take(data)
            if not problem and self._is_end():
                self.close()
                return b""
            if self._response in (None, response):
                self._fail(problem or "the connection ended early")

    def interrupt(self) -> None:
        """Make another thread that waits for bytes here get an error soon, and ask for nothing more."""
        self._is_given_up = True
        if self._reader is not None:
            self._reader.stop()
        response = self._response
        if response is not None:
            stop_reading(response)

    def close(self) -> None:
        """Give the connection back if its answer was read to the end, and close it otherwise."""
        if self._window is not None and self._reader is not None:
            self._reader.stop()
            self._window.close()
            self._window = None
        response, self._response = self._response, None
        if response is None:
            return
        if self.received == self._version.length:
            response.drain_conn()  # reads nothing more, and only so the connection can be used again
        response.close()

    def _bounded(self, size: int) -> int:
        """Read no further over the first connection than to where several begin."""
        if self._handoff is None or self.received > self._handoff:
            return size
        return min(size, self._handoff - self.received)

    def _decide(self) -> None:
        """Go on over several connections, unless one is as fast as a program can read."""
        passed = self._transport.clock.monotonic() - self._began
        is_fast = passed > 0 and self.received / passed > self._transport.windows.enough
        self._handoff = None
        if not is_fast:
            self._begin_window()

    def _begin_window(self) -> None:
        """Go on over several connections."""
        self.close()
        length, settings = self._version.length, self._transport.windows
        assert length is not None
        self._reader = PieceReader(self._link, self._transport, self._version, self._timeout)
        self._window = PieceWindow(
            self._reader.fetch_blocks, self.received, length, settings.size, settings.width
        )

    def _read_window(self, window: PieceWindow, size: int) -> bytes:
        """Give the next block of the piece that came, or of the next one."""
        if not self._blocks:
            self._blocks = window.take()
        data = self._blocks.popleft()
        if len(data) > size:
            self._blocks.appendleft(data[size:])
            data = data[:size]
        self.received += len(data)
        return data

    def _take(self, data: bytes) -> bytes:
        """Count what arrived; more than was announced is a fault as well."""
        self.received += len(data)
        length = self._version.length
        if length is not None and self.received > length:
            self.close()
            raise CivisTransferError(f"{self.shown} sent more than the {length} bytes it announced.")
        self._failures = 0
        self._link.worked()
        return data

    def _is_end(self) -> bool:
        """Tell whether an answer that ended was whole."""
        if self._version.length is not None:
            return self.received == self._version.length
        if self.is_verified:
            return True
        return self._ask_for_more()

    def _ask_for_more(self) -> bool:
        """Find out, where no length was announced, whether bytes are missing: ask for the next one."""
        self.close()
        headers = {"Range": f"bytes={self.received}-"}
        try:
            response = self._transport.open("GET", self._link.current, headers=headers, timeout=self._timeout)
        except WIRE_ERRORS:
            return False
        total = range_total(response)
        if response.status == 416 and total is not None:
            response.close()
            self._version.length = total
            return self.received == total
        if response.status == 206 and total is not None and self._continues(response):
            self._version.length = total
            self._response = response
            return False
        length = _length(response)
        response.close()
        # A server without ranges leaves no other way to find out; what it sent is taken for the whole.
        return response.status == 200 and length in (None, self.received)

    def _fail(self, problem: str, is_final: bool = False) -> None:
        """Count a failure, wait, and forget the connection; raise when there were too many in a row."""
        if is_final:
            raise CivisTransferError(f"{self.shown} cannot be reached: {problem}.")
        response, self._response = self._response, None
        if response is not None:
            response.close()
        if self._is_given_up:
            raise CivisTransferError(f"{self.shown} was given up after {self.received} bytes.")
        self._failures += 1
        if self._failures >= self._transport.attempts:
            of = "" if self._version.length is None else f" of {self._version.length}"
            raise CivisTransferError(
                f"{self.shown} broke off after {self.received}{of} bytes, {self._failures} times in a row; "
                f"the last time: {problem}. Nothing incomplete was kept; try again."
            )
        self._transport.wait(self._failures)

    def _open(self) -> None:
        """Ask for the content, or for the rest of it."""
        while True:
            problem, is_final = "", False
            url = self._link.current
            try:
                response = self._transport.open(
                    "GET", url, headers=self._range_headers(), timeout=self._timeout
                )
            except WIRE_ERRORS as error:
                problem = reason_of(error)
                is_final = classify(error) is Failure.FINAL
            if problem:
                self._fail(problem, is_final)
                continue
            if response.status == 200 or (response.status == 206 and self.received):
                self._accept(response)
                return
            if response.status == 416 and self.received and range_total(response) == self.received:
                response.close()
                self._version.length = self.received  # the connection broke after the last byte
                return
            if response.status == 403 and self._link.renew(url):
                response.close()
                continue
            error_seen = refused("The download of", url, response)
            if response.status not in RETRIED_STATUSES:
                raise error_seen
            self._failures += 1
            if self._failures >= self._transport.attempts:
                raise error_seen
            self._transport.wait(self._failures, retry_after(response))

    def _range_headers(self) -> dict[str, str]:
        """Ask for the rest, on condition that the content is still the same."""
        if not self.received:
            return {}
        headers = {"Range": f"bytes={self.received}-"}
        validator = self._version.etag or self._modified
        if validator:
            headers["If-Range"] = validator
        return headers

    def _accept(self, response: urllib3.BaseHTTPResponse) -> None:
        """Take an answer as the (next piece of the) content after checking that it is."""
        if not self.received:
            self._begin(response)
            return
        total, version = range_total(response), self._version
        if response.status == 206:
            if not self._continues(response) or (version.length or total) not in (None, total):
                response.close()
                raise self._changed()
            version.length = total if version.length is None else version.length
            self._response = response
            return
        # The whole again: either the content changed, or the server knows no ranges.
        is_same = (version.etag, version.length) == (strong_etag(response), _length(response))
        if not is_same or (version.etag is None and version.length is None):
            response.close()
            raise self._changed()
        self._response = response
        self._skip(response)

    def _begin(self, response: urllib3.BaseHTTPResponse) -> None:
        """Note length and version of the content."""
        self.headers = response.headers
        length, etag = _length(response), strong_etag(response)
        self._version = Version(length, etag)
        self._modified = response.headers.get("Last-Modified")
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        self.is_encoded = encoding in ("gzip", "x-gzip")
        is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        self.is_verified = length is not None or is_chunked
        self._response = response
        self._began = self._transport.clock.monotonic()
        settings = self._transport.windows
        has_ranges = etag is not None and response.headers.get("Accept-Ranges", "").lower() == "bytes"
        is_large = length is not None and length - settings.first >= settings.least
        self._handoff = settings.first if has_ranges and is_large and settings.width > 1 else None

    def _skip(self, response: urllib3.BaseHTTPResponse) -> None:
        """Read over what is here already, where a server sent the whole again."""
        left = self.received
        while left:
            try:
                data = response.read1(min(left, BLOCK), decode_content=False)
            except WIRE_ERRORS:
                data = b""
            if not data:
                self._fail("the connection ended early")
                return
            left -= len(data)

    def _continues(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Tell whether a partial answer begins at the first byte that is missing."""
        same = self._version.etag is None or strong_etag(response) in (None, self._version.etag)
        return same and starts_at(response, self.received)

    def _changed(self) -> CivisTransferError:
        """Make the error for a content that is not what it was."""
        return CivisTransferError(
            f"{self.shown} broke off after {self.received} bytes and cannot be continued, "
            "since it has changed or the server cannot send the rest alone; download it again."
        )


def _length(response: urllib3.BaseHTTPResponse) -> int | None:
    """Read the announced length."""
    text = response.headers.get("Content-Length", "")
    if "chunked" in response.headers.get("Transfer-Encoding", "").lower():
        return None
    return int(text) if text.isascii() and text.isdigit() else None

"""A body that survives broken connections: what is missing is asked for by ``Range``. Knows no files."""

from __future__ import annotations

import re
from collections.abc import Callable

import urllib3

from civis._errors import CivisTransferError
from civis._http.failures import WIRE_ERRORS, Failure, classify, reason_of
from civis._http.hidden import SignedUrl
from civis._http.pools import BLOCK
from civis._http.session import TimeoutArgument
from civis._http.transfers import RETRIED_STATUSES, Progress, Transport, refused

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d+)-(\d+)|\*)/(\d+|\*)")


class RangedBody:
    """Reads one content; a connection that breaks is replaced by one that goes on where it broke."""

    def __init__(
        self,
        url: SignedUrl,
        transport: Transport,
        timeout: TimeoutArgument = None,
        progress: Progress | None = None,
        refresh_url: Callable[[], str] | None = None,
    ) -> None:
        self._url = url
        self._transport = transport
        self._timeout = timeout
        self._progress = progress
        self._refresh_url = refresh_url
        self._can_refresh = refresh_url is not None
        self._received = 0
        self._failures = 0
        self._length: int | None = None
        self._etag: str | None = None
        self._modified: str | None = None
        #: Whether the storage marks the content as compressed for the way, so that it is to be inflated.
        self.is_encoded = False
        #: Whether the end of the content can be told from a connection that broke.
        self.is_verified = False
        self._response: urllib3.BaseHTTPResponse | None = None
        self._open()

    @property
    def shown(self) -> str:
        """The URL as messages show it."""
        return self._url.shown

    def read(self, size: int = BLOCK) -> bytes:
        """Give the next bytes, as many as are there; empty at the verified end."""
        while True:
            if self._length is not None and self._received >= self._length:
                self.close()
                return b""
            if self._response is None:
                self._open()
                continue
            response, problem = self._response, ""
            try:
                data = response.read1(size, decode_content=False)
            except WIRE_ERRORS as error:
                data, problem = b"", reason_of(error)
            if data:
                return self._take(data)
            if not problem and self._is_end():
                self.close()
                return b""
            if self._response in (None, response):
                self._fail(problem or "the connection ended early")

    def close(self) -> None:
        """Give the connection back if its answer was read to the end, and close it otherwise."""
        response, self._response = self._response, None
        if response is None:
            return
        if self._length is not None and self._received == self._length:
            response.drain_conn()  # reads nothing more, and only so the connection can be used again
        response.close()

    def _take(self, data: bytes) -> bytes:
        """Count what arrived; more than was announced is a fault as well."""
        self._received += len(data)
        if self._length is not None and self._received > self._length:
            self.close()
            raise CivisTransferError(f"{self.shown} sent more than the {self._length} bytes it announced.")
        self._failures = 0
        self._can_refresh = self._refresh_url is not None
        if self._progress is not None:
            self._progress(len(data))
        return data

    def _is_end(self) -> bool:
        """Tell whether an answer that ended was whole."""
        if self._length is not None:
            return self._received == self._length
        if self.is_verified:
            return True
        return self._ask_for_more()

    def _ask_for_more(self) -> bool:
        """Find out, where no length was announced, whether bytes are missing: ask for the next one."""
        self.close()
        headers = {"Range": f"bytes={self._received}-"}
        try:
            response = self._transport.open("GET", self._url, headers=headers, timeout=self._timeout)
        except WIRE_ERRORS:
            return False
        total = _range_total(response)
        if response.status == 416 and total is not None:
            response.close()
            self._length = total
            return self._received == total
        if response.status == 206 and total is not None and self._starts_here(response):
            self._length = total
            self._response = response
            return False
        length = _length(response)
        response.close()
        # A server without ranges leaves no other way to find out; what it sent is taken for the whole.
        return response.status == 200 and length in (None, self._received)

    def _fail(self, problem: str) -> None:
        """Count a failure, wait, and forget the connection; raise when there were too many in a row."""
        response, self._response = self._response, None
        if response is not None:
            response.close()
        self._failures += 1
        if self._failures >= self._transport.attempts:
            of = "" if self._length is None else f" of {self._length}"
            raise CivisTransferError(
                f"{self.shown} broke off after {self._received}{of} bytes, {self._failures} times in a row; "
                f"the last time: {problem}. Nothing incomplete was kept; try again."
            )
        self._transport.wait(self._failures)

    def _open(self) -> None:
        """Ask for the content, or for the rest of it."""
        while True:
            problem = ""
            try:
                response = self._transport.open(
                    "GET", self._url, headers=self._range_headers(), timeout=self._timeout
                )
            except WIRE_ERRORS as error:
                problem = reason_of(error)
                if classify(error) is Failure.FINAL:
                    self._failures = self._transport.attempts - 1
            if problem:
                self._fail(problem)
                continue
            if response.status == 200 or (response.status == 206 and self._received):
                self._accept(response)
                return
            if response.status == 416 and self._received and _range_total(response) == self._received:
                response.close()
                self._length = self._received  # the connection broke after the last byte
                return
            if response.status == 403 and self._can_refresh and self._refresh_url is not None:
                response.close()
                self._can_refresh = False
                self._url = SignedUrl(self._refresh_url())
                continue
            error_seen = refused("The download of", self._url, response)
            if response.status not in RETRIED_STATUSES:
                raise error_seen
            self._failures += 1
            if self._failures >= self._transport.attempts:
                raise error_seen
            self._transport.wait(self._failures)

    def _range_headers(self) -> dict[str, str]:
        """Ask for the rest, on condition that the content is still the same."""
        if not self._received:
            return {}
        headers = {"Range": f"bytes={self._received}-"}
        validator = self._etag or self._modified
        if validator:
            headers["If-Range"] = validator
        return headers

    def _accept(self, response: urllib3.BaseHTTPResponse) -> None:
        """Take an answer as the (next piece of the) content after checking that it is."""
        if not self._received:
            self._begin(response)
            return
        total = _range_total(response)
        if response.status == 206:
            if not self._starts_here(response) or (self._length or total) not in (None, total):
                response.close()
                raise self._changed()
            self._length = total if self._length is None else self._length
            self._response = response
            return
        # The whole again: either the content changed, or the server knows no ranges.
        is_same = (self._etag, self._length) == (_strong_etag(response), _length(response))
        if not is_same or (self._etag is None and self._length is None):
            response.close()
            raise self._changed()
        self._response = response
        self._skip(response)

    def _begin(self, response: urllib3.BaseHTTPResponse) -> None:
        """Note length and version of the content."""
        self._length = _length(response)
        self._etag = _strong_etag(response)
        self._modified = response.headers.get("Last-Modified")
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        self.is_encoded = encoding in ("gzip", "x-gzip")
        is_chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        self.is_verified = self._length is not None or is_chunked
        self._response = response

    def _skip(self, response: urllib3.BaseHTTPResponse) -> None:
        """Read over what is here already, where a server sent the whole again."""
        left = self._received
        while left:
            try:
                data = response.read1(min(left, BLOCK), decode_content=False)
            except WIRE_ERRORS:
                data = b""
            if not data:
                self._fail("the connection ended early")
                return
            left -= len(data)

    def _starts_here(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Tell whether a partial answer begins at the first byte that is missing."""
        found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        same = self._etag is None or _strong_etag(response) in (None, self._etag)
        return same and found is not None and found[1] is not None and int(found[1]) == self._received

    def _changed(self) -> CivisTransferError:
        """Make the error for a content that is not what it was."""
        return CivisTransferError(
            f"{self.shown} broke off after {self._received} bytes and cannot be continued, "
            "since it has changed or the server cannot send the rest alone; download it again."
        )


def _length(response: urllib3.BaseHTTPResponse) -> int | None:
    """Read the announced length."""
    text = response.headers.get("Content-Length", "")
    if "chunked" in response.headers.get("Transfer-Encoding", "").lower():
        return None
    return int(text) if text.isascii() and text.isdigit() else None


def _strong_etag(response: urllib3.BaseHTTPResponse) -> str | None:
    """Read the version of the content; a weak one does not promise the same bytes."""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else None


def _range_total(response: urllib3.BaseHTTPResponse) -> int | None:
    """Read the whole length that a partial answer (or the refusal of one) names."""
    found = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return int(found[3]) if found and found[3] != "*" else None

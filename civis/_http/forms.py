"""Upload by one form, as storage services take it: the key first, the file last, streamed."""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from civis._errors import CivisTransferError
from civis._http.checksums import counted_md5, is_other_md5
from civis._http.failures import WIRE_ERRORS, Failure, classify, reason_of
from civis._http.hidden import HiddenText, SignedUrl
from civis._http.pools import BLOCK
from civis._http.sources import Meter, blocks_of, is_seekable, remaining
from civis._http.timeouts import TimeoutArgument
from civis._http.transfers import (
    RETRIED_STATUSES,
    Progress,
    Transport,
    refused,
    retry_after,
    shared_transport,
)

#: What browsers write in place of these in names within a form.
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def upload_form(
    url: str,
    fields: Mapping[str, str],
    source: BinaryIO,
    size: int | None,
    *,
    name: str,
    progress: Progress | None = None,
    timeout: TimeoutArgument = None,
    transport: Transport | None = None,
) -> None:
    """Send a file and the fields that allow it in one POST, never holding more than a block of it.

    Parameters
    ----------
    url : str
        Where to. No credentials are sent.
    fields : Mapping[str, str]
        The form's other fields; ``key`` goes first.
    source : BinaryIO
        Read from where it stands. If it is seekable, a broken connection is answered by another attempt.
    size : int or None
        Bytes to send; None: what is left of a seekable source, and of a pipe everything, in chunks.
    name : str
        The file's name in the form.
    progress : callable, optional
        Told the number of further bytes sent.
    timeout : float or (float, float), optional
        Seconds for connecting and for each piece.
    transport : Transport, optional
        Other connections than those that the environment asks for.

    Raises
    ------
    CivisTransferError
        The storage refused it, the source ended too early, or the connection kept breaking.

    Examples
    --------
    >>> upload_form(url, fields, open("a.csv", "rb"), None, name="a.csv")  # doctest: +SKIP
    """
    url = SignedUrl(url)
    # The fields hold the signature: they are hidden from whoever prints the locals of this frame.
    fields = {key: HiddenText(value) for key, value in fields.items()}
    _Form(url, fields, source, size, name, progress, transport or shared_transport()).send(timeout)


class _Form:
    """One upload: its form's head and tail, and the source between them."""

    def __init__(
        self,
        url: SignedUrl,
        fields: Mapping[str, str],
        source: BinaryIO,
        size: int | None,
        name: str,
        progress: Progress | None,
        transport: Transport,
    ) -> None:
        self._url = url
        self._source = source
        self._transport = transport
        self._meter = Meter(progress)
        self._digest = hashlib.md5(usedforsecurity=False)
        self._wish: float | None = None
        self._can_repeat = is_seekable(source)
        self._begin = source.tell() if self._can_repeat else 0
        self._size = remaining(source) if size is None else size
        boundary = secrets.token_hex(16)
        self._head = _HiddenBytes(form_head(fields, name, boundary))
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        if self._size is not None:
            self._headers["Content-Length"] = str(len(self._head) + self._size + len(self._tail))

    def send(self, timeout: TimeoutArgument) -> None:
        """Make attempts until the storage has taken the file."""
        for number in itertools.count(1):
            problem = self._attempt(timeout)
            if problem is None:
                return
            if not self._can_repeat or number >= self._transport.attempts:
                raise problem
            self._transport.wait(number, self._wish)
            self._source.seek(self._begin)

    def _attempt(self, timeout: TimeoutArgument) -> CivisTransferError | None:
        """Send once; give the error that another attempt may mend, raise any other."""
        self._meter.restart()
        self._wish = None
        self._digest = hashlib.md5(usedforsecurity=False)
        final = True
        try:
            response = self._transport.open(
                "POST", self._url, headers=self._headers, body=self._body(), timeout=timeout
            )
        except WIRE_ERRORS as error:
            if isinstance(error, CivisTransferError):
                raise
            final = classify(error) is Failure.FINAL
            problem = CivisTransferError(f"The upload to {self._url.shown} broke off: {reason_of(error)}.")
        else:
            if 200 <= response.status < 300:
                response.drain_conn()
                if not is_other_md5(response.headers, self._digest):
                    return None
                return CivisTransferError(
                    f"The upload to {self._url.shown} arrived damaged: its MD5 differs."
                )
            final = response.status not in RETRIED_STATUSES
            problem = refused("The upload to", self._url, response)
            self._wish = retry_after(response)
        if final:
            raise problem
        return problem

    def _body(self) -> Iterator[bytes]:
        """Yield the form."""
        yield bytes(self._head)
        if self._size is None:
            blocks = iter(lambda: self._source.read(BLOCK), b"")
        else:
            blocks = blocks_of(lambda _, size: self._source.read(size), 0, self._size)
        yield from self._meter.count(counted_md5(blocks, self._digest))
        if self._size is not None and self._source.read(1):
            raise CivisTransferError(
                f"The source holds more than the {self._size} bytes it was to have: "
                "it grew while it was uploaded."
            )
        yield self._tail


class _HiddenBytes(bytes):
    """Bytes with a signature in them, which a repr does not show."""

    def __repr__(self) -> str:
        return "b'***'"


def form_head(fields: Mapping[str, str], name: str, boundary: str) -> bytes:
    """Write what stands before the file's content: ``key``, the other fields, the file's own head."""
    ordered = sorted(fields, key=lambda field: field != "key")  # stable: the rest keeps its order
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field.translate(_ESCAPES)}"\r\n\r\n'
        f"{fields[field]}\r\n"
        for field in ordered
    ]
    filename = name.translate(_ESCAPES)
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join(lines).encode()

"""Checksums that storages name in headers, compared with what went over the wire. Knows no network."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Checksum", "counted_md5", "is_other_md5", "names_md5"]

_MD5_TAG = re.compile(r'"?([0-9a-f]{32})"?')
#: Headers whose whole value is a digest in base64, by the name of the digest.
_PLAIN = {
    "Content-MD5": "md5",
    "x-amz-checksum-sha256": "sha256",
    "x-amz-checksum-sha1": "sha1",
}
#: Headers that hold ``name=digest`` pairs, and how those names are spelled there (RFC 9530, Google's).
_PAIRS = {"Repr-Digest": {"sha-256": "sha256", "sha-512": "sha512"}, "x-goog-hash": {"md5": "md5"}}


class Checksum:
    """A digest of bytes as they come, and the one they must have.

    Parameters
    ----------
    name : str
        As `hashlib` knows it.
    expected : bytes
        The digest that the storage named.

    Examples
    --------
    >>> import base64, hashlib
    >>> found = Checksum.named_in({"Content-MD5": base64.b64encode(hashlib.md5(b"ab").digest()).decode()})
    >>> found.update(b"a"); found.update(b"b"); found.is_right()
    True
    """

    def __init__(self, name: str, expected: bytes) -> None:
        self.name = name
        self._expected = expected
        self._digest = _new(name)

    @classmethod
    def named_in(cls, headers: Mapping[str, str]) -> Checksum | None:
        """Find a checksum of the whole content in the headers of an answer that holds all of it."""
        for header, name in _PLAIN.items():
            if found := _decoded(headers.get(header, ""), name):
                return cls(name, found)
        for header, spelled in _PAIRS.items():
            for item in headers.get(header, "").split(","):
                key, _, value = item.strip().partition("=")
                name = spelled.get(key.lower(), "")
                if name and (found := _decoded(value.strip(":"), name)):
                    return cls(name, found)
        tag = _md5_of_tag(headers)
        # Other servers fill their tags with digests of other things.
        if tag and headers.get("Server") == "AmazonS3":
            return cls("md5", tag)
        return None

    def update(self, block: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(block)

    def is_right(self) -> bool:
        """Tell whether all bytes together have the digest that they must have."""
        found: bytes = self._digest.digest()
        return found == self._expected


def counted_md5(blocks: Iterator[bytes], digest: Any) -> Iterator[bytes]:
    """Pass blocks on and add them to a digest."""
    for block in blocks:
        digest.update(block)
        yield block


def names_md5(headers: Mapping[str, str]) -> bool:
    """Tell whether a storage says by an ETag which MD5 the content has that it took."""
    return _md5_of_tag(headers) is not None


def is_other_md5(headers: Mapping[str, str], digest: Any) -> bool:
    """Tell whether the ETag of what a storage took is an MD5, and not that of what was sent."""
    tag = _md5_of_tag(headers)
    return tag is not None and tag != digest.digest()


def _md5_of_tag(headers: Mapping[str, str]) -> bytes | None:
    """Read an ETag that is the MD5 of the content; where own keys encrypt that, it is something else."""
    found = _MD5_TAG.fullmatch(headers.get("ETag", ""))
    if found is None or "x-amz-server-side-encryption-customer-algorithm" in headers:
        return None
    if headers.get("x-amz-server-side-encryption", "AES256") != "AES256":
        return None
    return bytes.fromhex(found[1])


def _decoded(text: str, name: str) -> bytes | None:
    """Read a digest in base64; that of several parts (``…-3``) is none of the whole."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return found if len(found) == _new(name).digest_size else None


def _new(name: str) -> Any:
    """Begin a digest; none of them guards against more than accidents here."""
    return hashlib.new(name, usedforsecurity=False)

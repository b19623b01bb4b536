"""How calls and results look as bytes: a mark, a JSON header that is read first, then opaque sections.

What is said in the header is known before anything is unpickled. A result is sealed with a key that only the
one who submitted and the container know, so that nothing else is ever taken for a result.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["CALL_MARK", "BrokenEnvelope", "digest_of", "open_sealed", "pack", "seal", "unpack"]

#: How files with calls begin.
CALL_MARK = b"\x00civis.parallel call 1\n"
_RESULT_MARK = b"\x00civis.parallel result 1\n"
_LENGTH = 8
_SEAL = hashlib.sha256().digest_size


class BrokenEnvelope(ValueError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """The bytes are not what they should be."""


def pack(header: Mapping[str, Any], sections: Sequence[bytes], mark: bytes = CALL_MARK) -> bytes:
    """Put a header and sections into one piece.

    Examples
    --------
    >>> unpack(pack({"name": "a"}, [b"first", b""]))
    ({'name': 'a'}, [b'first', b''])
    """
    told = {**header, "sections": [len(section) for section in sections]}
    text = json.dumps(told, separators=(",", ":")).encode()
    return b"".join((mark, len(text).to_bytes(_LENGTH, "big"), text, *sections))


def unpack(content: bytes, mark: bytes = CALL_MARK) -> tuple[dict[str, Any], list[bytes]]:
    """Take a piece apart into its header and its sections.

    Raises
    ------
    BrokenEnvelope
        When it has another mark, or is not complete.
    """
    if not content.startswith(mark):
        raise BrokenEnvelope("it does not begin as it should")
    begin = len(mark) + _LENGTH
    end = begin + int.from_bytes(content[len(mark) : begin], "big")
    try:
        header = json.loads(content[begin:end])
        sizes = [int(size) for size in header.pop("sections")]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BrokenEnvelope("its header cannot be read") from error
    if len(content) != end + sum(sizes):
        raise BrokenEnvelope(f"it has {len(content)} bytes, not {end + sum(sizes)}")
    sections = []
    for size in sizes:
        sections.append(content[end : end + size])
        end += size
    return header, sections


def seal(key: bytes, header: Mapping[str, Any], sections: Sequence[bytes]) -> bytes:
    """Pack a result so that whoever has the key can tell that it is the one asked for."""
    content = pack(header, sections, _RESULT_MARK)
    return hmac.digest(key, content, "sha256") + content


def open_sealed(key: bytes, content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Unpack a result, if its seal is of this key.

    Raises
    ------
    BrokenEnvelope
        When it was sealed with another key or changed since.
    """
    sealed = content[_SEAL:]
    if not hmac.compare_digest(content[:_SEAL], hmac.digest(key, sealed, "sha256")):
        raise BrokenEnvelope("its seal is not the one of the container that was asked")
    return unpack(sealed, _RESULT_MARK)


def digest_of(content: Any) -> str:
    """Give the digest by which a shared input is known."""
    return hashlib.sha256(content).hexdigest()

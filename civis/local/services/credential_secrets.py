"""Passwords of credentials, sealed: unreadable in the state without the key file beside it.

There is no cryptography package among the dependencies, so this is built from HMAC-SHA256: a keystream in
counter mode, and a second key's tag over it (encrypt, then authenticate). It guards a copied or leaked state
file, not a machine on which the key file can be read too.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path

__all__ = ["SealBroken", "Sealer"]

_KEY_FILE = "credentials.key"
_NONCE_BYTES = 16
_TAG_BYTES = 32


class SealBroken(ValueError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """A sealed text was changed, or sealed with another key."""


class Sealer:
    """Seals texts with a key that lies in a folder, made there when first needed.

    Parameters
    ----------
    folder : Path
        The platform's data folder.

    Examples
    --------
    >>> import tempfile
    >>> sealer = Sealer(Path(tempfile.mkdtemp()))
    >>> sealed = sealer.seal("secret")
    >>> "secret" in sealed, sealer.open(sealed)
    (False, 'secret')
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _KEY_FILE

    def __repr__(self) -> str:
        return f"Sealer({str(self._path)!r})"

    def seal(self, text: str) -> str:
        """Give an unreadable form of a text, different every time."""
        key = self._key()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        hidden = _mask(_derived(key, b"encrypt"), nonce, text.encode("utf-8", "surrogatepass"))
        tag = hmac.digest(_derived(key, b"authenticate"), nonce + hidden, sha256)
        return base64.b64encode(nonce + tag + hidden).decode("ascii")

    def open(self, sealed: str) -> str:
        """Give the text back.

        Raises
        ------
        SealBroken
            If it was changed, or sealed with another key.
        """
        data = base64.b64decode(sealed.encode("ascii"))
        nonce, tag = data[:_NONCE_BYTES], data[_NONCE_BYTES : _NONCE_BYTES + _TAG_BYTES]
        hidden, key = data[_NONCE_BYTES + _TAG_BYTES :], self._key()
        if not hmac.compare_digest(tag, hmac.digest(_derived(key, b"authenticate"), nonce + hidden, sha256)):
            raise SealBroken(
                f"A stored password cannot be read with the key in {self._path}; "
                "set the credential's password again."
            )
        return _mask(_derived(key, b"encrypt"), nonce, hidden).decode("utf-8", "surrogatepass")

    def _key(self) -> bytes:
        """Read the key; of several that make it at once, the first wins."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            pass
        # Written beside and linked into place: whoever reads the key sees all of it.
        beside = self._path.with_name(f"{_KEY_FILE}.{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(beside, self._path)
        finally:
            beside.unlink()
        return self._path.read_bytes()


def _derived(key: bytes, purpose: bytes) -> bytes:
    """Make a key for one purpose of the one that is kept."""
    return hmac.digest(key, purpose, sha256)


def _mask(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Combine bytes with the keystream; twice gives them back."""
    stream = bytearray()
    for number in count():
        if len(stream) >= len(data):
            break
        stream += hmac.digest(key, nonce + number.to_bytes(8, "big"), sha256)
    return bytes(left ^ right for left, right in zip(data, stream, strict=False))

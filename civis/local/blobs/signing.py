"""Signatures on URLs: who holds one may do one thing with one blob, for some time.

It knows no files and no HTTP.
"""

from __future__ import annotations

import hashlib
import hmac

from civis._clock import Clock
from civis.local.blobs.errors import SignatureError

__all__ = ["Signer"]


class Signer:
    """Signs and checks permissions; the secret shows nowhere.

    Parameters
    ----------
    secret : bytes
        32 random bytes or more.
    clock : Clock
        Tells when a permission ends.

    Examples
    --------
    >>> from civis._clock import FakeClock
    >>> signer = Signer(b"0" * 32, FakeClock())
    >>> permission = signer.sign("GET", "a", seconds=60)
    >>> signer.check("GET", "a", permission)
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        if len(secret) < 16:
            raise ValueError("the secret that signs URLs needs 16 bytes at least")
        self._secret = secret
        self._clock = clock

    def sign(self, verb: str, key: str, *details: str, seconds: float) -> dict[str, str]:
        """Permit `verb` on `key`, with just these details, for so many seconds from now."""
        expires = str(int(self._clock.time() + seconds))
        return {"expires": expires, "signature": self._signature(verb, key, details, expires)}

    def check(self, verb: str, key: str, permission: dict[str, str], *details: str) -> None:
        """Refuse what was not permitted.

        Raises
        ------
        SignatureError
            If the signature is missing, not for this use, or its time is over.
        """
        expires = permission.get("expires", "")
        given = permission.get("signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._signature(verb, key, details, expires).encode()):
            raise SignatureError("the signature does not permit this request; ask the API for a new URL")
        if self._clock.time() >= int(expires):
            raise SignatureError("Request has expired: ask the API for a new URL")

    def _signature(self, verb: str, key: str, details: tuple[str, ...], expires: str) -> str:
        """Sign the fields, each with its length so that none can run into the next."""
        fields = [part.encode() for part in (verb, key, expires, *details)]
        message = b"".join(b"%d:%s," % (len(part), part) for part in fields)
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

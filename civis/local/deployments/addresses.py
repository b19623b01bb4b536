"""Where a deployment is reached, and what lets people in: signed addresses, and cookies that follow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from civis._clock import Clock

__all__ = ["SIGN_IN", "Addresses", "cookie_of", "prefix_of"]

SEGMENT = "deployed"
SIGN_IN = "civis-platform-auth"
"""What stands behind a deployment's prefix in its signed address."""

LINK_SECONDS = 300.0
"""How long a signed address lets in, in seconds."""

COOKIE_SECONDS = 12 * 3600.0
"""How long a cookie lets in, in seconds."""


def prefix_of(deployment_id: int) -> str:
    """Give the path below which a deployment is reached.

    Examples
    --------
    >>> prefix_of(7)
    '/deployed/7/'
    """
    return f"/{SEGMENT}/{deployment_id}/"


def cookie_of(deployment_id: int) -> str:
    """Name the cookie that lets in to a deployment."""
    return f"civis-deployment-{deployment_id}"


class Addresses:
    """Makes and checks what lets people in.

    Parameters
    ----------
    secret : bytes
        What is signed with; it is never shown.
    clock : Clock
        Tells when an address ends.

    Examples
    --------
    >>> from civis._clock import FakeClock
    >>> addresses = Addresses(b"0" * 32, FakeClock())
    >>> token = addresses.sign("link", deployment_id=7, user_id=1)
    >>> addresses.user_of("link", 7, token), addresses.user_of("link", 8, token)
    (1, None)
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        # Derived, so that no signature on a blob's address is one here.
        self._secret = hmac.new(secret, b"addresses of deployments", hashlib.sha256).digest()
        self._clock = clock

    def display_url(self, base_url: str, deployment_id: int, user_id: int) -> str:
        """Give the address that lets a user in, for some minutes."""
        token = self.sign("link", deployment_id=deployment_id, user_id=user_id)
        return f"{base_url.rstrip('/')}{prefix_of(deployment_id)}{SIGN_IN}?token={token}"

    def sign(self, use: str, *, deployment_id: int, user_id: int) -> str:
        """Make a token for a use, ``"link"`` or ``"cookie"``."""
        seconds = LINK_SECONDS if use == "link" else COOKIE_SECONDS
        claim = [use, deployment_id, user_id, int(self._clock.time() + seconds)]
        text = _encoded(json.dumps(claim).encode())
        return f"{text}.{self._signature(text)}"

    def user_of(self, use: str, deployment_id: int, token: str) -> int | None:
        """Give the ID of the user whom a token lets in; None where it does not."""
        text, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), self._signature(text).encode()):
            return None
        claim: list[Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if claim[:2] != [use, deployment_id] or self._clock.time() >= claim[3]:
            return None
        return int(claim[2])

    def _signature(self, text: str) -> str:
        """Sign a text."""
        return _encoded(hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha256).digest())


def _encoded(content: bytes) -> str:
    """Write bytes with the letters of addresses."""
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")

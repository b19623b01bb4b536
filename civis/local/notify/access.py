"""Who may subscribe: keys made of the platform's secret, which nothing has to be stored for."""

from __future__ import annotations

import hashlib
import hmac

from civis._clock import Clock

__all__ = ["Access"]

#: Seconds for which an auth key holds; clients ask for another one when it has ended.
LIFETIME = 7 * 24 * 3600


class Access:
    """Makes and checks the keys of subscribers.

    Parameters
    ----------
    secret : bytes
        The platform's; it shows in no key.
    clock : Clock
        Tells when a key ends.

    Examples
    --------
    >>> from civis._clock import FakeClock
    >>> access = Access(b"0" * 32, FakeClock())
    >>> access.allows(access.auth_key(7)), access.allows("7.1.x")
    (True, False)
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    @property
    def subscribe_key(self) -> str:
        """What names this platform among PubNub's publishers; no secret."""
        return f"sub-c-{self._sign('subscribe')[:36]}"

    def auth_key(self, user_id: int) -> str:
        """Make a key for a user."""
        subject = f"{user_id}.{int(self._clock.time()) + LIFETIME}"
        return f"{subject}.{self._sign('auth', subject)}"

    def allows(self, auth_key: str) -> bool:
        """Tell whether a key was made here and still holds."""
        subject, _, signature = auth_key.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("auth", subject).encode()):
            return False
        return self._clock.time() < int(subject.partition(".")[2])

    def _sign(self, *words: str) -> str:
        """Sign words that belong together."""
        return hmac.new(self._secret, "\0".join(("notify", *words)).encode(), hashlib.sha256).hexdigest()

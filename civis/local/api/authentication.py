"""Who makes a request: the key it carries, the user the key belongs to, what the key is restricted to."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis._clock import Clock
from civis.local.api.errors import ApiError, Forbidden, Unauthorized
from civis.local.api.path_patterns import covers_path
from civis.local.state import accounts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from civis.local.api.identities import Identity

__all__ = ["KeyUses", "RateLimiter", "authenticate", "is_allowed", "token_of"]


def token_of(authorization: str | None) -> str:
    """Take the key out of an ``Authorization`` header.

    Parameters
    ----------
    authorization : str or None
        ``Basic`` with the key as the user name (the password counts for nothing), or ``Bearer``.

    Raises
    ------
    Unauthorized
        When there is none that can be read; the text never repeats it.
    """
    scheme, _, value = (authorization or "").strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() == "basic" and value:
        try:
            decoded = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            raise Unauthorized from None
        if token := decoded.partition(":")[0]:
            return token
    raise Unauthorized


def authenticate(
    find: Callable[[str], Identity], authorization: str | None, *, method: str, path: str, now: float
) -> Identity:
    """Find out who makes a request.

    Parameters
    ----------
    find : callable
        Gives the identity behind a token, or raises `Unauthorized`.
    authorization : str or None
        The header as sent.
    method, path : str
        What is asked for, which the key may be restricted to.
    now : float
        Seconds since the epoch.

    Raises
    ------
    Unauthorized
        When the key is missing, unknown, expired or revoked, or its user was deactivated.
    Forbidden
        When the key is not for this request.
    """
    identity = find(token_of(authorization))
    key = identity.key
    if not key.is_active(now):
        raise Unauthorized
    if not is_allowed(key.constraints, method, path):
        raise Forbidden(f"The API key {key.name!r} is restricted and may not be used for {method} {path}.")
    return identity


def is_allowed(constraints: Sequence[Mapping[str, Any]], method: str, path: str) -> bool:
    """Tell whether a key with these constraints may be used for a request; without any it may for all.

    Examples
    --------
    >>> only_files = [{"constraint": "/files", "constraint_type": "prefix", "get_allowed": True}]
    >>> is_allowed(only_files, "GET", "/files/7"), is_allowed(only_files, "DELETE", "/files/7")
    (True, False)
    """
    if not constraints:
        return True
    return any(each.get(f"{method.lower()}_allowed") and _covers(each, path) for each in constraints)


def _covers(constraint: Mapping[str, Any], path: str) -> bool:
    """Tell whether a constraint speaks of a path."""
    kind, text = constraint.get("constraint_type"), constraint.get("constraint") or ""
    path, text_path = "/" + path.strip("/"), "/" + text.strip("/")
    if kind == "verb":
        return True
    if kind == "exact":
        return path == text_path
    if kind == "prefix":
        return path.startswith(text_path)
    return kind == "regex" and covers_path(text, path)


class KeyUses:
    """Counts the uses of keys in memory until somebody asks.

    A count written at every request would make every GET a write to the disk.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: dict[int, tuple[int, float]] = {}

    def count(self, key_id: int, now: float) -> None:
        """Count one use."""
        with self._lock:
            self._uses[key_id] = (self._uses.get(key_id, (0, now))[0] + 1, now)

    def pending(self, key_id: int) -> tuple[int, float | None]:
        """Give the uses not written yet, and the time of the last."""
        with self._lock:
            return self._uses.get(key_id, (0, None))

    def write(self, connection: Connection) -> None:
        """Write all and begin anew."""
        with self._lock:
            uses, self._uses = self._uses, {}
        for key_id, (count, now) in uses.items():
            accounts.record_use(connection, key_id, count=count, now=now)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._uses.clear()


class RateLimiter:
    """Counts the requests of each key in a window of time.

    Parameters
    ----------
    limit : int
        Requests a key may make in a window.
    seconds : float
        How long a window is.
    clock : Clock
        Tells the time.
    """

    def __init__(self, limit: int, seconds: float, clock: Clock) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[int, tuple[float, int]] = {}

    def take(self, key_id: int) -> int:
        """Count one request and give how many are left.

        Raises
        ------
        ApiError
            429 with ``Retry-After`` when the window is used up.
        """
        now = self._clock.monotonic()
        with self._lock:
            start, used = self._windows.get(key_id, (now, 0))
            if now - start >= self._seconds:
                start, used = now, 0
            self._windows[key_id] = (start, used + 1)
        if used >= self.limit:
            wait = max(1, round(start + self._seconds - now))
            message = f"The limit of {self.limit} requests in {self._seconds:.0f} seconds is used up."
            headers = {"Retry-After": str(wait), **self.headers(0)}
            raise ApiError(429, f"{message} Try again in {wait} seconds.", headers=headers)
        return self.limit - used - 1

    def headers(self, remaining: int) -> dict[str, str]:
        """Return the headers that tell a client how many requests it may make."""
        return {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(remaining)}

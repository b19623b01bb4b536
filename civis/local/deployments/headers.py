"""What becomes of headers on their way through the platform: those to a program, and those of its answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["Headers", "cookie_value", "headers_back", "headers_to"]

Headers = list[tuple[bytes, bytes]]

#: Those of one connection, not of the request (RFC 9110, 7.6.1); `Expect` was answered by the server already.
_OF_CONNECTION = frozenset(
    {
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
#: What no `Connection` takes out: without them, nobody could tell where the body ends, or who is asked.
_OF_THE_MESSAGE = frozenset({b"content-length", b"content-type", b"host"})
#: Of a program's answers: a service worker of the whole address would see what is asked of others, and the
#: server says the date itself.
_NOT_THE_PROGRAM_S = frozenset({b"date", b"service-worker-allowed"})
_COOKIE_PATH = re.compile(rb";\s*path=[^;]*", re.IGNORECASE)


def headers_to(
    given: Iterable[tuple[bytes, bytes]],
    *,
    scheme: str,
    client: str,
    prefix: str,
    own_cookie: str,
    without_authorization: bool,
    instead: Mapping[str, str],
) -> Headers:
    """Give the headers with which a program is asked.

    Parameters
    ----------
    given : iterable of (bytes, bytes)
        As the platform was asked, names in lower case.
    scheme, client : str
        By what the platform was asked, and from where.
    prefix : str
        The path below which the program is reached.
    own_cookie : str
        The cookie that is for the platform and goes no further.
    without_authorization : bool
        Whether ``Authorization`` is the platform's, too.
    instead : mapping
        Headers in place of those given.
    """
    given = list(given)
    dropped = _OF_CONNECTION | _named(given) | {name.lower().encode("latin-1") for name in instead}
    if without_authorization:
        dropped |= {b"authorization"}
    kept: Headers = []
    for name, value in given:
        if name in dropped or name.startswith(b"x-forwarded-"):
            continue
        if name == b"cookie":
            value = _other_cookies(value, own_cookie.encode("ascii"))
            if not value:
                continue
        kept.append((name, value))
    host = next((value for name, value in given if name == b"host"), b"")
    if not host:  # as HTTP/1.0 allows; what the program is asked by does not
        kept = [(b"host", b"127.0.0.1"), *(each for each in kept if each[0] != b"host")]
    told = {
        "x-forwarded-for": client,
        "x-forwarded-host": host.decode("latin-1"),
        "x-forwarded-prefix": prefix.rstrip("/"),
        "x-forwarded-proto": scheme,
        **instead,
    }
    return [*kept, *((name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items())]


def headers_back(
    given: Iterable[tuple[bytes, bytes]], *, prefix: str, origins: Iterable[str], strips_prefix: bool
) -> Headers:
    """Give the headers with which the platform answers.

    Parameters
    ----------
    given : iterable of (bytes, bytes)
        As the program answered.
    prefix : str
        The path below which the program is reached.
    origins : iterable of str
        What the program may take for its own address, such as ``"http://127.0.0.1:8000"``.
    strips_prefix : bool
        Whether the program does not know its prefix, which redirects and cookies then need.
    """
    given = [(name.lower(), value) for name, value in given]
    dropped = _OF_CONNECTION | _NOT_THE_PROGRAM_S | _named(given)
    kept: Headers = []
    for name, value in given:
        if name in dropped:
            continue
        if name == b"location":
            value = _location(value.decode("latin-1"), prefix, origins, strips_prefix).encode("latin-1")
        elif name == b"set-cookie" and strips_prefix:
            # Of one deployment, and not of all that this address serves.
            value = _COOKIE_PATH.sub(b"", value) + b"; Path=" + prefix.encode("ascii")
        kept.append((name, value))
    return kept


def cookie_value(header: str, name: str) -> str:
    """Take a cookie's value out of a ``Cookie`` header; empty if it is not there.

    Examples
    --------
    >>> cookie_value("a=1; b=2", "b")
    '2'
    """
    for each in header.split(";"):
        found, _, value = each.strip().partition("=")
        if found == name:
            return value
    return ""


def _named(given: Headers) -> set[bytes]:
    """Give the headers that ``Connection`` says are of the connection."""
    values = (value for name, value in given if name == b"connection")
    return {each.strip().lower() for value in values for each in value.split(b",")} - _OF_THE_MESSAGE


def _other_cookies(value: bytes, own: bytes) -> bytes:
    """Take one cookie out of a ``Cookie`` header."""
    pairs = (each.strip() for each in value.split(b";"))
    return b"; ".join(each for each in pairs if each and each.partition(b"=")[0] != own)


def _location(value: str, prefix: str, origins: Iterable[str], strips_prefix: bool) -> str:
    """Have a redirect lead to where the program is reached."""
    for origin in origins:
        if value == origin or value.startswith(f"{origin}/"):
            value = value[len(origin) :] or "/"
            break
    if strips_prefix and value.startswith("/") and not value.startswith("//"):
        return prefix + value[1:]
    return value

"""Addresses of platforms, and where a key may go. Pure functions."""

from __future__ import annotations

from urllib.parse import urlsplit

from civis._errors import CivisClientError

__all__ = ["check_encrypted", "is_loopback", "origin"]


def origin(url: str) -> str:
    """Give scheme, host and port of a URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CivisClientError(f"{url!r} is no address of a platform: write it as https://host/.")
    return f"{parts.scheme}://{parts.netloc}"


def check_encrypted(base_url: str) -> None:
    """Refuse to send a key in clear over a network."""
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise CivisClientError(
            f"{base_url} is not encrypted, so the API key would travel in clear: use https://, "
            "or pass allow_http=True if this network is to be trusted."
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost"):
        return True
    import ipaddress  # noqa: PLC0415 - takes 3 ms, and only odd addresses need it

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

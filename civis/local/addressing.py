"""By which address a request asks the platform: what its answer links to has to begin with the same.

Containers on a network of their own reach this machine by another name than this machine itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["asked_at", "asked_url"]

_URL: ContextVar[str | None] = ContextVar("civis_platform_url", default=None)


@contextmanager
def asked_at(url: str | None) -> Iterator[None]:
    """While the block answers a request, its thread knows the address that was asked; None is the usual one.

    Examples
    --------
    >>> with asked_at("http://host.docker.internal:4000/"):
    ...     asked_url()
    'http://host.docker.internal:4000/'
    """
    token = _URL.set(url)
    try:
        yield
    finally:
        _URL.reset(token)


def asked_url() -> str | None:
    """Give the address that the request of this thread asks, if it is not the usual one."""
    return _URL.get()

"""The client that a future works with: found at its poller.

Futures are pickled as IDs and a poller; clients and their methods see to it that no key travels with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civis.client import APIClient


def client_of_poller(poller: object) -> APIClient | None:
    """Give the client that a method of a resource belongs to, None where it cannot be told; asks nobody."""
    client: Any = getattr(getattr(poller, "__self__", None), "_client", None)
    return client  # type: ignore[no-any-return]  # resources of any client have it

"""Where a client subscribes to be told of its runs."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Routes

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/channels")
def list_channels(call: Call) -> dict[str, Any]:
    """Give the channels, the keys to them, and the address, which is this platform's own."""
    return call.platform.notifier.offer(call.user.id, call.platform.url)

"""The client that functions make when they are given none: one place, so that all make the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["make_client"]


def make_client(api_key: str | None = None) -> APIClient:
    """Make a client from the environment."""
    from civis.client import APIClient  # noqa: PLC0415 - most callers are given a client and need none made

    return APIClient(api_key)

"""The client that a function works with: the one given, or one made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from civis._deprecation import warn_deprecated

if TYPE_CHECKING:
    from civis.client import APIClient


def pick_client(client: APIClient | None, api_key: str | None = None) -> APIClient:
    """Give the client to use. Only public functions call this: their caller is warned about `api_key=`."""
    if api_key is not None:
        warn_deprecated("api_key=", since="2.0.0", instead="client=civis.APIClient(api_key)", stacklevel=3)
    if client is not None:
        return client
    from civis.client import APIClient  # noqa: PLC0415 - callers that pass a client need none made

    return APIClient(api_key)

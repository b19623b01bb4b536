"""The client that a function works with, given or made, and its connections for contents of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from civis._default_client import make_client
from civis._deprecation import warn_deprecated
from civis._http import Session

if TYPE_CHECKING:
    from civis._http import Transport
    from civis.client import APIClient


def pick_client(client: APIClient | None, api_key: str | None = None, *, wrappers: int = 0) -> APIClient:
    """Give the client to use. Only public functions call this: their caller is warned about `api_key=`.

    Where decorators stand between the two, `wrappers` is their number.
    """
    if api_key is not None:
        instead = "client=civis.APIClient(api_key)"
        warn_deprecated("api_key=", since="2.0.0", instead=instead, stacklevel=3 + wrappers)
    return make_client(api_key) if client is None else client


def transport_of(client: object) -> Transport | None:
    """Give the connections by which contents travel: certificates, proxies, time limits are the client's.

    None (those of the environment) for a stand-in, which has no session.
    """
    session = getattr(client, "_session", None)
    return session.transport if isinstance(session, Session) else None

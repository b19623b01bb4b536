"""The one place that talks to the network: API calls by a `Session`, files by signed URLs.

Its names are loaded when they are first used, since urllib3 takes longer than all else in a client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civis._http.answer import Answer
    from civis._http.cookies import CookieSession
    from civis._http.downloads import download, open_download
    from civis._http.forms import upload_form
    from civis._http.hidden import SignedUrl
    from civis._http.links import Link
    from civis._http.parts import upload_parts
    from civis._http.pieces import PieceReader
    from civis._http.retries import RetryPolicy
    from civis._http.session import Session
    from civis._http.transfers import ExpiredUrlError, Progress, Transport, WindowSettings, shared_transport
    from civis._http.turns import Turn

__all__ = [
    "Answer",
    "CookieSession",
    "ExpiredUrlError",
    "Link",
    "PieceReader",
    "Progress",
    "RetryPolicy",
    "Session",
    "SignedUrl",
    "Transport",
    "Turn",
    "WindowSettings",
    "download",
    "open_download",
    "shared_transport",
    "upload_form",
    "upload_parts",
]

#: Where each name lives.
_NAMES = {
    "Answer": "answer",
    "CookieSession": "cookies",
    "ExpiredUrlError": "transfers",
    "Link": "links",
    "PieceReader": "pieces",
    "Progress": "transfers",
    "RetryPolicy": "retries",
    "Session": "session",
    "SignedUrl": "hidden",
    "Transport": "transfers",
    "Turn": "turns",
    "WindowSettings": "transfers",
    "download": "downloads",
    "open_download": "downloads",
    "shared_transport": "transfers",
    "upload_form": "forms",
    "upload_parts": "parts",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used; `import_module` lets no thread see a half-made module."""
    if name in _NAMES:
        found = globals()[name] = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

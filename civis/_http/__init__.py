"""The one place that talks to the network: API calls by a `Session`, files by signed URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from civis._http.answer import Answer
from civis._http.downloads import download, open_download
from civis._http.forms import upload_form
from civis._http.parts import upload_parts
from civis._http.retries import RetryPolicy
from civis._http.session import Session
from civis._http.transfers import Progress, Transport

if TYPE_CHECKING:
    from civis._http.cookies import CookieSession

__all__ = [
    "Answer",
    "CookieSession",
    "Progress",
    "RetryPolicy",
    "Session",
    "Transport",
    "download",
    "open_download",
    "upload_form",
    "upload_parts",
]


def __getattr__(name: str) -> Any:
    """Load the session of services when asked for: its modules take 20 ms, and few need them."""
    if name == "CookieSession":
        from civis._http.cookies import CookieSession  # noqa: PLC0415 - see above

        return CookieSession
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

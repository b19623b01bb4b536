"""The errors of the blobs.

BlobError
├── BlobNotFound      no blob has that key
└── SignatureError    a URL was not signed by us, or its time is over
"""

from __future__ import annotations

__all__ = ["BlobError", "BlobNotFound", "SignatureError"]


class BlobError(Exception):
    """The root of the blobs' errors; its text is fit to be shown to the user."""


class BlobNotFound(BlobError, LookupError):  # noqa: N818 - reads as HTTP's words do
    """No blob has that key."""


class SignatureError(BlobError, PermissionError):
    """A URL was not signed by this platform for what it is used for, or its time is over."""

"""Texts that answers show by a link, such as a report's code: blobs named after what is in them."""

from __future__ import annotations

from hashlib import sha256

from civis.local.api import Call

__all__ = ["link_to_text"]

_LINK_SECONDS = 30 * 60


def link_to_text(call: Call, text: str | None, name: str) -> str | None:
    """Give a link from which a text can be fetched for half an hour; None where there is no text.

    Parameters
    ----------
    call : Call
    text : str or None
    name : str
        The name under which it is fetched.
    """
    if text is None:
        return None
    data = text.encode("utf-8", "surrogatepass")
    blobs = call.platform.blobs
    # The same text is kept once; whoever has no link cannot find it, since links are signed.
    key = f"{sha256(data).hexdigest()[:32]}/text"
    if not blobs.exists(key):
        with blobs.writer(key) as target:
            target.write(data)
    return blobs.download_url(key, filename=name, seconds=_LINK_SECONDS)

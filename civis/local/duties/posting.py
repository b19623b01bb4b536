"""Sends what `notices` stored: calls web addresses, a few times if need be, and writes e-mails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from civis.local.deferral import Deferred
from civis.local.duties.notices import KIND
from civis.local.duties.outbox import outbox_dir, write_mail
from civis.local.state import Stored, objects

if TYPE_CHECKING:
    import requests

    from civis.local.platform import Platform
else:
    # Imported when first used: 70 ms of a start that most programs never need.
    requests = Deferred("requests")

__all__ = ["PAUSES", "Post"]

_LOGGER = logging.getLogger(__name__)

PAUSES = (1.0, 5.0, 30.0, 120.0)
"""Seconds after which an address that did not answer well is called again."""

#: Seconds to wait for a connection, and for an answer.
_TIMEOUT = (5.0, 10.0)


class Post:
    """Sends notices; a keeper of an agenda of its own, for addresses may be slow.

    Parameters
    ----------
    platform : Platform
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def turn(self) -> float | None:
        """Send what is due; give when the next is."""
        with self._platform.state.read() as connection:
            waiting = objects.select_objects(connection, KIND, descending=False)
        now = self._platform.clock.time()
        later = [notice.document["due"] for notice in waiting if notice.document["due"] > now]
        for notice in waiting:
            if notice.document["due"] <= now:
                due = self._send(notice)
                later += [] if due is None else [due]
        return min(later, default=None)

    def _send(self, notice: Stored) -> float | None:
        """Send one; give when to try again, or None when that is not needed."""
        document = notice.document
        if "mail" in document:
            write_mail(outbox_dir(self._platform.settings), notice.id, document["mail"], self._platform.now)
            problem = None
        else:
            problem = _call(document["url"], document["payload"])
        attempts = int(document["attempts"]) + 1
        now = self._platform.clock.time()
        with self._platform.state.begin() as connection:
            if problem is not None and attempts <= len(PAUSES):
                due = now + PAUSES[attempts - 1]
                objects.update(connection, notice.id, now=now, document={"attempts": attempts, "due": due})
                return due
            objects.remove(connection, notice.id)
        if problem is not None:
            place = _place(document["url"])
            _LOGGER.warning("%s could not be told of the end of %s: %s", place, notice.parent_id, problem)
        return None


def _call(url: str, payload: Any) -> str | None:
    """Send a payload to an address; give what went wrong, or None."""
    address = url if "://" in url else f"https://{url}"
    if urlsplit(address).scheme not in ("http", "https"):
        return "only http and https addresses are called"
    try:
        # Neither proxies nor a .netrc's passwords: nothing of this machine goes along.
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(address, json=payload, timeout=_TIMEOUT, allow_redirects=False, stream=True)
            answer.close()
    except (requests.RequestException, ValueError) as error:
        return type(error).__name__
    return None if answer.status_code < 400 else f"it answered with status {answer.status_code}"


def _place(url: str) -> str:
    """Give the part of an address that holds no secret, for the log."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return f"{parts.scheme}://{parts.hostname}"

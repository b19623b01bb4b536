"""Requests to signed URLs: no credentials, no cookies, no query in any message. For downloads and uploads."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from civis import _env
from civis._clock import SYSTEM_CLOCK, Clock
from civis._errors import CivisTransferError
from civis._http.hidden import SignedUrl
from civis._http.pools import CA_VARIABLES, Pools, PoolSettings
from civis._http.retries import backoff, read_retry_after
from civis._http.timeouts import DEFAULT_TIMEOUT, TimeoutArgument, seconds_of
from civis._http.wire import as_timeout

#: Told the number of further bytes that went over the wire.
Progress = Callable[[int], object]

logger = logging.getLogger("civis.http")

#: Requests for one piece of work that end without any progress, before it is given up.
MOST_ATTEMPTS = 6
#: Answers of a storage service that mean "again": it was busy, or it failed.
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

_WAIT_BASE, _WAIT_CAP = 0.25, 20.0
#: Seconds of a ``Retry-After`` that are waited for at most.
_LONGEST_WISH = 60.0
_REDIRECTS_ONLY = urllib3.Retry(
    total=None, connect=0, read=0, redirect=5, status=0, other=0, raise_on_redirect=False
)


@dataclass(frozen=True)
class WindowSettings:
    """How a large content is fetched: its beginning over one connection, the rest in pieces over several.

    Attributes
    ----------
    first
        Bytes that come over the first connection: who only looks at the beginning costs nobody more.
    least
        Bytes that must be left then; what is less comes over the first connection, too.
    size
        Bytes in a piece.
    width
        Pieces on their way or held in memory; less than 2 means one connection for everything.
    enough
        Bytes a second over the first connection with which more connections would only cost: those of a
        storage on this machine or beside it.
    """

    first: int = 8 << 20
    least: int = 32 << 20
    size: int = 8 << 20
    width: int = 6
    enough: float = 250e6


class Transport:
    """How contents of files travel: connection pools and a clock, without anything secret.

    Parameters
    ----------
    pools : Pools, optional
        Connections; by default those that the environment asks for.
    clock : Clock, optional
        What waits between attempts.
    attempts : int, default 6
        Requests in a row that may bring nothing before a transfer is given up.
    timeout : float or (float, float), optional
        Seconds for connecting, and for each piece, where a transfer names no others.
    windows : WindowSettings, optional
        When and how large contents are fetched over several connections.
    """

    def __init__(
        self,
        pools: Pools | None = None,
        clock: Clock = SYSTEM_CLOCK,
        attempts: int = MOST_ATTEMPTS,
        timeout: TimeoutArgument = None,
        windows: WindowSettings = WindowSettings(),
    ) -> None:
        self.pools = pools or Pools()
        self.windows = windows
        self.timeout = seconds_of(timeout, DEFAULT_TIMEOUT)
        self.clock = clock
        self.attempts = attempts

    def open(
        self,
        method: str,
        url: SignedUrl,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        timeout: TimeoutArgument = None,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request and give its answer with the body unread."""
        began = self.clock.monotonic()
        outcome: int | str = "no answer"
        # Identity: what is compressed is compressed in the storage, and lengths mean the bytes stored there.
        all_headers = {"User-Agent": _env.user_agent(), "Accept-Encoding": "identity", **(headers or {})}
        try:
            response = self.pools.manager(url).urlopen(
                method,
                url,
                body=body,
                headers=all_headers,
                timeout=as_timeout(seconds_of(timeout, self.timeout)),
                retries=_REDIRECTS_ONLY if method == "GET" else False,
                redirect=method == "GET",
                preload_content=False,
                decode_content=False,
            )
            outcome = response.status
            return response
        finally:
            if logger.isEnabledFor(logging.DEBUG):
                elapsed = (self.clock.monotonic() - began) * 1000
                logger.debug("%s %s: %s in %.0f ms", method, url.shown, outcome, elapsed)

    def wait(self, attempt: int, retry_after: float | None = None) -> None:
        """Wait before attempt number `attempt` + 1, at least as long as the storage asked for."""
        wished = min(retry_after or 0.0, _LONGEST_WISH)
        self.clock.sleep(max(wished, backoff(attempt, _WAIT_BASE, _WAIT_CAP)))

    def close(self) -> None:
        """Close the connections."""
        self.pools.close()


class ExpiredUrlError(CivisTransferError):
    """A storage says that a signed URL, or a form's signature, has expired: with another one it would do."""


def refused(what: str, url: SignedUrl, response: urllib3.BaseHTTPResponse) -> CivisTransferError:
    """Make the error for an answer that says no, with the storage's own words."""
    text = reply_text(response)
    kind = ExpiredUrlError if response.status == 403 and "expired" in text.lower() else CivisTransferError
    return kind(f"{what} {url.shown} was refused: {response.status} {response.reason or ''}{text}".rstrip())


def retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """Read how many seconds the storage wants to be left alone."""
    return read_retry_after(response.headers)


def stop_reading(response: urllib3.BaseHTTPResponse) -> None:
    """Make another thread that waits for bytes of this answer see its end; urllib3 can from 2.3 on."""
    shutdown = getattr(response, "shutdown", None)
    if shutdown is not None:
        with contextlib.suppress(ValueError, RuntimeError, OSError, AttributeError):
            shutdown()


def reply_text(response: urllib3.BaseHTTPResponse) -> str:
    """Read the beginning of an error's body: code and message of the storage's XML, or plain text."""
    try:
        body = response.read(4096, decode_content=True).decode("utf-8", "replace")
    except (urllib3.exceptions.HTTPError, OSError):
        return ""
    finally:
        response.close()
    found = re.findall(r"<(?:Code|Message)>([^<]*)</", body)
    # S3 repeats the signature it expected in its XML; only code and message are shown.
    text = ": ".join(found) if found or body.lstrip().startswith("<") else body.strip()[:300]
    return f": {text}" if text and "ignature=" not in text else ""


_shared: dict[tuple[str | None, ...], Transport] = {}
_shared_lock = threading.Lock()
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def shared_transport() -> Transport:
    """Give the transport that the environment asks for now; connections are kept for the next transfer."""
    names = (*CA_VARIABLES, *_PROXY_VARIABLES, *(name.upper() for name in _PROXY_VARIABLES))
    key = tuple(os.environ.get(name) for name in names)
    found = _shared.get(key)
    if found is None:
        with _shared_lock:
            found = _shared.setdefault(key, Transport(Pools(PoolSettings())))
    return found


def _after_fork() -> None:
    """Give a forked child a lock that nobody holds."""
    global _shared_lock
    _shared_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

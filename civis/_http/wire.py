"""One attempt on the wire: sent, followed through its redirects, logged. Loaded with the first request.

Knows no retries; needs urllib3, whose import takes longer than everything else of a client.
"""

from __future__ import annotations

# urllib3 encodes each host's name with it. Loaded with the rest, since a child that is forked while another
# thread loads a module waits for that module for ever.
import encodings.idna  # noqa: F401 - see above
import logging
from urllib.parse import urljoin, urlsplit

from urllib3 import Retry, Timeout

from civis._clock import Clock
from civis._http.answer import Answer
from civis._http.failures import WIRE_ERRORS
from civis._http.pools import Pools
from civis._http.timeouts import Seconds

__all__ = ["MOST_REDIRECTS", "Attempts", "as_timeout"]

logger = logging.getLogger("civis.http")

MOST_REDIRECTS = 10
#: Retries are not urllib3's matter: it knows neither the table nor the clock.
_ONCE = Retry(False, redirect=0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie"})


def as_timeout(seconds: Seconds) -> Timeout:
    """Write the time limits as urllib3 takes them."""
    return Timeout(connect=seconds[0], read=seconds[1])


class Attempts:
    """Makes attempts at requests to one platform.

    Parameters
    ----------
    pools : Pools
        Connections.
    origin : str
        Scheme, host and port of the platform.
    clock : Clock
        What measures time.
    """

    def __init__(self, pools: Pools, origin: str, clock: Clock) -> None:
        self._pools = pools
        self._origin = origin
        self._clock = clock

    def make(
        self,
        method: str,
        target: str,
        content: bytes | None,
        headers: dict[str, str],
        timeout: Timeout,
        number: int,
        follow: bool,
    ) -> Answer:
        """Make attempt number `number`, redirects included, and log it."""
        began = self._clock.monotonic()
        try:
            answer = self._exchange(method, self._origin + target, content, headers, timeout)
            if answer.status in _REDIRECTS and follow:
                answer = self._follow(answer, content, headers, timeout)
        except WIRE_ERRORS as error:
            if logger.isEnabledFor(logging.DEBUG):
                self._log(method, target, type(error).__name__, began, number, "")
            raise
        answer.attempts = number
        answer.elapsed = self._clock.monotonic() - began
        if logger.isEnabledFor(logging.DEBUG):
            self._log(method, target, answer.status, began, number, answer.headers.get("X-Request-ID", ""))
        return answer

    def _follow(
        self, answer: Answer, content: bytes | None, headers: dict[str, str], timeout: Timeout
    ) -> Answer:
        """Go where an answer sends."""
        method, hops = answer.method, 0
        while answer.status in _REDIRECTS and "location" in answer.headers and hops < MOST_REDIRECTS:
            hops += 1
            url = urljoin(answer.url, answer.headers["location"])
            method, content, headers = redirected(answer.status, method, content, headers, answer.url, url)
            answer = self._exchange(method, url, content, headers, timeout)
        return answer

    def _exchange(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str], timeout: Timeout
    ) -> Answer:
        """Send one request over a kept-alive connection and read the whole answer."""
        scheme, _, rest = url.partition("://")
        host, slash, target = rest.partition("/")
        pool = self._pools.direct(f"{scheme}://{host}")
        if pool is not None:
            response = pool.urlopen(
                method, slash + target or "/", content, headers, _ONCE, False, False, timeout
            )  # fmt: skip
        else:
            response = self._pools.manager(url).urlopen(
                method, url, redirect=False, body=content, headers=headers, timeout=timeout, retries=_ONCE
            )
        return Answer(
            response.status, response.headers, response.data, method, url, reason=response.reason or ""
        )

    def _log(
        self, method: str, target: str, outcome: int | str, began: float, number: int, request_id: str
    ) -> None:
        """Write the one record of an attempt; the query stays out, since it may hold secrets."""
        path = target.partition("?")[0]
        milliseconds = (self._clock.monotonic() - began) * 1000
        details = {
            "civis_method": method,
            "civis_path": path,
            "civis_outcome": outcome,
            "civis_milliseconds": milliseconds,
            "civis_attempt": number,
            "civis_request_id": request_id,
        }
        logger.debug(
            "%s %s: %s in %.0f ms (attempt %d, request %s)",
            method, path, outcome, milliseconds, number, request_id or "unnamed", extra=details,
        )  # fmt: skip


def redirected(
    status: int,
    method: str,
    content: bytes | None,
    headers: dict[str, str],
    old_url: str,
    new_url: str,
) -> tuple[str, bytes | None, dict[str, str]]:
    """Say what is sent after a redirect; another host, or the same unencrypted, sees no credentials."""
    if status == 303 or (status in (301, 302) and method == "POST"):
        method, content = ("HEAD" if method == "HEAD" else "GET"), None
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    old, new = urlsplit(old_url), urlsplit(new_url)
    is_upgrade = (old.scheme, new.scheme) == ("http", "https") and old.port is None and new.port is None
    is_same = old.hostname == new.hostname and (
        (old.scheme, old.port) == (new.scheme, new.port) or is_upgrade
    )
    if not is_same:
        headers = {name: value for name, value in headers.items() if name.lower() not in _CREDENTIALS}
    return method, content, headers

"""The session that API calls go through: HTTP, credentials, retries. Knows no operation and no Response."""

from __future__ import annotations

import ipaddress
import json
import logging
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import urlencode, urljoin, urlsplit

from urllib3 import Retry, Timeout

from civis import _env
from civis._clock import SYSTEM_CLOCK, Clock
from civis._env import Secret
from civis._errors import CivisClientError
from civis._http.answer import Answer
from civis._http.attempts import run_attempts
from civis._http.failures import WIRE_ERRORS, closed_error
from civis._http.hidden import HiddenText
from civis._http.pools import Pools, PoolSettings
from civis._http.retries import RetryPolicy, policy_of

logger = logging.getLogger("civis.http")

#: Seconds to wait for a connection, and for each piece of the answer.
DEFAULT_TIMEOUT = (10.0, 60.0)
MOST_REDIRECTS = 10
TimeoutArgument = float | tuple[float | None, float | None] | None
Query = Mapping[str, Any] | Sequence[tuple[str, Any]] | None

#: Retries are not urllib3's matter: it knows neither the table nor the clock.
_ONCE = Retry(False, redirect=0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie"})


class Session:
    """Sends requests to one platform over kept-alive connections; many threads may use it at once.

    Parameters
    ----------
    base_url : str
        Where paths begin; ends in ``/``.
    api_key : Secret or None
        The key, sent by HTTP basic authentication; None sends none.
    user_agent : str
        The whole header.
    timeout : float or (float, float), default (10.0, 60.0)
        Seconds for connecting, and for each piece of the answer; one number stands for both.
    retries : int, urllib3.Retry, tenacity.Retrying or RetryPolicy, optional
        How often requests are repeated; which ones are is the table in `civis._http.retries`.
    verify, proxies, cert : optional
        As in requests; otherwise the environment decides.
    allow_http : bool, default False
        Whether the key may travel unencrypted to another machine.
    headers : Mapping[str, str], optional
        Sent with every request.
    clock : Clock, optional
        What waits and measures time.

    Raises
    ------
    CivisClientError
        `base_url` is ``http://`` on another machine, and a key would be sent in clear.

    Examples
    --------
    >>> session = Session("http://127.0.0.1:1/", None, user_agent="example")
    >>> session.close()
    """

    def __init__(
        self,
        base_url: str,
        api_key: Secret | None,
        *,
        user_agent: str,
        timeout: TimeoutArgument = DEFAULT_TIMEOUT,
        retries: Any = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        cert: str | tuple[str, str] | None = None,
        allow_http: bool = False,
        headers: Mapping[str, str] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.base_url = base_url if base_url.endswith("/") else base_url + "/"
        self._origin = origin(self.base_url)
        self._base_path = urlsplit(self.base_url).path
        if api_key is not None and not allow_http:
            check_encrypted(self.base_url)
        self.timeout = timeout
        self._timeout = as_timeout(timeout)
        self.retries: RetryPolicy | Any = policy_of(retries)
        self.clock = clock
        self.pools = Pools(PoolSettings(verify, proxies, cert))
        self._headers = standard_headers(api_key, user_agent, headers)
        self._closed = False

    def __repr__(self) -> str:
        return f"<Session {self.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A session holds connections and a key and is not pickled: make a new client there.")

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: TimeoutArgument = None,
        is_absolute: bool = False,
        follow: bool = True,
    ) -> Answer:
        """Send one request, repeat it as the policy says, and give the last answer, whatever its status.

        Parameters
        ----------
        method : str
            HTTP verb.
        path : str
            Below the base URL, percent-encoded, with or without a leading slash.
        query : mapping or sequence of pairs, optional
            Names and values; lists become repeated names.
        body : object, optional
            Sent as JSON; None sends no body.
        headers : Mapping[str, str], optional
            Further ones for this request.
        timeout : float or (float, float), optional
            Other than the session's.
        is_absolute : bool, default False
            Whether `path` begins at the host and not at the base URL.
        follow : bool, default True
            Whether redirects are followed.

        Raises
        ------
        CivisConnectionError, CivisTimeoutError
            No answer came.
        ValueError
            `body` cannot be written as JSON.
        """
        if self._closed:
            raise closed_error()
        method = method.upper()
        target = path if is_absolute else self._base_path + path.lstrip("/")
        if query:
            target += ("&" if "?" in target else "?") + encode_query(query)
        all_headers = self._headers
        content: bytes | None = None
        if body is not None or headers:
            all_headers = {**all_headers, **(headers or {})}
        if body is not None:
            content = encode_body(body)
            all_headers["Content-Type"] = "application/json"
        wait = self._timeout if timeout is None else as_timeout(timeout)

        def attempt(number: int) -> Answer:
            return self._send(method, target, content, all_headers, wait, number, follow)

        return run_attempts(attempt, method, self._origin + target, self.retries, self.clock)

    def close(self) -> None:
        """Close the connections; further requests raise `CivisClientError`."""
        self._closed = True
        self.pools.close()

    def _send(
        self,
        method: str,
        target: str,
        content: bytes | None,
        headers: dict[str, str],
        timeout: Timeout,
        number: int,
        follow: bool,
    ) -> Answer:
        """Make one attempt, redirects included, and log it."""
        began = self.clock.monotonic()
        url = self._origin + target
        try:
            answer = self._exchange(method, url, content, headers, timeout)
            hops = 0 if follow else MOST_REDIRECTS
            while answer.status in _REDIRECTS and "location" in answer.headers and hops < MOST_REDIRECTS:
                hops += 1
                url = urljoin(url, answer.headers["location"])
                method, content, headers = redirected(
                    answer.status, method, content, headers, answer.url, url
                )
                answer = self._exchange(method, url, content, headers, timeout)
        except WIRE_ERRORS as error:
            self._log(method, target, type(error).__name__, began, number, "")
            raise
        answer.attempts = number
        answer.elapsed = self.clock.monotonic() - began
        if logger.isEnabledFor(logging.DEBUG):
            self._log(method, target, answer.status, began, number, answer.headers.get("X-Request-ID", ""))
        return answer

    def _exchange(
        self, method: str, url: str, content: bytes | None, headers: dict[str, str], timeout: Timeout
    ) -> Answer:
        """Send one request over a kept-alive connection and read the whole answer."""
        scheme, _, rest = url.partition("://")
        host, slash, target = rest.partition("/")
        pool = self.pools.direct(f"{scheme}://{host}")
        if pool is not None:
            response = pool.urlopen(
                method, slash + target or "/", content, headers, _ONCE, False, False, timeout
            )  # fmt: skip
        else:
            response = self.pools.manager(url).urlopen(
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
        milliseconds = (self.clock.monotonic() - began) * 1000
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


def origin(url: str) -> str:
    """Give scheme, host and port of a URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CivisClientError(f"{url!r} is no address of a platform: write it as https://host/.")
    return f"{parts.scheme}://{parts.netloc}"


def check_encrypted(base_url: str) -> None:
    """Refuse to send a key in clear over a network."""
    parts = urlsplit(base_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise CivisClientError(
            f"{base_url} is not encrypted, so the API key would travel in clear: use https://, "
            "or pass allow_http=True if this network is to be trusted."
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def as_timeout(timeout: TimeoutArgument) -> Timeout:
    """Turn seconds, or a pair of them, into a `urllib3.Timeout`; what is None gets the default."""
    connect, read = timeout if isinstance(timeout, (tuple, list)) else (timeout, timeout)
    try:
        return Timeout(
            connect=DEFAULT_TIMEOUT[0] if connect is None else float(connect),
            read=DEFAULT_TIMEOUT[1] if read is None else float(read),
        )
    except ValueError:
        raise ValueError(
            f"timeout={timeout!r}: give seconds above 0, or a pair (connect, read) of them."
        ) from None


def standard_headers(
    api_key: Secret | None, user_agent: str, further: Mapping[str, str] | None
) -> dict[str, str]:
    """Put together what every request carries."""
    headers = {
        "User-Agent": user_agent,
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
    }
    for name, value in (("X-Civis-Job-ID", _env.job_id()), ("X-Civis-Run-ID", _env.run_id())):
        if value:
            headers[name] = value
    if api_key is not None:
        pair = b64encode(f"{api_key.reveal()}:".encode()).decode("ascii")
        headers["Authorization"] = HiddenText(f"Basic {pair}")
    if further:
        headers.update(further)
    return headers


def encode_query(query: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> str:
    """Write a query string; lists repeat the name, booleans are ``true`` and ``false``, None is empty."""
    pairs = query.items() if isinstance(query, Mapping) else query
    flat: list[tuple[str, str]] = []
    for name, value in pairs:
        values = value if isinstance(value, (list, tuple, set, frozenset)) else (value,)
        flat.extend((name, _query_text(item)) for item in values)
    return urlencode(flat)


def _query_text(value: Any) -> str:
    """Write one value for a query string."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def encode_body(body: Any) -> bytes:
    """Write a body as JSON; not-a-number and infinity are no JSON and are refused."""
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise ValueError(
            f"The request cannot be written as JSON: {error}. Send None in place of NaN."
        ) from None


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

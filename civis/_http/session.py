"""The session that API calls go through: HTTP, credentials, retries. Knows no operation and no Response.

Making one loads nothing: what talks to the network is loaded, and connected, with the first request.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from civis._clock import SYSTEM_CLOCK, Clock
from civis._env import Secret
from civis._errors import CivisClosedError
from civis._http.addresses import check_encrypted, origin
from civis._http.answer import Answer
from civis._http.encoding import Query, encode_body, encode_query, standard_headers
from civis._http.timeouts import TimeoutArgument, seconds_of

if TYPE_CHECKING:
    from urllib3 import Timeout

    from civis._http.pools import Pools
    from civis._http.retries import RetryPolicy
    from civis._http.transfers import Transport
    from civis._http.wire import Attempts

__all__ = ["Session"]


class _Loading:
    """Held while modules are loaded: a child that is forked meanwhile would wait for them for ever."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._is_watching = not hasattr(os, "register_at_fork")  # Windows does not fork

    def __enter__(self) -> None:
        if not self._is_watching:
            # Hooks run youngest first. Ours has to be younger than that of logging: it waits for modules,
            # and they, as they are loaded, wait for the lock that the hook of logging holds until the fork.
            import logging  # noqa: F401, PLC0415 - see above; 5 ms, only with the first request

            self._is_watching = True  # twice, by two threads at once, does no harm
            os.register_at_fork(
                before=self._lock.acquire,
                after_in_parent=self._lock.release,
                after_in_child=self._lock.release,
            )
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


_loading = _Loading()


class Connections:
    """How to connect, and the connections once there are any; sessions that differ in little share them."""

    def __init__(
        self,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None,
        cert: str | tuple[str, str] | None,
    ) -> None:
        self._settings = (verify, proxies, cert)
        self._pools: Pools | None = None
        self.is_closed = False

    def __repr__(self) -> str:
        return f"<Connections{' (closed)' if self.is_closed else ''}>"

    @property
    def pools(self) -> Pools:
        """The pools, made when first asked for."""
        if self._pools is None:
            with _loading:
                from civis._http.pools import Pools, PoolSettings  # noqa: PLC0415 - urllib3, 90 ms

                if self._pools is None:
                    self._pools = Pools(PoolSettings(*self._settings))
        return self._pools

    def close(self) -> None:
        """Close all connections."""
        self.is_closed = True
        if self._pools is not None:
            self._pools.close()


class Session:
    """Sends requests to one platform over kept-alive connections; many threads may use it at once.

    Parameters
    ----------
    base_url : str
        Where paths begin; ends in ``/``.
    api_key : Secret or None
        The key, sent by HTTP basic authentication; None sends none.
    user_agent : str or callable
        The whole header, or what gives it with the first request.
    timeout : float or (float, float), optional
        Seconds for connecting, and for each piece of the answer; one number stands for both. By default 10
        and 60.
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
    CivisClosedError
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
        user_agent: str | Callable[[], str],
        timeout: TimeoutArgument = None,
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
        self.timeout = seconds_of(timeout)
        self._retries: RetryPolicy | Any = None if retries is None else _policy_of(retries)
        self.clock = clock
        self._api_key = api_key
        self._user_agent = user_agent
        self._further_headers = headers
        self._connections = Connections(verify, proxies, cert)
        self._ready: _Ready | None = None
        self._transport: Transport | None = None

    def __repr__(self) -> str:
        return f"<Session {self.base_url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A session holds connections and a key and is not pickled: make a new client there.")

    @property
    def retries(self) -> RetryPolicy | Any:
        """How often requests are repeated: a `RetryPolicy`, or the user's `tenacity.Retrying`."""
        if self._retries is None:
            self._retries = _policy_of(None)
        return self._retries

    @property
    def pools(self) -> Pools:
        """The connections."""
        return self._connections.pools

    @property
    def transport(self) -> Transport:
        """How contents of files travel by signed URL: through the same connections, without the key."""
        if self._transport is None:
            with _loading:
                from civis._http.transfers import Transport  # noqa: PLC0415 - not before there is a transfer

            self._transport = Transport(self.pools, self.clock, timeout=self.timeout)
        return self._transport

    def with_options(self, *, timeout: TimeoutArgument = None, retries: Any = None) -> Session:
        """Give a session that differs in these and shares the connections: closing one closes both."""
        other = Session.__new__(Session)
        other.__dict__.update(self.__dict__)
        other.timeout = seconds_of(timeout, self.timeout)
        if retries is not None:
            other._retries = _policy_of(retries)
        other._ready = other._transport = None
        return other

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
            Sent as JSON; bytes are sent as they are, and `headers` says what they are; None sends no body.
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
        if self._connections.is_closed:
            raise CivisClosedError("This session has been closed: make a new client for further requests.")
        ready = self._ready or self._prepare()
        method = method.upper()
        target = path if is_absolute else self._base_path + path.lstrip("/")
        if query:
            target += ("&" if "?" in target else "?") + encode_query(query)
        all_headers = ready.headers
        content: bytes | None = None
        if body is not None or headers:
            all_headers = {**all_headers, **(headers or {})}
        if body is not None:
            content = body if isinstance(body, bytes) else encode_body(body)
            all_headers.setdefault("Content-Type", "application/json")
        limits = ready.timeout if timeout is None else ready.as_timeout(seconds_of(timeout, self.timeout))

        def attempt(number: int) -> Answer:
            return ready.attempts.make(method, target, content, all_headers, limits, number, follow)

        return ready.run(attempt, method, self._origin + target, self.retries, self.clock)

    def close(self) -> None:
        """Close the connections; further requests raise `CivisClosedError`."""
        self._connections.close()

    def _prepare(self) -> _Ready:
        """Load what talks to the network; a second thread's work is the same and thrown away."""
        with _loading:
            from civis._http.attempts import run_attempts  # noqa: PLC0415 - urllib3, 90 ms
            from civis._http.wire import Attempts, as_timeout  # noqa: PLC0415 - as above

        agent = self._user_agent if isinstance(self._user_agent, str) else self._user_agent()
        ready = _Ready()
        ready.headers = standard_headers(self._api_key, agent, self._further_headers)
        ready.attempts = Attempts(self.pools, self._origin, self.clock)
        ready.timeout = as_timeout(self.timeout)
        ready.as_timeout = as_timeout
        ready.run = run_attempts
        self._ready = ready
        return ready


class _Ready:
    """What a session needs for requests and has only when the first one was made."""

    __slots__ = ("as_timeout", "attempts", "headers", "run", "timeout")

    headers: dict[str, str]
    attempts: Attempts
    timeout: Timeout
    as_timeout: Callable[[tuple[float, float]], Timeout]
    run: Callable[..., Answer]


def _policy_of(retries: Any) -> RetryPolicy | Any:
    """Read what was given as ``retries=``."""
    with _loading:
        from civis._http.retries import policy_of  # noqa: PLC0415 - dataclasses and enums, 10 ms

    return policy_of(retries)

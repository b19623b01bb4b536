"""Kept-alive connections: which proxy, which certificates, how many. Knows no key, no retries, no API."""

from __future__ import annotations

import ipaddress
import os
import queue
import ssl
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from civis._errors import CivisClientError
from civis._http.hidden import HiddenText
from civis._http.logs import hide_queries_in_urllib3_log

#: Sockets kept open per host; a thread that finds none opens its own, so this bounds no concurrency.
KEPT_CONNECTIONS = 64
#: Hosts whose pools are kept; a pool that gives way to another is closed.
MOST_HOSTS = 1000
#: Bytes handed to a socket at once: blocks of 1 MB send nine times as fast as the 16 kB of the default.
BLOCK = 1 << 20
#: Seconds after which an unused connection is not trusted any more: servers and balancers close theirs after
#: 60 or more, and a POST that meets the closing socket could not be told from one that was carried out.
IDLE_SECONDS = 30.0
#: Where other tools keep the name of their bundle of certificates, in the order of requests.
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class IdleConnections:
    """The stack in which a pool keeps its idle connections, with the interface of `queue.LifoQueue`.

    It has no lock (`collections.deque` is atomic), so that a child forked while a thread held one cannot
    wait for ever, and it forgets connections that were idle for too long.
    """

    def __init__(self, maxsize: int = 0) -> None:
        self._maxsize = maxsize
        self._items: deque[tuple[float, Any]] = deque()

    def qsize(self) -> int:
        """Count what is kept."""
        return len(self._items)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Keep a connection; raise `queue.Full` where there are enough."""
        if len(self._items) >= self._maxsize:
            raise queue.Full
        self._items.append((time.monotonic(), item))

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the connection used last, or None (which stands for a new one) where it was idle too long."""
        try:
            since, item = self._items.pop()
        except IndexError:
            raise queue.Empty from None
        if item is not None and time.monotonic() - since > IDLE_SECONDS:
            item.close()
            return None
        return item


class _HTTPPool(HTTPConnectionPool):
    """Connections to one host in clear."""

    QueueCls = IdleConnections  # type: ignore[assignment]  # it has all that a pool asks of its queue


class _HTTPSPool(HTTPSConnectionPool):
    """Connections to one host over TLS."""

    QueueCls = IdleConnections  # type: ignore[assignment]  # it has all that a pool asks of its queue


@dataclass(frozen=True)
class PoolSettings:
    """How connections are made.

    Attributes
    ----------
    verify
        True: check certificates against the usual authorities; False: do not check; a path: a bundle or a
        folder of authorities; None: as the environment says.
    proxies
        ``{"https": "http://proxy:3128"}`` as in requests; None: as the environment says; ``{}``: none.
    cert
        Path of a client certificate, or a pair of paths (certificate, key).
    """

    verify: bool | str | None = None
    proxies: Mapping[str, str] | None = None
    cert: str | tuple[str, str] | None = None


class Pools:
    """Connection pools for any host, made when first needed and made anew in a forked child."""

    def __init__(self, settings: PoolSettings | None = None) -> None:
        self.settings = settings or PoolSettings()
        self._managers: dict[tuple[str, str | None], urllib3.PoolManager] = {}
        self._by_host: dict[tuple[str, str], urllib3.PoolManager] = {}
        self._direct: dict[str, HTTPConnectionPool | None] = {}
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        _ALL_POOLS.add(self)
        hide_queries_in_urllib3_log()

    def manager(self, url: str) -> urllib3.PoolManager:
        """Give the manager (direct, or of a proxy) that reaches the host of this URL."""
        parts = urlsplit(url)
        found = self._by_host.get((parts.scheme, parts.netloc))
        return found if found is not None else self._find(parts.scheme, parts.netloc, parts.hostname or "")

    def direct(self, origin: str) -> HTTPConnectionPool | None:
        """Give the pool of a host, or None behind a proxy; spares the manager's look at each URL."""
        try:
            return self._direct[origin]
        except KeyError:
            manager = self.manager(origin)
            is_direct = not isinstance(manager, urllib3.ProxyManager)
            found = manager.connection_from_url(origin) if is_direct else None
            self._direct[origin] = found
            return found

    def _find(self, scheme: str, netloc: str, host: str) -> urllib3.PoolManager:
        """Choose the manager for a host that has not been met yet."""
        proxy = proxy_for(scheme, host, netloc, self.settings.proxies)
        with self._lock:
            manager = self._managers.get((scheme, proxy))
            if manager is None:
                manager = self._managers[(scheme, proxy)] = self._make(scheme, proxy)
            self._by_host[(scheme, netloc)] = manager
        return manager

    def _make(self, scheme: str, proxy: str | None) -> urllib3.PoolManager:
        """Make a manager; TLS is set up only where it is used, as reading authorities takes milliseconds."""
        options: dict[str, Any] = {"num_pools": MOST_HOSTS, "maxsize": KEPT_CONNECTIONS, "blocksize": BLOCK}
        if scheme == "https":
            if self._context is None:
                self._context = tls_context(self.settings.verify, self.settings.cert)
            options["ssl_context"] = self._context
        if proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            parts = urlsplit(proxy)
            headers = None
            if parts.username is not None:
                pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
                made = urllib3.make_headers(proxy_basic_auth=pair)
                headers = {name: HiddenText(value) for name, value in made.items()}
                proxy = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            manager = urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager

    def close(self) -> None:
        """Close every idle connection; those in use are closed when they are given back."""
        with self._lock:
            managers = list(self._managers.values())
            self._managers.clear()
            self._by_host.clear()
            self._direct.clear()
        for manager in managers:
            manager.clear()

    def renew(self) -> None:
        """Forget all connections without a word to the other side: after a fork they belong to the parent."""
        self._lock = threading.Lock()
        self._managers = {}
        self._by_host = {}
        self._direct = {}


_ALL_POOLS: weakref.WeakSet[Pools] = weakref.WeakSet()


def _renew_all() -> None:
    """Give a forked child connections of its own."""
    for pools in list(_ALL_POOLS):
        pools.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)


def tls_context(verify: bool | str | None, cert: str | tuple[str, str] | None) -> ssl.SSLContext:
    """Set up TLS: the given authorities, else those that the environment names, else those of certifi."""
    if verify is None or verify is True:
        named = [os.environ[name] for name in CA_VARIABLES if os.environ.get(name)]
        verify = named[0] if named else True
    if verify is True:
        import certifi  # noqa: PLC0415 - only where TLS is used

        verify = certifi.where()
    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        is_folder = os.path.isdir(verify)
        try:
            context = ssl.create_default_context(
                cafile=None if is_folder else verify, capath=verify if is_folder else None
            )
        except OSError as error:  # an SSLError is one
            raise CivisClientError(
                f"{verify!r} cannot be read as certificates ({error}): give verify= "
                "(or REQUESTS_CA_BUNDLE) the path of a PEM bundle."
            ) from None
    if cert is not None:
        certificate, key = (cert, None) if isinstance(cert, str) else cert
        try:
            context.load_cert_chain(certificate, key)
        except OSError as error:
            raise CivisClientError(
                f"cert={cert!r} is no client certificate with its key ({error})."
            ) from None
    return context


def proxy_for(scheme: str, host: str, netloc: str, proxies: Mapping[str, str] | None) -> str | None:
    """Say which proxy leads to a host: the one given, else the environment's, else none."""
    if proxies is None:
        if not _may_have_proxy():
            return None
        from urllib import request  # noqa: PLC0415 - 15 ms, and only the first call to a host needs it

        proxies = request.getproxies()
        if not proxies or request.proxy_bypass(netloc) or _in_excluded_network(host):
            return None
    for name in (f"{scheme}://{host}", scheme, f"all://{host}", "all"):
        if proxies.get(name):
            proxy = proxies[name]
            return proxy if "://" in proxy else f"http://{proxy}"
    return None


def _may_have_proxy() -> bool:
    """Tell whether it is worth asking: macOS and Windows keep proxies elsewhere as well."""
    return sys.platform in ("darwin", "win32") or any(name.lower().endswith("_proxy") for name in os.environ)


def _in_excluded_network(host: str) -> bool:
    """Tell whether NO_PROXY names the network (``10.0.0.0/8``) of a host that is an address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    for entry in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","):
        try:
            if "/" in entry and address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False

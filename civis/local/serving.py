"""The platform's HTTP server: a socket of its own, uvicorn in a thread, up only when it really answers."""

from __future__ import annotations

import errno
import http.client
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from civis.local.settings import PlatformError

__all__ = ["Server", "bind", "url_of"]

#: Seconds within which a server on this machine answers its first request, however busy the machine is.
_START_SECONDS = 60.0
#: Seconds that requests still have when the platform stops.
_GRACE_SECONDS = 5


def bind(host: str, port: int) -> socket.socket:
    """Make a listening socket.

    Parameters
    ----------
    host : str
        An address or a name of this machine.
    port : int
        The port, or 0 for a free one.

    Raises
    ------
    PlatformError
        When the port is taken or the address is none of this machine's.
    """
    if not 0 <= port <= 65535:  # some systems take a larger one modulo 65536
        raise PlatformError(f"cannot listen on {host!r}, port {port}: a port is from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, OverflowError, UnicodeError) as error:
        raise PlatformError(f"cannot listen on {host!r}, port {port}: {error}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where SO_REUSEADDR would share a taken port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno in (errno.EADDRINUSE, errno.EACCES):
            reason = "is in use by another program" if error.errno == errno.EADDRINUSE else "is not permitted"
            raise PlatformError(
                f"port {port} on {host} {reason}; choose another, or 0 for a free one"
            ) from None
        raise PlatformError(f"cannot listen on {host!r}, port {port}: {error}") from None
    return listener


class _Uvicorn(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets)
        self.is_up.set()


class Server:
    """Serves an application from a thread.

    Parameters
    ----------
    app : ASGI application
        What answers.
    listener : socket.socket
        As `bind` gives it; the server closes it.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                log_config=None,  # the program's logging is the program's
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",  # for deployments: the API has none
                ws_max_size=64 * 1024 * 1024,
                loop="asyncio",
                server_header=False,
                proxy_headers=False,  # nobody forwards to it
                # A client's pooled connection outlives a pause between two requests.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                h11_max_incomplete_event_size=256 * 1024,
            )
        )
        # A daemon, so that a program that forgets to stop the platform still ends.
        self._thread = threading.Thread(target=self._run, name="civis-platform-server", daemon=True)
        self._failure: BaseException | None = None

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port that it listens on."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Serve, and return when a request was answered.

        Raises
        ------
        PlatformError
            When the server does not come up.
        """
        self._thread.start()
        self._uvicorn.is_up.wait(_START_SECONDS)
        if self._failure is not None or not self._uvicorn.started:
            self.stop()
            raise PlatformError(f"the local platform's server did not start: {self._failure or 'no answer'}")
        try:
            self._ask()
        except (OSError, http.client.HTTPException) as error:
            self.stop()
            raise PlatformError(f"the local platform's server does not answer: {error}") from error

    def stop(self) -> None:
        """Finish the requests that are being answered, and end; does nothing when it has ended."""
        self._uvicorn.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._listener.close()

    def forget(self) -> None:
        """Close this process's copy of the socket, in a forked child that has no server thread."""
        self._listener.close()

    def _run(self) -> None:
        """Serve until told to stop: the life of the thread."""
        try:
            self._uvicorn.run([self._listener])
        except BaseException as error:  # noqa: BLE001, RUF100 - told to whoever waits for the start
            self._failure = error
        finally:
            self._uvicorn.is_up.set()

    def _ask(self) -> None:
        """Send a first request; any answer will do."""
        host, port = self.address
        connection = http.client.HTTPConnection(_reachable(host), port, timeout=_START_SECONDS)
        try:
            connection.request("GET", "/endpoints")
            connection.getresponse().read()
        finally:
            connection.close()


def _reachable(host: str) -> str:
    """Give the address at which a server that listens everywhere can be reached from here."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def url_of(address: tuple[str, int]) -> str:
    """Write an address as a URL that ends in a slash."""
    host, port = _reachable(address[0]), address[1]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

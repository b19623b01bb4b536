"""Requests to deployments: who is let in, where a request goes, and what is said where it goes nowhere.

`exchange` and `sockets` hand requests on.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from civis.local.api.errors import ApiError
from civis.local.deployments.access import Admission, admit, sign_in
from civis.local.deployments.addresses import COOKIE_SECONDS, SEGMENT, SIGN_IN, cookie_of, prefix_of
from civis.local.deployments.headers import headers_to
from civis.local.deployments.kinds import Served
from civis.local.deployments.live import LiveDeployment
from civis.local.settings import PlatformError
from civis.local.state import Stored

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["DeploymentProxy"]

_TARGET = re.compile(rf"/{SEGMENT}/(?P<id>[0-9]{{1,18}})(?P<rest>/.*)?", re.ASCII)
_REFUSED = 1008  # the code of a WebSocket for what is against the rules (RFC 6455, 7.4.1)
_HEAD = '<!doctype html><meta name="viewport" content="width=device-width"><title>Civis Platform</title>'


@dataclass(frozen=True)
class _Target:
    """Where a request that is let in goes."""

    live: LiveDeployment
    port: int
    served: Served
    path: str
    admission: Admission


class _NotYet(Exception):  # noqa: N818 - no error: the program may answer in a moment
    """A deployment is not served now."""

    def __init__(self, deployment: Stored, *, is_coming: bool) -> None:
        super().__init__(deployment)
        self.is_coming = is_coming
        self.state = str(deployment.document["state"])
        self.message = str(deployment.document.get("state_message") or "")


class DeploymentProxy:
    """Hands requests on to the programs of deployments.

    Parameters
    ----------
    platform : Platform
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def routes(self) -> list[BaseRoute]:
        """Give the routes to serve."""
        return [Mount(f"/{SEGMENT}", app=self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or carry a WebSocket."""
        is_socket = scope["type"] == "websocket"
        try:
            found = await self._find(scope)
            if isinstance(found, Response):
                await found(scope, receive, send)
                return
            with found.live.looked_at():
                await (_hand_on_socket if is_socket else _hand_on)(scope, receive, send, found)
        except (ApiError, _NotYet, PlatformError) as error:
            if is_socket:
                await receive()  # that it wants to open; a browser sees the refusal as a 403
                await send({"type": "websocket.close", "code": _REFUSED})
            else:
                await _refusal(scope, error)(scope, receive, send)

    async def _find(self, scope: Scope) -> _Target | Response:
        """Find out where a request goes, and whether it may; or give the answer to it."""
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        match = _TARGET.fullmatch(raw.partition("?")[0])
        if match is None:
            raise ApiError(404, "There is no such deployment.")
        id, rest = int(match["id"]), match["rest"]
        if rest is None:
            return RedirectResponse(prefix_of(id), 308)
        if rest == f"/{SIGN_IN}" and scope["type"] == "http":
            return await self._sign_in(scope, id)
        if sum(name == b"host" for name, _ in scope["headers"]) > 1:  # RFC 9112, 3.2
            raise ApiError(400, "The request has more than one Host header.")
        connection = HTTPConnection(scope)
        headers = {name.lower(): value for name, value in connection.headers.items()}
        # A WebSocket writes, whatever the method is by which it begins.
        method = "POST" if scope["type"] == "websocket" else str(scope["method"])
        admission = await to_thread.run_sync(admit, self._platform, id, method, raw, headers)
        live = self._platform.deployments.find(id)
        is_coming = live is not None and live.note_use()
        served = None if live is None else live.served
        if live is None or served is None:
            raise _NotYet(admission.deployment, is_coming=is_coming)
        return _Target(live, live.port, served, rest if served.strips_prefix else raw, admission)

    async def _sign_in(self, scope: Scope, id: int) -> Response:
        """Give the cookie for a signed address; the page leads on."""
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        value = await to_thread.run_sync(sign_in, self._platform, id, token)
        # No redirect: programs that sign in want the cookie, whatever the deployment itself answers.
        page = f'{_HEAD}<meta http-equiv="refresh" content="0; url=./"><a href="./">Go on</a>'
        answer = HTMLResponse(page, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        answer.set_cookie(
            cookie_of(id),
            value,
            max_age=int(COOKIE_SECONDS),
            path=prefix_of(id),
            httponly=True,
            samesite="lax",
            secure=scope.get("scheme") == "https",
        )
        return answer


async def _hand_on_socket(scope: Scope, receive: Receive, send: Send, target: _Target) -> None:
    """Carry a WebSocket."""
    # Not before something is deployed: what this loads and the next one take a tenth of a second.
    from civis.local.deployments.sockets import hand_on_socket  # noqa: PLC0415 - see above

    headers = _request_headers(scope, target)
    await hand_on_socket(scope, receive, send, port=target.port, path=target.path, headers=headers)


async def _hand_on(scope: Scope, receive: Receive, send: Send, target: _Target) -> None:
    """Hand a request on, and its answer back."""
    from civis.local.deployments.exchange import hand_on  # noqa: PLC0415 - as above

    await hand_on(
        scope,
        receive,
        send,
        port=target.port,
        path=target.path,
        headers=_request_headers(scope, target),
        prefix=prefix_of(target.live.id),
        strips_prefix=target.served.strips_prefix,
    )


def _request_headers(scope: Scope, target: _Target) -> list[tuple[bytes, bytes]]:
    """Give the headers with which the program is asked."""
    return headers_to(
        scope["headers"],
        scheme="https" if scope["scheme"] in ("https", "wss") else "http",
        client=str((scope.get("client") or ("",))[0]),
        prefix=prefix_of(target.live.id),
        own_cookie=cookie_of(target.live.id),
        without_authorization=target.admission.by_header,
        instead=target.served.headers,
    )


def _refusal(scope: Scope, error: ApiError | _NotYet | PlatformError) -> Response:
    """Say why a request is not handed on: as a page to browsers, as the API's errors to programs."""
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if isinstance(error, ApiError):
        status, text = error.status, error.message
        body = error.body()
    else:
        text = "The platform is stopping."
        if isinstance(error, _NotYet):
            text = error.message or f"The deployment is {error.state}."
        status, body = 503, ApiError(503, text).body()
        if isinstance(error, _NotYet) and error.is_coming:
            text = "It is being started."
            headers |= {"Refresh": "1", "Retry-After": "1"}
    accepted = dict(scope["headers"]).get(b"accept", b"")
    if b"text/html" not in accepted:
        return JSONResponse(body, status, headers=headers)
    if status == 401:
        text = "Open this deployment by its display URL, which the API gives."
    return HTMLResponse(f"{_HEAD}<p>{html.escape(text)}</p>", status, headers=headers)

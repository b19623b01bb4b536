"""One line a request, for who watches the platform; knows neither keys nor signatures.

Queries are left out as a whole: those of signed addresses let whoever reads them in.
"""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AccessLog", "logger"]

#: Tells of every request at the level INFO; nothing is done unless somebody listens.
logger = logging.getLogger("civis.local.requests")


class AccessLog:
    """Tells of each request that an application answers: method, path, status, milliseconds, request ID.

    Parameters
    ----------
    app : ASGI application
        What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and tell of it."""
        if scope["type"] != "http" or not logger.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status, number = 0, "-"

        async def watch(message: Message) -> None:
            nonlocal status, number
            if message["type"] == "http.response.start":
                status = message["status"]
                found = [value for name, value in message["headers"] if name.lower() == b"x-request-id"]
                number = found[0].decode("latin-1") if found else "-"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            milliseconds = (time.perf_counter() - start) * 1000
            path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
            logger.info("%s %s %s %.1f ms %s", scope["method"], path, status or "-", milliseconds, number)

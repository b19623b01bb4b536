"""Faults on purpose: requests dropped, stalled, cut off or refused, for tests of what programs do then.

It stands before the application and knows methods and paths, nothing of what is behind them. Without a fault
it costs one look at an empty list.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Fault", "Faults"]

#: How often a stalled request looks whether it is to go on, in seconds.
_LOOK_SECONDS = 0.01

Kind = Literal["drop", "lose", "stall", "truncate", "refuse"]


@dataclass
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : {"drop", "lose", "stall", "truncate", "refuse"}
        The connection is closed before the request is looked at, or after it was carried out but without its
        answer; the request waits; its answer breaks off; it is refused with a status.
    method : str
        In capitals.
    path : str
        With parameters in braces, ``"/files/{id}"``; a ``*`` stands for all that follows.
    times : int, optional
        How many requests it happens to; None for all.
    seconds : float, optional
        How long a stalled request waits.
    after_bytes : int, optional
        How much of a truncated answer is sent.
    status : int, optional
        What a request is refused with.
    headers : mapping, optional
        What stands beside the status.
    """

    kind: Kind
    method: str
    path: str
    times: int | None = 1
    seconds: float = 0.0
    after_bytes: int = 0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    #: How many requests it happened to.
    happened: int = 0
    is_over: bool = False

    def __post_init__(self) -> None:
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(self.path.rstrip("/"))).replace(r"\*", ".*")
        self._pattern = re.compile(pattern)

    def concerns(self, method: str, path: str) -> bool:
        """Tell whether a request is one that this is about."""
        return method == self.method and self._pattern.fullmatch(path.rstrip("/")) is not None


class Faults:
    """The faults that a platform has; at first none.

    Parameters
    ----------
    app : ASGI application
        What answers the requests that nothing happens to.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._active: list[Fault] = []
        self._used_up: list[Fault] = []  # of which a request may still be waiting
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Have something go wrong from now on; of several that fit, the first happens."""
        with self._lock:
            self._active.append(fault)

    def clear(self) -> None:
        """End all faults; requests that are stalled go on."""
        with self._lock:
            ended = self._active + self._used_up
            self._active, self._used_up = [], []
        for fault in ended:
            fault.is_over = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have go wrong what is to."""
        fault = self._take(scope) if self._active and scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "drop":
            await _hang_up(receive)
        elif fault.kind == "lose":
            await self._app(scope, receive, _swallow)
            await _hang_up(receive)
        elif fault.kind == "refuse":
            await _refuse(fault, receive, send)
        elif fault.kind == "truncate":
            await self._app(scope, receive, _Cut(send, receive, fault.after_bytes))
        else:
            await _wait(fault)
            await self._app(scope, receive, send)

    def _take(self, scope: Scope) -> Fault | None:
        """Give what happens to a request, and count it."""
        with self._lock:
            for fault in self._active:
                if fault.concerns(scope["method"], scope["path"]):
                    fault.happened += 1
                    if fault.times is not None and fault.happened >= fault.times:
                        self._active = [each for each in self._active if each is not fault]
                        self._used_up.append(fault)
                    return fault
        return None


class _Cut:
    """Sends the beginning of an answer, and closes the connection."""

    def __init__(self, send: Send, receive: Receive, after_bytes: int) -> None:
        self._send = send
        self._receive = receive
        self._left = after_bytes
        self._is_closed = False

    async def __call__(self, message: Message) -> None:
        """Send a piece of the answer, as far as it is to come."""
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body = bytes(message.get("body", b""))
        if self._is_closed:
            return
        if len(body) <= self._left and message.get("more_body", False):
            self._left -= len(body)
            await self._send(message)
            return
        # Never the whole: the last byte is missing at least.
        sent = body[: min(self._left, max(0, len(body) - 1))]
        await self._send({"type": "http.response.body", "body": sent, "more_body": True})
        self._is_closed = True
        await _hang_up(self._receive)


async def _swallow(message: Message) -> None:
    """Send nothing."""


async def _wait(fault: Fault) -> None:
    """Let the time of a stalled request pass, without keeping a platform from stopping."""
    end = asyncio.get_running_loop().time() + fault.seconds
    while not fault.is_over and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(_LOOK_SECONDS)


async def _refuse(fault: Fault, receive: Receive, send: Send) -> None:
    """Answer with a status, in the form of the platform's errors; the body is read first, as always."""
    while (await receive()).get("more_body", False):
        pass
    content = json.dumps(
        {"error": "fault", "errorDescription": "This fault was asked for by a test.", "code": fault.status}
    ).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(content)),
        **{name.lower(): value for name, value in fault.headers.items()},
    }
    wire = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": wire})
    await send({"type": "http.response.body", "body": content})


async def _hang_up(receive: Receive) -> None:
    """Close the connection; ASGI has no word for that, so the server's own object is asked."""
    cycle: Any = getattr(receive, "__self__", None)
    cycle.transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass

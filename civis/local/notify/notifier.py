"""PubNub's side of a subscription: the long poll, the time, and the farewell, as its libraries ask for them.

A subscriber asks with the time token of the last answer and is answered as soon as there is something later,
or with nothing after a while. A token of 0 is a first greeting, answered at once with the present one.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from civis._clock import Clock
from civis.local.notify.access import Access
from civis.local.notify.messages import Message, MessageLog

__all__ = ["Notifier"]

#: The one channel. Its messages name jobs, runs and states, which all users of the platform may know.
CHANNEL = "runs"
#: Seconds after which a subscriber is told that nothing happened; PubNub's libraries wait for 310.
PATIENCE = 280.0
#: Seconds to wait for more messages when one has come: runs tend to end together.
GATHERING = 0.02
#: The region that PubNub has every answer name.
REGION = 1


class Notifier:
    """Publishes messages and serves those who subscribe.

    Parameters
    ----------
    secret : bytes
        What keys are made of.
    clock : Clock
        Gives time tokens, and tells when a key ends.
    patience : float, default 280
        Seconds for which a subscriber waits where nothing happens.
    """

    def __init__(self, secret: bytes, clock: Clock, *, patience: float = PATIENCE) -> None:
        self._access = Access(secret, clock)
        self._log = MessageLog(clock)
        self._patience = patience
        self._lock = threading.Lock()
        self._waiting: set[_Waiter] = set()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"Notifier({len(self._waiting)} waiting)"

    def offer(self, user_id: int, origin: str | None = None) -> dict[str, Any]:
        """Give what a user's client needs to subscribe.

        Parameters
        ----------
        user_id : int
        origin : str, optional
            The address of this server; the hosted platform names none, since PubNub's is known.
        """
        return {
            "channels": [{"name": CHANNEL}],
            "subscribe_key": self._access.subscribe_key,
            "cipher_key": None,
            "auth_key": self._access.auth_key(user_id),
            "origin": origin,
        }

    def publish(self, payload: Mapping[str, Any]) -> None:
        """Publish a message, from any thread."""
        self._log.add(payload)
        self._wake()

    def clear(self) -> None:
        """Forget what was published."""
        self._log.clear()

    def close(self) -> None:
        """Answer all who wait, and from now on at once, so that no connection holds up the server's end."""
        self._is_closed = True
        self._wake()

    def routes(self) -> list[BaseRoute]:
        """Give what the server is to mount at its root."""
        return [
            Route("/v2/subscribe/{key}/{channels}/0", self._subscribe),
            Route("/v2/presence/sub-key/{key}/channel/{channels}/leave", self._leave),
            Route("/time/0", self._time),
        ]

    def _wake(self) -> None:
        """Wake the requests that wait."""
        with self._lock:
            waiting = list(self._waiting)
        for waiter in waiting:
            waiter.wake()

    async def _time(self, request: Request) -> JSONResponse:
        """Tell the time token of this moment."""
        return JSONResponse([self._log.now()])

    async def _leave(self, request: Request) -> JSONResponse:
        """Take leave of a subscriber; nobody is told who is there."""
        refusal = self._refusal(request)
        return refusal or JSONResponse(
            {"status": 200, "action": "leave", "message": "OK", "service": "Presence"}
        )

    async def _subscribe(self, request: Request) -> JSONResponse:
        """Answer with what came since a time token; wait for it where there is nothing."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        token = _number(request.query_params.get("tt"))
        if not token:
            return self._answer(self._log.now(), [])
        found = self._log.after(token)
        if not found:
            await self._wait(request, token)
            found = self._log.after(token)
        # An empty answer repeats the token, so that nothing can come between two questions.
        return self._answer(found[-1].token if found else token, found)

    async def _wait(self, request: Request, token: int) -> None:
        """Wait for something to happen, for the subscriber to go, or for the time to be over."""
        waiter = _Waiter()
        with self._lock:
            self._waiting.add(waiter)
        gone = asyncio.ensure_future(_disconnected(request))
        news = asyncio.ensure_future(waiter.happened.wait())
        try:
            if self._is_closed or self._log.after(token):  # it came before the waiter was known
                return
            await asyncio.wait({gone, news}, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
            if news.done() and not self._is_closed:
                await asyncio.sleep(GATHERING)
        finally:
            with self._lock:
                self._waiting.discard(waiter)
            for task in (gone, news):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    def _refusal(self, request: Request) -> JSONResponse | None:
        """Refuse strangers as PubNub does, with the words that its libraries look for."""
        if request.path_params["key"] != self._access.subscribe_key:
            return _refuse(400, "Invalid Subscribe Key")
        asked = request.path_params["channels"].split(",")
        if asked != [CHANNEL] or not self._access.allows(request.query_params.get("auth", "")):
            return _refuse(403, "Forbidden", {"channels": asked})
        return None

    def _answer(self, token: int, messages: list[Message]) -> JSONResponse:
        """Write messages as PubNub does."""
        return JSONResponse(
            {
                "t": {"t": str(token), "r": REGION},
                "m": [self._envelope(message) for message in messages],
            }
        )

    def _envelope(self, message: Message) -> dict[str, Any]:
        """Write one message: channel, payload, flags, publisher, key, and when it was published."""
        return {
            "a": "1",
            "f": 0,
            "i": "civis-platform",
            "p": {"t": str(message.token), "r": REGION},
            "k": self._access.subscribe_key,
            "c": CHANNEL,
            "b": CHANNEL,
            "d": message.payload,
        }


class _Waiter:
    """One request that waits; woken from any thread."""

    def __init__(self) -> None:
        self.happened = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """Let the request look again."""
        with contextlib.suppress(RuntimeError):  # the server's loop has ended
            self._loop.call_soon_threadsafe(self.happened.set)


async def _disconnected(request: Request) -> None:
    """Return when the other side has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _number(text: str | None) -> int:
    """Read a time token; what is none counts as a first greeting."""
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _refuse(status: int, message: str, payload: Mapping[str, Any] | None = None) -> JSONResponse:
    """Write an error as PubNub does."""
    body = {"status": status, "error": True, "message": message, "service": "Access Manager"}
    return JSONResponse({**body, "payload": payload} if payload else body, status)

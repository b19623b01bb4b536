"""The one thread of the process that listens to PubNub, for any number of clients.

It runs an event loop in which each subscription is a task, so that one can be ended at any moment. What a
message means is for `_sharing` to know.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import uuid
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit

from civis.futures._policy import jittered, outage_delay
from civis.futures._scheduler import THREAD_NAME, call_after_fork

logger = logging.getLogger(__name__)

#: Seconds in the past from which messages are caught up when a subscription begins.
CATCH_UP = 30.0
#: An outage that was longer than so many seconds is caught up like a beginning; PubNub keeps no more.
LONGEST_RESUMED = 600.0
#: An answer without a message within so many seconds is a server's farewell, not the end of a long poll.
TOO_QUICK = 1.0
#: Units of PubNub's time tokens a second.
TOKENS_PER_SECOND = 10_000_000
#: Statuses by which PubNub says that keys do not hold.
REFUSALS = frozenset({400, 401, 403})
#: Loggers that write addresses, which hold the auth key; those of the listener's thread write nothing.
TALKATIVE = ("pubnub", "httpx", "hpack.hpack", "hpack.table", "httpcore.http11", "httpcore.http2")


class Audience(Protocol):
    """Whom a subscription serves."""

    def on_connected(self) -> None:
        """Notices arrive from now on."""

    def on_disconnected(self) -> None:
        """Notices do not arrive until further notice."""

    def on_refused(self) -> None:
        """Subscribe again, with other keys: these do not hold."""

    def on_messages(self, messages: list[Any]) -> None:
        """Something was published."""


@dataclass(frozen=True)
class Offer:
    """Where to subscribe, and with which keys; these show nowhere."""

    channels: tuple[str, ...]
    subscribe_key: str = field(repr=False)
    auth_key: str | None = field(default=None, repr=False)
    cipher_key: str | None = field(default=None, repr=False)
    origin: str | None = None

    @classmethod
    def read(cls, answer: Any) -> Offer | None:
        """Read the platform's answer; None where it names no channel or no key."""
        channels = tuple(str(channel["name"]) for channel in answer["channels"] or () if channel["name"])
        key = answer["subscribe_key"]
        if not channels or not key:
            return None
        return cls(channels, key, answer["auth_key"], answer["cipher_key"], answer.get("origin"))


class Listener:
    """Subscriptions of this process. The thread starts with the first one and ends with the last."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def follow(self, audience: Audience, offer: Offer) -> None:
        """Subscribe for somebody, who is held weakly."""
        number = id(audience)
        reference = weakref.ref(audience)
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                name = f"{THREAD_NAME}-listener"
                threading.Thread(target=self._run, args=(self._loop,), name=name, daemon=True).start()
            self._loop.call_soon_threadsafe(self._begin, number, Subscription(reference, offer))

    def leave(self, number: int) -> None:
        """End a subscription, by the identity of the one it serves."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._cancel, number)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run subscriptions: the life of the thread."""
        silence = _Silence(threading.get_ident())
        for name in TALKATIVE:
            logging.getLogger(name).addFilter(silence)
        try:
            loop.run_forever()
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()
            for name in TALKATIVE:
                logging.getLogger(name).removeFilter(silence)

    def _begin(self, number: int, subscription: Subscription) -> None:
        """Start a subscription, in the loop."""
        self._cancel(number)
        task = asyncio.get_running_loop().create_task(subscription.follow())
        self._tasks[number] = task
        task.add_done_callback(lambda done: self._end(number, done))

    def _cancel(self, number: int) -> None:
        """Cancel a subscription, in the loop."""
        task = self._tasks.get(number)
        if task is not None:
            task.cancel()

    def _end(self, number: int, task: asyncio.Task[None]) -> None:
        """Forget a subscription that has ended; with the last one the thread ends."""
        if not task.cancelled() and task.exception() is not None:
            logger.debug("a subscription failed", exc_info=task.exception())
        if self._tasks.get(number) is task:
            del self._tasks[number]
        loop = asyncio.get_running_loop()
        # Connections take a moment to close; what comes meanwhile keeps the thread.
        loop.call_later(0.2, self._stop_if_idle)

    def _stop_if_idle(self) -> None:
        """End the thread if nothing is left to do, in the loop."""
        with self._lock:
            loop = asyncio.get_running_loop()
            if not self._tasks and self._loop is loop:
                self._loop = None
                loop.stop()


def _pause(error_count: int) -> float:
    """Seconds between two attempts."""
    return jittered(outage_delay(error_count, None))


class Subscription:
    """One client's subscription: greets, listens, and after an outage takes up where it was.

    Parameters
    ----------
    audience : weakref.ref
        Whom it serves; it ends when that is gone.
    offer : Offer
    pause : callable, optional
        Gives the seconds between two attempts, after so many failed ones.
    """

    def __init__(
        self, audience: weakref.ref[Audience], offer: Offer, pause: Callable[[int], float] = _pause
    ) -> None:
        self._pause = pause
        self._audience = audience
        self._offer = offer
        self._token = 0
        self._region: int | str | None = None
        self._lost_at: float | None = None
        self._error_count = 0

    async def follow(self) -> None:
        """Listen until cancelled, refused, or left alone."""
        pubnub = _make_pubnub(self._offer)
        try:
            while self._audience() is not None:
                if not await self._try_to_listen(pubnub):
                    return
                await asyncio.sleep(self._pause(self._error_count))
        finally:
            with contextlib.suppress(Exception):
                await pubnub.close_session()

    async def _try_to_listen(self, pubnub: Any) -> bool:
        """Listen until something goes wrong; whether to try again."""
        try:
            await self._greet(pubnub)
            self._tell(lambda audience: audience.on_connected())
            while self._audience() is not None:
                await self._listen_once(pubnub)
        except asyncio.TimeoutError:
            pass  # nothing at all was answered for longer than a long poll takes
        except Exception as error:
            logger.debug("notices do not arrive: %s", type(error).__name__)
            if _status(error) in REFUSALS:
                self._tell(lambda audience: audience.on_disconnected())
                self._tell(lambda audience: audience.on_refused())
                return False
        self._error_count += 1
        self._lost_at = time.monotonic() if self._lost_at is None else self._lost_at
        self._tell(lambda audience: audience.on_disconnected())
        return True

    async def _greet(self, pubnub: Any) -> None:
        """Ask for the present, which is answered at once, and decide from when on to listen."""
        answer = await self._ask(pubnub, 0)
        was_short = self._lost_at is not None and time.monotonic() - self._lost_at < LONGEST_RESUMED
        if not (self._token and was_short):
            self._token = int(answer["t"]["t"]) - int(CATCH_UP * TOKENS_PER_SECOND)
        self._region = answer["t"].get("r")
        self._lost_at = None

    async def _listen_once(self, pubnub: Any) -> None:
        """Wait for messages and hand them on."""
        start = time.monotonic()
        answer = await self._ask(pubnub, self._token)
        self._token, self._region = int(answer["t"]["t"]), answer["t"].get("r")
        messages = [self._read(message.get("d")) for message in answer["m"]]
        if messages:
            self._error_count = 0
            self._tell(lambda audience: audience.on_messages(messages))
        elif time.monotonic() - start < TOO_QUICK:
            raise ConnectionError("PubNub does not wait for messages")

    async def _ask(self, pubnub: Any, token: int) -> Any:
        """Ask for the messages after a time token."""
        # Loaded here: most programs never subscribe, and the package takes a third of a second.
        subscribe = import_module("pubnub.endpoints.pubsub.subscribe").Subscribe
        question = subscribe(pubnub).channels(list(self._offer.channels)).timetoken(token)
        if self._region is not None and token:
            question = question.region(self._region)
        asking: Awaitable[Any] = question.result()
        return await asking

    def _read(self, payload: Any) -> Any:
        """Decrypt a message where the platform encrypts them."""
        if not self._offer.cipher_key or not isinstance(payload, str):
            return payload
        for has_random_start in (True, False):  # publishers of either kind are about
            configuration = import_module("pubnub.pnconfiguration").PNConfiguration()
            configuration.use_random_initialization_vector = has_random_start
            with contextlib.suppress(Exception):
                message = configuration.crypto.decrypt(self._offer.cipher_key, payload)
                if isinstance(message, Mapping):
                    return message
        return None

    def _tell(self, action: Callable[[Audience], None]) -> None:
        """Tell the audience something, if it is still there; no reference outlives this."""
        audience = self._audience()
        if audience is not None:
            action(audience)


class _NoManager:
    """Stands where PubNub's client has its own loop of subscriptions: ours tells when the line is down."""

    def __init__(self, pubnub: object) -> None:
        pass

    def get_custom_params(self) -> dict[str, Any]:
        """Add nothing to a question."""
        return {}


class _Silence(logging.Filter):
    """Drops the records of one thread."""

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        return record.thread != self._thread


def _make_pubnub(offer: Offer) -> Any:
    """Make PubNub's client, in the loop that it is for."""
    # Loaded here: it is optional, and takes long.
    configuration = import_module("pubnub.pnconfiguration").PNConfiguration()
    configuration.disable_config_locking = False
    configuration.user_id = f"civis-{uuid.uuid4()}"
    configuration.subscribe_key = offer.subscribe_key
    configuration.auth_key = offer.auth_key
    if offer.origin:
        parts = urlsplit(offer.origin)
        configuration.ssl = parts.scheme == "https"
        configuration.origin = parts.netloc + parts.path.rstrip("/")
    make = import_module("pubnub.pubnub_asyncio").PubNubAsyncio
    return make(configuration, custom_event_loop=asyncio.get_running_loop(), subscription_manager=_NoManager)


def _status(error: Exception) -> int | None:
    """Give the HTTP status of PubNub's errors."""
    status: object = getattr(error, "_status_code", None)
    found = getattr(error, "status", None)
    return status if isinstance(status, int) and status else getattr(found, "status_code", None)


_listener = Listener()
#: Loops of the parent of a forked process: closing one here would disturb it there.
_left_behind: list[Listener] = []


def current_listener() -> Listener:
    """Give the listener of this process."""
    return _listener


def _start_over_in_child() -> None:
    """After a fork: the thread is the parent's."""
    global _listener
    _left_behind.append(_listener)
    _listener = Listener()


call_after_fork(_start_over_in_child)

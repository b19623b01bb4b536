"""Listens to PubNub for any number of clients, in an event loop that the scheduler's thread runs meanwhile.

Each subscription is a task of the loop, so that one can be ended at any moment. What a message means is for
`_sharing` to know.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import socket
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
from civis.futures._scheduler import call_after_fork, current_scheduler

logger = logging.getLogger(__name__)

#: Seconds in the past from which messages are caught up when a subscription begins.
CATCH_UP = 30.0
#: An outage that was longer than so many seconds is caught up like a beginning; PubNub keeps no more.
LONGEST_RESUMED = 600.0
#: An answer without a message within so many seconds is a server's farewell, not the end of a long poll.
TOO_QUICK = 1.0
#: After an answer with so many messages, more are on the way: so many seconds later they come with one
#: question, which takes milliseconds of processor time. Not after many: PubNub keeps 100.
BURST, GATHER = range(5, 40), 0.02
#: Units of PubNub's time tokens a second.
TOKENS_PER_SECOND = 10_000_000
#: Statuses by which PubNub says that keys do not hold.
REFUSALS = frozenset({400, 401, 403})
#: Modules that are loaded when somebody subscribes: they are optional, and take a third of a second.
SUBSCRIBE, PUBNUB = "pubnub.endpoints.pubsub.subscribe", "pubnub.pubnub_asyncio"
#: Loggers that write addresses, which hold the auth key; those of the loop's thread write nothing.
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
    """Subscriptions of this process. Their loop begins with the first one and ends with the last."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._loop: _Loop | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def follow(self, audience: Audience, offer: Offer) -> None:
        """Subscribe for somebody, who is held weakly. It may take a second, for what is loaded."""
        import_module(SUBSCRIBE)
        import_module(PUBNUB)
        number = id(audience)
        reference = weakref.ref(audience)
        with self._lock:
            begins = self._loop is None
            if self._loop is None:
                self._loop = _Loop()
            loop = self._loop
            loop.call_soon_threadsafe(self._begin, number, Subscription(reference, offer))
        if begins:
            current_scheduler().sleep_by(loop)

    def leave(self, number: int) -> None:
        """End a subscription, by the identity of the one it serves."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._cancel, number)

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
        """Forget a subscription that has ended; with the last one the loop ends."""
        if not task.cancelled() and task.exception() is not None:
            logger.debug("a subscription failed", exc_info=task.exception())
        if self._tasks.get(number) is task:
            del self._tasks[number]
        loop = asyncio.get_running_loop()
        # Connections take a moment to close; what comes meanwhile keeps the loop.
        loop.call_later(0.2, self._stop_if_idle)

    def _stop_if_idle(self) -> None:
        """End the loop if nothing is left to do, in the loop."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Loop)
        with self._lock:
            if self._tasks or self._loop is not loop:
                return
            self._loop = None
        loop.end()


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that runs while the scheduler would sleep, and starts no thread."""

    def __init__(self) -> None:
        super().__init__()
        self._scheduler = current_scheduler()
        self._is_over = False
        self._silence: _Silence | None = None

    def sleep(self, timeout: float | None) -> None:
        """Run for so many seconds, or until woken."""
        if self._silence is None:
            self._silence = _Silence(threading.get_ident())
            for name in TALKATIVE:
                logging.getLogger(name).addFilter(self._silence)
        timer = None if timeout is None else self.call_later(timeout, self.stop)
        try:
            self.run_forever()
        finally:
            if timer is not None:
                timer.cancel()
            if self._is_over:
                self._close_quietly()

    def wake(self) -> None:
        """Have `sleep` return."""
        self.call_soon_threadsafe(self.stop)

    def end(self) -> None:
        """Let the scheduler sleep as usual from now on; called in the loop."""
        self._is_over = True
        self._scheduler.sleep_as_usual(self)

    def _close_quietly(self) -> None:
        """Free what it holds, and let others write to the log again."""
        self.close()
        for name in TALKATIVE:
            if self._silence is not None:
                logging.getLogger(name).removeFilter(self._silence)

    async def getaddrinfo(self, *place: Any, **options: Any) -> Any:
        """Find a host's addresses, by a thread of those that poll."""
        errand = _Errand(lambda: socket.getaddrinfo(*place, **options))
        self._scheduler.watch(errand, 0.0)
        return await asyncio.wrap_future(errand.outcome)


class _Errand:
    """Something that takes long, for the threads that poll."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        self.outcome: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def _poll(self) -> None:
        """Do it, once."""
        if self.outcome.set_running_or_notify_cancel():
            try:
                self.outcome.set_result(self._act())
            except Exception as error:
                self.outcome.set_exception(error)


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
        try:
            pubnub = _make_pubnub(self._offer)
        except Exception as error:  # an installation that is broken; polling goes on
            logger.debug("PubNub cannot be loaded: %s: %s", type(error).__name__, error)
            return
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
            if len(messages) in BURST:
                await asyncio.sleep(GATHER)
        elif time.monotonic() - start < TOO_QUICK:
            raise ConnectionError("PubNub does not wait for messages")

    async def _ask(self, pubnub: Any, token: int) -> Any:
        """Ask for the messages after a time token."""
        # Loaded late: most programs never subscribe, and the package takes a third of a second.
        subscribe = import_module(SUBSCRIBE).Subscribe
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
    make = import_module(PUBNUB).PubNubAsyncio
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

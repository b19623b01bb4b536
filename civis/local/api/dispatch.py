"""From a received request to a finished answer, in a worker thread; knows no sockets and no event loop."""

from __future__ import annotations

import gzip
import hashlib
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from civis.local import catalog
from civis.local.addressing import asked_at
from civis.local.api.authentication import RateLimiter, authenticate
from civis.local.api.call import AfterCommit, Call
from civis.local.api.errors import ApiError, NotFound, NotImplementedHere
from civis.local.api.gate import Gate
from civis.local.api.identities import Identities, Identity
from civis.local.api.paging import Page
from civis.local.api.parameters import NO_ENDPOINT, read_body, read_parameters
from civis.local.api.routes import Key, Result, Routes
from civis.local.api.routing import Match, MethodNotAllowed, Router
from civis.local.api.shape import dump, shape
from civis.local.state import ObjectNotFound, after_commit
from civis.local.warehouse import WarehouseError

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Dispatcher", "Received", "Reply"]

_logger = logging.getLogger(__name__)

#: Answers shorter than this gain nothing from compression.
_COMPRESS_FROM = 1400
_EVENTS = "text/event-stream; charset=utf-8"
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Received:
    """A request as it came in.

    Attributes
    ----------
    method : str
        In capitals.
    path : str
        Percent-encoded, as sent.
    query : sequence of (str, str)
        Decoded names and values.
    headers : mapping
        By lower-case name.
    content : bytes
        The whole body.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass
class Reply:
    """An answer ready to be sent."""

    status: int
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """Write a value as the body."""
        return cls(
            status, dump(value), {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        )

    def compress(self, accepted: str) -> None:
        """Compress a long body for a client that says it can read that."""
        if len(self.content) < _COMPRESS_FROM:
            return
        self.headers["Vary"] = "Accept-Encoding"
        if _accepts_gzip(accepted):
            # Level 5: on descriptions of the API within 2 % of the size of level 9 in a third of the time.
            self.content = gzip.compress(self.content, compresslevel=5, mtime=0)
            self.headers["Content-Encoding"] = "gzip"


class Dispatcher:
    """Answers requests: who asks, for which operation, with which parameters, and what comes of it.

    Parameters
    ----------
    platform : Platform
        Whose state it works on.
    routes : Routes
        The handlers of all services.
    """

    def __init__(self, platform: Platform, routes: Routes) -> None:
        self._platform = platform
        self._routes = routes
        self._router = Router(catalog.outlines())
        settings = platform.settings
        self.limiter = RateLimiter(settings.rate_limit, settings.rate_seconds, platform.clock)
        self.gate = Gate()
        self._identities = Identities()
        self._loaded: set[Key] = set()  # quick operations that were answered: what they need is there

    def answer(self, received: Received) -> Reply:
        """Answer one request; whatever happens, there is an answer."""
        with self.gate.passing():
            return self._finished(received, self._answer)

    def answer_at_once(self, received: Received) -> Reply | None:
        """Answer a request whose handler is quick, on the thread that asks; None where `answer` has to.

        Handing a request to another thread and its answer back takes as long as finding out how a run is
        getting on. Nothing here waits: not for the gate, not for a writer, not for what has to be loaded.
        """
        if received.method != "GET" or not self._platform.state.is_on_this_machine:
            return None
        try:
            outline, _ = self._router.trace(received.method, received.path)
        except LookupError:
            return None
        key = (outline.method, outline.path)
        if not self._routes.is_quick(key):
            return None
        if key not in self._loaded:
            self._loaded.add(key)
            return None
        if not self.gate.enter_if_open():
            return None
        try:
            reading = partial(self._attempt, is_writing=False)
            return self._finished(received, reading, passed_on=(OperationalError,))
        except OperationalError:  # a handler that has to write after all
            return None
        finally:
            self.gate.leave()

    def _finished(
        self,
        received: Received,
        answer: Callable[[Received, dict[str, str]], Reply],
        passed_on: tuple[type[Exception], ...] = (),
    ) -> Reply:
        """Have a request answered, turn what is raised into an answer, and put on what all answers have."""
        request_id = uuid.uuid4().hex
        extra = {"X-Request-Id": request_id}
        try:
            with asked_at(self._platform.inner_url(received.headers.get("host"))):
                reply = answer(received, extra)
        except ApiError as error:
            reply = Reply.of_json(error.status, error.body(), error.headers)
        except ObjectNotFound as error:
            missing = NotFound(str(error))
            reply = Reply.of_json(missing.status, missing.body())
        except WarehouseError as error:  # a database is at fault, such as one whose file is damaged
            refused = ApiError(422, str(error))
            reply = Reply.of_json(refused.status, refused.body())
        except passed_on:
            raise
        except Exception:
            _logger.exception("request %s failed: %s %s", request_id, received.method, received.path)
            broken = ApiError(500, f"Something went wrong on the platform; its log tells about {request_id}.")
            reply = Reply.of_json(broken.status, broken.body())
        reply.headers = {**extra, **reply.headers}
        reply.compress(received.headers.get("accept-encoding", ""))
        return reply

    def _answer(self, received: Received, extra: dict[str, str]) -> Reply:
        """Answer inside one transaction; a request that only reads waits for no writer.

        A handler may have to write all the same, such as a record of a table that is seen for the first time.
        Where another writer was faster, the request is answered anew, as a writer from its start.
        """
        if self._is_reading(received):
            try:
                return self._attempt(received, extra, is_writing=False)
            except OperationalError:
                _logger.debug("%s %s is answered again as a writer", received.method, received.path)
        return self._attempt(received, extra, is_writing=True)

    def _is_reading(self, received: Received) -> bool:
        """Tell whether a request is answered without writing, by its method or by what its handler says."""
        if received.method in _READING:
            return True
        try:
            operation = self._router.find(received.method, received.path).operation
        except LookupError:  # told once it is known who asks
            return False
        return self._routes.is_reading((operation.method, operation.path))

    def _attempt(self, received: Received, extra: dict[str, str], *, is_writing: bool) -> Reply:
        """Answer inside one transaction, then do what had to wait for its commit."""
        callbacks = AfterCommit()
        committed: list[bool] = []
        reply: Reply | None = None
        try:
            with self._transaction(is_writing, committed) as connection:
                reply = self._handle(received, connection, callbacks, extra)
        except Exception:
            # What was committed is done: a callback that fails must not have the client send it again.
            if reply is None or not committed:
                raise
            _logger.exception("a callback after %s %s failed", received.method, received.path)
        try:
            callbacks.run()
        except Exception:
            _logger.exception("a callback after %s %s failed", received.method, received.path)
        return reply

    def _transaction(self, is_writing: bool, committed: list[bool]) -> AbstractContextManager[Connection]:
        """Open a transaction that writes, or one that reads and does not wait for writers."""
        if not is_writing:
            return self._platform.state.read()
        return _Writing(self._platform.state.begin(), lambda: committed.append(True))

    def _handle(
        self, received: Received, connection: Connection, callbacks: AfterCommit, extra: dict[str, str]
    ) -> Reply:
        """Find out who asks for what, and have it done."""
        now = self._platform.clock.time()
        state = self._platform.state
        identity = authenticate(
            lambda token: self._identities.find(connection, state, token),
            received.headers.get("authorization"),
            method=received.method,
            path=received.path,
            now=now,
        )
        extra.update(self.limiter.headers(self.limiter.take(identity.key.id)))
        self._platform.key_uses.count(identity.key.id, now)
        match = self._find(received)
        if match.operation.path == "/endpoints":
            return self._describe(received)
        call = self._call(received, match, identity, connection, callbacks)
        handler = self._routes.get((match.operation.method, match.operation.path))
        if handler is None:
            raise NotImplementedHere(match.operation.method, match.operation.path)
        return _reply(call.operation, handler(call))

    def _call(
        self,
        received: Received,
        match: Match,
        identity: Identity,
        connection: Connection,
        callbacks: AfterCommit,
    ) -> Call:
        """Read the parameters and put together what a handler is given."""
        content, body = received.content, {}
        if content and any(each.location == "body" for each in match.operation.parameters):
            body = read_body(content, received.headers.get("content-type", ""))
        params = read_parameters(match.operation, match.values, received.query, body)
        return Call(
            match.operation, params, identity.user, connection, self._platform, callbacks, identity.key.id
        )

    def _find(self, received: Received) -> Match:
        """Find the operation, or say that there is none."""
        try:
            return self._router.find(received.method, received.path)
        except MethodNotAllowed as error:
            allowed = ", ".join(error.allowed)
            message = f"{received.method} is not possible here, only {allowed}."
            raise ApiError(405, message, headers={"Allow": allowed}) from None
        except LookupError:
            raise NotFound(NO_ENDPOINT) from None

    @cached_property
    def _description(self) -> tuple[bytes, str]:
        """The description of the API and its tag; compiled when first asked for."""
        content = dump(catalog.description(self._platform.settings.resources, marks_nulls=True))
        return content, f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'

    def _describe(self, received: Received) -> Reply:
        """Serve the description, or nothing to a client that has it."""
        content, tag = self._description
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = {_opaque(each) for each in received.headers.get("if-none-match", "").split(",")}
        if _opaque(tag) in known or "*" in known:
            return Reply(304, b"", headers)
        return Reply(200, content, {"Content-Type": "application/json; charset=utf-8", **headers})


class _Writing(AbstractContextManager[Connection]):
    """A write transaction that tells when it is committed, before any callback runs."""

    def __init__(self, transaction: AbstractContextManager[Connection], tell: Callable[[], object]) -> None:
        self._transaction = transaction
        self._tell = tell

    def __enter__(self) -> Connection:
        connection = self._transaction.__enter__()
        after_commit(connection, self._tell)
        return connection

    def __exit__(self, *error: Any) -> bool | None:
        return self._transaction.__exit__(*error)


def _reply(operation: catalog.CatalogOperation, result: Result) -> Reply:
    """Give a handler's result the form the catalogue says."""
    headers: dict[str, str] = {}
    if isinstance(result, Page):
        headers = result.headers()
        result = list(result.items)
    if operation.returns is None and isinstance(result, str):  # an operation without a shape writes events
        return Reply(operation.success_status, result.encode(), {"Content-Type": _EVENTS, **headers})
    if operation.success_status == 204 or (operation.returns is None and result is None):
        return Reply(operation.success_status, b"", headers)
    return Reply.of_json(operation.success_status, shape(result, operation.returns), headers)


def _opaque(tag: str) -> str:
    """Strip what says that a tag is weak: reading compares tags without it (RFC 9110, 8.8.3.2)."""
    return tag.strip().removeprefix("W/")


def _accepts_gzip(accepted: str) -> bool:
    """Tell whether an ``Accept-Encoding`` header allows gzip."""
    for each in accepted.lower().split(","):
        name, _, parameters = each.strip().partition(";")
        if name.strip() in ("gzip", "*"):
            weight = parameters.strip().removeprefix("q=").strip()
            return weight not in ("0", "0.0", "0.00", "0.000")
    return False

"""The gateway's sockets and threads: connections are let in by a password, each has a thread of its own."""

from __future__ import annotations

import hmac
import logging
import socket
import struct
import threading
from contextlib import suppress
from typing import BinaryIO

from civis.local.gateway import protocol
from civis.local.gateway.statements import Plan, plan
from civis.local.warehouse import Database, Interruption, Result, WarehouseError

__all__ = ["Gateway"]

_LOGGER = logging.getLogger(__name__)

#: What drivers want to know before they send anything; the version is Redshift's.
_SETTINGS = {
    "server_version": "8.0.2",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
}
_SYNTAX, _WRONG_PASSWORD, _UNKNOWN, _FAILED = "42601", "28P01", "0A000", "25P02"
_INTERNAL = "XX000"


class Gateway:
    """Serves one database on a port of 127.0.0.1 as long as a block goes on.

    Parameters
    ----------
    database : Database
    user : str
        Who all statements are run for.
    password : str
        What lets a connection in, whatever user name it gives.
    scratch : str, default "gateway_temporary"
        The schema of temporary tables; made when the first is, dropped at the end.

    Attributes
    ----------
    port : int
    """

    def __init__(
        self, database: Database, *, user: str, password: str, scratch: str = "gateway_temporary"
    ) -> None:
        self._database, self._user, self._password, self._scratch = database, user, password, scratch
        self._interruption = Interruption()
        self._lock = threading.Lock()
        self._has_scratch = False
        self._accepting: threading.Thread | None = None
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Gateway:
        self._accepting = self._start(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        self.interrupt()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._accepting is not None:  # from then on there are no more connections than those noted
            self._accepting.join()
        with self._lock:
            threads, opened = list(self._threads), list(self._open)
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        if self._has_scratch:
            with suppress(WarehouseError):  # nothing depends on it
                self._database.execute(f'drop schema if exists "{self._scratch}" cascade', user=self._user)

    def interrupt(self) -> None:
        """End what is running; nothing more is run."""
        self._interruption.interrupt()

    def _start(self, work: object, *arguments: object) -> threading.Thread:
        """Start a thread."""
        thread = threading.Thread(target=work, args=arguments, name="civis-platform-gateway", daemon=True)  # type: ignore[arg-type]
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive() or each.ident is None]
            self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        """Let connections in until the listener is closed."""
        while not self._interruption.is_interrupted:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        """Answer one connection to its end."""
        try:
            with connection, connection.makefile("rb") as stream, connection.makefile("wb") as answer:
                if self._let_in(stream, answer):
                    _Conversation(self, stream, answer).go_on()
        except (EOFError, OSError, ValueError, protocol.ProtocolError):
            return  # the other side went away, or speaks another language
        finally:
            with self._lock:
                self._open.discard(connection)

    def _let_in(self, stream: BinaryIO, answer: BinaryIO) -> bool:
        """Ask for the password; tell whether it was the right one."""
        code, _ = protocol.read_startup(stream, answer)
        if code == protocol.CANCEL:
            return False
        _send(answer, protocol.message(b"R", struct.pack("!i", 3)))  # in plain text: it stays on this machine
        kind, content = protocol.read_message(stream, longest=protocol.LONGEST_OF_STRANGERS)
        given = content.rstrip(b"\0")
        if kind != b"p" or not hmac.compare_digest(given, self._password.encode()):
            _send(answer, protocol.error(_WRONG_PASSWORD, "password authentication failed"))
            return False
        _send(answer, protocol.greeting(_SETTINGS) + protocol.ready(b"I"))
        return True

    def run(self, planned: Plan) -> Result:
        """Have the warehouse run a statement."""
        assert planned.sql is not None
        if planned.needs_scratch:
            with self._lock:
                if not self._has_scratch:
                    self._execute(f'create schema if not exists "{self._scratch}"')
                self._has_scratch = True
        path = f'set search_path to public, "{self._scratch}";\n' if self._has_scratch else ""
        return self._execute(path + planned.sql)

    def plan(self, text: str) -> Plan:
        """Tell what becomes of a message's text."""
        return plan(text, self._scratch)

    def _execute(self, sql: str) -> Result:
        """Run SQL for the gateway's user."""
        return self._database.execute(sql, user=self._user, interruption=self._interruption)


class _Conversation:
    """One connection's queries and answers."""

    def __init__(self, gateway: Gateway, stream: BinaryIO, answer: BinaryIO) -> None:
        self._gateway, self._stream, self._answer = gateway, stream, answer
        self._state = b"I"

    def go_on(self) -> None:
        """Answer until the other side says good-bye or goes."""
        while True:
            kind, content = protocol.read_message(self._stream)
            if kind == b"X":
                return
            if kind == b"Q":
                found = self._reply(content.rstrip(b"\0").decode())
            else:
                found = protocol.error(_UNKNOWN, "only simple queries are answered here")
                self._fail()
            _send(self._answer, found + protocol.ready(self._state))

    def _reply(self, text: str) -> bytes:
        """Do what a query says and write the answer."""
        planned = self._gateway.plan(text)
        if planned.transaction:
            self._state = b"T" if planned.transaction == "begin" else b"I"
            return protocol.command_complete(planned.tag)
        if self._state == b"E":
            return protocol.error(_FAILED, "the transaction has failed; end it with ROLLBACK")
        if planned.sql is None:
            known = protocol.row_description(planned.columns) if planned.columns else b""
            return known + protocol.command_complete(f"{planned.tag} 0" if planned.columns else planned.tag)
        try:
            return _result(self._gateway.run(planned), planned.tag)
        except WarehouseError as error:
            self._fail()
            return protocol.error(_SYNTAX, str(error))
        except Exception as error:  # the connection goes on, as with any server
            _LOGGER.exception("A statement of a gateway ended with an unexpected error")
            self._fail()
            return protocol.error(_INTERNAL, f"unexpected error: {type(error).__name__}: {error}")

    def _fail(self) -> None:
        """Note that a statement failed: until its end, a transaction takes no more."""
        if self._state == b"T":
            self._state = b"E"


def _result(result: Result, tag: str) -> bytes:
    """Write what a statement gave."""
    if result.returns_rows:
        head = protocol.row_description(result.columns)
        return (
            head
            + protocol.rows_of(result.text_rows())
            + protocol.command_complete(f"SELECT {len(result.rows)}")
        )
    if result.rows_affected is None:
        return protocol.command_complete(tag)
    return protocol.command_complete(
        f"INSERT 0 {result.rows_affected}" if tag == "INSERT" else f"{tag} {result.rows_affected}"
    )


def _send(answer: BinaryIO, found: bytes) -> None:
    """Send bytes at once."""
    answer.write(found)
    answer.flush()

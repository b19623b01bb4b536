"""PostgreSQL's protocol, version 3, as far as simple queries need it: bytes of messages; no sockets."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from civis.local.warehouse import Column

__all__ = [
    "CANCEL",
    "LONGEST_OF_STRANGERS",
    "STARTUP",
    "ProtocolError",
    "command_complete",
    "error",
    "greeting",
    "message",
    "read_message",
    "read_startup",
    "ready",
    "row_description",
    "rows_of",
]

STARTUP, CANCEL, _TLS, _GSS = 196_608, 80_877_102, 80_877_103, 80_877_104
_LONGEST = 64 * 1024 * 1024  # bytes of a message
LONGEST_OF_STRANGERS = 10_000
"""So many bytes are read in one message of who has not given the password yet; PostgreSQL's own limit."""

#: By the first word of a type in Redshift's words: PostgreSQL's number for it, and its size (-1: it varies).
_TYPES = {
    "boolean": (16, 1),
    "bigint": (20, 8),
    "smallint": (21, 2),
    "integer": (23, 4),
    "real": (700, 4),
    "double": (701, 8),
    "date": (1082, 4),
    "numeric": (1700, -1),
}
_TIMES = {
    "timestamp without time zone": (1114, 8),
    "timestamp with time zone": (1184, 8),
    "time without time zone": (1083, 8),
}
_VARCHAR = (1043, -1)


class ProtocolError(Exception):
    """The other side does not speak the protocol."""


def read_startup(stream: BinaryIO, answer: BinaryIO) -> tuple[int, dict[str, str]]:
    """Read how a connection begins; refuse encryption, which a connection of one machine does not need.

    Returns
    -------
    tuple of int and dict
        ``STARTUP`` with the parameters, such as ``user`` and ``database``, or ``CANCEL``.

    Raises
    ------
    ProtocolError
        If it is something else.
    """
    while True:
        size, code = struct.unpack("!ii", _exactly(stream, 8))
        if code not in (_TLS, _GSS):
            break
        answer.write(b"N")
        answer.flush()
    if code not in (STARTUP, CANCEL) or not 8 <= size <= LONGEST_OF_STRANGERS:
        raise ProtocolError(f"version {code} of the protocol is not known")
    texts = [part.decode() for part in _exactly(stream, size - 8).split(b"\0")]
    return code, {} if code == CANCEL else dict(zip(texts[::2], texts[1::2], strict=False))


def read_message(stream: BinaryIO, longest: int = _LONGEST) -> tuple[bytes, bytes]:
    """Read a message: its type, a letter, and its content.

    Parameters
    ----------
    stream : file
    longest : int
        The most bytes that it may have.

    Raises
    ------
    EOFError
        If the other side has gone.
    ProtocolError
        If it is too long.
    """
    kind = _exactly(stream, 1)
    (size,) = struct.unpack("!i", _exactly(stream, 4))
    if not 4 <= size <= longest:
        raise ProtocolError(f"a message of {size} bytes is too long")
    return kind, _exactly(stream, size - 4)


def message(kind: bytes, content: bytes = b"") -> bytes:
    """Write a message."""
    return kind + struct.pack("!i", len(content) + 4) + content


def greeting(settings: Mapping[str, str]) -> bytes:
    """Write what follows the right password: all is well, the settings, and a number for the connection."""
    told = b"".join(message(b"S", f"{name}\0{value}\0".encode()) for name, value in settings.items())
    return message(b"R", struct.pack("!i", 0)) + told + message(b"K", struct.pack("!ii", 0, 0))


def ready(state: bytes) -> bytes:
    """Write that the next query may come, in which state of the transaction: ``I``, ``T`` or ``E``."""
    return message(b"Z", state)


def error(code: str, text: str) -> bytes:
    """Write an error, with its SQLSTATE."""
    return message(b"E", f"SERROR\0VERROR\0C{code}\0M{text}\0\0".encode())


def command_complete(tag: str) -> bytes:
    """Write what a statement has done, such as ``INSERT 0 3``."""
    return message(b"C", f"{tag}\0".encode())


def row_description(columns: Sequence[Column]) -> bytes:
    """Write the names and types of a result's columns."""
    found = [struct.pack("!h", len(columns))]
    for column in columns:
        number, size = _TIMES.get(column.sql_type) or _TYPES.get(_first_word(column.sql_type), _VARCHAR)
        found.append(column.name.encode() + b"\0" + struct.pack("!ihihih", 0, 0, number, size, -1, 0))
    return message(b"T", b"".join(found))


def rows_of(rows: Sequence[Sequence[str | None]]) -> bytes:
    """Write rows, each value as text."""
    return b"".join(message(b"D", _row(row)) for row in rows)


def _row(row: Sequence[str | None]) -> bytes:
    """Write the content of one row."""
    found = [struct.pack("!h", len(row))]
    for value in row:
        if value is None:
            found.append(struct.pack("!i", -1))
        else:
            encoded = value.encode()
            found.append(struct.pack("!i", len(encoded)) + encoded)
    return b"".join(found)


def _first_word(sql_type: str) -> str:
    """Give the first word of a type: ``numeric`` of ``numeric(10,2)``."""
    return sql_type.partition("(")[0].split(" ")[0]


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """Read so many bytes."""
    found = stream.read(size) if size else b""
    if found is None or len(found) < size:
        raise EOFError
    return found

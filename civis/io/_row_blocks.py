"""A stream of CSV as blocks that end where a row ends, so that each can be parsed by itself.

It knows quotes and line ends, nothing of columns and types.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["BLOCK_SIZE", "first_row", "row_blocks"]

#: Bytes of a block, as a rule: large enough for a parser to get going, small enough to hold several.
BLOCK_SIZE = 2 << 20


def row_blocks(stream: BinaryIO, encoding: str | None = None, size: int = BLOCK_SIZE) -> Iterator[bytes]:
    r"""Yield blocks of whole rows, as UTF-8.

    A line end inside quotes is part of a value. Quotes within quotes are doubled, so they come in pairs.

    Parameters
    ----------
    stream : binary file
    encoding : str, optional
        What the stream is written in; by default UTF-8.
    size : int, optional
        Bytes to read at a time. A row that is longer makes a longer block.

    Examples
    --------
    >>> list(row_blocks(io.BytesIO(b'a\n"b\nc"\nd'), size=5))
    [b'a\n', b'"b\nc"\n', b'd']
    """
    held: list[bytes] = []
    quotes = 0
    for piece in _pieces(stream, encoding, size):
        end = _last_row_end(piece, quotes)
        if end:
            yield b"".join([*held, piece[:end]])
            held, quotes = [], 0
        held.append(piece[end:])
        quotes += piece.count(b'"', end)
    rest = b"".join(held)
    if rest:
        yield rest


def first_row(block: bytes, delimiter: str = ",") -> tuple[list[str], int]:
    r"""Read the first row of a block, and say how many bytes it has with its line end.

    Examples
    --------
    >>> first_row(b'a,"b"\n1,2\n')
    (['a', 'b'], 6)
    """
    end = block.find(b"\n") + 1
    while end and block.count(b'"', 0, end) % 2:
        end = block.find(b"\n", end) + 1
    end = end or len(block)
    return next(csv.reader(io.StringIO(block[:end].decode(), newline=""), delimiter=delimiter), []), end


def _pieces(stream: BinaryIO, encoding: str | None, size: int) -> Iterator[bytes]:
    """Yield what a stream holds, as UTF-8."""
    if encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii"):
        while piece := stream.read(size):
            yield piece
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    while piece := stream.read(size):
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _last_row_end(piece: bytes, quotes_before: int) -> int:
    """Find the last line end that is outside quotes; 0 where there is none."""
    quotes = quotes_before + piece.count(b'"')
    end = len(piece)
    while (found := piece.rfind(b"\n", 0, end)) >= 0:
        quotes -= piece.count(b'"', found, end)
        if quotes % 2 == 0:
            return found + 1
        end = found
    return 0

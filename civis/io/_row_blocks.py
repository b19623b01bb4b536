"""A stream of CSV as blocks that end where a row ends, so that each can be parsed by itself.

It knows quotes and line ends, nothing of columns and types.
"""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO

__all__ = ["BLOCK_SIZE", "first_row", "joined", "row_blocks", "row_pieces", "utf8_pieces"]

#: Bytes of a block, as a rule: large enough for a parser to get going, small enough to hold several.
BLOCK_SIZE = 2 << 20
_QUOTE = ord('"')


def row_blocks(stream: BinaryIO, encoding: str | None = None, size: int = BLOCK_SIZE) -> Iterator[bytes]:
    r"""Yield blocks of whole rows, as UTF-8.

    A line end inside quotes is part of a value. Quotes within quotes are doubled, so they come in pairs.

    Parameters
    ----------
    stream : binary file
    encoding : str, optional
        What the stream is written in; by default UTF-8.
    size : int, optional
        Bytes in a block, about. A row that is longer makes a longer block.

    Examples
    --------
    >>> list(row_blocks(io.BytesIO(b'a\n"b\nc"\nd'), size=5))
    [b'a\n', b'"b\nc"\n', b'd']
    """
    for pieces in row_pieces(stream, encoding, size):
        yield b"".join(pieces)


def row_pieces(
    stream: BinaryIO, encoding: str | None = None, size: int = BLOCK_SIZE
) -> Iterator[list[bytes | memoryview]]:
    """Yield blocks of whole rows as `row_blocks` does, each as the pieces that make it, none of it copied."""
    held: list[bytes | memoryview] = []
    length = quotes = 0
    for piece in utf8_pieces(stream, encoding, size):
        found = _count_quotes(piece)
        length += len(piece)
        end = _last_row_end(piece, quotes + found) if length >= size else 0
        if end:
            yield [*held, memoryview(piece)[:end]]
            rest = memoryview(piece)[end:]
            held, length = [rest], len(rest)
            # Where a row ends, quotes are in pairs; those that follow belong to the next block.
            quotes = piece.count(b'"', end)
        else:
            held.append(piece)
            quotes += found
    if length:
        yield held


def joined(pieces: Sequence[bytes | memoryview]) -> bytes | memoryview:
    """Give the pieces as one; by NumPy where it is loaded, since Python stops all threads meanwhile."""
    numpy = sys.modules.get("numpy")
    if numpy is None or len(pieces) < 2:
        return b"".join(pieces)
    return memoryview(numpy.concatenate([numpy.frombuffer(piece, numpy.uint8) for piece in pieces]))


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


def utf8_pieces(stream: BinaryIO, encoding: str | None, size: int = BLOCK_SIZE) -> Iterator[bytes]:
    """Yield what a stream holds, as UTF-8."""
    read = _as_they_come(stream, size)
    if encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii"):
        yield from read
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in read:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


def _as_they_come(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the blocks that a download gives, which copies none, or pieces read from any other stream."""
    blocks: Callable[[], Iterator[bytes]] | None = getattr(stream, "blocks", None)
    return iter(partial(stream.read, size), b"") if blocks is None else blocks()


def _count_quotes(piece: bytes) -> int:
    """Count quotes; NumPy, where it is loaded, takes a third of the time and lets other threads run."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not piece:
        return piece.count(b'"')
    return int(numpy.count_nonzero(numpy.frombuffer(piece, numpy.uint8) == _QUOTE))


def _last_row_end(piece: bytes, quotes: int) -> int:
    """Find the last line end that is outside quotes, of which there are so many; 0 where there is none."""
    end = len(piece)
    while (found := piece.rfind(b"\n", 0, end)) >= 0:
        quotes -= piece.count(b'"', found, end)
        if quotes % 2 == 0:
            return found + 1
        end = found
    return 0

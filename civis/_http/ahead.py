"""Blocks made in a thread while those before them are used: inflating goes on while a parser parses."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator

__all__ = ["Ahead"]

#: Blocks that are made before they are asked for: of half a megabyte each.
MOST_BLOCKS = 8


class Ahead:
    r"""Runs a generator of blocks in a thread, a few blocks ahead of who reads them.

    Parameters
    ----------
    blocks : generator of bytes
        What is run; from now on only the thread uses it.
    interrupt : callable
        Makes the generator end soon where it waits for something; called when reading stops early.

    Examples
    --------
    >>> ahead = Ahead((bytes([number]) for number in range(3)), lambda: None)
    >>> b"".join(iter(ahead.take, None))
    b'\x00\x01\x02'
    """

    def __init__(self, blocks: Generator[bytes, None, None], interrupt: Callable[[], object]) -> None:
        self._blocks = blocks
        self._interrupt = interrupt
        self._stop = threading.Event()
        self._made: queue.Queue[bytes | BaseException | None] = queue.Queue(MOST_BLOCKS)
        # A daemon, since an interpreter that ends must not wait for a socket.
        self._thread = threading.Thread(target=self._run, name="civis-download-ahead", daemon=True)
        self._thread.start()

    def take(self) -> bytes | None:
        """Give the next block, None at the end; raise what the generator raised."""
        if self._stop.is_set():
            return None
        block = self._made.get()
        if isinstance(block, bytes):
            return block
        self._stop.set()
        self._thread.join()
        if block is None:
            return None
        try:
            raise block
        finally:
            del block  # the error's traceback holds this frame

    def close(self) -> None:
        """End the thread."""
        if not self._stop.is_set():
            self._stop.set()
            self._interrupt()
            with contextlib.suppress(queue.Empty):
                while True:
                    self._made.get_nowait()
        self._thread.join(2)

    def _run(self) -> None:
        """Make blocks until the end, an error, or nobody wants them."""
        last: BaseException | None = None
        try:
            for block in self._blocks:
                self._hand_over(block)
                if self._stop.is_set():
                    break
        except BaseException as error:  # it is raised where the block is taken
            last = error
        self._blocks.close()
        self._hand_over(last)

    def _hand_over(self, block: bytes | BaseException | None) -> None:
        """Wait for room, unless nobody reads any more."""
        while not self._stop.is_set():
            try:
                self._made.put(block, timeout=0.5)
            except queue.Full:
                continue
            return

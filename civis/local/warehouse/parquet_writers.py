"""Parquet files written several at once, while further rows come; what waits in memory has a limit.

It knows batches and places for bytes; nothing of queries. Compressing rows and having the disk take them are
most of an export's time, and neither holds Python's lock.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from civis.local.deferral import Deferred

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet
else:
    # Imported when first used: 200 ms of a start that most programs never need.
    pyarrow = Deferred("pyarrow", "pyarrow.parquet")

__all__ = ["ParquetWriters", "Written"]

_MOST_BYTES = 32 << 20  # of batches that wait; one larger than that waits alone
_MOST_WRITERS = 3
_SAMPLE_ROWS = 16_384
_WORTHWHILE = 0.75  # of the bytes; to undo a compression that gains less takes five times as long as to read
_THREAD_NAME = "civis-warehouse-parquet"


@dataclass(frozen=True)
class Written:
    """A file that is complete.

    Parameters
    ----------
    size : int
        Its bytes.
    rows : int
    """

    size: int
    rows: int


class _GivenUp(Exception):  # noqa: N818 - not an error of its own: it ends the writers of an export that failed
    """Nobody wants the file any more."""


class ParquetWriters:
    """Writes the files of one export; leaving it with an exception has each of them end with one.

    Parameters
    ----------
    target : callable
        Gives a writer for each file, by its number, which is then entered and left in another thread.
    schema : pyarrow.Schema
    """

    def __init__(self, target: Callable[[int], AbstractContextManager[BinaryIO]], schema: Any) -> None:
        self._target = target
        self._schema = schema
        self._changed = threading.Condition()
        self._waiting_bytes = 0
        self._is_failed = False
        self._queues: list[queue.SimpleQueue[Any]] = []
        self._files: list[Future[Written]] = []
        workers = min(_MOST_WRITERS, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=_THREAD_NAME)

    def __enter__(self) -> ParquetWriters:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._queues:  # one that is complete has ended, or looks no further
            each.put(_GivenUp())
        self._pool.shutdown()

    def begin(self) -> None:
        """Begin the next file; the one before is complete."""
        self._end()
        batches: queue.SimpleQueue[Any] = queue.SimpleQueue()
        target = self._target(len(self._queues))
        self._queues.append(batches)
        self._files.append(self._pool.submit(self._write, target, batches))

    def add(self, batch: Any) -> None:
        """Put a batch into the file, once there is room for it in memory; raises what a writer raised."""
        size = batch.nbytes
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_failed or not self._waiting_bytes or self._waiting_bytes + size <= _MOST_BYTES
                )
            )
            self._waiting_bytes += size
            is_failed = self._is_failed
        if is_failed:
            self._raise()
        self._queues[-1].put(batch)

    def finish(self) -> list[Written]:
        """Wait until all files are complete, and give them in their order."""
        self._end()
        return [each.result() for each in self._files]

    def _end(self) -> None:
        """Have the last file end."""
        if self._queues:
            self._queues[-1].put(None)

    def _raise(self) -> None:
        """Raise what the first writer that failed raised."""
        for each in self._files:
            if each.done() and each.exception() is not None:
                each.result()

    def _write(self, target: AbstractContextManager[BinaryIO], batches: queue.SimpleQueue[Any]) -> Written:
        """Write one file: the life of a task."""
        try:
            return self._write_file(target, batches)
        except BaseException:
            with self._changed:
                self._is_failed = True
                self._changed.notify_all()
            raise

    def _write_file(
        self, target: AbstractContextManager[BinaryIO], batches: queue.SimpleQueue[Any]
    ) -> Written:
        """Write one file, batch by batch."""
        rows, batch = 0, batches.get()
        with target as opened:
            raw = _Counted(opened)
            with pyarrow.parquet.ParquetWriter(
                pyarrow.PythonFile(raw, "w"),
                self._schema,
                compression=_compressions(self._schema, batch),
                # Numbers hardly repeat; to look for it takes as long as to write them.
                use_dictionary=[each.name for each in self._schema if each.type == pyarrow.string()],
            ) as writer:
                while batch is not None:
                    if isinstance(batch, _GivenUp):
                        raise batch
                    writer.write_batch(batch)
                    rows += batch.num_rows
                    self._release(batch.nbytes)
                    batch = batches.get()
        return Written(raw.size, rows)

    def _release(self, size: int) -> None:
        """Make room for further batches."""
        with self._changed:
            self._waiting_bytes -= size
            self._changed.notify_all()


def _compressions(schema: Any, batch: Any) -> dict[str, str]:
    """Choose each column's compression by a file's first batch: none for numbers that hardly shrink."""
    found = {each.name: "snappy" for each in schema}
    if not isinstance(batch, pyarrow.RecordBatch):  # a file without rows, or one that nobody wants any more
        return found
    codec = pyarrow.Codec("snappy")
    for field, column in zip(schema, batch.slice(0, _SAMPLE_ROWS).columns, strict=True):
        if not (pyarrow.types.is_floating(field.type) or pyarrow.types.is_integer(field.type)):
            continue
        width = field.type.bit_width // 8
        values = column.buffers()[1]
        if values is None:  # there may be none where nothing is known
            continue
        sample = values.slice(column.offset * width, len(column) * width)
        if codec.compress(sample).size > _WORTHWHILE * sample.size:
            found[field.name] = "none"
    return found


class _Counted:
    """A writer that counts, as Arrow's files need it."""

    closed = False

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.size = 0

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def readable(self) -> bool:
        """Tell that it cannot be read."""
        return False

    def seekable(self) -> bool:
        """Tell that it only goes on."""
        return False

    def write(self, data: Any) -> int:
        """Write all of the bytes."""
        view = memoryview(data)
        self._raw.write(view)
        self.size += len(view)
        return len(view)

    def tell(self) -> int:
        """Tell how many bytes were written."""
        return self.size

    def flush(self) -> None:
        """Hand on what the writer holds back."""
        self._raw.flush()

    def close(self) -> None:
        """Leave the real file to its context."""

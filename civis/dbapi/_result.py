"""What a statement gave: its columns, and its rows while they come, as tuples or in Arrow's form."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from civis.dbapi._exceptions import InterfaceError, translated
from civis.dbapi._values import column_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BATCH_ROWS", "Result"]

#: Rows of each batch but the last.
BATCH_ROWS: Final = 10_000


class Result:
    """The rows of one statement.

    Parameters
    ----------
    first : pyarrow.RecordBatch
        The first of them, which tells the columns.
    others : generator of pyarrow.RecordBatch
        What follows; closed with this.

    Attributes
    ----------
    count : int
        How many rows there were once all were given; -1 before.
    """

    def __init__(self, first: pa.RecordBatch, others: Generator[pa.RecordBatch, None, None]) -> None:
        self.schema: pa.Schema = first.schema
        self.columns = tuple(column_of(field) for field in first.schema)
        self.count = -1
        self._others = others
        self._batches: Iterator[pa.RecordBatch] = chain([first], others)
        self._rows = self._all_rows()
        self._is_begun = False
        if len(first) < BATCH_ROWS:  # there is no more: threads and connections end now, whatever is fetched
            others.close()

    def take(self, size: int | None) -> list[tuple[Any, ...]]:
        """Give the next rows, or all that are left."""
        self._is_begun = True
        with translated():
            return list(self._rows if size is None else islice(self._rows, size))

    def as_table(self) -> pa.Table:
        """Give all rows in Arrow's form, if none was given yet."""
        import pyarrow as pa  # noqa: PLC0415 - optional library, which is there once there is a result

        if self._is_begun:
            raise InterfaceError("rows of this result were fetched already; execute the query once more")
        self._is_begun = True
        with translated():
            table = pa.Table.from_batches(list(self._batches), self.schema)
        self.count = len(table)
        return table

    def drop_rows(self) -> None:
        """Keep the columns, and be a result without rows."""
        self.close()
        self._batches, self.count = iter(()), 0

    def close(self) -> None:
        """End the download."""
        self._others.close()

    def _all_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield rows, and count them; a batch's values become Python's only when its turn comes."""
        count = 0
        for batch in self._batches:
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
            count += len(batch)
        self.count = count

"""The rows of a query as Parquet files, in a stream: for programs that read many rows again soon.

Numbers, truth values, dates and texts keep their types; what Parquet has no plain type for is written as in
CSV. It knows nothing of scripts and transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb

from civis.local.deferral import Deferred
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.interface import Column, ExportedFile, ExportResult
from civis.local.warehouse.script import quote
from civis.local.warehouse.session import Session
from civis.local.warehouse.types import redshift_name

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet
else:
    # Imported when first used: 200 ms of a start that most programs never need.
    pyarrow = Deferred("pyarrow", "pyarrow.parquet")

__all__ = ["ParquetExporter"]

_BATCH = 65_536  # rows that are in memory at a time
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
_WRITTEN_AS_THEY_ARE = frozenset({"BOOLEAN", "FLOAT", "DOUBLE", "VARCHAR"} | _INTEGERS | _TIMES)
_WRITTEN_AS_DOUBLES = ("DECIMAL(", "HUGEINT", "UHUGEINT", "BIGNUM")


class ParquetExporter:
    """Writes one result; leaving it with an exception removes what was written.

    Parameters
    ----------
    target : callable
        Gives a writer for each file, by its number.
    max_file_size : int or None
        About the most bytes of a file, as the rows take them in memory.
    name : str
        Names begin with it.
    """

    def __init__(
        self,
        target: Callable[[int], AbstractContextManager[BinaryIO]] | Path,
        *,
        max_file_size: int | None,
        name: str,
    ) -> None:
        if isinstance(target, Path):
            raise SqlError("Parquet is written to what gives a writer for each file, not to a folder")
        self._target = target
        self._most = max_file_size
        self._name = name
        self._stack = ExitStack()
        self._files: list[ExportedFile] = []

    def __enter__(self) -> ParquetExporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, session: Session, query: str) -> ExportResult:
        """Run a query and write its rows."""
        if query.startswith("explain "):
            raise SqlError("EXPLAIN gives text, which is exported as CSV only")
        described = session.run(f"describe {query}").fetchall()
        columns = [(str(row[0]), str(row[1])) for row in described]
        fields = ", ".join(_field(number, name, kind) for number, (name, kind) in enumerate(columns))
        inner = ", ".join(f"c{number}" for number in range(len(columns)))
        session.check()
        reader = session.cursor.sql(f"select {fields} from ({query}) as q({inner})").to_arrow_reader(_BATCH)  # noqa: S608 - quoted names
        rows = self._write_batches(session, reader)
        found = tuple(Column(name.lower(), redshift_name(kind)) for name, kind in columns)
        return ExportResult(tuple(self._files), found, rows)

    def _write_batches(self, session: Session, reader: Any) -> int:
        """Write files until there are no rows left, and tell how many there were."""
        batches = _checked(session, reader)
        batch = next(batches, None)
        total = 0
        while batch is not None or not self._files:
            number, size, rows = len(self._files), 0, 0
            with ExitStack() as stack:
                self._stack = stack
                raw = _Counted(stack.enter_context(self._target(number)))
                with pyarrow.parquet.ParquetWriter(
                    pyarrow.PythonFile(raw, "w"),
                    reader.schema,
                    compression="snappy",
                    # Numbers hardly repeat; to look for it takes as long as to write them.
                    use_dictionary=[each.name for each in reader.schema if each.type == pyarrow.string()],
                ) as writer:
                    while batch is not None and (self._most is None or size < self._most):
                        writer.write_batch(batch)
                        size, rows = size + batch.nbytes, rows + batch.num_rows
                        batch = next(batches, None)
            name = f"{self._name}_{number:03d}.parquet"
            self._files.append(ExportedFile(number, name, raw.size, rows))
            total += rows
        return total


def _checked(session: Session, reader: Any) -> Iterator[Any]:
    """Give batches; what the engine says on the way comes as its own error."""
    try:
        for batch in reader:
            session.check()
            if batch.num_rows:
                yield batch
    except (OSError, pyarrow.ArrowException) as error:
        raise duckdb.Error(str(error)) from None


def _field(number: int, name: str, kind: str) -> str:
    """Write a column's expression: as a type that Parquet and its readers have."""
    value = f"c{number}"
    if kind.startswith(_WRITTEN_AS_DOUBLES):
        value = f"cast({value} as double)"
    elif kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        value = f"cast(to_json({value}) as varchar)"
    elif kind == "BLOB":
        value = f"lower(hex({value}))"
    elif kind not in _WRITTEN_AS_THEY_ARE:
        value = f"cast({value} as varchar)"
    return f"{value} as {quote(name.lower())}"


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

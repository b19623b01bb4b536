"""The rows of a query as Parquet files, in a stream: for programs that read many rows again soon.

Numbers, truth values, dates and texts keep their types; what Parquet has no plain type for is written as in
CSV. It knows nothing of scripts and transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb

from civis.local.deferral import Deferred
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.interface import Column, ExportedFile, ExportResult
from civis.local.warehouse.parquet_writers import ParquetWriters
from civis.local.warehouse.script import quote
from civis.local.warehouse.session import Session
from civis.local.warehouse.types import redshift_name

if TYPE_CHECKING:
    import pyarrow
else:
    # Imported when first used: 200 ms of a start that most programs never need.
    pyarrow = Deferred("pyarrow")

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

    def __enter__(self) -> ParquetExporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave all to the writers, which are done by now."""

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
        files = self._write_batches(session, reader)
        found = tuple(Column(name.lower(), redshift_name(kind)) for name, kind in columns)
        return ExportResult(files, found, sum(each.row_count for each in files))

    def _write_batches(self, session: Session, reader: Any) -> tuple[ExportedFile, ...]:
        """Write files until there are no rows left."""
        with ParquetWriters(self._target, reader.schema) as writers:
            writers.begin()
            size = 0
            for batch in _checked(session, reader):
                if self._most is not None and size >= self._most:
                    writers.begin()
                    size = 0
                writers.add(batch)
                size += batch.nbytes
            written = writers.finish()
        return tuple(
            ExportedFile(number, f"{self._name}_{number:03d}.parquet", each.size, each.rows)
            for number, each in enumerate(written)
        )


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

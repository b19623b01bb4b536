"""The files that predictions go to while they come: a gzipped CSV, and perhaps Parquet for a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from civis.local.civisml.deflating import GzipWriter

__all__ = ["ScoreFiles"]

_INTEGERS = frozenset({"smallint", "integer", "bigint"})


class ScoreFiles:
    """Writes predictions, batch by batch.

    Parameters
    ----------
    path : pathlib.Path
        Of the CSV.
    typed : pathlib.Path, optional
        Of the Parquet file.
    columns : sequence of str
        The key's name, then those of the scores.
    types : mapping, optional
        The database's types of the columns; with `typed`.

    Attributes
    ----------
    rows : int
        How many were written.
    """

    def __init__(
        self, path: Path, typed: Path | None, columns: Sequence[str], types: Mapping[str, str] | None = None
    ) -> None:
        self.rows = 0
        self._path, self._typed, self._columns = path, typed, list(columns)
        is_number = (types or {}).get(self._columns[0], "") in _INTEGERS
        key = pa.field(self._columns[0], pa.int64() if is_number else pa.string())
        self._schema = pa.schema([key, *(pa.field(name, pa.float64()) for name in self._columns[1:])])
        self._stack = ExitStack()
        self._csv: GzipWriter
        self._parquet: Any = None

    def __enter__(self) -> ScoreFiles:
        plain = self._stack.enter_context(self._path.open("wb"))
        self._csv = self._stack.enter_context(GzipWriter(plain))
        if self._typed is not None:
            # Scores hardly repeat, and the file is read once, at once: nothing is gained by compression.
            self._parquet = self._stack.enter_context(
                pa_parquet.ParquetWriter(
                    self._typed,
                    self._schema,
                    use_dictionary=False,
                    compression="none",
                    write_statistics=False,
                )
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self.rows:
            self._write_csv(self._schema.empty_table())
        self._stack.__exit__(kind, error, trace)

    def write(self, scores: pd.DataFrame) -> None:
        """Write rows, whose index is the key."""
        if scores.empty:
            return  # it would have names of columns of its own
        keyed = scores.rename_axis(self._columns[0]).reset_index()
        table = pa.Table.from_pandas(keyed, preserve_index=False).replace_schema_metadata()
        self._write_csv(table)
        if self._parquet is not None:
            self._parquet.write_table(table.cast(self._schema))
        self.rows += len(scores)

    def _write_csv(self, table: pa.Table) -> None:
        """Write rows as text, the columns' names before the first."""
        text = pa.BufferOutputStream()
        options = pa_csv.WriteOptions(include_header=self.rows == 0, quoting_style="needed")
        pa_csv.write_csv(table, text, options)
        self._csv.write(text.getvalue())

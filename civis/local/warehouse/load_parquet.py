"""Parquet files into a table: all of them or nothing; values that have the column's type go in as they are.

What becomes of the table is decided as for CSV; any other value goes through its text, by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import duckdb

from civis.local.deferral import Deferred
from civis.local.warehouse.casts import Cast, cast_of
from civis.local.warehouse.csv_rows import Shape
from civis.local.warehouse.errors import LoadError
from civis.local.warehouse.interface import CsvSource, LoadReport, TableLoad
from civis.local.warehouse.load import Loading, check_load
from civis.local.warehouse.rows_in import Filling, Target
from civis.local.warehouse.script import Name, quote
from civis.local.warehouse.session import Session
from civis.local.warehouse.types import MAX_VARCHAR, SqlType

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.parquet
else:
    # Imported when first used: 200 ms of a start that most programs never need.
    pyarrow = Deferred("pyarrow", "pyarrow.parquet")

__all__ = ["are_parquet", "load_parquet"]

_INPUT = "civis_parquet_in"
_MISFIT = "civis: a value does not fit the column "
#: The engine's types by Arrow's, and what a column becomes whose type nobody declares.
_TYPES = {
    "bool": ("BOOLEAN", "BOOLEAN"),
    "int32": ("INTEGER", "INTEGER"),
    "int64": ("BIGINT", "BIGINT"),
    "float": ("FLOAT", "REAL"),
    "double": ("DOUBLE", "DOUBLE PRECISION"),
    "date32[day]": ("DATE", "DATE"),
    "timestamp[us]": ("TIMESTAMP", "TIMESTAMP"),
}


def are_parquet(sources: Sequence[CsvSource]) -> bool:
    """Tell whether files are Parquet, all of them, by how they begin.

    Raises
    ------
    LoadError
        If only some of them are.
    """
    found = {source.label: _is_parquet(source) for source in sources}
    if len(set(found.values())) > 1:
        raise LoadError(f"{', '.join(found)} cannot be loaded together: some are Parquet, some are not")
    return bool(sources) and all(found.values())


def load_parquet(
    session: Session, sources: Sequence[CsvSource], table: Name, load: TableLoad, user: str
) -> LoadReport:
    """Load files into a table within the session's transaction; see :meth:`Database.load_csv`."""
    check_load(load)
    if load.max_errors:
        raise LoadError("Parquet is loaded whole: leave max_errors out")
    return _ParquetLoading(session, table, load, user, list(sources)).run()


class _ParquetLoading(Loading):
    """One load of Parquet on its way."""

    def _shape(self) -> tuple[Shape, list[str]]:
        """Read the columns; those of all files have to agree."""
        first = self._schema(self.files[0])
        for file in self.files[1:]:
            if not self._schema(file).equals(first):
                raise LoadError(f"{file.label} is not like {self.files[0].label}: its columns differ")
        return Shape("comma", True, len(first.names)), list(first.names)

    def _found_types(self, shape: Shape) -> list[str]:
        """Give the types of the columns in the database's words."""
        return [
            _TYPES.get(str(each.type), ("", f"VARCHAR({MAX_VARCHAR})"))[1]
            for each in self._schema(self.files[0])
        ]

    def _fill(self, shape: Shape, target: Target) -> Filling:
        """Put all rows of all files into the table, in their order."""
        schema = self._schema(self.files[0])
        casts = [
            _cast(f"c{number}", str(field.type), declared, nullable=nullable)
            for number, (field, (_, declared, nullable)) in enumerate(
                zip(schema, target.columns, strict=True)
            )
        ]
        names = ", ".join(quote(name) for name, _, _ in target.columns)
        values = ", ".join(
            each.value
            if each.misfit == "false"
            else f"case when {each.misfit} then error('{_MISFIT}{number}') else {each.value} end"
            for number, each in enumerate(casts)
        )
        if target.order_column is not None:
            names, values = f"{names}, {target.order_column}", f"{values}, row_number() over ()"
        self.session.cursor.register(_INPUT, self._reader(schema))
        try:
            row = self.session.run(
                f"insert into {target.place} ({names}) select {values} from {_INPUT}"  # noqa: S608 - quoted names
            ).fetchone()
        except duckdb.Error as error:
            _, found, number = str(error).partition(_MISFIT)
            if not found:
                raise
            name, declared, _ = target.columns[int(number.split()[0].rstrip('".'))]
            raise LoadError(
                f"a value of the column {name!r} does not fit its type, {declared.name}; nothing was loaded"
            ) from None
        finally:
            with suppress(duckdb.Error):  # a failed transaction does not even let go; the cursor's end does
                self.session.cursor.unregister(_INPUT)
        return Filling(int(row[0]) if row else 0)

    def _schema(self, file: Any) -> Any:
        """Read a file's columns."""
        try:
            found = pyarrow.parquet.read_schema(file.path).remove_metadata()
            found.names  # noqa: B018 - they are decoded when they are asked for
            return found
        except (pyarrow.ArrowException, UnicodeDecodeError) as error:
            raise LoadError(f"{file.label} cannot be read as Parquet: {error}") from None

    def _reader(self, schema: Any) -> Any:
        """Give the rows of all files as one stream, with columns named ``c0``, ``c1`` and so on."""
        plain = pyarrow.schema([(f"c{number}", field.type) for number, field in enumerate(schema)])

        def batches() -> Iterator[Any]:
            for file in self.files:
                with pyarrow.parquet.ParquetFile(file.path) as source:
                    for batch in source.iter_batches():
                        yield pyarrow.RecordBatch.from_arrays(batch.columns, schema=plain)

        return pyarrow.RecordBatchReader.from_batches(plain, batches())


def _is_parquet(source: CsvSource) -> bool:
    """Tell whether a file is Parquet."""
    try:
        with source.path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except FileNotFoundError:  # told by whoever reads it
        return False


def _cast(column: str, arrow: str, declared: SqlType, *, nullable: bool) -> Cast:
    """Give the expressions for a column: as it is where its type is the column's, else by way of text."""
    if _TYPES.get(arrow, ("",))[0] == declared.engine:
        return Cast(column, "false" if nullable else f"{column} is null", "''")
    return cast_of(f"cast({column} as varchar)", declared, nullable=nullable)

"""The values that go into and come out of the warehouse, and what an engine has to offer.

Nothing here knows DuckDB, HTTP or users' accounts: another engine can stand behind :class:`Database`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

from civis.local.warehouse.errors import RejectedRow
from civis.local.warehouse.values import value_text

__all__ = [
    "Column",
    "ColumnInfo",
    "Compression",
    "CsvColumn",
    "CsvFormat",
    "CsvInfo",
    "CsvSource",
    "Database",
    "Delimiter",
    "ExistingTableRows",
    "ExportResult",
    "ExportTarget",
    "ExportedFile",
    "Interruption",
    "LoadReport",
    "ParquetFormat",
    "Privilege",
    "Result",
    "TableAttributes",
    "TableInfo",
    "TableLoad",
]

Delimiter = Literal["comma", "tab", "pipe"]
Compression = Literal["none", "gzip", "zip"]
ExistingTableRows = Literal["fail", "truncate", "append", "drop", "upsert"]
ExportTarget = Path | Callable[[int], AbstractContextManager[BinaryIO]]
"""Where an export goes: a folder, or a function from a file's number (0, 1, …) to a context that gives a
binary writer; the context is left with an exception when the export fails, and must then keep nothing."""


@dataclass(frozen=True)
class Column:
    """A column of a result: its name (lower case) and its type in Redshift's words, such as ``"integer"``."""

    name: str
    sql_type: str


@dataclass(frozen=True)
class Result:
    """What a call of :meth:`Database.execute` gave.

    Parameters
    ----------
    columns : tuple of Column
        Of the last statement that returns rows; empty if none does.
    rows : tuple of tuple
        Python values (``int``, ``str``, ``Decimal``, ``datetime``, None, …), `preview_rows` at most.
    is_complete : bool
        Whether `rows` holds all rows.
    statements : int
        How many statements ran.
    rows_affected : int or None
        Of the last statement that inserted, updated or deleted; None if there was none.
    """

    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    is_complete: bool = True
    statements: int = 0
    rows_affected: int | None = None

    @property
    def returns_rows(self) -> bool:
        """Whether any statement was one that returns rows (there may still be none)."""
        return bool(self.columns)

    def text_rows(self) -> list[list[str | None]]:
        """Give the rows as an export would write them, e.g. ``True`` as ``"t"``; None stays None."""
        return [[value_text(value) for value in row] for row in self.rows]


@dataclass(frozen=True)
class CsvFormat:
    """How an export is written.

    Parameters
    ----------
    include_header : bool, default True
    delimiter : {"comma", "tab", "pipe"}, default "comma"
        The character itself is accepted too.
    compression : {"none", "gzip", "zip"}, default "none"
    unquoted : bool, default False
        By default every text value stands in quotes, so that ``""`` and NULL stay apart. With True a value is
        quoted only where it would otherwise break the file (it holds the delimiter, a quote or a line break).
    """

    include_header: bool = True
    delimiter: str = "comma"
    compression: str = "none"
    unquoted: bool = False


@dataclass(frozen=True)
class ParquetFormat:
    """That an export is written as Parquet, which keeps the columns' types."""


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export.

    Parameters
    ----------
    number : int
        From 0.
    name : str
        Name within the folder, or the name it would have there (``results_000.csv.gz``).
    size : int
        Bytes as written (compressed).
    row_count : int
    """

    number: int
    name: str
    size: int
    row_count: int


@dataclass(frozen=True)
class ExportResult:
    """What an export wrote.

    `columns` is empty and `files` too if no statement returns rows; a query that returned no row has columns,
    one file (its header, if wanted) and ``row_count == 0``.
    """

    files: tuple[ExportedFile, ...]
    columns: tuple[Column, ...]
    row_count: int

    @property
    def returns_rows(self) -> bool:
        """Whether any statement was one that returns rows (there may still be none)."""
        return bool(self.columns)


@dataclass(frozen=True)
class CsvColumn:
    """A column found in, or declared for, a CSV file; `sql_type` may be None where a table gives it."""

    name: str
    sql_type: str | None = None


@dataclass(frozen=True)
class CsvInfo:
    """What was found out about a CSV file; the four first fields are the platform's ``detectedInfo``.

    Parameters
    ----------
    include_header : bool
        Whether the first row holds names.
    delimiter : {"comma", "tab", "pipe"}
    compression : {"none", "gzip", "zip"}
    columns : tuple of CsvColumn
        Unique, legal names; types into which every value fits without loss. Empty if it was not asked for.
    encoding : str
        The character set of the source, as Python names it.
    row_count : int
        Rows without the header; 0 if `columns` was not asked for.
    """

    include_header: bool
    delimiter: Delimiter
    compression: Compression
    columns: tuple[CsvColumn, ...]
    encoding: str = "utf-8"
    row_count: int = 0


@dataclass(frozen=True)
class CsvSource:
    """A CSV file to load: where its bytes lie, and the name that messages give it (default: the path's)."""

    path: Path
    name: str = ""

    @property
    def label(self) -> str:
        """The name for messages."""
        return self.name or self.path.name


@dataclass(frozen=True)
class TableLoad:
    """How files become a table.

    Parameters
    ----------
    existing_table_rows : {"fail", "truncate", "append", "drop", "upsert"}, default "fail"
    columns : sequence of CsvColumn, optional
        In the order of the file. Types may be left out where the table exists. Left out altogether: the
        header's names if there is one, else the table's order; types detected if there is no table.
    first_row_is_header : bool or None, default None
        None detects.
    delimiter : {"comma", "tab", "pipe"} or None, default None
        None detects.
    compression : {"none", "gzip", "zip"} or None, default None
        None goes by the bytes.
    escaped : bool, default False
        Whether quotes are escaped by a backslash (rather than doubled).
    max_errors : int, default 0
        How many rows may be left out before the load fails.
    primary_keys, last_modified_keys : sequence of str
        Columns by which an upsert matches rows, and by which it finds the newer one.
    diststyle, distkey : str or None
    sortkeys : sequence of str
        Kept as attributes of a table that the load creates.
    loosen_types : bool, default False
        Whether a table that the load creates gets room to grow (longer VARCHAR, BIGINT, wider NUMERIC).
    """

    existing_table_rows: ExistingTableRows = "fail"
    columns: Sequence[CsvColumn] | None = None
    first_row_is_header: bool | None = None
    delimiter: str | None = None
    compression: str | None = None
    escaped: bool = False
    max_errors: int = 0
    primary_keys: Sequence[str] = ()
    last_modified_keys: Sequence[str] = ()
    diststyle: str | None = None
    distkey: str | None = None
    sortkeys: Sequence[str] = ()
    loosen_types: bool = False


@dataclass(frozen=True)
class LoadReport:
    """What a load did.

    Parameters
    ----------
    rows : int
        Rows read from the files and put into the table (of an upsert: those merged).
    rejected : tuple of RejectedRow
        Rows left out, the first 100 of them.
    rejected_count : int
    table_created : bool
    """

    rows: int
    rejected: tuple[RejectedRow, ...] = ()
    rejected_count: int = 0
    table_created: bool = False


@dataclass(frozen=True)
class TableAttributes:
    """What a table is beyond its columns; most of it means something on Redshift only, and is just kept."""

    owner: str | None = None
    description: str | None = None
    diststyle: str | None = None
    distkey: str | None = None
    sortkeys: tuple[str, ...] = ()
    primary_keys: tuple[str, ...] = ()
    encodings: Mapping[str, str] = field(default_factory=dict)
    column_descriptions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableInfo:
    """A table or view: where it is and what it is."""

    schema: str
    name: str
    is_view: bool
    owner: str | None
    column_count: int


@dataclass(frozen=True)
class ColumnInfo:
    """A column of a table: `order` counts from 1, `sql_type` is such as ``character varying(256)``."""

    name: str
    sql_type: str
    order: int
    is_nullable: bool = True
    default: str | None = None
    encoding: str | None = None
    description: str | None = None
    is_distkey: bool = False
    sortkey_order: int | None = None


@dataclass(frozen=True)
class Privilege:
    """A privilege that a GRANT gave (e.g. ``SELECT`` on table ``s.t`` to group ``analysts``)."""

    privilege: str
    object_type: str
    schema: str | None
    name: str | None
    grantee_type: Literal["user", "group", "role", "public"]
    grantee: str
    is_default: bool = False


class Interruption:
    """A way to cancel one call from another thread.

    Hand it to a call as ``interruption=``; :meth:`interrupt` then ends that call with
    :class:`~civis.local.warehouse.errors.Interrupted`, also if it has not begun yet.

    Examples
    --------
    >>> interruption = Interruption()
    >>> interruption.interrupt()
    >>> interruption.is_interrupted
    True
    """

    def __init__(self) -> None:
        self._actions: list[Callable[[], None]] = []
        self.is_interrupted = False

    def interrupt(self) -> None:
        """Cancel the call; again and afterwards it does nothing."""
        self.is_interrupted = True
        for action in list(self._actions):
            action()

    def attach(self, action: Callable[[], None]) -> None:
        """Have `action` called by :meth:`interrupt`; for engines."""
        self._actions.append(action)
        if self.is_interrupted:
            action()

    def detach(self, action: Callable[[], None]) -> None:
        """Forget `action`; for engines."""
        if action in self._actions:
            self._actions.remove(action)


class Database(Protocol):
    """One database of the warehouse. All methods may be called from several threads at once."""

    name: str

    def execute(
        self,
        sql: str,
        *,
        user: str,
        preview_rows: int | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        interruption: Interruption | None = None,
    ) -> Result:
        """Run one or more statements in Redshift's dialect, in one transaction unless they hold their own."""
        ...

    def export(
        self,
        sql: str,
        target: ExportTarget,
        csv_format: CsvFormat | ParquetFormat = CsvFormat(),
        *,
        user: str,
        max_file_size: int | None = None,
        multifile: bool = False,
        name: str = "results",
        interruption: Interruption | None = None,
    ) -> ExportResult:
        """Run statements and write the rows of the last one that returns any, as CSV or Parquet."""
        ...

    def load_csv(
        self,
        sources: Sequence[CsvSource | Path],
        schema: str,
        table: str,
        load: TableLoad = TableLoad(),
        *,
        user: str,
        interruption: Interruption | None = None,
    ) -> LoadReport:
        """Load files as one into a table; all or nothing."""
        ...

    def tables(self, schema: str | None = None) -> list[TableInfo]:
        """List tables and views, of one schema or all."""
        ...

    def schemas(self) -> list[str]:
        """List the schemas' names."""
        ...

    def columns(self, schema: str, table: str) -> list[ColumnInfo]:
        """List a table's columns in order; empty if there is no such table."""
        ...

    def table_exists(self, schema: str, table: str) -> bool:
        """Tell whether a table or view has that name."""
        ...

    def row_count(self, schema: str, table: str) -> int:
        """Count a table's rows."""
        ...

    def table_attributes(self, schema: str, table: str) -> TableAttributes:
        """Give what is kept about a table."""
        ...

    def privileges(self, schema: str | None = None, name: str | None = None) -> list[Privilege]:
        """List what was granted, on one schema or object, or at all."""
        ...

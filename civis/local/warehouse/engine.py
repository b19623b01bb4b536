"""A database of the warehouse on DuckDB: scripts run statement by statement, catalogue, export and load.

It joins the parts; each of them does one thing and has its own module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from sqlglot import exp

from civis.local.warehouse.asides import Aside, find_aside
from civis.local.warehouse.assignments import check_assignments
from civis.local.warehouse.averages import type_averages
from civis.local.warehouse.catalogue import columns_of, create_views, list_schemas, list_tables, table_kind
from civis.local.warehouse.definitions import run_definition
from civis.local.warehouse.dialect import Tree, engine_sql, parse_statement, prepare
from civis.local.warehouse.emptying import empty_database
from civis.local.warehouse.errors import Disturbed, SqlError, WarehouseError
from civis.local.warehouse.export import Exporter
from civis.local.warehouse.export_parquet import ParquetExporter
from civis.local.warehouse.interface import (
    Column,
    ColumnInfo,
    CsvFormat,
    CsvSource,
    ExportResult,
    ExportTarget,
    Interruption,
    LoadReport,
    ParquetFormat,
    Privilege,
    Result,
    TableAttributes,
    TableInfo,
    TableLoad,
)
from civis.local.warehouse.load import load_sources
from civis.local.warehouse.load_parquet import are_parquet, load_parquet
from civis.local.warehouse.memory import bound_memory
from civis.local.warehouse.notes import Notes
from civis.local.warehouse.opened import OpenedFile
from civis.local.warehouse.script import Name, Statement, lift_column_keys, quote, split_script
from civis.local.warehouse.session import Session, WriteTurn
from civis.local.warehouse.types import redshift_name

__all__ = ["DuckDatabase"]

Value = TypeVar("Value")

_LOCKS = (
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set allow_community_extensions = false",
    "set global integer_division = true",
    "set global TimeZone = 'UTC'",
    "set enable_external_access = false",
    "set lock_configuration = true",  # last: nothing can be set from here on
)
_TRANSACTION_WORDS = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"}


@dataclass(frozen=True)
class _Planned:
    """A statement of a script, understood before anything runs."""

    statement: Statement
    aside: Aside | None = None
    tree: Tree | None = None
    transaction: str = ""
    is_explain: bool = False

    @property
    def returns_rows(self) -> bool:
        """Whether it is a query."""
        return self.is_explain or (isinstance(self.tree, exp.Query) and not self.tree.args.get("into"))

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return not self.transaction and not self.returns_rows

    @property
    def commits(self) -> bool:
        """Whether it may make lasting what was done before it."""
        return bool(self.transaction) or isinstance(self.tree, exp.TruncateTable)


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a file, make what is hidden in it, and lock the engine."""
    try:
        connection = duckdb.connect(str(path), config={"python_enable_replacements": False})
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].replace(str(path), path.name)
        raise WarehouseError(
            f"the database {path.stem!r} cannot be opened; restore its file from a backup. {reason}"
        ) from None
    try:
        connection.execute("begin transaction")
        Notes(connection).prepare()
        create_views(connection)
        connection.execute("commit")
        bound_memory(connection)
        for statement in _LOCKS:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


class DuckDatabase:
    """One database: a file, opened once, worked on through a connection a call.

    Parameters
    ----------
    name : str
    path : Path
        The file; made if it is missing.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._turn = WriteTurn()
        self._file = OpenedFile(lambda: _open(path))

    def close(self) -> None:
        """Close the file; calls that run are ended by the engine."""
        self._file.close()

    def empty(self) -> None:
        """Drop all that users made, with the file left open."""
        with self._session(self._turn, None) as session, session.errors():
            empty_database(session.cursor)

    def execute(
        self,
        sql: str,
        *,
        user: str,
        preview_rows: int | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        interruption: Interruption | None = None,
    ) -> Result:
        """Run one or more statements; see :meth:`Database.execute`."""
        found: dict[str, Any] = {}

        def attempt(with_all_memory: bool) -> tuple[int, int | None]:
            found.clear()
            return self._run(sql, user, parameters, interruption, keep, with_all_memory)

        def keep(session: Session, query: str) -> None:
            cursor = session.run(query)
            wanted = None if preview_rows is None else preview_rows + 1
            rows = cursor.fetchall() if wanted is None else cursor.fetchmany(wanted)
            found["columns"] = _columns(cursor.description)
            found["is_complete"] = wanted is None or len(rows) < wanted
            found["rows"] = tuple(tuple(row) for row in (rows if wanted is None else rows[:preview_rows]))

        statements, affected = _insist(attempt)
        return Result(**found, statements=statements, rows_affected=affected)

    def export(
        self,
        sql: str,
        target: ExportTarget,
        csv_format: CsvFormat | ParquetFormat = CsvFormat(),  # noqa: B008 - frozen
        *,
        user: str,
        max_file_size: int | None = None,
        multifile: bool = False,
        name: str = "results",
        interruption: Interruption | None = None,
    ) -> ExportResult:
        """Write the rows of the last query as CSV or Parquet; see :meth:`Database.export`."""
        results: list[ExportResult] = []

        def attempt(with_all_memory: bool) -> None:
            results.clear()
            exporter: Exporter | ParquetExporter
            if isinstance(csv_format, ParquetFormat):
                exporter = ParquetExporter(target, max_file_size=max_file_size, name=name)
            else:
                exporter = Exporter(
                    target, csv_format, max_file_size=max_file_size, multifile=multifile, name=name
                )

            def write(session: Session, query: str) -> None:
                session.check()
                results.append(exporter.write(session, query))

            with exporter:
                self._run(sql, user, None, interruption, write, with_all_memory)

        _insist(attempt)
        return results[0] if results else ExportResult((), (), 0)

    def load_csv(
        self,
        sources: Sequence[CsvSource | Path],
        schema: str,
        table: str,
        load: TableLoad = TableLoad(),  # noqa: B008 - frozen
        *,
        user: str,
        interruption: Interruption | None = None,
    ) -> LoadReport:
        """Load files as one into a table; see :meth:`Database.load_csv`."""
        files = [each if isinstance(each, CsvSource) else CsvSource(each) for each in sources]
        target = Name(schema.lower(), table.lower())

        def attempt(with_all_memory: bool) -> LoadReport:
            opened = self._session(self._turn, interruption, with_all_memory=with_all_memory)
            with opened as session, session.errors():
                load_all = load_parquet if are_parquet(files) else load_sources
                return load_all(session, files, target, load, user)

        return _insist(attempt)

    def tables(self, schema: str | None = None) -> list[TableInfo]:
        """List tables and views, of one schema or all."""
        with self._reading() as session, session.errors():
            return list_tables(session.cursor, None if schema is None else schema.lower())

    def schemas(self) -> list[str]:
        """List the schemas' names."""
        with self._reading() as session, session.errors():
            return list_schemas(session.cursor)

    def columns(self, schema: str, table: str) -> list[ColumnInfo]:
        """List a table's columns in order; empty if there is no such table."""
        with self._reading() as session:
            return columns_of(session.cursor, Name(schema.lower(), table.lower()))

    def table_exists(self, schema: str, table: str) -> bool:
        """Tell whether a table or view has that name."""
        with self._reading() as session:
            return table_kind(session.cursor, Name(schema.lower(), table.lower())) is not None

    def row_count(self, schema: str, table: str) -> int:
        """Count a table's rows."""
        with self._reading() as session, session.errors():
            place = f"{quote(schema.lower())}.{quote(table.lower())}"
            row = session.run(f"select count(*) from {place}").fetchone()  # noqa: S608 - quoted names
            return int(row[0]) if row else 0

    def table_attributes(self, schema: str, table: str) -> TableAttributes:
        """Give what is kept about a table."""
        with self._reading() as session:
            return Notes(session.cursor).attributes(Name(schema.lower(), table.lower()))

    def privileges(self, schema: str | None = None, name: str | None = None) -> list[Privilege]:
        """List what was granted, on one schema or object, or at all."""
        with self._reading() as session:
            found = Notes(session.cursor).privileges()
        if schema is not None:
            found = [each for each in found if each.schema == schema.lower()]
        return found if name is None else [each for each in found if each.name in (name.lower(), "*")]

    def _reading(self) -> AbstractContextManager[Session]:
        """Open a session that only reads."""
        return self._session(None, None)

    def _session(
        self, turn: WriteTurn | None, interruption: Interruption | None, *, with_all_memory: bool = False
    ) -> Session:
        """Open a session."""
        return Session(self._file, turn, interruption, with_all_memory=with_all_memory)

    def _run(
        self,
        sql: str,
        user: str,
        parameters: Mapping[str, Any] | Sequence[Any] | None,
        interruption: Interruption | None,
        last_query: Callable[[Session, str], None],
        with_all_memory: bool,
    ) -> tuple[int, int | None]:
        """Run a script; give the number of statements, and the rows that the last change affected."""
        planned = [_plan(statement, user, parameters) for statement in split_script(sql)]
        last = max((index for index, each in enumerate(planned) if each.returns_rows), default=-1)
        affected: int | None = None
        turn = self._turn if any(each.writes for each in planned) else None
        has_all = with_all_memory or _cannot_be_run_again(planned)  # so it must not be short of memory
        with self._session(turn, interruption, with_all_memory=has_all) as session, session.errors():
            for index, each in enumerate(planned):
                if each.transaction:
                    _control(session, each)
                elif each.aside is not None:
                    session.check()
                    session.run("select 1")
                    each.aside.run(session.cursor, user)
                elif each.returns_rows:
                    self._query(session, each, last_query if index == last else None)
                else:
                    affected = _change(session, each, user, affected)
        return len(planned), affected

    def _query(self, session: Session, planned: _Planned, use: Callable[[Session, str], None] | None) -> None:
        """Run a query; only the last one's rows are looked at, but each has to work."""
        if planned.tree is None:
            raise SqlError("nothing to run")
        type_averages(session.run, planned.tree)
        query = engine_sql(planned.tree)
        if planned.is_explain:
            query = f"explain {query}"
        if use is not None:
            use(session, query)
        else:
            session.run(query).fetchall()


def _cannot_be_run_again(planned: Sequence[_Planned]) -> bool:
    """Tell whether a script goes on after something of it was made lasting; a first BEGIN ends nothing."""
    begin = 1 if planned and planned[0].transaction else 0
    return any(each.commits for each in planned[begin:-1])


def _insist(attempt: Callable[[bool], Value]) -> Value:
    """Make an attempt, and another one if it was undone through no fault of its own.

    What was short of memory gets all there is the second time, which is what an attempt is told.
    """
    try:
        return attempt(False)
    except Disturbed as error:
        if error.has_committed:
            raise
        is_starved = error.is_starved
    return attempt(is_starved)


def _plan(statement: Statement, user: str, parameters: Mapping[str, Any] | Sequence[Any] | None) -> _Planned:
    """Understand one statement."""
    words = statement.words()
    first = words.peek()
    if first in _TRANSACTION_WORDS:
        return _Planned(statement, transaction=first)
    search_path = _search_path(statement)
    if search_path is not None:
        return _Planned(statement, aside=search_path)
    aside = find_aside(statement)
    if aside is not None:
        return _Planned(statement, aside=aside)
    schema = _create_schema(statement)
    text, is_explain = schema or lift_column_keys(statement), False
    if words.take("EXPLAIN"):
        words.take_any("VERBOSE", "ANALYZE")
        text, is_explain = words.rest(), True
    tree = parse_statement(text)
    if is_explain and not isinstance(tree, exp.Query):
        raise SqlError("EXPLAIN is for queries only here")
    prepare(tree, user, parameters)
    return _Planned(statement, tree=tree, is_explain=is_explain)


def _create_schema(statement: Statement) -> str | None:
    """Take AUTHORIZATION and QUOTA off a CREATE SCHEMA, which the parser would not read with them."""
    words = statement.words()
    if not words.take("CREATE", "SCHEMA"):
        return None
    missing = "IF NOT EXISTS " if words.take("IF", "NOT", "EXISTS") else ""
    words.take("AUTHORIZATION")
    return f"create schema {missing}{quote(words.identifier())}"


def _search_path(statement: Statement) -> Aside | None:
    """Recognise ``SET search_path TO a, b``, the one setting that means something here too."""
    words = statement.words()
    if not (words.take("SET") and words.take_any("SEARCH_PATH", "SCHEMA") and words.take_any("TO", "=")):
        return None
    names = [name.name for name in words.names() if name.name != "$user"]
    path = ",".join(quote(name) for name in names).replace("'", "''")

    def run(cursor: Any, user: str) -> None:
        unknown = set(names) - set(list_schemas(cursor))
        if unknown:
            raise SqlError(f'schema "{min(unknown)}" does not exist')
        cursor.execute(f"set search_path = '{path}'")

    return Aside(run)


def _control(session: Session, planned: _Planned) -> None:
    """Begin or end a transaction."""
    if planned.transaction in ("BEGIN", "START"):
        session.begin(
            explicit=True, read_only="READ ONLY" in " ".join(planned.statement.text.upper().split())
        )
    elif planned.transaction in ("COMMIT", "END"):
        session.commit()
    else:
        session.rollback()


def _change(session: Session, planned: _Planned, user: str, before: int | None) -> int | None:
    """Run what is no query; give the rows it affected, or what was before if it affects none."""
    tree = planned.tree
    if tree is None:
        return before
    session.check()
    type_averages(session.run, tree)
    if isinstance(tree, (exp.Create, exp.Drop, exp.Alter)):
        session.run("select 1")  # opens the transaction if a COMMIT has just ended one
        session.statement = planned.statement.text
        run_definition(session.cursor, tree, user)
        return before
    check_assignments(session.run, tree)
    row = session.run(engine_sql(tree)).fetchone()
    if isinstance(tree, exp.TruncateTable):
        session.commit()  # Redshift's does, a BEGIN before it notwithstanding
    if isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge)) and row is not None:
        return int(row[0])
    return before


def _columns(description: Sequence[Sequence[Any]]) -> tuple[Column, ...]:
    """Name a result's columns and their types."""
    return tuple(Column(str(each[0]).lower(), redshift_name(str(each[1]))) for each in description)

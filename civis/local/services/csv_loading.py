"""What runs of imports have in common: files found with their content, loaded, and the outcome in the log."""

from __future__ import annotations

from collections.abc import Sequence

from civis.local.api import ApiError
from civis.local.blobs import BlobError
from civis.local.jobs import JobFailed, RunContext
from civis.local.services.databases import resolve_database
from civis.local.services.files import find_file, has_content
from civis.local.state import Stored, runs
from civis.local.warehouse import CsvSource, Database, LoadError, LoadReport, RejectedRow, TableLoad

__all__ = ["csv_sources", "load_files", "open_database"]


def open_database(context: RunContext, id: int) -> Database:
    """Open the database that a job names.

    Raises
    ------
    JobFailed
        If it is not there any more.
    """
    with context.platform.state.begin() as connection:
        try:
            stored = resolve_database(connection, id)
        except ApiError as error:
            raise JobFailed(error.message) from None
    database: Database = context.platform.warehouse.database(stored.document["name"])
    return database


def csv_sources(context: RunContext, ids: Sequence[int]) -> list[CsvSource]:
    """Find files and their contents, in the order given.

    Raises
    ------
    JobFailed
        If a file is missing, expired or not uploaded.
    """
    now = context.platform.now
    found = []
    with context.platform.state.begin() as connection:
        for id in ids:
            try:
                found.append(find_file(connection, id, now))
            except ApiError as error:
                raise JobFailed(error.message) from None
    return [_source(context, stored) for stored in found]


def load_files(
    context: RunContext,
    database: Database,
    schema: str,
    table: str,
    sources: list[CsvSource],
    load: TableLoad,
) -> LoadReport:
    """Load files into a table, and say in the log what became of their rows.

    Raises
    ------
    JobFailed
        If the load failed; the rows that did not fit are in the log.
    """
    names = ", ".join(source.label for source in sources)
    context.log(f"Loading {names} into {schema}.{table} of database {database.name!r}.")
    try:
        report = database.load_csv(
            sources, schema, table, load, user=context.user, interruption=context.interruption
        )
    except LoadError as error:
        _log_rejected(context, error.rejected, "error")
        raise JobFailed(str(error)) from error
    _log_rejected(context, report.rejected, "warn")
    made = "Created the table and loaded" if report.table_created else "Loaded"
    left_out = f", left out {report.rejected_count}" if report.rejected_count else ""
    context.log(f"{made} {report.rows} rows{left_out}.")
    return report


def _source(context: RunContext, stored: Stored) -> CsvSource:
    """Give a file's content; one part that was sent alone is completed here."""
    blobs, key = context.platform.blobs, stored.document["blob_key"]
    if not has_content(context.platform, stored):
        try:
            if stored.document.get("parts") != 1:
                raise BlobError("its upload was not completed")
            blobs.complete_parts(key)
        except BlobError as error:
            raise JobFailed(f"File {stored.id} ({stored.name!r}) has no content: {error}.") from None
    return CsvSource(blobs.path(key), stored.name)


def _log_rejected(context: RunContext, rejected: Sequence[RejectedRow], level: str) -> None:
    """Name the rows that were left out, in one transaction."""
    now = context.platform.now
    with context.platform.state.begin() as connection:
        for row in rejected:
            runs.add_log(connection, context.run.id, f"Rejected row: {row}", now, level)

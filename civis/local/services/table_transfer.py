"""What a run of an import does: its syncs one after the other, tables copied, files loaded."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from civis._names import suggestion
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services.csv_loading import csv_sources, load_files, open_database
from civis.local.services.import_syncs import syncs_of
from civis.local.services.table_records import qualified_name, quoted
from civis.local.state import Stored
from civis.local.warehouse import (
    ColumnInfo,
    CsvColumn,
    CsvFormat,
    CsvSource,
    Database,
    TableLoad,
    inspect_csv,
)

__all__ = ["run_import"]

_COPY_FORMAT = CsvFormat(include_header=True, delimiter="comma", compression="gzip")
_VARCHAR = re.compile(r"(?:character varying|varchar|char|character|bpchar|nvarchar)\((\d+)\)", re.IGNORECASE)


@dataclass(frozen=True)
class _TablePlace:
    """A table's place: its database, schema and name."""

    database: Database
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name} of database {self.database.name!r}"

    @property
    def exists(self) -> bool:
        """Whether there is such a table."""
        return self.database.table_exists(self.schema, self.name)

    def columns(self) -> list[ColumnInfo]:
        """List its columns."""
        return self.database.columns(self.schema, self.name)


@executor("import", job_type="JobTypes::Import")
def run_import(context: RunContext) -> None:
    """Do an import's syncs in the order in which they were added."""
    with context.platform.state.begin() as connection:
        syncs = syncs_of(connection, context.job.id)
    if not syncs:
        raise JobFailed(
            f"The import has nothing to do; add a sync to it with POST /imports/{context.job.id}/syncs."
        )
    for sync in syncs:
        context.check()
        _run_sync(context, sync)


def _run_sync(context: RunContext, sync: Stored) -> None:
    """Do one sync."""
    source, options = sync.document["source"], sync.document["advanced_options"]
    target = _place(context, sync, "destination")
    if source["file"] is not None:
        _load_file(context, source["file"]["id"], target, options)
    else:
        _copy_table(context, _place(context, sync, "source"), target, options)


def _place(context: RunContext, sync: Stored, side: str) -> _TablePlace:
    """Find a sync's table on one side."""
    table, end = sync.document[side]["database_table"], context.job.document.get(side)
    if table is None:
        raise JobFailed(
            f"The {side} of sync {sync.id} is no database table; the local platform reaches no Google Sheets."
        )
    if not end:
        raise JobFailed(f"The import has no {side}; give it a database with PATCH /imports/{context.job.id}.")
    return _TablePlace(open_database(context, end["remote_host_id"]), table["schema"], table["table"])


def _load_file(context: RunContext, file_id: int, target: _TablePlace, options: Mapping[str, Any]) -> None:
    """Load a file into the target table."""
    sources = csv_sources(context, [file_id])
    load = TableLoad(
        existing_table_rows=options["existing_table_rows"] or "fail",
        first_row_is_header=options["first_row_is_header"],
        delimiter=options["column_delimiter"],
        escaped=options["escaped"],
        max_errors=options["max_errors"] or 0,
        **_attributes(options),
    )
    if options["column_overrides"]:
        load = replace(load, columns=_overridden(sources[0], options, with_types=_makes_table(target, load)))
    load_files(context, target.database, target.schema, target.name, sources, load)


def _overridden(source: CsvSource, options: Mapping[str, Any], *, with_types: bool) -> list[CsvColumn]:
    """Detect a file's columns, and rename and retype those that the options say."""
    info = inspect_csv(
        source.path,
        name=source.label,
        include_header=options["first_row_is_header"],
        delimiter=options["column_delimiter"],
        detect_columns=True,
    )
    columns = list(info.columns)
    for index, override in options["column_overrides"].items():
        if int(index) >= len(columns):
            raise JobFailed(
                f"column_overrides names the column with index {index}, but {source.label!r} has "
                f"{len(columns)} columns."
            )
        found = columns[int(index)]
        columns[int(index)] = CsvColumn(
            override.get("name") or found.name, override.get("type") or found.sql_type
        )
    return columns if with_types else [CsvColumn(column.name) for column in columns]


def _copy_table(
    context: RunContext, source: _TablePlace, target: _TablePlace, options: Mapping[str, Any]
) -> None:
    """Copy a table into another, through files that are gone afterwards."""
    columns = _source_columns(source)
    load = _copy_load(source, target, columns, options)
    context.log(f"Copying {source} to {target}.")
    with tempfile.TemporaryDirectory(prefix="civis-transfer-") as folder:
        exported = source.database.export(
            _selection(source, target, columns, options, load),
            Path(folder),
            _COPY_FORMAT,
            user=context.user,
            interruption=context.interruption,
        )
        files = [
            CsvSource(Path(folder) / file.name, f"{source.schema}.{source.name}") for file in exported.files
        ]
        load_files(context, target.database, target.schema, target.name, files, load)
    if options["verify_table_row_counts"]:
        _verify(source, target)


def _source_columns(source: _TablePlace) -> list[ColumnInfo]:
    """List the columns of the table to copy."""
    if not source.exists:
        known = [info.name for info in source.database.tables(source.schema)]
        raise JobFailed(f"There is no table {source}.{suggestion(source.name, known)}")
    return source.columns()


def _copy_load(
    source: _TablePlace, target: _TablePlace, columns: list[ColumnInfo], options: Mapping[str, Any]
) -> TableLoad:
    """Decide how the copied rows meet the rows that are there."""
    kept = source.database.table_attributes(source.schema, source.name)
    keys = _names(options["identity_column"]) or list(kept.primary_keys)
    modified = [name for name in _names(options["last_modified_column"]) if name.lower() != "auto-detect"]
    attributes = _attributes(options)
    load = TableLoad(
        first_row_is_header=True,
        delimiter="comma",
        compression="gzip",
        max_errors=options["max_errors"] or 0,
        diststyle=attributes["diststyle"] or kept.diststyle,
        distkey=attributes["distkey"] or kept.distkey,
        sortkeys=attributes["sortkeys"] or kept.sortkeys,
        primary_keys=tuple(keys),
        last_modified_keys=tuple(modified),
    )
    if options["existing_table_rows"]:
        load = replace(load, existing_table_rows=options["existing_table_rows"])
    elif options["wipe_destination_table"]:
        load = replace(load, existing_table_rows="truncate" if _holds_all(target, columns) else "drop")
    elif target.exists and keys:
        load = replace(load, existing_table_rows="upsert")
    elif target.exists:
        raise JobFailed(
            f"The table {target} exists. Say in advanced_options what becomes of its rows: "
            "existing_table_rows ('append', 'truncate', 'drop'), wipe_destination_table, or "
            "identity_column for an incremental sync."
        )
    with_types = _makes_table(target, load)
    return replace(
        load, columns=[CsvColumn(each.name, each.sql_type if with_types else None) for each in columns]
    )


def _selection(
    source: _TablePlace,
    target: _TablePlace,
    columns: list[ColumnInfo],
    options: Mapping[str, Any],
    load: TableLoad,
) -> str:
    """Write the query for the rows to copy, cut to the target's widths if that is asked for."""
    widths: dict[str, str] = {}
    if options["truncate_long_lines"] and not _makes_table(target, load):
        for column in target.columns():
            found = _VARCHAR.match(column.sql_type)
            if found is not None:
                widths[column.name.lower()] = found[1]
    wanted = []
    for column in columns:
        name, width = quoted(column.name), widths.get(column.name.lower())
        wanted.append(name if width is None else f"left({name}::varchar, {width}) as {name}")
    return f"select {', '.join(wanted)} from {qualified_name(source.schema, source.name)}"  # noqa: S608 - quoted


def _verify(source: _TablePlace, target: _TablePlace) -> None:
    """Compare the numbers of rows."""
    wanted = source.database.row_count(source.schema, source.name)
    found = target.database.row_count(target.schema, target.name)
    if wanted != found:
        raise JobFailed(f"After the sync {target} has {found} rows, but {source} has {wanted}.")


def _makes_table(target: _TablePlace, load: TableLoad) -> bool:
    """Tell whether a load makes the table anew."""
    return load.existing_table_rows == "drop" or not target.exists


def _holds_all(target: _TablePlace, columns: list[ColumnInfo]) -> bool:
    """Tell whether a table is there and has all the columns."""
    known = {column.name.lower() for column in target.columns()}
    return target.exists and all(column.name.lower() in known for column in columns)


def _attributes(options: Mapping[str, Any]) -> dict[str, Any]:
    """Read the attributes of a table that a load makes."""
    return {
        "diststyle": options["diststyle"] or None,
        "distkey": options["distkey"] or None,
        "sortkeys": tuple(key for key in (options["sortkey1"], options["sortkey2"]) if key),
    }


def _names(text: str | None) -> list[str]:
    """Read names separated by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]

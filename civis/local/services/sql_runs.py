"""What a run of a SQL script does: its SQL with values filled in, its rows as CSV files of the platform."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.jobs.openings import begin_log_with
from civis.local.services.csv_settings import SUFFIXES, export_format, max_file_bytes
from civis.local.services.files import create_file
from civis.local.services.script_files import ExportFiles
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.script_parameters import ParameterError
from civis.local.services.script_values import fetch_named, script_values
from civis.local.services.sql_template import fill
from civis.local.services.sql_unload import Unload, read_unload
from civis.local.state import Stored, as_datetime, runs
from civis.local.warehouse import Column, ExportResult

__all__ = ["run_sql_script"]

MANIFEST_LINK_SECONDS = 7 * 86_400
"""How long the links in a manifest hold, in seconds."""

_DELIMITERS = {"comma": ",", "tab": "\t", "pipe": "|"}

begin_log_with("sql_script", "Executing the SQL.")


@executor("sql_script", job_type=SCRIPT_KINDS["sql_script"].job_type)
def run_sql_script(context: RunContext) -> None:
    """Run a script's SQL; what its last query gives becomes the run's output."""
    inputs: dict[str, Any] = context.run.document.get("inputs") or context.job.document
    sql = _filled(context, inputs)
    settings = inputs["csv_settings"]
    unload = read_unload(sql)
    if unload is not None:
        sql, settings = unload.query, _unload_settings(settings, unload)
    prefix = settings["filename_prefix"] or f"script_{context.job.id}_run_{context.run.id}"
    files = ExportFiles(context.platform.blobs, prefix)
    database = context.platform.warehouse.database(
        fetch_named(context, "database", inputs["remote_host_id"]).document["name"]
    )
    try:
        result = database.export(
            sql,
            files.write,
            export_format(settings),
            user=context.user,
            max_file_size=max_file_bytes(settings),
            multifile=settings["force_multifile"],
            name=prefix,
            interruption=context.interruption,
        )
        context.check()
        if result.row_count:
            files.settle()
    except BaseException:
        files.discard()
        raise
    if not result.row_count:
        files.discard()  # nothing to give: the run has no output at all

    def publish(connection: Connection) -> None:
        try:
            if result.row_count:
                _publish(context, connection, files, result, sql, settings, prefix)
            runs.add_log(connection, context.run.id, _summary(result), context.platform.clock.time())
        except BaseException:
            files.discard()
            raise

    context.at_end.append(publish)


def _unload_settings(settings: Mapping[str, Any], unload: Unload) -> dict[str, Any]:
    """Give an UNLOAD's settings in place of those for CSV."""
    return {
        **settings,
        "compression": "parquet",
        "force_multifile": True,
        "max_file_size": unload.max_file_mb,
        "filename_prefix": unload.prefix or settings["filename_prefix"],
    }


def _filled(context: RunContext, inputs: Mapping[str, Any]) -> str:
    """Put the arguments into the SQL."""
    try:
        return fill(inputs["sql"], inputs.get("params") or (), script_values(context, inputs))
    except ParameterError as error:
        raise JobFailed(str(error)) from None


def _publish(
    context: RunContext,
    connection: Connection,
    files: ExportFiles,
    result: ExportResult,
    sql: str,
    settings: Mapping[str, Any],
    prefix: str,
) -> None:
    """Make files of the platform from what was exported; the one to begin with is the output."""
    platform, now = context.platform, as_datetime(context.platform.clock.time())

    found = {
        "include_header": settings["include_header"],
        "column_delimiter": settings["column_delimiter"],
        "compression": settings["compression"],
        "table_columns": [{"name": each.name, "sql_type": each.sql_type} for each in result.columns],
    }

    def store(name: str, key: str) -> Stored:
        return create_file(
            platform,
            connection,
            name=name,
            author_id=context.user_id,
            blob_key=key,
            now=now,
            detected_info=found,
        )

    if not settings["force_multifile"]:
        file = store(prefix + SUFFIXES[settings["compression"]], files.keys[0])
    else:
        entries = [
            _entry(platform, store(each.name, files.keys[each.number]), each.size) for each in result.files
        ]
        manifest = _manifest(sql, result.columns, settings, entries)
        files.keys[-1] = platform.blobs.new_key(f"{prefix}.manifest.json")
        with platform.blobs.writer(files.keys[-1]) as target:
            target.write(json.dumps(manifest).encode())
        file = store(f"{prefix}.manifest.json", files.keys[-1])
    runs.add_output(
        connection, context.run.id, object_type="File", object_id=file.id, name=file.name, now=now
    )


def _entry(platform: Any, file: Stored, size: int) -> dict[str, Any]:
    """Describe one file of several."""
    link = platform.blobs.download_url(
        file.document["blob_key"], filename=file.name, seconds=MANIFEST_LINK_SECONDS
    )
    return {
        "id": file.id,
        "name": file.name,
        "size": size,
        "url": f"{platform.url}files/{file.id}",
        "url_signed": link,
    }


def _manifest(
    sql: str, columns: Sequence[Column], settings: Mapping[str, Any], entries: list[dict[str, Any]]
) -> dict[str, Any]:
    """Describe an export of several files."""
    return {
        "query": sql,
        "header": [column.name for column in columns],
        "entries": entries,
        "unquoted": settings["unquoted"],
        "compression": settings["compression"],
        "delimiter": _DELIMITERS[settings["column_delimiter"]],
    }


def _summary(result: ExportResult) -> str:
    """Say in a sentence what came out."""
    if not result.returns_rows:
        return "The SQL was executed; it returns no rows."
    return f"The query returned {result.row_count} rows; files written: {len(result.files)}."

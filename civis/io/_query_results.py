"""Queries run as exports whose files are read here: in one piece, or in several that are fetched together."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from civis._http import SignedUrl
from civis.io._archiving import script_archived_afterwards
from civis.io._progress import show_progress
from civis.io._readers import ReadOptions, convert_table, read_result, table_format
from civis.io._results import Part, manifest_parts, open_parts, with_types
from civis.io._sql_jobs import CsvSettings, SqlJob, run_to_output, start_export

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient

__all__ = ["Export", "check_parallel", "iterate_export", "read_export"]

#: The most megabytes of a file of several: enough for a connection to get up to speed.
_FILE_MEGABYTES = 64


@dataclass(frozen=True)
class Export:
    """A query that is to be exported and read.

    Parameters
    ----------
    job : SqlJob
    polling_interval : float or None
    archives : bool, default False
        Whether the job is put away afterwards.
    is_parallel : bool, default False
        Whether it is written to several files.
    """

    job: SqlJob
    polling_interval: float | None = None
    archives: bool = False
    is_parallel: bool = False


def check_parallel(parallel: bool, options: ReadOptions) -> None:
    """Refuse to have several files read by a function that reads one."""
    if parallel and options.arguments:
        names = ", ".join(sorted(options.arguments))
        raise TypeError(f"parallel=True takes no further arguments, but got: {names}")


def read_export(
    client: APIClient, export: Export, options: ReadOptions, progress: bool | Progress | None
) -> Any:
    """Run an export, then read its output as it comes."""
    parts, names = _run(client, export)
    options = with_types(client, options, parts[0].file_id)
    with show_progress(progress, None, "download") as advance:
        return read_result(open_parts(client, parts, advance), replace(options, names=names))


def iterate_export(
    client: APIClient,
    export: Export,
    options: ReadOptions,
    batch_rows: int,
    progress: bool | Progress | None,
) -> Generator[Any, None, None]:
    """Run an export when the first batch is asked for, then yield batches as its output comes."""
    from civis.io._result_tables import read_batches  # noqa: PLC0415 - needs pyarrow

    parts, _ = _run(client, export)
    options = with_types(client, options, parts[0].file_id)
    with show_progress(progress, None, "download") as advance:
        [opened] = open_parts(client, parts, advance, is_frugal=True)
        with opened() as stream, closing(read_batches(stream, table_format(options), batch_rows)) as batches:
            for batch in batches:
                yield batch if options.return_as == "arrow" else convert_table(_as_table(batch), options)


def _as_table(batch: Any) -> Any:
    """Give a batch as a table."""
    import pyarrow as pa  # noqa: PLC0415 - optional library

    return pa.Table.from_batches([batch])


def _run(client: APIClient, export: Export) -> tuple[list[Part], list[str] | None]:
    """Run an export and find its files; the names of the columns where the files may not hold them."""
    settings = CsvSettings()
    if export.is_parallel:
        settings = CsvSettings(force_multifile=True, max_file_size=_FILE_MEGABYTES)
    with script_archived_afterwards(client, export.archives) as ids:
        ids += start_export(client, export.job, settings)
        job_id, run_id = ids
        output = run_to_output(client, (job_id, run_id), export.polling_interval)
    if export.is_parallel:
        parts, names = manifest_parts(client, output.path)
        return parts, names or None

    def fresh_url() -> str:
        return str(client.scripts.get_sql_runs(job_id, run_id).output[0].path)

    return [Part(SignedUrl(output.path), output.get("file_id"), fresh_url)], None

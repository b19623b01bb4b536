"""Exports to storage hosts: a query's rows as files of a bucket, beside those there or in their place."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from civis.local.jobs import JobFailed, RunContext
from civis.local.services.csv_settings import SUFFIXES, export_format, max_file_bytes
from civis.local.services.script_values import fetch_named
from civis.local.services.storage_places import StoragePlace, open_storage

__all__ = ["EXISTING_FILES", "export_to_storage"]

EXISTING_FILES = ("fail", "append", "overwrite")
"""What may become of files that are in the folder already."""


def export_to_storage(
    context: RunContext, source: Mapping[str, Any], path: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """Run a query and put its rows into a folder of a bucket.

    Parameters
    ----------
    context : RunContext
    source : mapping
        `sql` and `remote_host_id`.
    path : mapping
        `storage_host_id`, `credential_id`, `file_path` and `existing_files`.
    settings : mapping
        Those of CSV files.

    Raises
    ------
    JobFailed
        If there are files in the folder and `existing_files` is ``"fail"``, or the bucket cannot be reached.
    """
    place = open_storage(context, path.get("storage_host_id"), path.get("credential_id"))
    folder, existing = str(path.get("file_path") or "/"), path.get("existing_files") or "fail"
    database = context.platform.warehouse.database(
        fetch_named(context, "database", source["remote_host_id"]).document["name"]
    )
    try:
        before = place.files(folder)
        if before and existing == "fail":
            raise JobFailed(
                f"There are files in {place.name_of(folder, '')!r} already, such as {before[0]!r}. Set "
                "existing_files to 'append' or 'overwrite', or export to another file_path."
            )
        prefix = settings["filename_prefix"] or f"export_{context.job.id}_run_{context.run.id}"
        with tempfile.TemporaryDirectory(prefix="civis-export-") as temporary:
            result = database.export(
                source["sql"],
                Path(temporary),
                export_format(settings),
                user=context.user,
                max_file_size=max_file_bytes(settings),
                multifile=settings["force_multifile"],
                name=prefix,
                interruption=context.interruption,
            )
            context.check()
            written = [Path(temporary) / each.name for each in result.files] if result.row_count else []
            taken = before if existing == "append" else ()
            names = _names(written, prefix, settings, taken, context.run.id)
            _put(context, place, folder, written, names)
            for each in before if existing == "overwrite" else ():
                if each not in names:
                    place.remove(folder, each)
    except OSError as error:
        raise JobFailed(f"The storage host's {place.name_of(folder, '')!r} cannot be used: {error}") from None
    context.log(f"The query returned {result.row_count} rows; files written: {len(written)}.")


def _names(
    written: Sequence[Path], prefix: str, settings: Mapping[str, Any], taken: Sequence[str], run_id: int
) -> list[str]:
    """Name the files: one by the prefix, several by their numbers too, none like one that is there."""
    suffix = SUFFIXES[settings["compression"]]
    plain = [each.name for each in written] if settings["force_multifile"] else [f"{prefix}{suffix}"]
    return [
        name if name not in taken else f"{name.removesuffix(suffix)}_run_{run_id}{suffix}"
        for name in plain[: len(written)]
    ]


def _put(
    context: RunContext, place: StoragePlace, folder: str, written: Sequence[Path], names: Sequence[str]
) -> None:
    """Put files into a folder."""
    for source, name in zip(written, names, strict=True):
        context.check()
        context.log(f"Wrote {place.put(source, folder, name)}.")

"""Preprocess jobs: kind ``"csv_preprocess"``, whose runs make CSV files ready for an import."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from civis.local.api import ApiError, BadRequest, Call, Routes
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services.csv_cleaning import is_clean, write_clean
from civis.local.services.files import LIFETIME, create_file, expiry, find_file, has_content, label_of
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.permissions import require_level
from civis.local.state import Stored, objects
from civis.local.warehouse import CsvInfo, inspect_csv

__all__ = ["detected_info", "routes", "run_preprocess"]

routes = Routes()

_KIND = "csv_preprocess"
_DEFAULTS: Mapping[str, Any] = {
    "in_place": True,
    "detect_table_columns": False,
    "force_character_set_conversion": False,
    "include_header": None,
    "column_delimiter": None,
}


@routes("POST", "/files/preprocess/csv")
def post_preprocess(call: Call) -> dict[str, Any]:
    """Create a job; it does its work when it is run."""
    stored = find_file(call.connection, call.params.get("file_id", ""), call.now)
    document = {"file_id": stored.id, **_DEFAULTS, **_settings(call)}
    _require_writable(call, stored, document)
    job = objects.insert(
        call.connection,
        _KIND,
        document,
        now=call.now,
        name=f"CSV Preprocess of {stored.name}",
        author_id=call.user.id,
        hidden=bool(call.params.get("hidden")),
    )
    return _view(job)


@routes("GET", "/files/preprocess/csv/{id}")
def get_preprocess(call: Call) -> dict[str, Any]:
    """Describe a job."""
    return _view(_job(call))


@routes("PUT", "/files/preprocess/csv/{id}")
def put_preprocess(call: Call) -> dict[str, Any]:
    """Replace a job's settings; those not sent get their defaults."""
    return _change(call, {**_DEFAULTS, **_settings(call)})


@routes("PATCH", "/files/preprocess/csv/{id}")
def patch_preprocess(call: Call) -> dict[str, Any]:
    """Change some of a job's settings."""
    return _change(call, _settings(call))


@routes("DELETE", "/files/preprocess/csv/{id}")
def delete_preprocess(call: Call) -> None:
    """Archive a job."""
    objects.update(call.connection, _job(call).id, now=call.now, archived=True)


@routes("PUT", "/files/preprocess/csv/{id}/archive")
def archive_preprocess(call: Call) -> dict[str, Any]:
    """Archive a job, or bring it back."""
    status = bool(call.params["status"])
    return _view(objects.update(call.connection, _job(call).id, now=call.now, archived=status))


@executor(_KIND, job_type="JobTypes::CsvPreprocess")
def run_preprocess(context: RunContext) -> None:
    """Look at the file, clean it where it needs that, and put out the file with what was found."""
    stored = _source(context)
    info, key = _prepare(context, stored)
    _put_out(context, stored, info, key)


def detected_info(info: CsvInfo, *, with_columns: bool) -> dict[str, Any]:
    """Give what was found out about a CSV file, as the answers show it."""
    columns = [{"name": column.name, "sql_type": column.sql_type} for column in info.columns]
    return {
        "include_header": info.include_header,
        "column_delimiter": info.delimiter,
        "compression": info.compression,
        "table_columns": columns if with_columns else [],
    }


def _job(call: Call) -> Stored:
    """Find the job that the path names."""
    return find_object(call.connection, _KIND, call.params["id"], "CSV preprocess")


def _settings(call: Call) -> dict[str, Any]:
    """Read the settings that a request sends; null is a setting's default."""
    require_choice(call.params.get("column_delimiter"), ("comma", "tab", "pipe"), "column_delimiter")
    return {
        name: default if call.params[name] is None else call.params[name]
        for name, default in _DEFAULTS.items()
        if name in call.params
    }


def _change(call: Call, settings: dict[str, Any]) -> dict[str, Any]:
    """Store changed settings."""
    job = _job(call)
    if "file_id" in call.params:
        if call.params["file_id"] is None:
            raise BadRequest("file_id must be the ID of a file, not null.")
        settings["file_id"] = find_file(call.connection, call.params["file_id"], call.now).id
    if {"file_id", "in_place"} & settings.keys():
        document = {**job.document, **settings}
        _require_writable(call, find_file(call.connection, document["file_id"], call.now), document)
    return _view(objects.update(call.connection, job.id, now=call.now, document=settings))


def _require_writable(call: Call, file: Stored, document: Mapping[str, Any]) -> None:
    """Refuse to change a file in its place for somebody who may only read it."""
    if document["in_place"]:
        require_level(call.connection, file, "write", "file")


def _view(job: Stored) -> dict[str, Any]:
    """Describe a job as the answers do."""
    return {"id": job.id, **job.document, "hidden": job.hidden}


def _source(context: RunContext) -> Stored:
    """Find the file that the job is about, with its content."""
    with context.platform.state.begin() as connection:
        try:
            stored = find_file(connection, context.job.document["file_id"], context.platform.now)
        except ApiError as error:
            raise JobFailed(error.message) from None
    if not has_content(context.platform, stored):
        raise JobFailed(f"File {stored.id} ({stored.name!r}) has no content; its upload was not completed.")
    return stored


def _inspect(context: RunContext, path: Path, name: str, *, with_columns: bool) -> CsvInfo:
    """Look at a file with the job's settings."""
    settings = context.job.document
    return inspect_csv(
        path,
        name=name,
        include_header=settings["include_header"],
        delimiter=settings["column_delimiter"],
        detect_columns=with_columns,
    )


def _prepare(context: RunContext, stored: Stored) -> tuple[CsvInfo, str | None]:
    """Look at a file; give what was found, and the key of a cleaned content if it needed cleaning."""
    blobs, settings = context.platform.blobs, context.job.document
    with_columns = settings["detect_table_columns"]
    path, name = blobs.path(stored.document["blob_key"]), label_of(stored)
    info = _inspect(context, path, name, with_columns=False)
    if is_clean(
        path,
        encoding=info.encoding,
        compression=info.compression,
        name=name,
        interruption=context.interruption,
    ):
        context.log(f"{stored.name} is {info.encoding} and needs no cleaning.")
        return (_inspect(context, path, name, with_columns=True) if with_columns else info), None
    key = blobs.new_key(stored.name)
    with blobs.writer(key) as target:
        write_clean(
            path,
            target,
            encoding=info.encoding,
            compression=info.compression,
            discard=settings["force_character_set_conversion"],
            name=name,
            interruption=context.interruption,
        )
    context.log(f"{stored.name} was converted from {info.encoding} to UTF-8.")
    try:
        return _inspect(context, blobs.path(key), name, with_columns=with_columns), key
    except BaseException:
        blobs.delete(key)
        raise


def _put_out(context: RunContext, stored: Stored, info: CsvInfo, key: str | None) -> None:
    """Store the outcome: in the file itself, or as a new file."""
    platform, settings, now = context.platform, context.job.document, context.platform.now
    found = detected_info(info, with_columns=settings["detect_table_columns"])
    if settings["in_place"]:
        changes = {"detected_info": found, **({} if key is None else {"blob_key": key})}
        with platform.state.begin() as connection:
            stored_now = objects.update(connection, stored.id, now=now, document=changes)
        if key is not None:
            platform.blobs.delete(stored.document["blob_key"])
        context.add_output("File", stored_now.id, stored_now.name)
        return
    if key is None:
        key = platform.blobs.new_key(stored.name)
        with platform.blobs.open(stored.document["blob_key"]) as source, platform.blobs.writer(key) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    ends = min(filter(None, (expiry(stored), now + LIFETIME)))
    with platform.state.begin() as connection:
        output = create_file(
            platform,
            connection,
            name=stored.name,
            author_id=context.job.author_id,
            blob_key=key,
            expires_at=ends,
            now=now,
            detected_info=found,
        )
    context.add_output("File", output.id, output.name)

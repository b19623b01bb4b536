"""CSV exports: queries whose rows become files of the platform, or of a storage host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from civis.local.api import BadRequest, Call, Page, Routes
from civis.local.jobs import RunContext, executor
from civis.local.services.credentials import resolve_credential
from civis.local.services.csv_settings import read_settings
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_lists import list_all
from civis.local.services.sql_runs import run_sql_script
from civis.local.services.storage_exports import EXISTING_FILES, export_to_storage
from civis.local.state import Stored

__all__ = ["KIND", "routes", "run_csv_export"]

routes = Routes()

_KIND = "csv_export"
_TYPE = "CSV"


@executor(_KIND)
def run_csv_export(context: RunContext) -> None:
    """Run an export's query; its rows become files of a storage host, or the run's output."""
    document = context.run.document.get("inputs") or context.job.document
    destination = document.get("destination") or {}
    if (destination.get("storage_path") or {}).get("storage_host_id") is not None:
        export_to_storage(context, document["source"], destination["storage_path"], _settings(document))
        return
    inputs = {
        "sql": document["source"]["sql"],
        "remote_host_id": document["source"]["remote_host_id"],
        "csv_settings": _settings(document),
    }
    run_sql_script(
        replace(context, run=replace(context.run, document={**context.run.document, "inputs": inputs}))
    )


def _settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give an export's settings as those of a CSV file."""
    given = {
        name: document.get(name)
        for name in ("include_header", "compression", "column_delimiter", "force_multifile", "max_file_size")
    }
    prefix = (document.get("destination") or {}).get("filename_prefix")
    return read_settings({**given, "filename_prefix": prefix})


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse an export without a query; a change of the source keeps what it does not name."""
    if before is not None:
        for name in ("source", "destination"):
            kept = before.document.get(name) or {}
            document[name] = {**kept, **(document.get(name) or {})}
    if not str((document.get("source") or {}).get("sql") or "").strip():
        raise BadRequest("source.sql must not be empty.")
    _settings(document)
    _check_path(call, document.get("destination") or {})
    return document


def _check_path(call: Call, destination: dict[str, Any]) -> None:
    """Refuse a storage path that names what is not there; put what it leaves out."""
    path = destination.get("storage_path")
    if not path or path.get("storage_host_id") is None:
        return
    find_object(call.connection, "storage_host", path["storage_host_id"], "storage host")
    if path.get("credential_id") is not None:
        resolve_credential(call.connection, path["credential_id"])
    require_choice(path.get("existing_files"), EXISTING_FILES, "destination.storage_path.existing_files")
    destination["storage_path"] = {**path, "existing_files": path.get("existing_files") or "fail"}


def _run_fields(call: Call, export: Stored) -> Mapping[str, Any]:
    """Show the type that lists of exports show."""
    return {"type": _TYPE}


KIND = declare(
    ObjectKind(
        _KIND,
        "/exports/files/csv",
        "CSV export",
        defaults={
            "include_header": True,
            "compression": "gzip",
            "column_delimiter": "comma",
            "force_multifile": False,
            "max_file_size": None,
        },
        is_job=True,
        project_list="exports",
        check=_check,
        view=_run_fields,
    )
)


@routes("GET", "/exports")
def list_exports(call: Call) -> Page:
    """List exports of all types, of which there is one."""
    require_choice(call.params.get("type"), (_TYPE,), "type")
    asked = {name: value for name, value in call.params.items() if name != "type"}
    page = list_all(Call(**{**vars(call), "params": asked}), KIND)
    assert isinstance(page, Page)
    return page

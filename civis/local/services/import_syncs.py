"""Syncs: what an import copies from where to where; objects of kind ``"import_sync"`` under their import."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.api import BadRequest, Call, NotFound, Routes, Unprocessable
from civis.local.services.files import find_file
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.table_records import qualified_name
from civis.local.state import Stored, objects

__all__ = ["OPTIONS", "SYNC_KIND", "routes", "split_table_path", "sync_view", "syncs_of"]

routes = Routes()

SYNC_KIND = "import_sync"

OPTIONS: Mapping[str, Any] = {
    "max_errors": None,
    "existing_table_rows": None,
    "first_row_is_header": None,
    "diststyle": None,
    "distkey": None,
    "sortkey1": None,
    "sortkey2": None,
    "column_delimiter": None,
    "column_overrides": {},
    "escaped": False,
    "identity_column": None,
    "last_modified_column": None,
    "row_chunk_size": None,
    "wipe_destination_table": False,
    "truncate_long_lines": False,
    "invalid_char_replacement": None,
    "verify_table_row_counts": False,
    "export_action": None,
    "sql_query": None,
}
"""The options of a sync that are kept, with their defaults; the deprecated ones are answered as null."""

_ROWS = ("append", "truncate", "fail", "drop")
_NAME = r'("(?:[^"]|"")+"|[^".]+)'
_PATH = re.compile(rf"\s*{_NAME}\.{_NAME}\s*")


def split_table_path(path: str) -> tuple[str, str]:
    """Split ``schema.table``; names in quotes may hold dots.

    Raises
    ------
    BadRequest
        If the path is not of that form.

    Examples
    --------
    >>> split_table_path('public."my.table"')
    ('public', 'my.table')
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise BadRequest(
            f"{path!r} is no table's path; write it as schema.table, names with dots in double quotes."
        )
    schema, table = (
        name[1:-1].replace('""', '"') if name.startswith('"') else name.strip() for name in found.groups()
    )
    return schema, table


def syncs_of(connection: Connection, import_id: int) -> list[Stored]:
    """List the syncs of an import that are not archived, the oldest first."""
    return objects.select_objects(
        connection, SYNC_KIND, parent_id=import_id, archived=False, descending=False
    )


def sync_view(connection: Connection, sync: Stored) -> dict[str, Any]:
    """Describe a sync as the answers do."""
    source, destination = sync.document["source"], sync.document["destination"]
    file = source["file"]
    return {
        "id": sync.id,
        "source": {"id": None if file is None else file["id"], **source, "path": _path(source)},
        "destination": {
            "database_table": destination["database_table"],
            "google_worksheet": destination["google_worksheet"],
            "path": _path(destination),
        },
        "advanced_options": {**sync.document["advanced_options"], "mysql_catalog_matches_schema": True},
    }


@routes("POST", "/imports/{id}/syncs")
def post_sync(call: Call) -> dict[str, Any]:
    """Add a sync to an import."""
    job = _import(call)
    document = _laid_over(call, {"source": None, "destination": None, "advanced_options": dict(OPTIONS)})
    sync = objects.insert(
        call.connection, SYNC_KIND, document, now=call.now, parent_id=job.id, author_id=call.user.id
    )
    return sync_view(call.connection, sync)


@routes("PUT", "/imports/{id}/syncs/{sync_id}")
def put_sync(call: Call) -> dict[str, Any]:
    """Replace a sync's attributes."""
    sync = _sync(call)
    document = _laid_over(call, {"source": None, "destination": None, "advanced_options": dict(OPTIONS)})
    return sync_view(
        call.connection, objects.update(call.connection, sync.id, now=call.now, document=document)
    )


@routes("PATCH", "/imports/{id}/syncs/{sync_id}")
def patch_sync(call: Call) -> dict[str, Any]:
    """Change some of a sync's attributes."""
    sync = _sync(call)
    document = _laid_over(call, sync.document)
    return sync_view(
        call.connection, objects.update(call.connection, sync.id, now=call.now, document=document)
    )


@routes("DELETE", "/imports/{id}/syncs/{sync_id}")
def delete_sync(call: Call) -> None:
    """Archive a sync."""
    objects.update(call.connection, _sync(call).id, now=call.now, archived=True)


@routes("PUT", "/imports/{id}/syncs/{sync_id}/archive")
def archive_sync(call: Call) -> dict[str, Any]:
    """Archive a sync, or bring it back."""
    status = bool(call.params.get("status", True))
    return sync_view(
        call.connection, objects.update(call.connection, _sync(call).id, now=call.now, archived=status)
    )


def _import(call: Call) -> Stored:
    """Find the import that the path names."""
    return find_object(call.connection, "import", call.params["id"], "import")


def _sync(call: Call) -> Stored:
    """Find the sync that the path names."""
    job = _import(call)
    sync = find_object(call.connection, SYNC_KIND, call.params["sync_id"], "sync")
    if sync.parent_id != job.id:
        raise NotFound(f"Import {job.id} has no sync with ID {sync.id}.")
    return sync


def _laid_over(call: Call, current: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a request sends over a sync's current attributes, and check the outcome."""
    document = dict(current)
    for side in ("source", "destination"):
        if call.params.get(side) is not None:
            document[side] = _end(call, side, call.params[side])
        if document[side] is None:
            raise BadRequest(f"{side} is missing.")
    sent = call.params.get("advanced_options") or {}
    known = {
        name: OPTIONS[name] if value is None else value for name, value in sent.items() if name in OPTIONS
    }
    document["advanced_options"] = {**document["advanced_options"], **known}
    _check(document)
    return document


def _end(call: Call, side: str, end: Mapping[str, Any]) -> dict[str, Any]:
    """Read one side of a sync: a table, a file or a worksheet."""
    table, file, sheet, path = (
        end.get(name) for name in ("database_table", "file", "google_worksheet", "path")
    )
    if table is None and file is None and sheet is None and path:
        schema, name = split_table_path(path)
        table = {"schema": schema, "table": name}
    if table is not None:
        for name in ("schema", "table"):
            if not table.get(name):
                raise BadRequest(f"{side}.database_table.{name} is missing.")
        table = {"schema": table["schema"], "table": table["table"], "use_without_schema": False}
    if file is not None:
        stored = find_file(call.connection, file.get("id", ""), call.now)
        file = {"id": stored.id, "name": stored.name}
    found = {"database_table": table, "google_worksheet": _worksheet(sheet)}
    return {**found, "file": file} if side == "source" else found


def _worksheet(sheet: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Read a worksheet of Google's."""
    if sheet is None:
        return None
    return {name: sheet.get(name) for name in ("spreadsheet", "spreadsheet_id", "worksheet", "worksheet_id")}


def _check(document: Mapping[str, Any]) -> None:
    """Refuse options that cannot be."""
    options = document["advanced_options"]
    require_choice(options["existing_table_rows"], _ROWS, "advanced_options.existing_table_rows")
    require_choice(options["diststyle"] or None, ("even", "all", "key"), "advanced_options.diststyle")
    require_choice(options["column_delimiter"], ("comma", "tab", "pipe"), "advanced_options.column_delimiter")
    for name in ("max_errors", "row_chunk_size"):
        if options[name] is not None and options[name] < 0:
            raise BadRequest(f"advanced_options.{name} must be 0 or more, not {options[name]}.")
    overrides = options["column_overrides"]
    wrong = [key for key in overrides if not str(key).isdigit()]
    if wrong:
        raise Unprocessable(
            f"advanced_options.column_overrides must be keyed by a column's index, not {wrong[0]!r}."
        )


def _path(end: Mapping[str, Any]) -> str | None:
    """Write one side of a sync as one text."""
    table, sheet, file = end["database_table"], end["google_worksheet"], end.get("file")
    if table is not None:
        return qualified_name(table["schema"], table["table"])
    if file is not None:
        return str(file["name"])
    return None if sheet is None else f"{sheet['spreadsheet']}.{sheet['worksheet']}"

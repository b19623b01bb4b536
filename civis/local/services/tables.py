"""Tables over all databases: found by ID or by name, their columns, notes and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from civis._names import suggestion
from civis.local.api import BadRequest, Call, Conflict, NotFound, Page, Routes, Unprocessable, page_of
from civis.local.services.databases import database_of, find_schema, require_credential, resolve_database
from civis.local.services.lookups import find_object, id_list, ordering
from civis.local.services.table_records import (
    column_views,
    find_table,
    matches,
    record_of,
    table_detail,
    table_summary,
    update_record,
)
from civis.local.services.table_scans import start_scan
from civis.local.state import Stored, objects, runs
from civis.local.warehouse import Database, TableInfo

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/tables")
def list_tables(call: Call) -> Page:
    """List tables, of one database or of all, by name and schema; ``%`` and ``*`` stand for any text."""
    require_credential(call)
    order, descending = ordering(
        call, ("schema", "name", "search", "table_tag_ids", "credential_id"), "schema", descending=False
    )
    found = [each for each in _candidates(call) if _is_wanted(call, *each)]
    by_name = order == "name"
    found.sort(
        key=lambda each: (each[2].name, each[2].schema) if by_name else (each[2].schema, each[2].name),
        reverse=descending,
    )

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        answers = []
        for stored, database, info in found[offset : offset + limit]:
            record = record_of(call.connection, stored, info, call.now)
            answers.append(table_summary(call.connection, database, stored, record, info))
        return answers

    return page_of(call, len(found), fetch, default=50, maximum=1000)


@routes("GET", "/tables/{id}")
def get_table(call: Call) -> dict[str, Any]:
    """Describe one table with its columns."""
    return table_detail(call.connection, *_found(call))


@routes("PATCH", "/tables/{id}")
def patch_table(call: Call) -> dict[str, Any]:
    """Note a table's description, keys and ontology."""
    database, stored, record, info = _found(call)
    names = [column.name for column in database.columns(info.schema, info.name)]
    for parameter in ("primary_keys", "last_modified_keys"):
        for key in call.params.get(parameter) or []:
            if key.lower() not in (name.lower() for name in names):
                raise Unprocessable(
                    f"{parameter} names {key!r}, which is no column of {info.schema}.{info.name}."
                    f"{suggestion(key, names)}"
                )
    record = update_record(call.connection, record, call.params, call.now)
    return table_detail(call.connection, database, stored, record, info)


@routes("GET", "/tables/{id}/columns")
def list_columns(call: Call) -> Page:
    """List a table's columns, or the one of a name."""
    database, _, record, info = _found(call)
    _, descending = ordering(call, ("name", "order"), "name", descending=False)
    attributes = database.table_attributes(info.schema, info.name)
    views = column_views(database.columns(info.schema, info.name), attributes, record)
    wanted = call.params.get("name")
    views = [view for view in views if not wanted or matches(view["name"], wanted)]
    # "name" is the documented default, but the platform's own answers come in the table's order.
    views.sort(
        key=lambda view: view["name" if call.params.get("order") == "name" else "order"], reverse=descending
    )
    return page_of(call, len(views), lambda limit, offset: views[offset : offset + limit], maximum=50)


@routes("POST", "/tables/{id}/refresh")
def refresh_table(call: Call) -> dict[str, Any]:
    """Start a run that gathers the table's statistics anew."""
    database, stored, record, info = _found(call)
    if "scan_id" in record.document:
        run = runs.last_run(call.connection, record.document["scan_id"])
        if run is not None and run.state in ("queued", "running"):
            raise Conflict("Already running")
    start_scan(call, stored, schema=info.schema, table=record)
    record = objects.fetch(call.connection, "table", record.id)
    return table_detail(call.connection, database, stored, record, info)


@routes("POST", "/tables/scan")
def scan_table(call: Call) -> dict[str, Any]:
    """Start a run that gathers the statistics of a table given by its name."""
    stored = resolve_database(call.connection, call.params["database_id"])
    database = database_of(call.platform, stored)
    schema = find_schema(database, call.params["schema"])
    info = find_table(database, schema, call.params["table_name"])
    record = record_of(call.connection, stored, info, call.now)
    run = start_scan(call, stored, schema=schema, table=record, priority=call.params.get("stats_priority"))
    return {"job_id": run.job_id, "run_id": run.id}


@routes("PUT", "/tables/{id}/tags/{table_tag_id}")
def add_tag(call: Call) -> dict[str, Any]:
    """Give a table a tag."""
    record = _found(call)[2]
    tag = find_object(call.connection, "table_tag", call.params["table_tag_id"], "table tag")
    ids = sorted({*(record.document.get("tag_ids") or []), tag.id})
    objects.update(call.connection, record.id, now=call.now, document={"tag_ids": ids})
    return {"id": record.id, "table_tag_id": tag.id}


@routes("DELETE", "/tables/{id}/tags/{table_tag_id}")
def remove_tag(call: Call) -> None:
    """Take a tag from a table."""
    record = _found(call)[2]
    ids = list(record.document.get("tag_ids") or [])
    if call.params["table_tag_id"] not in ids:
        raise NotFound(f"Table {record.id} does not bear the table tag {call.params['table_tag_id']}.")
    ids.remove(call.params["table_tag_id"])
    objects.update(call.connection, record.id, now=call.now, document={"tag_ids": ids})


def _found(call: Call) -> tuple[Database, Stored, Stored, TableInfo]:
    """Find the table that the path names: its database, that one's object, its own, and its facts."""
    record = find_object(call.connection, "table", call.params["id"], "table")
    assert record.parent_id is not None  # every table's record stands under its database
    stored = resolve_database(call.connection, record.parent_id)
    database = database_of(call.platform, stored)
    schema, name = record.document["schema"], record.document["name"]
    if not database.table_exists(schema, name):
        raise NotFound(f"Table {record.id} ({schema}.{name} in database {stored.name!r}) was dropped.")
    return database, stored, record, find_table(database, schema, name)


def _candidates(call: Call) -> Iterator[tuple[Stored, Database, TableInfo]]:
    """Go through the tables of the databases that a list asks for."""
    id = call.params.get("database_id")
    if id is not None:
        databases = [resolve_database(call.connection, id)]
    else:
        databases = objects.select_objects(call.connection, "database", descending=False)
    for stored in databases:
        database = database_of(call.platform, stored)
        for info in database.tables():
            yield stored, database, info


def _is_wanted(call: Call, stored: Stored, _database: Database, info: TableInfo) -> bool:
    """Tell whether a table passes the filters of a list."""
    schema, name, search = (call.params.get(each) for each in ("schema", "name", "search"))
    if schema and not matches(info.schema, schema):
        return False
    if name and not matches(info.name, name):
        return False
    if search and not matches(f"{info.schema}.{info.name}", f"*{search}*"):
        return False
    if call.params.get("table_tag_ids"):
        wanted = id_list(call.params["table_tag_ids"], "table_tag_ids")
        if not wanted:
            raise BadRequest("table_tag_ids must be IDs of table tags.")
        record = record_of(call.connection, stored, info, call.now)
        return not set(wanted).isdisjoint(record.document.get("tag_ids") or [])
    return True

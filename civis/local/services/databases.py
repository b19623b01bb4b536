"""Databases: which there are, their schemas, tables and settings; and how other services find one.

A database is an object of kind ``"database"`` that stands for a database of the warehouse of the same name.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis._names import suggestion
from civis.local.api import BadRequest, Call, NotFound, Page, Routes, page_of
from civis.local.services.lookups import ordering
from civis.local.services.table_records import (
    find_table,
    matches,
    record_of,
    table_detail,
    table_summary,
    update_record,
)
from civis.local.services.table_scans import start_scan
from civis.local.state import ObjectNotFound, Stored, objects
from civis.local.warehouse import Database, TableInfo

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = [
    "DEFAULT_DATABASE",
    "add_database",
    "database_of",
    "ensure_default_database",
    "find_schema",
    "require_credential",
    "resolve_database",
    "routes",
]

routes = Routes()

DEFAULT_DATABASE = "local"
"""What the database is called that a new platform has."""


def ensure_default_database(platform: Platform, connection: Connection, now: datetime) -> Stored:
    """Give the platform's first database, made if there is none.

    Parameters
    ----------
    platform : Platform
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    now : datetime

    Returns
    -------
    Stored
        Of kind ``"database"``.
    """
    first = objects.select_objects(connection, "database", descending=False, limit=1)
    return first[0] if first else add_database(platform, connection, DEFAULT_DATABASE, now)


def add_database(platform: Platform, connection: Connection, name: str, now: datetime) -> Stored:
    """Give the database of that name, made in the warehouse and in the state where it is missing.

    Parameters
    ----------
    platform : Platform
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    name : str
    now : datetime

    Returns
    -------
    Stored
        Of kind ``"database"``.

    Raises
    ------
    ValueError
        If the name is empty.
    """
    if not name.strip():
        raise ValueError("A database needs a name that is not empty.")
    if name not in platform.warehouse.databases():
        platform.warehouse.add(name)
    known = objects.select_objects(connection, "database", name=name, limit=1)
    return known[0] if known else objects.insert(connection, "database", {"name": name}, now=now, name=name)


def resolve_database(connection: Connection, id: int | str) -> Stored:
    """Find a database by its ID.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    id : int or str

    Raises
    ------
    NotFound
        If there is none; the message lists those there are.
    """
    try:
        return objects.fetch(connection, "database", id)
    except ObjectNotFound:
        known = objects.select_objects(connection, "database", descending=False, limit=20)
        listed = ", ".join(f"{each.id} ({each.name!r})" for each in known) or "none"
        raise NotFound(f"There is no database with ID {id}. There are: {listed}.") from None


def database_of(platform: Platform, stored: Stored) -> Database:
    """Open the warehouse's database that an object of kind ``"database"`` stands for."""
    database: Database = platform.warehouse.database(stored.document["name"])
    return database


def find_schema(database: Database, name: str) -> str:
    """Give a schema's name as the database spells it.

    Raises
    ------
    NotFound
        If there is none; the message names what is near.
    """
    schemas = database.schemas()
    for schema in schemas:
        if schema.casefold() == name.casefold():
            return schema
    raise NotFound(f"There is no schema {name!r} in database {database.name!r}.{suggestion(name, schemas)}")


def require_credential(call: Call) -> None:
    """Refuse a `credential_id` that is none.

    Raises
    ------
    NotFound
    """
    id = call.params.get("credential_id")
    if id is None:
        return
    try:
        objects.fetch(call.connection, "credential", id)
    except ObjectNotFound:
        raise NotFound(f"There is no credential with ID {id}.") from None


@routes("GET", "/databases")
def list_databases(call: Call) -> list[dict[str, Any]]:
    """List all databases, the oldest first."""
    return [_view(each) for each in objects.select_objects(call.connection, "database", descending=False)]


@routes("GET", "/databases/{id}")
def get_database(call: Call) -> dict[str, Any]:
    """Describe one database."""
    return _view(_stored(call))


@routes("GET", "/databases/{id}/schemas")
def list_schemas(call: Call) -> list[dict[str, Any]]:
    """List the schemas, or those whose name holds a text."""
    require_credential(call)
    wanted = (call.params.get("name") or "").casefold()
    schemas = database_of(call.platform, _stored(call)).schemas()
    return [{"schema": schema} for schema in sorted(schemas) if wanted in schema.casefold()]


@routes("GET", "/databases/{id}/schemas/{schema_name}/tables")
def list_schema_tables(call: Call) -> list[dict[str, Any]]:
    """List the tables and views of one schema."""
    require_credential(call)
    stored = _stored(call)
    database = database_of(call.platform, stored)
    schema = find_schema(database, call.params["schema_name"])
    return [
        {"name": each.name, "schema": each.schema, "is_view": each.is_view, "database_id": stored.id}
        for each in sorted(database.tables(schema), key=lambda info: info.name)
    ]


@routes("GET", "/databases/{id}/schemas/{schema_name}/tables/{table_name}")
def get_schema_table(call: Call) -> dict[str, Any]:
    """Describe one table by its name."""
    require_credential(call)
    stored, database, info = _named_table(call)
    record = record_of(call.connection, stored, info, call.now)
    return table_detail(call.connection, database, stored, record, info)


@routes("PATCH", "/databases/{id}/schemas/{schema_name}/tables/{table_name}")
def patch_schema_table(call: Call) -> dict[str, Any]:
    """Change a table's description."""
    require_credential(call)
    stored, database, info = _named_table(call)
    record = record_of(call.connection, stored, info, call.now)
    record = update_record(call.connection, record, call.params, call.now)
    return table_detail(call.connection, database, stored, record, info)


@routes("GET", "/databases/{id}/tables")
def list_database_tables(call: Call) -> Page:
    """List tables whose name or schema holds a text; by name."""
    stored = _stored(call)
    database = database_of(call.platform, stored)
    _, descending = ordering(call, ("name",), "name", descending=False)
    found = [info for info in database.tables() if _holds(info, call.params.get("name"))]
    found.sort(key=lambda info: (info.name, info.schema), reverse=descending)

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [_summary(call, stored, database, info) for info in found[offset : offset + limit]]

    return page_of(call, len(found), fetch, default=200, maximum=1000)


@routes("GET", "/databases/{id}/tables-search")
def search_tables(call: Call) -> list[dict[str, Any]]:
    """List tables by a part of their name, or by a column that they have, with their columns' names."""
    stored = _stored(call)
    database = database_of(call.platform, stored)
    column = call.params.get("column_name")
    answers = []
    for info in sorted(database.tables(), key=lambda each: (each.name, each.schema)):
        if not _holds(info, call.params.get("name")):
            continue
        names = [each.name for each in database.columns(info.schema, info.name)]
        if column and not any(matches(name, column) for name in names):
            continue
        answers.append({**_summary(call, stored, database, info), "column_names": names})
    return answers


@routes("POST", "/databases/{id}/schemas/scan")
def scan_schema(call: Call) -> dict[str, Any]:
    """Start a run that gathers the statistics of a schema's tables."""
    stored = _stored(call)
    schema = find_schema(database_of(call.platform, stored), call.params["schema"])
    run = start_scan(call, stored, schema=schema, priority=call.params.get("stats_priority"))
    return {"job_id": run.job_id, "run_id": run.id}


@routes("GET", "/databases/{id}/advanced-settings")
def get_advanced_settings(call: Call) -> dict[str, Any]:
    """Give a database's settings."""
    return {"export_caching_enabled": bool(_stored(call).document.get("export_caching_enabled"))}


@routes("PATCH", "/databases/{id}/advanced-settings")
@routes("PUT", "/databases/{id}/advanced-settings")
def set_advanced_settings(call: Call) -> dict[str, Any]:
    """Change a database's settings."""
    stored = _stored(call)
    if "export_caching_enabled" in call.params:
        wanted = call.params["export_caching_enabled"]
        if wanted is None:
            raise BadRequest("export_caching_enabled must be true or false, not null.")
        objects.update(call.connection, stored.id, now=call.now, document={"export_caching_enabled": wanted})
    return {"export_caching_enabled": bool(_stored(call).document.get("export_caching_enabled"))}


def _stored(call: Call) -> Stored:
    """Find the database that the path names."""
    return resolve_database(call.connection, call.params["id"])


def _view(stored: Stored) -> dict[str, Any]:
    """Describe a database as the answers do."""
    return {
        "id": stored.id,
        "name": stored.name,
        "adapter": "redshift",  # the dialect that the warehouse speaks, not the engine behind it
        "cluster_identifier": None,
        "host": "localhost",
        "port": None,
        "database_name": stored.document["name"],
        "managed": True,
    }


def _named_table(call: Call) -> tuple[Stored, Database, TableInfo]:
    """Find the table that the path names, with its database."""
    stored = _stored(call)
    database = database_of(call.platform, stored)
    schema = find_schema(database, call.params["schema_name"])
    return stored, database, find_table(database, schema, call.params["table_name"])


def _holds(info: TableInfo, text: str | None) -> bool:
    """Tell whether a table's schema or name holds a text."""
    return not text or text.casefold() in f"{info.schema}.{info.name}".casefold()


def _summary(call: Call, stored: Stored, database: Database, info: TableInfo) -> dict[str, Any]:
    """Describe a table as lists do."""
    record = record_of(call.connection, stored, info, call.now)
    return table_summary(call.connection, database, stored, record, info)

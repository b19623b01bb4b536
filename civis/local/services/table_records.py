"""Tables as the API shows them: an ID that stays, what users noted, and what the warehouse knows.

A table's ID is that of an object of kind ``"table"`` under its database, made when the table is first seen,
and found again by the table's name; the statistics in it come from scans (`table_scans`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from civis._names import suggestion
from civis.local.api import NotFound
from civis.local.services.lookups import run_summary
from civis.local.state import Stored, objects, runs
from civis.local.warehouse import ColumnInfo, Database, TableAttributes, TableInfo

__all__ = [
    "column_views",
    "find_table",
    "matches",
    "qualified_name",
    "quoted",
    "record_of",
    "table_detail",
    "table_summary",
    "update_record",
]

_NOTES = ("description", "primary_keys", "last_modified_keys", "ontology_mapping")
_KINDS_OF_TYPE = (
    (r"(small|big)?int(eger|2|4|8)?\b", "integer"),
    (r"(numeric|decimal|real|double|float)", "numeric"),
    (r"bool", "boolean"),
    (r"timestamp", "timestamp"),
    (r"date\b", "date"),
    (r"time\b", "time"),
)


def quoted(name: str) -> str:
    """Write a name as SQL does, in quotes.

    Examples
    --------
    >>> quoted('a "b" c')
    '"a ""b"" c"'
    """
    return '"' + name.replace('"', '""') + '"'


def qualified_name(schema: str, table: str) -> str:
    """Write a table's name with its schema, in quotes; two tables never share one.

    Examples
    --------
    >>> qualified_name("public", "t.1")
    '"public"."t.1"'
    """
    return f"{quoted(schema)}.{quoted(table)}"


def matches(name: str, pattern: str) -> bool:
    """Tell whether a name is the pattern, in any case; ``%`` and ``*`` stand for any text.

    Examples
    --------
    >>> matches("census_2020", "CENSUS%"), matches("my_census", "census")
    (True, False)
    """
    expression = "".join(".*" if each in "%*" else re.escape(each) for each in pattern)
    return re.fullmatch(expression, name, re.IGNORECASE | re.DOTALL) is not None


def find_table(database: Database, schema: str, name: str) -> TableInfo:
    """Find a table or view by its name.

    Raises
    ------
    NotFound
        If the schema has none; the message names what is near.
    """
    tables = database.tables(schema)
    for info in tables:
        if info.name.casefold() == name.casefold():
            return info
    near = suggestion(name, [info.name for info in tables])
    raise NotFound(f"There is no table {schema}.{name} in database {database.name!r}.{near}")


def record_of(connection: Connection, stored: Stored, info: TableInfo, now: datetime) -> Stored:
    """Give the object that keeps a table's ID and notes, made when the table is first seen.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    stored : Stored
        The table's database.
    info : TableInfo
    now : datetime
    """
    name = qualified_name(info.schema, info.name)
    known = objects.select_objects(connection, "table", parent_id=stored.id, name=name, limit=1)
    if known:
        return known[0]
    document = {"schema": info.schema, "name": info.name}
    return objects.insert(connection, "table", document, now=now, name=name, parent_id=stored.id)


def update_record(connection: Connection, record: Stored, params: Mapping[str, Any], now: datetime) -> Stored:
    """Note a table's description, keys and ontology where a request gives them."""
    notes = {name: params[name] for name in _NOTES if name in params}
    return objects.update(connection, record.id, now=now, document=notes) if notes else record


def table_summary(
    connection: Connection, database: Database, stored: Stored, record: Stored, info: TableInfo
) -> dict[str, Any]:
    """Describe a table as lists do."""
    attributes = database.table_attributes(info.schema, info.name)
    run = runs.last_run(connection, record.document["scan_id"]) if "scan_id" in record.document else None
    is_refreshing = run is not None and run.state in ("queued", "running")
    return {
        "id": record.id,
        "database_id": stored.id,
        "schema": info.schema,
        "name": info.name,
        "description": record.document.get("description", attributes.description),
        "is_view": info.is_view,
        "row_count": database.row_count(info.schema, info.name),
        "column_count": info.column_count,
        "size_mb": None,
        "owner": info.owner or attributes.owner,
        "distkey": attributes.distkey,
        "sortkeys": ", ".join(attributes.sortkeys) or None,
        "refresh_status": "refreshing" if is_refreshing else "current",
        "last_refresh": record.document.get("last_refresh"),
        "refresh_id": None if run is None else str(run.id),
        "last_run": run_summary(run),
        "table_tags": _tags(connection, record),
    }


def table_detail(
    connection: Connection, database: Database, stored: Stored, record: Stored, info: TableInfo
) -> dict[str, Any]:
    """Describe a table with its columns and what users noted about it."""
    attributes = database.table_attributes(info.schema, info.name)
    columns = database.columns(info.schema, info.name)
    keys = record.document.get("primary_keys", list(attributes.primary_keys)) or []
    return {
        **table_summary(connection, database, stored, record, info),
        "data_updated_at": None,
        "schema_updated_at": None,
        "primary_keys": keys,
        "last_modified_keys": record.document.get("last_modified_keys") or [],
        "ontology_mapping": record.document.get("ontology_mapping") or {},
        "columns": column_views(columns, attributes, record),
        "joins": [],
        "multipart_key": keys,
        "enhancements": [],
        "view_def": None,
        "table_def": None if info.is_view else _definition(info, columns, attributes),
        "outgoing_table_matches": [],
    }


def column_views(
    columns: list[ColumnInfo], attributes: TableAttributes, record: Stored
) -> list[dict[str, Any]]:
    """Describe a table's columns; their statistics are null until a scan has gathered them."""
    statistics = record.document.get("statistics") or {}
    return [
        {
            "name": each.name,
            "civis_data_type": _kind_of_type(each.sql_type),
            "sql_type": each.sql_type,
            "sample_values": [],
            "encoding": each.encoding or attributes.encodings.get(each.name),
            "description": each.description or attributes.column_descriptions.get(each.name),
            "order": each.order,
            "value_distribution": {},
            "value_distribution_percent": {},
            "possible_dependent_variable_types": [],
            "useable_as_independent_variable": False,
            "useable_as_primary_key": False,
            **statistics.get(each.name, {}),
        }
        for each in columns
    ]


def _kind_of_type(sql_type: str) -> str:
    """Name the family of a type: ``"integer"``, ``"numeric"``, ``"string"``, ….."""
    for expression, kind in _KINDS_OF_TYPE:
        if re.match(expression, sql_type, re.IGNORECASE):
            return kind
    return "string"


def _definition(info: TableInfo, columns: list[ColumnInfo], attributes: TableAttributes) -> str:
    """Write the statement that would create the table."""
    lines = [
        f"    {quoted(each.name)} {each.sql_type.upper()} {'NULL' if each.is_nullable else 'NOT NULL'}"
        for each in columns
    ]
    style = f"DISTSTYLE {(attributes.diststyle or 'auto').upper()}"
    keys = [f"DISTKEY ({quoted(attributes.distkey)})"] if attributes.distkey else []
    if attributes.sortkeys:
        keys.append(f"SORTKEY ({', '.join(quoted(key) for key in attributes.sortkeys)})")
    body = ",\n".join(lines)
    return (
        f"CREATE TABLE {qualified_name(info.schema, info.name)} (\n{body}\n)\n"
        + "\n".join([style, *keys])
        + ";\n"
    )


def _tags(connection: Connection, record: Stored) -> list[dict[str, Any]]:
    """List the tags that a table bears."""
    ids = record.document.get("tag_ids") or []
    if not ids:
        return []
    found = objects.select_objects(connection, "table_tag", id=ids, descending=False)
    return [{"id": tag.id, "name": tag.name} for tag in found]

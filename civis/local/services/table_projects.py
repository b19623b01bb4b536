"""Projects that a table is in, by the table's ID or by its name."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Routes
from civis.local.services.databases import database_of, find_schema, resolve_database
from civis.local.services.families.membership import list_projects_of, put_object, take_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.table_records import find_table, record_of
from civis.local.state import Stored

__all__ = ["routes"]

routes = Routes()

_BY_NAME = "/databases/{id}/schemas/{schema_name}/tables/{table_name}/projects"

declare(ObjectKind("table", "/tables", "table", project_list="tables"))


@routes("GET", _BY_NAME)
def list_projects(call: Call) -> list[dict[str, Any]]:
    """List the projects that a table is in."""
    return list_projects_of(call, _table(call))


@routes("PUT", f"{_BY_NAME}/{{project_id}}")
def put_into_project(call: Call) -> None:
    """Put a table into a project."""
    put_object(call, _table(call), "table", "project_id")


@routes("DELETE", f"{_BY_NAME}/{{project_id}}")
def take_out_of_project(call: Call) -> None:
    """Take a table out of a project."""
    take_object(call, _table(call), "project_id")


def _table(call: Call) -> Stored:
    """Read the table that a path names."""
    stored = resolve_database(call.connection, call.params["id"])
    database = database_of(call.platform, stored)
    schema = find_schema(database, call.params["schema_name"])
    return record_of(
        call.connection, stored, find_table(database, schema, call.params["table_name"]), call.now
    )

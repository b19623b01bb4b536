"""Who may do what in a database: all users of the platform may do all, and its databases know no others."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Routes
from civis.local.services.databases import database_of, find_schema, resolve_database
from civis.local.services.groups import GROUP, member_ids
from civis.local.services.table_records import find_table
from civis.local.state import accounts, objects

__all__ = ["routes"]

routes = Routes()

_TABLE = ["SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES"]
_SCHEMA = ["CREATE", "USAGE"]


@routes("GET", "/databases/{id}/table_privileges/{schema_name}/{table_name}")
def get_table_privileges(call: Call) -> dict[str, Any]:
    """Show who may do what with a table."""
    database = database_of(call.platform, resolve_database(call.connection, call.params["id"]))
    find_table(database, find_schema(database, call.params["schema_name"]), call.params["table_name"])
    return _everybody(_TABLE)


@routes("GET", "/databases/{id}/schema_privileges/{schema_name}")
def get_schema_privileges(call: Call) -> dict[str, Any]:
    """Show who may do what in a schema."""
    database = database_of(call.platform, resolve_database(call.connection, call.params["id"]))
    find_schema(database, call.params["schema_name"])
    return _everybody(_SCHEMA)


@routes("GET", "/databases/{id}/users")
def list_users(call: Call) -> list[dict[str, Any]]:
    """List the users of a database: those of the platform."""
    resolve_database(call.connection, call.params["id"])
    found = accounts.select_users(call.connection, active=call.params.get("active"))
    return [{"username": each.username, "active": each.is_active} for each in found]


@routes("GET", "/databases/{id}/groups")
def list_groups(call: Call) -> list[dict[str, Any]]:
    """List the groups of a database: those of the platform."""
    resolve_database(call.connection, call.params["id"])
    names = {user.id: user.username for user in accounts.select_users(call.connection)}
    found = objects.select_objects(call.connection, GROUP, order_by="name", descending=False)
    return [
        {"group_name": each.name, "members": [names[id] for id in member_ids(each) if id in names]}
        for each in found
    ]


def _everybody(privileges: list[str]) -> dict[str, Any]:
    """Show that all users have privileges, and may pass them on."""
    return {
        "grantee": "public",
        "grantee_type": "group",
        "privileges": privileges,
        "grantable_privileges": privileges,
    }

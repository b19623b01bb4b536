"""The addresses that may connect to a database: noted, since the warehouse takes no connections."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from civis.local.api import BadRequest, Call, Forbidden, NotFound, Routes
from civis.local.services.databases import resolve_database
from civis.local.state import Stored, objects
from civis.local.state.people import username_of

__all__ = ["routes"]

routes = Routes()

_KIND = "allowed_address"
_ADDRESSES = "/databases/{id}/whitelist-ips"


@routes("GET", _ADDRESSES)
def list_addresses(call: Call) -> list[dict[str, Any]]:
    """List the addresses that may connect, the oldest first."""
    database = resolve_database(call.connection, call.params["id"])
    found = objects.select_objects(call.connection, _KIND, parent_id=database.id, descending=False)
    return [_view(call, each) for each in found]


@routes("POST", _ADDRESSES)
def post_address(call: Call) -> dict[str, Any]:
    """Note an address, or a range of them, that may connect.

    Raises
    ------
    BadRequest
        If it is neither.
    """
    database = _managed(call)
    try:
        network = str(ip_network(call.params["subnet_mask"].strip(), strict=False))
    except ValueError:
        given = call.params["subnet_mask"]
        raise BadRequest(f"subnetMask must be a range such as 192.0.2.0/24, not {given!r}.") from None
    document = {"subnet_mask": network, "authorized_by_id": call.user.id}
    return _view(call, objects.insert(call.connection, _KIND, document, now=call.now, parent_id=database.id))


@routes("GET", f"{_ADDRESSES}/{{whitelisted_ip_id}}")
def get_address(call: Call) -> dict[str, Any]:
    """Show an address that may connect."""
    return _view(call, _found(call, resolve_database(call.connection, call.params["id"])))


@routes("DELETE", f"{_ADDRESSES}/{{whitelisted_ip_id}}")
def delete_address(call: Call) -> None:
    """Forget an address."""
    objects.remove(call.connection, _found(call, _managed(call)).id)


def _managed(call: Call) -> Stored:
    """Read the database that a path names, for an administrator."""
    database = resolve_database(call.connection, call.params["id"])
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may say which addresses connect to a database.")
    return database


def _found(call: Call, database: Stored) -> Stored:
    """Read the address that a path names."""
    id = call.params["whitelisted_ip_id"]
    found = objects.select_objects(call.connection, _KIND, parent_id=database.id, id=id)
    if not found:
        raise NotFound(f"Database {database.id} has no whitelisted IP with ID {id}.")
    return found[0]


def _view(call: Call, stored: Stored) -> dict[str, Any]:
    """Show an address."""
    return {
        "id": stored.id,
        "remote_host_id": stored.parent_id,
        "security_group_id": f"local-{stored.parent_id}",
        "subnet_mask": stored.document["subnet_mask"],
        "authorized_by": username_of(call.connection, stored.document["authorized_by_id"]),
        "is_active": True,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }

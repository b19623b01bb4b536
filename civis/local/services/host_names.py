"""What kinds of objects are hosts, and how each is called; databases count as Redshift hosts."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from civis.local.api import NotFound
from civis.local.services.lookups import find_object
from civis.local.state import Stored, objects

__all__ = ["HOST_KINDS", "find_host", "host_type", "host_url"]

HOST_KINDS = ("database", "remote_host")
"""The kinds of objects whose ID can be a ``remote_host_id``."""


def find_host(connection: Connection, id: int | str) -> Stored:
    """Find what a ``remote_host_id`` names.

    Raises
    ------
    NotFound
        If there is no such host; the message lists the databases.
    """
    try:
        return find_object(connection, HOST_KINDS, id, "remote host")
    except NotFound:
        known = objects.select_objects(connection, "database", descending=False, limit=20)
        listed = ", ".join(f"{each.id} ({each.name!r})" for each in known) or "none"
        raise NotFound(
            f"There is no remote host or database with ID {id} (remote_host_id). Databases: {listed}."
        ) from None


def host_type(stored: Stored) -> str:
    """Name a host's type, such as ``"RemoteHostTypes::JDBC"``."""
    return "RemoteHostTypes::Redshift" if stored.kind == "database" else str(stored.document["type"])


def host_url(stored: Stored) -> str:
    """Give a host's URL."""
    if stored.kind == "database":
        return f"jdbc:redshift://localhost/{stored.document['name']}"
    return str(stored.document["url"])

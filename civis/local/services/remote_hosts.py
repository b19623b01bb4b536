"""Remote hosts: places that credentials are for; the platform's databases are among them, under their IDs."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call, Forbidden, Routes, Unprocessable
from civis.local.services.credentials import find_login, resolve_credential
from civis.local.services.databases import database_of
from civis.local.services.host_names import HOST_KINDS, host_type, host_url
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import level_of, visible
from civis.local.state import Stored, objects
from civis.local.state.people import author

__all__ = ["routes"]

routes = Routes()

declare(ObjectKind("remote_host", "/remote_hosts", "remote host", among=lambda: HOST_KINDS))

_TYPES = tuple(
    f"RemoteHostTypes::{name}"
    for name in (
        "Bigquery",
        "Bitbucket",
        "GitSSH",
        "Github",
        "GoogleDoc",
        "JDBC",
        "Postgres",
        "Redshift",
        "S3Storage",
        "Salesforce",
    )
)


@routes("GET", "/remote_hosts")
def list_remote_hosts(call: Call) -> list[dict[str, Any]]:
    """List remote hosts and databases, or those of one type."""
    wanted = call.params.get("type")
    require_choice(wanted, _TYPES, "type")
    found = objects.select_objects(
        call.connection, HOST_KINDS, descending=False, among=visible(call.connection)
    )
    return [_view(call, each) for each in found if not wanted or host_type(each) == wanted]


@routes("POST", "/remote_hosts")
def post_remote_host(call: Call) -> dict[str, Any]:
    """Create a remote host."""
    fields = _fields(call)
    stored = objects.insert(
        call.connection,
        "remote_host",
        {"description": None, **fields},
        now=call.now,
        name=call.params["name"],
        author_id=call.user.id,
    )
    return _view(call, stored)


@routes("GET", "/remote_hosts/{id}")
def get_remote_host(call: Call) -> dict[str, Any]:
    """Describe a remote host."""
    return _view(call, _stored(call))


@routes("PUT", "/remote_hosts/{id}")
@routes("PATCH", "/remote_hosts/{id}")
def update_remote_host(call: Call) -> dict[str, Any]:
    """Change a remote host; the platform's own databases stay as they are."""
    stored = _stored(call)
    if stored.kind == "database":
        raise Forbidden(f"{stored.id} is the database {stored.name!r} of the platform and cannot be changed.")
    stored = objects.update(
        call.connection, stored.id, now=call.now, document=_fields(call), name=call.params.get("name")
    )
    return _view(call, stored)


@routes("POST", "/remote_hosts/{id}/authenticate")
def authenticate_host(call: Call) -> None:
    """Check a credential, or a user name and password, against what is stored for the host."""
    stored = _stored(call)
    id, username = call.params.get("credential_id"), call.params.get("username")
    if (id is None) == (username is None):
        raise BadRequest("Send either credential_id, or username and password.")
    if id is not None:
        credential = resolve_credential(call.connection, id)
        is_right = credential.document.get("remote_host_id") == stored.id
    else:
        password = call.params.get("password") or ""
        is_right = find_login(call, {stored.id}, str(username), password) is not None
    if not is_right:
        raise BadRequest("Username or password is incorrect.", "authentication_error")


@routes("GET", "/remote_hosts/{id}/data_sets")
def list_data_sets(call: Call) -> list[dict[str, Any]]:
    """List a database's tables, or only its schemas."""
    stored = _stored(call)
    if stored.kind != "database":
        raise Unprocessable(
            f"The local platform does not reach {stored.name!r} ({host_type(stored)}); "
            "only its databases have data sets."
        )
    database = database_of(call.platform, stored)
    if call.params.get("s"):
        names = database.schemas()
    else:
        names = [f"{info.schema}.{info.name}" for info in database.tables()]
    wanted = (call.params.get("q") or "").casefold()
    return [
        {"name": name, "full_path": not call.params.get("s")}
        for name in sorted(names)
        if wanted in name.casefold()
    ]


def _stored(call: Call) -> Stored:
    """Find the host that the path names."""
    return find_object(call.connection, HOST_KINDS, call.params["id"], "remote host")


def _fields(call: Call) -> dict[str, Any]:
    """Read and check what a request sends."""
    require_choice(call.params.get("type"), _TYPES, "type")
    for name in ("name", "url", "type"):
        if name in call.params and not call.params[name]:
            raise BadRequest(f"{name} must not be empty.")
    return {name: call.params[name] for name in ("type", "url", "description") if name in call.params}


def _view(call: Call, stored: Stored) -> dict[str, Any]:
    """Describe a host as the answers do."""
    return {
        "id": stored.id,
        "name": stored.name,
        "type": host_type(stored),
        "url": host_url(stored),
        "description": stored.document.get("description"),
        "my_permission_level": level_of(call.connection, stored) if stored.kind == "remote_host" else "read",
        "user": author(call.connection, stored.author_id),
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
    }

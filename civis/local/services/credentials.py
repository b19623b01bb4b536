"""Credentials: logins for databases and services; passwords are sealed and never part of an answer.

A credential is an object of kind ``"credential"``; users see their own.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis.local.api import (
    BadRequest,
    Call,
    Extended,
    Forbidden,
    NotFound,
    Page,
    Routes,
    Unprocessable,
    page_of,
)
from civis.local.services.credential_secrets import Sealer
from civis.local.services.host_names import HOST_KINDS, find_host, host_type, host_url
from civis.local.services.lookups import find_object, id_list, ordering, require_choice, word_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import visible
from civis.local.state import Stored, objects
from civis.local.state.people import author

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = [
    "TYPES",
    "credential_password",
    "ensure_default_credential",
    "find_login",
    "resolve_credential",
    "routes",
]

routes = Routes()

declare(ObjectKind("credential", "/credentials", "credential"))

_EDITABLE = (
    "Amazon Web Services S3",
    "CASS/NCOA PAF",
    "Certificate",
    "Civis Platform",
    "Custom",
    "Database",
    "Google",
    "Salesforce Client",
    "Salesforce User",
    "TableauUser",
)
TYPES = tuple(sorted((*_EDITABLE, "Bitbucket", "Github", "OAuth User")))
"""The types that credentials have on the platform."""

_FIELDS = ("type", "username", "description", "remote_host_id", "state", "default", "oauth")
_SHORTEST, _LONGEST = 15 * 60, 36 * 3600


def ensure_default_credential(
    platform: Platform, connection: Connection, user_id: int, username: str, database_id: int, now: datetime
) -> Stored:
    """Give a user's default credential for a database, made if there is none.

    Parameters
    ----------
    platform : Platform
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    user_id : int
    username : str
        The name in the database; runs with the credential work under it.
    database_id : int
    now : datetime

    Returns
    -------
    Stored
        Of kind ``"credential"``.
    """
    for known in objects.select_objects(connection, "credential", author_id=user_id, descending=False):
        if known.document.get("default") and known.document.get("remote_host_id") == database_id:
            return known
    is_first = not _defaults(connection, user_id)
    document = {
        "type": "Database",
        "username": username,
        "description": None,
        "remote_host_id": database_id,
        "state": None,
        "default": True,
        "is_users_default": is_first,
        "oauth": False,
    }
    return objects.insert(connection, "credential", document, now=now, name=username, author_id=user_id)


def resolve_credential(connection: Connection, id: int | str) -> Stored:
    """Find a credential by its ID.

    Raises
    ------
    NotFound
    """
    return find_object(connection, "credential", id, "credential")


def credential_password(platform: Platform, stored: Stored) -> str | None:
    """Give a credential's password, for a job that works with it; None if it has none.

    Raises
    ------
    SealBroken
        If the platform's key file is not the one it was sealed with.
    """
    sealed = stored.document.get("sealed_password")
    return None if sealed is None else Sealer(platform.data_dir).open(sealed)


def find_login(call: Call, host_ids: Collection[int], username: str, password: str) -> Stored | None:
    """Find the user's credential for one of several hosts that has this user name and password."""
    for stored in objects.select_objects(call.connection, "credential", author_id=call.user.id):
        document = stored.document
        if document.get("remote_host_id") not in host_ids or document.get("username") != username:
            continue
        known = credential_password(call.platform, stored)
        if known is not None and hmac.compare_digest(known.encode(), password.encode()):
            return stored
    return None


@routes("GET", "/credentials/types")
def list_types(call: Call) -> dict[str, Any]:
    """List the types of credentials."""
    return {"types": list(TYPES)}


@routes("GET", "/credentials")
def list_credentials(call: Call) -> Page:
    """List the user's credentials, the one changed last first."""
    order, descending = ordering(call, ("updated_at", "created_at", "name"), "updated_at", descending=True)
    found = [
        each
        for each in objects.select_objects(
            call.connection,
            "credential",
            **_whose(call),
            name_contains=call.params.get("name"),
            order_by=order,
            descending=descending,
        )
        if _is_wanted(call, each)
    ]
    if call.params.get("default"):
        found = [each for each in _defaults(call.connection, call.user.id)[:1] if each in found]
    return page_of(
        call,
        len(found),
        lambda limit, offset: [_view(call, each) for each in found[offset : offset + limit]],
        default=1000,
        maximum=1000,
    )


@routes("POST", "/credentials")
def post_credential(call: Call) -> dict[str, Any]:
    """Create a credential."""
    document = dict.fromkeys(_FIELDS) | _fields(call)
    document["sealed_password"] = _sealed(call)
    owner = call.params.get("user_id") or call.user.id
    if owner != call.user.id and not call.user.is_admin:
        raise Forbidden(f"Only an administrator may create a credential for another user ({owner}).")
    if author(call.connection, owner) is None:
        raise NotFound(f"There is no user with ID {owner}.")
    stored = objects.insert(
        call.connection,
        "credential",
        document,
        now=call.now,
        name=call.params.get("name") or call.params["username"],
        author_id=owner,
    )
    return _view(call, _settle_default(call, stored))


@routes("GET", "/credentials/{id}")
def get_credential(call: Call) -> dict[str, Any]:
    """Describe a credential."""
    return _view(call, _stored(call))


@routes("PUT", "/credentials/{id}")
def put_credential(call: Call) -> dict[str, Any]:
    """Replace a credential's attributes; those not sent become empty."""
    return _change(call, dict.fromkeys(_FIELDS) | _fields(call))


@routes("PATCH", "/credentials/{id}")
def patch_credential(call: Call) -> dict[str, Any]:
    """Change some of a credential's attributes."""
    return _change(call, _fields(call))


@routes("DELETE", "/credentials/{id}")
def delete_credential(call: Call) -> None:
    """Delete a credential."""
    objects.remove(call.connection, _stored(call).id)


@routes("POST", "/credentials/authenticate")
def authenticate(call: Call) -> dict[str, Any]:
    """Check a user name and password for a remote host against the user's stored credentials."""
    hosts = objects.select_objects(call.connection, HOST_KINDS)
    asked = (call.params["url"], call.params["remote_host_type"])
    ids = {host.id for host in hosts if (host_url(host), host_type(host)) == asked}
    found = find_login(call, ids, call.params["username"], call.params["password"])
    if found is not None:
        return Extended(_view(call, found), success=True)
    raise BadRequest("Username or password is incorrect.", "authentication_error")


@routes("POST", "/credentials/{id}/temporary")
def post_temporary(call: Call) -> dict[str, Any]:
    """Make a key pair for S3 that ends by itself; only the secret's hash is kept."""
    stored = _stored(call)
    kind = stored.document.get("type")
    if kind != "Amazon Web Services S3":
        raise BadRequest(
            f"Only a credential of type 'Amazon Web Services S3' has temporary ones; "
            f"{stored.id} is of type {kind!r}."
        )
    duration = call.params.get("duration")
    duration = _SHORTEST if duration is None else duration
    if not _SHORTEST <= duration <= _LONGEST:
        raise BadRequest(f"duration must be between {_SHORTEST} and {_LONGEST} seconds, not {duration}.")
    key, secret, token = (
        f"ASIA{secrets.token_hex(8).upper()}",
        secrets.token_urlsafe(30),
        secrets.token_urlsafe(96),
    )
    document = {
        "access_key": key,
        "secret_hash": sha256(secret.encode()).hexdigest(),
        "token_hash": sha256(token.encode()).hexdigest(),
        "expires_at": call.now + timedelta(seconds=duration),
    }
    objects.insert(
        call.connection,
        "temporary_credential",
        document,
        now=call.now,
        parent_id=stored.id,
        author_id=call.user.id,
    )
    return {"access_key": key, "secret_access_key": secret, "session_token": token}


def _stored(call: Call) -> Stored:
    """Find the credential that the path names, if the user may see it."""
    return resolve_credential(call.connection, call.params["id"])


def _whose(call: Call) -> dict[str, Any]:
    """Filter a list by whose credentials it is to hold: the user's own and those shared with the user."""
    shared = visible(call.connection)
    if call.params.get("users"):
        return {"author_id": id_list(call.params["users"], "users"), "among": shared}
    # An administrator sees all, but looks for credentials to work with.
    return {"author_id": call.user.id} if shared is None else {"among": shared}


def _is_wanted(call: Call, stored: Stored) -> bool:
    """Tell whether a credential passes the filters of a list."""
    types = word_list(call.params.get("type"))
    for type in types:
        require_choice(type, TYPES, "type")
    document, host, provider = stored.document, call.params.get("remote_host_id"), call.params.get("provider")
    return (
        (not types or document.get("type") in types)
        and (host is None or document.get("remote_host_id") == host)
        and (not provider or document.get("provider") == provider)
        and bool(document.get("system_credential")) == bool(call.params.get("system_credentials"))
    )


def _defaults(connection: Connection, user_id: int) -> list[Stored]:
    """List a user's default credentials, the one of the user's own default first."""
    found = [
        each
        for each in objects.select_objects(connection, "credential", author_id=user_id, descending=False)
        if each.document.get("default")
    ]
    return sorted(found, key=lambda each: not each.document.get("is_users_default"))


def _fields(call: Call) -> dict[str, Any]:
    """Read and check the attributes that a request sends."""
    fields = {field: call.params[field] for field in _FIELDS if field in call.params}
    for field in ("type", "username"):
        if field in fields and not fields[field]:
            raise BadRequest(f"{field} must not be empty.")
    require_choice(fields.get("type"), TYPES, "type")
    if fields.get("remote_host_id") is not None:
        find_host(call.connection, fields["remote_host_id"])
    return fields


def _sealed(call: Call) -> str | None:
    """Seal the password that a request sends."""
    password = call.params.get("password")
    return None if password is None else Sealer(call.platform.data_dir).seal(password)


def _change(call: Call, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Store changed attributes."""
    stored = _stored(call)
    changes = dict(fields)
    if "password" in call.params:
        changes["sealed_password"] = _sealed(call)
    name = call.params.get("name")
    if stored.document.get("type") not in _EDITABLE and set(changes) - {"description"}:
        raise Unprocessable(
            f"Of a credential of type {stored.document.get('type')!r} only the name and the description "
            "can be changed."
        )
    stored = objects.update(call.connection, stored.id, now=call.now, document=changes, name=name)
    return _view(call, _settle_default(call, stored))


def _settle_default(call: Call, stored: Stored) -> Stored:
    """Let a credential that is made a default be the only one of its user and host."""
    if not stored.document.get("default"):
        return stored
    if stored.document.get("type") != "Database":
        raise Unprocessable(
            f"Only a credential of type 'Database' can be a default, "
            f"not one of type {stored.document.get('type')!r}."
        )
    host = stored.document.get("remote_host_id")
    for other in _defaults(call.connection, stored.author_id or call.user.id):
        if other.id != stored.id:
            same = {"default": False} if other.document.get("remote_host_id") == host else {}
            changes = {**same, "is_users_default": False}
            objects.update(call.connection, other.id, now=other.updated_at, document=changes)
    return objects.update(call.connection, stored.id, now=call.now, document={"is_users_default": True})


def _view(call: Call, stored: Stored) -> dict[str, Any]:
    """Describe a credential as the answers do: without its password."""
    document = stored.document
    owner = author(call.connection, stored.author_id)
    host_id = document.get("remote_host_id")
    host_name = None
    if host_id is not None:
        found = objects.select_objects(call.connection, HOST_KINDS, id=host_id)
        host_name = found[0].name if found else None
    return {
        "id": stored.id,
        "name": stored.name,
        "type": document.get("type"),
        "username": document.get("username"),
        "description": document.get("description"),
        "owner": None if owner is None else owner["username"],
        "user": owner,
        "remote_host_id": host_id,
        "remote_host_name": host_name,
        "state": document.get("state"),
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
        "default": bool(document.get("default")),
        "oauth": bool(document.get("oauth")),
        "provider": document.get("provider"),
        "provider_metadata": document.get("provider_metadata"),
    }

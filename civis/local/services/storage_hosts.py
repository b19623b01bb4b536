"""Storage hosts: buckets that users note, for exports into them and imports from them (`storage_places`)."""

from __future__ import annotations

from typing import Any

from civis.local.api import BadRequest, Call, Conflict, Routes
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import visible
from civis.local.services.storage_places import bucket_problem
from civis.local.state import Stored, objects
from civis.local.state.people import author, authors

__all__ = ["routes"]

routes = Routes()

declare(ObjectKind("storage_host", "/storage_hosts", "storage host"))

_REGION = "us-east-1"
#: The kind of object that says whose a bucket is: its author, by the bucket's name.
_CLAIM = "storage_bucket"


@routes("GET", "/storage_hosts")
def list_storage_hosts(call: Call) -> list[dict[str, Any]]:
    """List the storage hosts."""
    found = objects.select_objects(
        call.connection, "storage_host", archived=False, descending=False, among=visible(call.connection)
    )
    people = authors(call.connection, [each.author_id for each in found])
    return [_shown(each, people.get(each.author_id)) for each in found]


@routes("POST", "/storage_hosts")
def post_storage_host(call: Call) -> dict[str, Any]:
    """Note a new storage host."""
    document = {"s3_options": {"region": _REGION}, **_fields(call)}
    stored = objects.insert(
        call.connection,
        "storage_host",
        document,
        now=call.now,
        name=call.params["name"],
        author_id=call.user.id,
    )
    return _view(call, stored)


@routes("GET", "/storage_hosts/{id}")
def get_storage_host(call: Call) -> dict[str, Any]:
    """Describe a storage host."""
    return _view(call, _stored(call))


@routes("PUT", "/storage_hosts/{id}")
def put_storage_host(call: Call) -> dict[str, Any]:
    """Replace a storage host's attributes."""
    return _change(call, {"s3_options": {"region": _REGION}, **_fields(call, _stored(call))})


@routes("PATCH", "/storage_hosts/{id}")
def patch_storage_host(call: Call) -> dict[str, Any]:
    """Change some of a storage host's attributes."""
    return _change(call, _fields(call, _stored(call)))


@routes("DELETE", "/storage_hosts/{id}")
def delete_storage_host(call: Call) -> None:
    """Delete a storage host."""
    objects.remove(call.connection, _stored(call).id)


def _stored(call: Call) -> Stored:
    """Find the storage host that the path names."""
    return find_object(call.connection, "storage_host", call.params["id"], "storage host")


def _fields(call: Call, before: Stored | None = None) -> dict[str, Any]:
    """Read and check what a request sends."""
    require_choice(call.params.get("provider"), ("s3",), "provider")
    for name in ("name", "provider", "bucket"):
        if name in call.params and not call.params[name]:
            raise BadRequest(f"{name} must not be empty.")
    fields = {name: call.params[name] for name in ("provider", "bucket") if name in call.params}
    if "bucket" in fields:
        problem = bucket_problem(str(fields["bucket"]), is_admin=call.user.is_admin)
        if problem is not None:
            raise BadRequest(problem)
        if before is None or before.document.get("bucket") != fields["bucket"]:
            _claim(call, str(fields["bucket"]))
    options = call.params.get("s3_options")
    if options is not None:
        fields["s3_options"] = {"region": options.get("region") or _REGION}
    return fields


def _claim(call: Call, bucket: str) -> None:
    """Note whose a folder of this machine is; refuse one of somebody else's, which no credential guards.

    It stays theirs when the storage host is deleted, since the files stay.

    Raises
    ------
    Conflict
        As on S3, where a bucket's name is nobody else's.
    """
    if "://" in bucket:  # an administrator's
        return
    name = bucket.casefold()  # on some systems, folders' names do not differ by case
    hosts = objects.select_objects(call.connection, "storage_host")
    claims = objects.select_objects(call.connection, _CLAIM, name=name)
    owners = {each.author_id for each in claims} | {
        each.author_id for each in hosts if str(each.document.get("bucket")).casefold() == name
    }
    if not owners:
        objects.insert(call.connection, _CLAIM, {}, now=call.now, name=name, author_id=call.user.id)
    elif call.user.id not in owners and not call.user.is_admin:
        raise Conflict(
            f"The bucket {bucket!r} is another user's. Choose another name, or have a storage host of it "
            "shared with you."
        )


def _change(call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    """Store changed attributes."""
    stored = objects.update(
        call.connection, _stored(call).id, now=call.now, document=fields, name=call.params.get("name")
    )
    return _view(call, stored)


def _view(call: Call, stored: Stored) -> dict[str, Any]:
    """Describe a storage host as the answers do."""
    return _shown(stored, author(call.connection, stored.author_id))


def _shown(stored: Stored, owner: dict[str, Any] | None) -> dict[str, Any]:
    """Describe a storage host of a user."""
    return {
        "id": stored.id,
        "owner": owner,
        "name": stored.name,
        **stored.document,
    }

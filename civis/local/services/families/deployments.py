"""Deployments of notebooks, services and studios as requests see them; `civis.local.deployments` serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from civis.local.api import Call, Conflict, NotFound, Page, page_of
from civis.local.deployments import (
    DEPLOYMENT,
    SYSTEM,
    insert_deployment,
    is_deployable,
    over,
    run_of,
    set_state,
)
from civis.local.deployments.addresses import prefix_of
from civis.local.jobs.run_keys import constraints_of
from civis.local.services.families import Family
from civis.local.services.key_limits import key_allows
from civis.local.services.lookups import ordering, parse_moment
from civis.local.services.object_kinds import ObjectKind, find
from civis.local.services.run_views import LOG_LIMIT
from civis.local.state import Stored, objects, runs

__all__ = ["DEPLOYMENT", "deployment_address", "family", "latest_deployments"]

family = Family()

NOT_SERVED = "The local platform cannot deploy a {noun}; what the hosted platform starts for one is its own."

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

#: What a deployment takes over from what is deployed.
_TAKEN = ("docker_image_name", "docker_image_tag", "instance_type", "memory", "cpu")


@family("POST", "/deployments")
@family("POST", "/redeploy")
def deploy(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Deploy an object, as it is now or with the settings of an earlier deployment; the one before ends.

    Raises
    ------
    Conflict
        If the object is archived.
    """
    stored = find(call, kind)
    if stored.archived:
        raise Conflict(f"The {kind.noun} {stored.id} cannot be deployed because it is archived.")
    copied = call.params.get("deployment_id")
    model = stored.document if copied is None else _part(call, kind, stored, copied).document
    resources = stored.document.get("required_resources") or {}
    document = {name: model.get(name, resources.get(name)) for name in _TAKEN}
    constraints = constraints_of(call.connection, call.user.id, call.key_id)
    earlier = [each for each in _deployments(call, stored) if not over(each)]
    deployment = insert_deployment(
        call.connection, stored, document, user_id=call.user.id, now=call.now, constraints=constraints
    )
    deployments = call.platform.deployments
    if is_deployable(stored.kind):
        call.after_commit(lambda: deployments.deploy(deployment))
    else:
        for each in earlier:
            set_state(call.connection, each, "terminated", None, now=call.now)
        call.after_commit(lambda: deployments.refuse(deployment, NOT_SERVED.format(noun=kind.noun)))
    return _view(call, kind, deployment)


@family("GET", "/deployments")
def list_deployments(call: Call, kind: ObjectKind) -> Page:
    """List deployments, the latest first."""
    stored = find(call, kind)
    _, descending = ordering(call, ("created_at",), "created_at", descending=True)
    found = _deployments(call, stored)
    wanted = call.params.get("deployment_id")
    found = [each for each in (found if descending else found[::-1]) if wanted in (None, each.id)]

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [_view(call, kind, each) for each in found[offset : offset + limit]]

    return page_of(call, len(found), fetch, default=20, maximum=50)


@family("GET", "/deployments/{deployment_id}")
def get_deployment(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show a deployment."""
    return _view(call, kind, _part(call, kind, find(call, kind), call.params["deployment_id"]))


@family("DELETE", "/deployments/{deployment_id}")
def delete_deployment(call: Call, kind: ObjectKind) -> None:
    """End a deployment; the answer comes when it has ended."""
    deployment = _part(call, kind, find(call, kind), call.params["deployment_id"])
    if not over(deployment):
        call.after_commit(lambda: call.platform.deployments.end(deployment))


@family("GET", "/deployments/{deployment_id}/logs")
def list_deployment_logs(call: Call, kind: ObjectKind) -> list[dict[str, Any]]:
    """Show what the platform and the program have to say of a deployment, the oldest first."""
    deployment = _part(call, kind, find(call, kind), call.params["deployment_id"])
    run = run_of(call.connection, deployment.id)
    lines = [] if run is None else runs.logs(call.connection, run.id)
    start, end = (parse_moment(call.params.get(name), name) for name in ("start_at", "end_at"))
    limit = call.params.get("limit") or LOG_LIMIT
    return [
        {
            "message": line.message,
            "stream": "stderr" if line.level == "error" else "stdout",
            "created_at": line.created_at,
            "source": "system" if line.level == SYSTEM else "user",
        }
        for line in lines
        if (start is None or line.created_at >= start) and (end is None or line.created_at <= end)
    ][:limit]


def latest_deployments(call: Call, kind: ObjectKind, found: Sequence[Stored]) -> list[dict[str, Any] | None]:
    """Show the latest deployment of each of several objects, None where there is none; with one query."""
    latest = objects.latest_children(call.connection, DEPLOYMENT, [each.id for each in found])
    return [_view(call, kind, latest[each.id]) if each.id in latest else None for each in found]


def deployment_address(call: Call, deployment_id: int) -> str:
    """Give where a deployment is reached by those who have signed in."""
    return f"{call.platform.url.rstrip('/')}{prefix_of(deployment_id)}"


def _deployments(call: Call, stored: Stored) -> list[Stored]:
    """Read an object's deployments, the latest first."""
    return objects.select_objects(call.connection, DEPLOYMENT, parent_id=stored.id)


def _part(call: Call, kind: ObjectKind, stored: Stored, id: int) -> Stored:
    """Read one deployment of an object."""
    found = objects.select_objects(call.connection, DEPLOYMENT, parent_id=stored.id, id=id)
    if not found:
        raise NotFound(f"The {kind.noun} {stored.id} has no deployment with ID {id}.")
    return found[0]


def _view(call: Call, kind: ObjectKind, deployment: Stored) -> dict[str, Any]:
    """Show a deployment; one that is over has no address any more."""
    is_over = over(deployment) or not is_deployable(kind.kind)
    return {
        **deployment.document,
        "deployment_id": deployment.id,
        "name": deployment.name,
        "host": urlsplit(call.platform.url).netloc,
        "display_url": None if is_over else _display_url(call, deployment.id),
        "created_at": deployment.created_at,
        "updated_at": deployment.updated_at,
        f"{kind.kind}_id": deployment.parent_id,
    }


def _display_url(call: Call, deployment_id: int) -> str:
    """Give the address that signs the user in; the plain one to a key that may not do everything there.

    Whoever has signed in does there what the user may, whatever the key was for.
    """
    if not all(key_allows(call, method, prefix_of(deployment_id)) for method in _METHODS):
        return deployment_address(call, deployment_id)
    return call.platform.deployments.addresses.display_url(call.platform.url, deployment_id, call.user.id)

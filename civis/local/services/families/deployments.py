"""Deployments of notebooks, services and studios: kept as records, since nothing is deployed here."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Conflict, NotFound, Page, page_of
from civis.local.services.families import Family
from civis.local.services.lookups import ordering, parse_moment
from civis.local.services.object_kinds import ObjectKind, find
from civis.local.services.run_views import LOG_LIMIT
from civis.local.state import Stored, objects

__all__ = ["DEPLOYMENT", "family", "latest_deployment"]

family = Family()

DEPLOYMENT = "deployment"
NOT_RUN = "The local platform keeps deployments as records; it runs no containers."
"""What every deployment says, so that nobody waits for one to come up."""

#: What a deployment takes over from what is deployed.
_TAKEN = ("docker_image_name", "docker_image_tag", "instance_type", "memory", "cpu")


@family("POST", "/deployments")
@family("POST", "/redeploy")
def deploy(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Note a deployment, as the object is now or as an earlier deployment was; the one before is over.

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
    document = {**{name: model.get(name, resources.get(name)) for name in _TAKEN}, "user_id": call.user.id}
    for earlier in _deployments(call, stored):
        _end(call, earlier)
    deployment = objects.insert(
        call.connection,
        DEPLOYMENT,
        {**document, "state": "pending"},
        now=call.now,
        name=f"{kind.kind}-{stored.id}",
        author_id=call.user.id,
        parent_id=stored.id,
    )
    _note(call, stored.id, "pending")
    return _view(kind, deployment)


@family("GET", "/deployments")
def list_deployments(call: Call, kind: ObjectKind) -> Page:
    """List deployments, the latest first."""
    stored = find(call, kind)
    _, descending = ordering(call, ("created_at",), "created_at", descending=True)
    found = _deployments(call, stored)
    wanted = call.params.get("deployment_id")
    found = [each for each in (found if descending else found[::-1]) if wanted in (None, each.id)]

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [_view(kind, each) for each in found[offset : offset + limit]]

    return page_of(call, len(found), fetch, default=20, maximum=50)


@family("GET", "/deployments/{deployment_id}")
def get_deployment(call: Call, kind: ObjectKind) -> dict[str, Any]:
    """Show a deployment."""
    return _view(kind, _part(call, kind, find(call, kind), call.params["deployment_id"]))


@family("DELETE", "/deployments/{deployment_id}")
def delete_deployment(call: Call, kind: ObjectKind) -> None:
    """End a deployment."""
    _end(call, _part(call, kind, find(call, kind), call.params["deployment_id"]))


@family("GET", "/deployments/{deployment_id}/logs")
def list_deployment_logs(call: Call, kind: ObjectKind) -> list[dict[str, Any]]:
    """Tell when a deployment was asked for, and when it was ended."""
    deployment = _part(call, kind, find(call, kind), call.params["deployment_id"])
    lines = [(deployment.created_at, f"Deployment {deployment.id} was asked for. {NOT_RUN}")]
    if deployment.document["state"] == "terminated":
        lines.append((deployment.updated_at, f"Deployment {deployment.id} was ended."))
    start, end = (parse_moment(call.params.get(name), name) for name in ("start_at", "end_at"))
    limit = call.params.get("limit") or LOG_LIMIT
    return [
        {"message": text, "stream": "stdout", "created_at": moment, "source": "system"}
        for moment, text in lines
        if (start is None or moment >= start) and (end is None or moment <= end)
    ][:limit]


def latest_deployment(call: Call, kind: ObjectKind, stored: Stored) -> dict[str, Any] | None:
    """Show an object's latest deployment, or None."""
    found = objects.select_objects(call.connection, DEPLOYMENT, parent_id=stored.id, limit=1)
    return _view(kind, found[0]) if found else None


def _deployments(call: Call, stored: Stored) -> list[Stored]:
    """Read an object's deployments, the latest first."""
    return objects.select_objects(call.connection, DEPLOYMENT, parent_id=stored.id)


def _part(call: Call, kind: ObjectKind, stored: Stored, id: int) -> Stored:
    """Read one deployment of an object."""
    found = objects.select_objects(call.connection, DEPLOYMENT, parent_id=stored.id, id=id)
    if not found:
        raise NotFound(f"The {kind.noun} {stored.id} has no deployment with ID {id}.")
    return found[0]


def _end(call: Call, deployment: Stored) -> None:
    """End a deployment; one that is over stays as it is."""
    if deployment.document["state"] != "terminated":
        objects.update(call.connection, deployment.id, now=call.now, document={"state": "terminated"})
        _note(call, deployment.parent_id or 0, "terminated")


def _note(call: Call, id: int, state: str) -> None:
    """Note with an object how its deployment is, by which lists filter; that is no change of the object."""
    stored = objects.fetch(call.connection, None, id)
    objects.update(call.connection, id, now=stored.updated_at, document={"deployment_state": state})


def _view(kind: ObjectKind, deployment: Stored) -> dict[str, Any]:
    """Show a deployment."""
    return {
        **deployment.document,
        "deployment_id": deployment.id,
        "name": deployment.name,
        "state_message": NOT_RUN if deployment.document["state"] == "pending" else None,
        "created_at": deployment.created_at,
        "updated_at": deployment.updated_at,
        f"{kind.kind}_id": deployment.parent_id,
    }

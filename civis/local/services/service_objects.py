"""Services: kept with their settings and tokens; `service_servers` says how they are deployed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.api import BadRequest, Call, NotFound, Routes
from civis.local.deployments import Plan
from civis.local.services.families.deployments import deployment_address, latest_deployments
from civis.local.services.git_repos import ensure_repo
from civis.local.services.job_views import TIME_ZONE
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.state import Stored, as_datetime, objects
from civis.local.state.people import author

__all__ = ["KIND", "plan_of", "routes", "token_admits"]

routes = Routes()

TOKEN = "service_token"  # noqa: S105 - the kind of object that keeps the hash of one


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> dict[str, Any]:
    """Bookmark the repository that a service is in."""
    if document.get("git_repo_url"):
        ensure_repo(call, document["git_repo_url"])
    for name in ("replicas", "max_replicas"):
        if document.get(name) is not None and document[name] < 0:
            raise BadRequest(f"{name} must be 0 or more, not {document[name]}.")
    try:
        plan_of(document)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return document


def plan_of(document: Mapping[str, Any]) -> Plan:
    """Give when a service is on while it is deployed.

    Raises
    ------
    ValueError
        If its schedule cannot be.
    """
    return Plan.of_schedule(document.get("schedule"), TIME_ZONE)


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show services with their deployments and the reports that show them."""
    ids = {"service_id": [each.id for each in found]}
    reports = objects.select_objects(call.connection, "service_report", document=ids, descending=False)
    report_ids = {each.document["service_id"]: each.id for each in reports}  # the latest counts
    deployments = latest_deployments(call, KIND, found)
    return [
        {**_deployed(call, deployment), "time_zone": TIME_ZONE, "report_id": report_ids.get(each.id)}
        for each, deployment in zip(found, deployments, strict=True)
    ]


def _deployed(call: Call, deployment: Mapping[str, Any] | None) -> dict[str, Any]:
    """Show what is deployed of a service, unless that is over."""
    if deployment is None or deployment["state"] == "terminated":
        return {"current_deployment": None, "current_url": None}
    address = deployment_address(call, deployment["deployment_id"])
    return {"current_deployment": deployment, "current_url": address}


KIND = declare(
    ObjectKind(
        "service",
        "/services",
        "service",
        defaults={
            "type": "App",
            "description": None,
            "schedule": {"runtime_plan": "on_demand", "recurrences": []},
            "replicas": 1,
            "max_replicas": None,
            "memory": 512,
            "cpu": 100,
            "credentials": [],
            "environment_variables": {},
            "notifications": {"failure_email_addresses": [], "failure_on": True},
        },
        named={"credentials": "credential"},
        deleting="archive",
        project_list="services",
        check=_check,
        views=_views,
    )
)


@routes("POST", "/services/{id}/tokens")
def post_token(call: Call) -> dict[str, Any]:
    """Make a token, which is shown now and never again.

    Raises
    ------
    BadRequest
        If it has no name, or a time that is none.
    """
    service = find(call, KIND)
    name, seconds = str(call.params["name"]).strip(), call.params.get("expires_in")
    if not name:
        raise BadRequest("name must not be empty.")
    if seconds is not None and seconds < 1:
        raise BadRequest(f"expires_in must be 1 second or more, not {seconds}.")
    token = secrets.token_urlsafe(32)
    document = {
        "machine_token": bool(call.params.get("machine_token")),
        "expires_at": None if seconds is None else call.now + timedelta(seconds=seconds),
        "token_hash": sha256(token.encode()).hexdigest(),
    }
    stored = objects.insert(
        call.connection,
        TOKEN,
        document,
        now=call.now,
        name=name,
        author_id=call.user.id,
        parent_id=service.id,
    )
    return {**_token_view(call, stored), "token": token}


@routes("GET", "/services/{id}/tokens")
def list_tokens(call: Call) -> list[dict[str, Any]]:
    """List a service's tokens, without their text."""
    service = find(call, KIND)
    found = objects.select_objects(call.connection, TOKEN, parent_id=service.id, descending=False)
    return [_token_view(call, each) for each in found]


@routes("DELETE", "/services/{id}/tokens/{token_id}")
def delete_token(call: Call) -> None:
    """Revoke a token."""
    service = find(call, KIND)
    found = objects.select_objects(call.connection, TOKEN, parent_id=service.id, id=call.params["token_id"])
    if not found:
        raise NotFound(f"The service {service.id} has no token with ID {call.params['token_id']}.")
    objects.remove(call.connection, found[0].id)


def _token_view(call: Call, stored: Stored) -> dict[str, Any]:
    """Show a token without its text."""
    return {
        "id": stored.id,
        "name": stored.name,
        "user": author(call.connection, stored.author_id),
        "machine_token": stored.document["machine_token"],
        "expires_at": stored.document["expires_at"],
        "created_at": stored.created_at,
    }


def token_admits(connection: Connection, service: Stored, token: str, now: float) -> bool:
    """Tell whether a token is one of a service's, and still good.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    service : Stored
    token : str
        As it was sent.
    now : float
        Seconds since the epoch.
    """
    digest = sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    found = objects.select_objects(
        connection, TOKEN, parent_id=service.id, document={"token_hash": digest}, limit=1
    )
    if not found:
        return False
    expires_at = found[0].document["expires_at"]
    return expires_at is None or as_datetime(now) < datetime.fromisoformat(expires_at)

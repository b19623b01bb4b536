"""Workflows: kept with their definition, checked; what their executions do is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.job_filters import is_on
from civis.local.services.job_views import (
    TIME_ZONE,
    next_run_at,
    notifications_of,
    schedule_of,
)
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.state import Stored, objects, schema
from civis.local.workflows.store import KIND as EXECUTION
from civis.local.workflows.store import problem_of

__all__ = ["KIND", "routes"]

routes = Routes()


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse what cannot be; the definition of one made from a chain of jobs is written here."""
    if "name" in document and not str(document["name"] or "").strip():
        raise BadRequest("name must not be empty.")
    checked = {key: each for key, each in document.items() if key != "from_job_chain"}
    if before is None and document.get("from_job_chain") is not None:
        root = find_object(call.connection, None, document["from_job_chain"], "job")
        checked["definition"] = _definition_of_chain(call, root)
        checked["schedule"] = root.document.get("schedule") or {}
    return checked


def _definition_of_chain(call: Call, root: Stored) -> str:
    """Write the definition of a job and of all that it triggers, each after its parent."""
    lines = ["version: '2.0'", "workflow:", "  type: direct", "  tasks:"]
    waiting = [root]
    seen: set[int] = set()
    while waiting:
        job = waiting.pop(0)
        if job.id in seen:
            continue
        seen.add(job.id)
        children = objects.select_objects(call.connection, parent_id=job.id, archived=False, descending=False)
        children = [each for each in children if each.kind != "deployment"]
        lines += [
            f"    job_{job.id}:",
            "      action: civis.run_job",
            "      input:",
            f"        job_id: {job.id}",
        ]
        if children:
            lines.append("      on-success:")
            lines += [f"        - job_{each.id}" for each in children]
        waiting += children
    return "\n".join(lines) + "\n"


def _views(call: Call, found: Sequence[Stored]) -> list[Mapping[str, Any]]:
    """Show workflows with what is wrong with their definitions, and their latest executions."""
    ids = [each.id for each in found]
    latest = objects.latest_children(call.connection, EXECUTION, ids)
    executions: dict[str, Any] = {"parent_id": ids, "document": {"state": "running"}}
    running = {each.parent_id for each in objects.select_objects(call.connection, EXECUTION, **executions)}
    return [_view(call, each, latest.get(each.id), each.id in running) for each in found]


def _view(call: Call, workflow: Stored, last: Stored | None, is_running: bool) -> Mapping[str, Any]:
    """Show a workflow; it is running if any of its executions is, not only the latest."""
    document = workflow.document
    problem = problem_of(document.get("definition") or "")
    state = "scheduled" if schedule_of(document)["scheduled"] else "idle"
    if last is not None:
        state = str(last.document["state"])
    return {
        "valid": problem is None,
        "validation_errors": problem,
        "file_id": None,
        "state": "running" if is_running else state,
        "last_execution_id": last.id if last else None,
        "schedule": schedule_of(document),
        "notifications": notifications_of(document),
        "next_execution_at": None if workflow.archived else next_run_at(call.connection, document),
    }


def _state() -> sa.ColumnElement[str]:
    """Write the state that `_view` shows in SQL."""
    workflow, execution = schema.objects, schema.objects.alias()
    state = execution.c.document["state"].as_string()
    of_workflow = sa.and_(execution.c.parent_id == workflow.c.id, execution.c.kind == EXECUTION)
    running = sa.select(execution.c.id).where(of_workflow, state == "running").correlate(workflow).exists()
    last = sa.select(state).where(of_workflow).order_by(execution.c.id.desc()).limit(1).correlate(workflow)
    resting = sa.case((is_on(), "scheduled"), else_="idle")
    return sa.case((running, "running"), else_=sa.func.coalesce(last.scalar_subquery(), resting))


KIND = declare(
    ObjectKind(
        "workflow",
        "/workflows",
        "workflow",
        defaults={
            "description": None,
            "definition": None,
            "schedule": {},
            "allow_concurrent_executions": True,
            "time_zone": TIME_ZONE,
            "notifications": {},
        },
        source="definition",
        project_list="workflows",
        check=_check,
        views=_views,
        state=_state,
    )
)

"""Workflows: kept with their definition, checked; an execution runs the jobs that its tasks name.

The definition is YAML in Mistral's language. Which task follows which, `workflow_tasks` reads; a run's steps
are in `workflow_runs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.workflow_tasks import DefinitionError, read_definition
from civis.local.state import Stored, objects, runs

__all__ = ["KIND", "routes"]

routes = Routes()


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Say whether the definition can be run; one made from a chain of jobs is written here."""
    if "name" in document and not str(document["name"] or "").strip():
        raise BadRequest("name must not be empty.")
    checked = {key: each for key, each in document.items() if key != "from_job_chain"}
    if before is None and document.get("from_job_chain") is not None:
        checked["definition"] = _definition_of_chain(call, document["from_job_chain"])
    return checked


def _definition_of_chain(call: Call, id: int) -> str:
    """Write the definition of a job and of all that it triggers, each after its parent."""
    lines = ["version: '2.0'", "workflow:", "  type: direct", "  tasks:"]
    waiting = [find_object(call.connection, None, id, "job")]
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


def _view(call: Call, workflow: Stored) -> Mapping[str, Any]:
    """Show a workflow with what is wrong with its definition, and its latest execution."""
    definition = workflow.document.get("definition")
    problem = None
    try:
        read_definition(definition or "")
    except DefinitionError as error:
        problem = str(error)
    last = runs.last_run(call.connection, workflow.id)
    schedule = workflow.document.get("schedule") or {}
    is_scheduled = bool(schedule.get("scheduled"))
    state = last.state if last else "scheduled" if is_scheduled else "idle"
    return {
        "valid": problem is None,
        "validation_errors": problem,
        "file_id": None,
        "state": state,
        "last_execution_id": last.id if last else None,
        "next_execution_at": None,
    }


KIND = declare(
    ObjectKind(
        "workflow",
        "/workflows",
        "workflow",
        defaults={
            "description": None,
            "definition": None,
            "schedule": {},
            "allow_concurrent_executions": False,
            "time_zone": "America/Chicago",
            "notifications": {},
        },
        source="definition",
        project_list="workflows",
        check=_check,
        view=_view,
    )
)

"""Workflows that a job is part of."""

from __future__ import annotations

from typing import Any

from civis._mistral import DefinitionError, find_action, read_definition
from civis.local.api import Call, Routes
from civis.local.services.jobs import KIND as JOB
from civis.local.services.object_kinds import find
from civis.local.services.object_views import show_all
from civis.local.services.permissions import visible
from civis.local.services.workflows import KIND
from civis.local.state import Stored, objects

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/jobs/{id}/workflows")
def list_workflows(call: Call) -> list[dict[str, Any]]:
    """List the workflows that have a task that runs the job."""
    job = find(call, JOB)
    found = objects.select_objects(
        call.connection, KIND.kind, archived=False, descending=False, among=visible(call.connection)
    )
    return show_all(call, KIND, [each for each in found if job.id in _jobs_in(each)])


def _jobs_in(workflow: Stored) -> set[int]:
    """Give the IDs of the jobs that a workflow's tasks name; none where it is not valid."""
    try:
        tasks = read_definition(workflow.document.get("definition") or "").tasks
    except DefinitionError:
        return set()
    found = set()
    for task in tasks.values():
        action, named = find_action(task.action), str(task.input.get("job_id"))
        if action is not None and action.does == "run a job" and named.isascii() and named.isdecimal():
            found.add(int(named))
    return found

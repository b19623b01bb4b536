"""Jobs: what scripts, queries, imports and all else that can be run have in common under ``/jobs``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from civis.local.api import Call, Page, Routes
from civis.local.jobs import job_kinds, job_type
from civis.local.services import run_views
from civis.local.services.job_filters import all_of, does, is_called, is_scheduled
from civis.local.services.job_views import (
    STATES,
    archive_filter,
    common_fields,
    common_views,
    set_archived,
)
from civis.local.services.lookups import (
    find_object,
    id_list,
    ordering,
    require_choice,
    run_summary,
    word_list,
)
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_pages import Selection, page_of_objects
from civis.local.services.permissions import visible
from civis.local.services.run_views import LogPage, find_run, run_view
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.state import Stored, objects, runs
from civis.local.state.people import username_of

__all__ = ["KIND", "routes"]

routes = Routes()

#: So many of a job's latest runs are shown with it.
SHOWN_RUNS = 50


@routes("GET", "/jobs")
def list_jobs(call: Call) -> Page:
    """List jobs, those changed last first."""
    orders = ("updated_at", "last_run_updated_at")
    order, descending = ordering(call, orders, "updated_at", descending=True)
    require_choice(call.params.get("permission"), ("read", "write", "manage"), "permission")
    kinds = _kinds_asked_for(call)
    filters: dict[str, Any] = {
        "author_id": id_list(call.params.get("author"), "author") or None,
        "hidden": bool(call.params.get("hidden")),
        "archived": archive_filter(call),
        "among": all_of(
            visible(call.connection, call.params.get("permission") or "read"), _asked_for(call, kinds)
        ),
    }
    order_by = "updated_at" if order == "updated_at" else None
    selection = Selection(kinds, filters, order_by=order_by, descending=descending)
    return page_of_objects(call, selection, partial(_views, call), default=50, maximum=50)


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show jobs as lists do."""
    return [
        view | {"type": _type(job)}
        for job, view in zip(found, common_views(call.connection, found), strict=True)
    ]


@routes("GET", "/jobs/{id}")
def get_job(call: Call) -> dict[str, Any]:
    """Show a job."""
    return _view(call, _job(call))


@routes("PUT", "/jobs/{id}/archive")
def archive_job(call: Call) -> dict[str, Any]:
    """Archive a job or bring it back."""
    return _view(call, set_archived(call, _job(call)))


@routes("GET", "/jobs/{id}/parents")
def list_parents(call: Call) -> list[dict[str, Any]]:
    """List the jobs that trigger this one: its parent, the parent's parent, ..."""
    found: list[dict[str, Any]] = []
    seen = {_job(call).id}
    parent_id = _job(call).parent_id
    while parent_id is not None and parent_id not in seen:
        seen.add(parent_id)
        for parent in objects.select_objects(
            call.connection, _kinds(), id=parent_id, among=visible(call.connection)
        ):
            found.append(_view(call, parent))
            parent_id = parent.parent_id
            break
        else:
            parent_id = None
    return found


@routes("GET", "/jobs/{id}/children")
def list_children(call: Call) -> dict[str, Any]:
    """Show the tree of the jobs that this one triggers."""
    return _tree(call, _job(call), frozenset())


@routes("POST", "/jobs/{id}/runs")
def start_run(call: Call) -> dict[str, Any]:
    """Queue a run of a job of any kind."""
    job = _job(call)
    document: dict[str, Any] = {}
    if job.kind in (*SCRIPT_KINDS, "custom_script"):
        document["inputs"] = {**job.document, "name": job.name, "parent_id": job.parent_id}
    return run_view(run_views.start(call, job, **document))


@routes("GET", "/jobs/{id}/runs")
def list_runs(call: Call) -> Page:
    """List a job's runs."""
    return run_views.list_runs(call, _job(call), run_view)


@routes("GET", "/jobs/{id}/runs/{run_id}", is_quick=True)
def get_run(call: Call) -> dict[str, Any]:
    """Show a run."""
    return run_view(find_run(call, _job(call)))


@routes("DELETE", "/jobs/{id}/runs/{run_id}")
def cancel_run(call: Call) -> None:
    """Cancel a run."""
    run_views.cancel(call, _job(call))


@routes("GET", "/jobs/{id}/runs/{run_id}/logs")
def list_logs(call: Call) -> LogPage:
    """Show a run's log."""
    return run_views.log_page(call, _job(call))


@routes("GET", "/jobs/{id}/runs/{run_id}/outputs")
def list_outputs(call: Call) -> Page:
    """List what a run put out."""
    return run_views.output_page(call, _job(call))


@routes("GET", "/jobs/{id}/runs/{run_id}/inputs")
def get_inputs(call: Call) -> dict[str, Any]:
    """Show what a run was started with."""
    run = find_run(call, _job(call))
    return {"values": run.document.get("inputs") or {}}


def _kinds() -> list[str]:
    """List the kinds of objects that are jobs: those that can be run here, and all scripts."""
    # Executions of workflows are runs, too, but workflows are no jobs to the API.
    return sorted({*job_kinds(), *SCRIPT_KINDS} - {"workflow"})


def _type(job: Stored) -> str:
    """Give what ``/jobs`` calls a job of its kind."""
    return _type_of_kind(job.kind)


def _type_of_kind(kind: str) -> str:
    """Give what ``/jobs`` calls jobs of a kind."""
    return SCRIPT_KINDS[kind].job_type if kind in SCRIPT_KINDS else job_type(kind)


def _job(call: Call) -> Stored:
    """Read the job that a request names."""
    return find_object(call.connection, _kinds(), call.params["id"], "job")


def _kinds_asked_for(call: Call) -> list[str]:
    """Read the filter `type`; a type that there is not here lets nothing through."""
    wanted = word_list(call.params.get("type"))
    return [kind for kind in _kinds() if not wanted or _type_of_kind(kind) in wanted]


def _asked_for(call: Call, kinds: Collection[str]) -> sa.ColumnElement[bool] | None:
    """Read the filters `state`, `q` and `scheduled`."""
    states = word_list(call.params.get("state"))
    for state in states:
        require_choice(state, STATES, "state")
    text = str(call.params.get("q") or "").strip()
    of_type = [kind for kind in kinds if text.lower() in _type_of_kind(kind).lower()]
    return all_of(does(states), is_scheduled(call.params.get("scheduled")), is_called(text, of_type))


def _view(call: Call, job: Stored) -> dict[str, Any]:
    """Show a job with its latest runs."""
    latest = runs.select_runs(call.connection, job.id, SHOWN_RUNS)
    fields = common_fields(call.connection, job)
    run_by = latest[0].document.get("run_by_id") if latest else None
    return {
        **fields,
        "type": _type(job),
        "from_template_id": job.document.get("from_template_id"),
        "runs": [run_summary(run) for run in latest],
        "success_email_subject": fields["notifications"]["success_email_subject"],
        "success_email_body": fields["notifications"]["success_email_body"],
        "running_as_user": fields["running_as"]["username"] if fields["running_as"] else None,
        "run_by_user": username_of(call.connection, run_by) if run_by else None,
    }


def _tree(call: Call, job: Stored, above: frozenset[int]) -> dict[str, Any]:
    """Show a job and those it triggers; a circle ends where it closes."""
    above = above | {job.id}
    children = objects.select_objects(
        call.connection, _kinds(), parent_id=job.id, descending=False, among=visible(call.connection)
    )
    return {
        **_view(call, job),
        "children": [_tree(call, child, above) for child in children if child.id not in above],
    }


KIND = declare(ObjectKind("job", "/jobs", "job", among=_kinds, is_job=True))

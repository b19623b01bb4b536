"""Worker clusters, as an earlier API knew them: one, which is this machine, and the jobs it works on."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Page, Routes, page_of
from civis.local.services.job_views import common_fields
from civis.local.services.lookups import run_summary
from civis.local.services.machine import INSTANCE_TYPE, capacity, ensure_cluster, find_cluster
from civis.local.services.workloads import Workload, ran
from civis.local.state import Stored, runs

__all__ = ["routes"]

routes = Routes()

_CLUSTER = "/clusters/workers/{id}"
_NOUN = "worker cluster"


@routes("GET", "/clusters/workers")
def list_clusters(call: Call) -> Page:
    """List worker clusters, of which there is one."""
    found = [_view(call, ensure_cluster(call))]
    return page_of(
        call, len(found), lambda limit, offset: found[offset : offset + limit], default=50, maximum=50
    )


@routes("GET", _CLUSTER)
def get_cluster(call: Call) -> dict[str, Any]:
    """Show a worker cluster."""
    cluster, machine = find_cluster(call, _NOUN), capacity(call)
    disk = float(machine.pop("instance_max_disk"))
    return {**_view(call, cluster), **machine, "instances": 1, "instance_max_disk_space": disk}


@routes("GET", f"{_CLUSTER}/active_jobs")
def list_active(call: Call) -> list[dict[str, Any]]:
    """List the jobs at work."""
    return _jobs(call, "running")


@routes("GET", f"{_CLUSTER}/queued_jobs")
def list_queued(call: Call) -> list[dict[str, Any]]:
    """List the jobs that wait."""
    return _jobs(call, "queued")


def _jobs(call: Call, state: str) -> list[dict[str, Any]]:
    """Show the jobs with a run in a state."""
    find_cluster(call, _NOUN)
    return [_job(call, each) for each in ran(call, (state,))]


def _job(call: Call, workload: Workload) -> dict[str, Any]:
    """Show a job with what it asks for."""
    job = workload.base
    latest = runs.select_runs(call.connection, job.id, 10)
    return {
        **common_fields(call.connection, job),
        "type": workload.job_type,
        "runs": [run_summary(run) for run in latest],
        "required_cpu": workload.cpu,
        "required_disk_space": workload.disk_space,
        "required_memory": workload.memory,
    }


def _view(call: Call, cluster: Stored) -> dict[str, Any]:
    """Show what lists tell of a worker cluster."""
    found = ran(call)
    return {
        "id": cluster.id,
        "instance_type": INSTANCE_TYPE,
        "min_instances": 1,
        "max_instances": 1,
        "region": "local",
        "active_jobs_count": sum(each.state == "running" for each in found),
        "queued_jobs_count": sum(each.state == "pending" for each in found),
    }

"""What runs on this machine or waits for it: runs of jobs, and deployments."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from civis.local.api import Call
from civis.local.deployments import DEPLOYMENT
from civis.local.jobs import ACTIVE, job_type
from civis.local.services.machine import partitions_of
from civis.local.services.permissions import visible
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.state import Run, Stored, objects, runs

__all__ = ["Workload", "deployed", "of_partition", "ran", "usage_of"]

#: What deployments are of, by the kind of object.
_BASES = {"notebook": "Notebook", "service": "Service", "studio": "Notebook"}


@dataclass(frozen=True)
class Workload:
    """One run, or one deployment."""

    id: int
    base: Stored
    base_type: str  # "Run", "Notebook" or "Service"
    state: str  # "pending", "running", "terminated" or "sleeping"
    cpu: int
    memory: int
    disk_space: int
    author_id: int | None
    created_at: datetime
    updated_at: datetime
    run: Run | None = None

    @property
    def label(self) -> str:
        """The label of the partition that it goes to, where nothing else is asked for."""
        return "Job" if self.run is not None else self.base_type

    @property
    def job_type(self) -> str | None:
        """What ``/jobs`` calls what runs; None for a deployment."""
        if self.run is None:
            return None
        kind = self.base.kind
        return SCRIPT_KINDS[kind].job_type if kind in SCRIPT_KINDS else job_type(kind)


def ran(call: Call, states: Collection[str] = ACTIVE) -> list[Workload]:
    """List the runs in some states, of jobs that the user sees; the oldest first."""
    found = runs.select_runs(call.connection, state=states, descending=False)
    jobs = _bases(call, {each.job_id for each in found})
    # A deployment has a run for its log; it is counted as what it is, below.
    jobs = {id: job for id, job in jobs.items() if job.kind != DEPLOYMENT}
    return [_of_run(each, jobs[each.job_id]) for each in found if each.job_id in jobs]


def deployed(call: Call) -> list[Workload]:
    """List the deployments of objects that the user sees; the oldest first."""
    found = objects.select_objects(call.connection, DEPLOYMENT, descending=False)
    bases = _bases(call, {each.parent_id or 0 for each in found})
    return [
        _of_deployment(each, bases[each.parent_id])
        for each in found
        if each.parent_id in bases and bases[each.parent_id].kind in _BASES
    ]


def of_partition(call: Call, cluster: Stored, partition: Stored, found: Iterable[Workload]) -> list[Workload]:
    """Pick what goes to a partition: the first that has the label."""
    taken: dict[str, int] = {}
    for each in partitions_of(call, cluster):
        for label in each.document["labels"]:
            taken.setdefault(label, each.id)
    return [
        each
        for each in found
        if taken.get(each.base.document.get("partition_label") or each.label, taken.get(each.label))
        == partition.id
    ]


def usage_of(found: Iterable[Workload]) -> dict[str, int]:
    """Add up what is asked for, by what waits and what runs."""
    usage = {
        f"{state}_{what}": 0
        for what in ("deployments", "memory_requested", "cpu_requested")
        for state in ("pending", "running")
    }
    for each in found:
        if each.state in ("pending", "running"):
            usage[f"{each.state}_deployments"] += 1
            usage[f"{each.state}_memory_requested"] += each.memory
            usage[f"{each.state}_cpu_requested"] += each.cpu
    return usage


def _bases(call: Call, ids: Collection[int]) -> dict[int, Stored]:
    """Read what is run or deployed, as far as the user sees it."""
    found = objects.select_objects(call.connection, id=ids, among=visible(call.connection)) if ids else []
    return {each.id: each for each in found}


def _of_run(run: Run, job: Stored) -> Workload:
    """Describe a run."""
    needs = job.document.get("required_resources") or {}
    state = {"queued": "pending", "running": "running"}.get(run.state, "terminated")
    return Workload(
        run.id,
        job,
        "Run",
        state,
        int(needs.get("cpu") or 0),
        int(needs.get("memory") or 0),
        int(needs.get("disk_space") or 0),
        run.document.get("run_by_id") or job.author_id,
        run.created_at,
        run.finished_at or run.started_at or run.created_at,
        run,
    )


def _of_deployment(deployment: Stored, base: Stored) -> Workload:
    """Describe a deployment."""
    document: dict[str, Any] = deployment.document
    return Workload(
        deployment.id,
        base,
        _BASES[base.kind],
        document["state"],
        int(document.get("cpu") or 0),
        int(document.get("memory") or 0),
        0,
        document.get("user_id"),
        deployment.created_at,
        deployment.updated_at,
    )

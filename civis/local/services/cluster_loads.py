"""What clusters are asked about their work: deployments, hours, users, measurements, graphs."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from civis.local.api import BadRequest, Call, Page, Routes, page_of
from civis.local.jobs import ACTIVE, OVER
from civis.local.services.cluster_history import TIMEFRAMES, hours_by_month, seconds_of, series
from civis.local.services.clusters import config_workloads
from civis.local.services.line_graphs import draw
from civis.local.services.lookups import parse_moment, require_choice, word_list
from civis.local.services.machine import capacity, find_cluster, find_config
from civis.local.services.stored_text import link_to_text
from civis.local.services.workloads import Workload, deployed, ran, usage_of
from civis.local.state import Stored, accounts
from civis.local.state.people import authors

__all__ = ["routes"]

routes = Routes()

_CLUSTER = "/clusters/kubernetes/{id}"
_CONFIG = "/clusters/kubernetes/instance_configs"
_NOUN = "Kubernetes cluster"
_STATES = ("pending", "running", "terminated", "sleeping")
_LONGEST = timedelta(days=31)
_UNITS = {"cpu": "mCPU", "memory": "MB"}


@routes("GET", f"{_CLUSTER}/deployments")
def list_deployments(call: Call) -> Page:
    """List what was deployed and run in a span of time, the oldest first."""
    find_cluster(call, _NOUN)
    start, end = _span(call)
    types, states = word_list(call.params.get("base_type")), word_list(call.params.get("state"))
    for each in types:
        require_choice(each, ("Notebook", "Service", "Run"), "base_type")
    for each in states:
        require_choice(each, _STATES, "state")
    found = [
        each
        for each in sorted(_all(call), key=lambda each: each.created_at)
        if start <= each.created_at < end
        and (not types or each.base_type in types)
        and (not states or each.state in states)
    ]
    if call.params.get("order_dir") == "desc":
        found.reverse()

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return _views(call, found[offset : offset + limit])

    return page_of(call, len(found), fetch, default=50, maximum=50)


@routes("GET", f"{_CLUSTER}/deployment_stats")
def count_deployments(call: Call) -> list[dict[str, Any]]:
    """Count what was deployed and run, by type and state."""
    find_cluster(call, _NOUN)
    counted = Counter((each.base_type, each.state) for each in _all(call))
    sums: dict[tuple[str, str], list[int]] = {}
    for each in _all(call):
        added = sums.setdefault((each.base_type, each.state), [0, 0])
        added[0] += each.cpu
        added[1] += each.memory
    return [
        {
            "base_type": base_type,
            "state": state,
            "count": counted[base_type, state],
            "total_cpu": sums[base_type, state][0],
            "total_memory": sums[base_type, state][1],
        }
        for base_type, state in sorted(counted)
    ]


@routes("GET", f"{_CLUSTER}/compute_hours")
def list_hours(call: Call) -> list[dict[str, Any]]:
    """List the hours of processors that runs took, month by month, the latest first."""
    find_cluster(call, _NOUN)
    return [
        {
            "total_normalized_hours": round(sum(by_type.values())),
            "normalized_hours_by_instance_type": ", ".join(
                f"{name}: {hours:.2f}" for name, hours in sorted(by_type.items())
            ),
            "updated_at": call.now,
            "month_and_year": month,
        }
        for month, by_type in sorted(hours_by_month(call).items(), reverse=True)
    ]


@routes("GET", f"{_CLUSTER}/compute_metrics")
def link_to_metrics(call: Call) -> dict[str, Any]:
    """Link to a CSV file with a line a run of a span of time."""
    find_cluster(call, _NOUN)
    start, end = _span(call)
    for each in call.params.get("type") or ():
        require_choice(each, ("Jobs",), "type")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run_id", "job_id", "state", "cpu", "memory", "created_at", "seconds"])
    for each in ran(call, (*ACTIVE, *OVER)):
        if start <= each.created_at < end:
            moment = each.created_at.isoformat()
            row = (each.id, each.base.id, each.state, each.cpu, each.memory, moment, seconds_of(each))
            writer.writerow(row)
    return {"url": link_to_text(call, text.getvalue(), "compute_metrics.csv")}


@routes("GET", f"{_CONFIG}/{{id}}/active_workloads")
def list_workloads(call: Call) -> list[dict[str, Any]]:
    """List what runs, or waits, on the machines of an instance configuration."""
    config = find_config(call, "id")
    states = word_list(call.params.get("state"))
    for each in states:
        require_choice(each, ("pending", "running"), "state")
    found = [
        each for each in config_workloads(call, config) if each.state in (states or ("pending", "running"))
    ]
    people = authors(call.connection, [each.author_id for each in found])
    return [_workload(call, each, people) for each in found]


@routes("GET", f"{_CONFIG}/{{instance_config_id}}/user_statistics")
def list_users(call: Call) -> list[dict[str, Any]]:
    """List who uses an instance configuration, and how much."""
    found = config_workloads(call, find_config(call, "instance_config_id"))
    order = call.params.get("order") or "running_deployments"
    require_choice(order, tuple(usage_of([])), "order")
    require_choice(call.params.get("order_dir"), ("asc", "desc"), "order_dir")
    by_user: dict[int, list[Workload]] = {}
    for each in found:
        by_user.setdefault(each.author_id or 0, []).append(each)
    users = {each.id: each for each in accounts.select_users(call.connection, ids=list(by_user))}
    listed: list[dict[str, Any]] = [
        {"user_id": str(id), "user_name": users[id].name, **usage_of(by_user[id])}
        for id in sorted(by_user)
        if id in users
    ]
    listed.sort(key=lambda each: each[order], reverse=call.params.get("order_dir") != "asc")
    return listed


@routes("GET", f"{_CONFIG}/{{instance_config_id}}/historical_metrics")
def get_metrics(call: Call) -> dict[str, Any]:
    """Give what was used, asked for, and there, over a span of time."""
    config = find_config(call, "instance_config_id")
    metric = call.params.get("metric") or "cpu"
    require_choice(metric, tuple(_UNITS), "metric")
    timeframe = _timeframe(call)
    return {
        "instance_config_id": config.id,
        "metric": metric,
        "timeframe": timeframe,
        "unit": _UNITS[metric],
        "metrics": _measured(call, timeframe, metric),
    }


@routes("GET", f"{_CONFIG}/{{instance_config_id}}/historical_graphs")
def link_to_graphs(call: Call) -> dict[str, Any]:
    """Link to graphs of what was used, asked for, and there, over a span of time."""
    find_config(call, "instance_config_id")
    timeframe = _timeframe(call)
    links = {}
    for field, metric in (("cpu_graph_url", "cpu"), ("mem_graph_url", "memory")):
        lines = {name: each["values"] for name, each in _measured(call, timeframe, metric).items()}
        title = f"{metric} in {_UNITS[metric]}, {timeframe.replace('_', ' ')}"
        links[field] = link_to_text(call, draw(title, lines), f"{metric}.svg")
    return links


def _timeframe(call: Call) -> str:
    """Read the span of time that a graph is to cover."""
    timeframe = call.params.get("timeframe") or "1_day"
    require_choice(timeframe, ("1_day", "1_week"), "timeframe")
    return str(timeframe)


def _measured(call: Call, timeframe: str, metric: str) -> dict[str, dict[str, Any]]:
    """Work out the three series of a measurement."""
    found, span = ran(call, (*ACTIVE, *OVER)), TIMEFRAMES[timeframe]
    field = {"cpu": "max_cpu_usage", "memory": "max_memory_usage"}[metric]
    used = series(
        call.now, span, found, lambda each: float((each.run and each.run.document.get(field)) or 0.0)
    )
    requested = series(call.now, span, found, lambda each: getattr(each, metric))
    there = capacity(call)[f"instance_max_{metric}"]
    return {
        "used": {"times": used.times, "values": used.values},
        "requested": {"times": requested.times, "values": requested.values},
        "capacity": {"times": used.times, "values": [float(there)] * len(used.times)},
    }


def _all(call: Call) -> list[Workload]:
    """List all that runs, waits, ran or was deployed."""
    return [*ran(call, (*ACTIVE, *OVER)), *deployed(call)]


def _span(call: Call) -> tuple[datetime, datetime]:
    """Read `start_date` and `end_date`, a week up to now by default.

    Raises
    ------
    BadRequest
        If they are more than 31 days apart, or the wrong way round.
    """
    start, end = (parse_moment(call.params.get(name), name) for name in ("start_date", "end_date"))
    try:
        last = end + timedelta(days=1) if end else (start + timedelta(days=8) if start else None)
        last = last or call.now + timedelta(seconds=1)
        first = start or last - timedelta(days=8)
    except OverflowError:
        raise BadRequest("start_date and end_date must be days of the calendar.") from None
    if not timedelta() <= last - first <= _LONGEST + timedelta(days=1):
        raise BadRequest("end_date must be within 31 days of start_date, and not before it.")
    return first, last


def _views(call: Call, found: list[Workload]) -> list[dict[str, Any]]:
    """Show what was deployed or run."""
    people = authors(call.connection, [each.author_id for each in found])
    return [
        {
            "id": each.id,
            "name": each.base.name,
            "base_id": each.base.id,
            "base_type": each.base_type,
            "state": each.state,
            "cpu": each.cpu,
            "memory": each.memory,
            "disk_space": each.disk_space,
            "instance_type": each.base.document.get("instance_type"),
            "author": people.get(each.author_id),
            "max_memory_usage": each.run.document.get("max_memory_usage") if each.run else None,
            "max_cpu_usage": each.run.document.get("max_cpu_usage") if each.run else None,
            "created_at": each.created_at,
            "updated_at": each.updated_at,
        }
        for each in found
    ]


def _workload(call: Call, each: Workload, people: dict[int | None, dict[str, Any]]) -> dict[str, Any]:
    """Show what runs or waits."""
    run, base = each.run, each.base
    is_cancelled = run is not None and run.is_cancel_requested
    return {
        "id": each.id,
        "base_type": each.base_type,
        "base_id": run.id if run else base.id,
        "base_object_name": base.name,
        "job_type": each.job_type,
        "job_id": base.id if run else None,
        "job_cancel_requested_at": each.updated_at if is_cancelled else None,
        "state": each.state,
        "cpu": each.cpu,
        "memory": each.memory,
        "disk_space": each.disk_space,
        "user": people.get(each.author_id),
        "created_at": each.created_at,
        "cancellable": run is not None and _may_cancel(call, base),
    }


def _may_cancel(call: Call, job: Stored) -> bool:
    """Tell whether the user may cancel a job's run."""
    return call.user.is_admin or job.author_id == call.user.id

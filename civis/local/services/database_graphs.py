"""Graphs of a database's load, drawn from the runs that the state remembers and the files it fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import Call, Routes
from civis.local.jobs import ACTIVE, OVER
from civis.local.services.cluster_history import TIMEFRAMES, seconds_of, series
from civis.local.services.databases import resolve_database
from civis.local.services.line_graphs import draw
from civis.local.services.lookups import require_choice
from civis.local.services.stored_text import link_to_text
from civis.local.services.workloads import Workload, ran

__all__ = ["routes"]

routes = Routes()


@routes("GET", "/databases/{id}/status_graphs/timeframe/{timeframe}")
def link_to_graphs(call: Call) -> dict[str, Any]:
    """Link to graphs of what runs took of a database; of what nobody measures here, the link is null."""
    database = resolve_database(call.connection, call.params["id"])
    timeframe = call.params["timeframe"]
    require_choice(timeframe, tuple(TIMEFRAMES), "timeframe")
    found = [each for each in ran(call, (*ACTIVE, *OVER)) if database.id in _hosts(each)]
    values = {
        "cpu": lambda each: float((each.run and each.run.document.get("max_cpu_usage")) or 0.0),
        "queue_length": lambda each: 1.0,
        "query_duration": seconds_of,
        "status": lambda each: float(each.run is not None and each.run.state != "failed"),
    }
    links: dict[str, Any] = {"disk_graph_url": None, "maintenance_graph_url": None}
    for name, value in values.items():
        line = series(call.now, TIMEFRAMES[timeframe], found, value).values
        image = draw(f"{database.name}: {name.replace('_', ' ')}", {name: line})
        links[f"{name}_graph_url"] = link_to_text(call, image, f"{name}.svg")
    return links


def _hosts(workload: Workload) -> set[int]:
    """Give the databases that a run's job names."""
    document = workload.base.document
    ends = [document, *(document.get(name) for name in ("source", "destination"))]
    ids = (
        each.get(name)
        for each in ends
        if isinstance(each, Mapping)
        for name in ("remote_host_id", "database_id", "database")
    )
    return {id for id in ids if isinstance(id, int)}

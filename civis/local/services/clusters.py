"""Kubernetes clusters: the local platform has none, so lists are empty and nothing has an ID."""

from __future__ import annotations

from civis.local.api import Call, NotFound, Page, Routes, page_of
from civis.local.services.refusals import refusal

__all__ = ["routes"]

routes = Routes()

_CLUSTER = "/clusters/kubernetes/{id}"
_PARTITION = f"{_CLUSTER}/partitions/{{cluster_partition_id}}"
_CONFIG = "/clusters/kubernetes/instance_configs/{instance_config_id}"


@routes("GET", "/clusters/kubernetes")
def list_clusters(call: Call) -> Page:
    """List clusters."""
    return page_of(call, 0, lambda limit, offset: [], default=50, maximum=50)


@routes("GET", _CLUSTER)
@routes("GET", f"{_CLUSTER}/compute_hours")
@routes("GET", f"{_CLUSTER}/deployments")
@routes("GET", f"{_CLUSTER}/deployment_stats")
@routes("GET", f"{_CLUSTER}/compute_metrics")
@routes("GET", f"{_CLUSTER}/partitions")
@routes("POST", f"{_CLUSTER}/partitions")
@routes("GET", _PARTITION)
@routes("PATCH", _PARTITION)
@routes("DELETE", _PARTITION)
@refusal
def refuse_cluster(call: Call) -> None:
    """Refuse: there is no cluster.

    Raises
    ------
    NotFound
    """
    raise NotFound(
        f"There is no cluster with ID {call.params['id']}; the local platform runs on one machine."
    )


@routes("GET", _CONFIG)
@routes("GET", "/clusters/kubernetes/instance_configs/{id}/active_workloads")
@routes("GET", f"{_CONFIG}/user_statistics")
@routes("GET", f"{_CONFIG}/historical_graphs")
@routes("GET", f"{_CONFIG}/historical_metrics")
@refusal
def refuse_config(call: Call) -> None:
    """Refuse: there is no cluster whose machines could be configured.

    Raises
    ------
    NotFound
    """
    id = call.params.get("instance_config_id", call.params.get("id"))
    raise NotFound(f"There is no instance configuration with ID {id}; the local platform has no cluster.")

"""Kubernetes clusters: one, which is this machine, with its partitions and what runs in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from civis.local.api import BadRequest, Call, Conflict, Forbidden, NotFound, Page, Routes, page_of
from civis.local.services.cluster_history import hours_by_month
from civis.local.services.groups import ORGANIZATION
from civis.local.services.machine import (
    PARTITION,
    add_config,
    add_partition,
    capacity,
    ensure_cluster,
    find_cluster,
    find_config,
    partitions_of,
)
from civis.local.services.workloads import Workload, deployed, of_partition, ran, usage_of
from civis.local.state import Stored, objects

__all__ = ["config_workloads", "routes"]

routes = Routes()

_CLUSTER = "/clusters/kubernetes/{id}"
_PARTITION = f"{_CLUSTER}/partitions/{{cluster_partition_id}}"
_NOUN = "Kubernetes cluster"


@routes("GET", "/clusters/kubernetes")
def list_clusters(call: Call) -> Page:
    """List clusters: this machine, unless another organization's are asked for."""
    cluster, params = ensure_cluster(call), call.params
    wanted = {
        "organization_id": ORGANIZATION["id"],
        "organization_slug": ORGANIZATION["slug"],
        "raw_cluster_slug": cluster.name,
    }
    is_meant = all(params.get(name) in (None, "", each) for name, each in wanted.items())
    found = [_view(call, cluster)] if is_meant else []
    return page_of(
        call, len(found), lambda limit, offset: found[offset : offset + limit], default=50, maximum=50
    )


@routes("GET", _CLUSTER)
def get_cluster(call: Call) -> dict[str, Any]:
    """Show a cluster, with the hours that it computed this month."""
    cluster = find_cluster(call, _NOUN)
    month = call.now.strftime("%Y-%m")
    return {**_view(call, cluster), "hours": sum(hours_by_month(call).get(month, {}).values())}


@routes("GET", f"{_CLUSTER}/partitions")
def list_partitions(call: Call) -> list[dict[str, Any]]:
    """List a cluster's partitions."""
    cluster = find_cluster(call, _NOUN)
    return [_partition(call, cluster, each) for each in partitions_of(call, cluster)]


@routes("POST", f"{_CLUSTER}/partitions")
def post_partition(call: Call) -> dict[str, Any]:
    """Add a partition: a name for a part of this machine's work, and labels by which work goes to it."""
    cluster = _managed(call)
    partition = add_partition(call, cluster, _name(call.params["name"]), list(call.params["labels"]))
    _set_configs(call, partition, call.params["instance_configs"])
    return _partition(call, cluster, partition)


@routes("GET", _PARTITION)
def get_partition(call: Call) -> dict[str, Any]:
    """Show a partition."""
    cluster = find_cluster(call, _NOUN)
    return _partition(call, cluster, _found(call, cluster))


@routes("PATCH", _PARTITION)
def patch_partition(call: Call) -> dict[str, Any]:
    """Change a partition's name, labels or machines."""
    cluster = _managed(call)
    partition, params = _found(call, cluster), call.params
    if params.get("instance_configs") is not None:
        _set_configs(call, partition, params["instance_configs"])
    partition = objects.update(
        call.connection,
        partition.id,
        now=call.now,
        name=_name(params["name"]) if params.get("name") is not None else None,
        document={"labels": list(params["labels"])} if params.get("labels") is not None else None,
    )
    return _partition(call, cluster, partition)


@routes("DELETE", _PARTITION)
def delete_partition(call: Call) -> None:
    """Delete a partition; its work goes to one that has the label then.

    Raises
    ------
    Conflict
        If it is the last one.
    """
    cluster = _managed(call)
    partition = _found(call, cluster)
    if len(partitions_of(call, cluster)) == 1:
        raise Conflict(f"The partition {partition.id} is the cluster's last one; add another one first.")
    for each in _configs(call, partition):
        objects.remove(call.connection, each.id)
    objects.remove(call.connection, partition.id)


@routes("GET", "/clusters/kubernetes/instance_configs/{instance_config_id}")
def get_config(call: Call) -> dict[str, Any]:
    """Show an instance configuration, with the partition that it is of."""
    config = find_config(call, "instance_config_id")
    partition = objects.fetch(call.connection, PARTITION, config.parent_id or 0)
    return {
        **_config(call, config, ensure_cluster(call), partition),
        "cluster_partition_id": partition.id,
        "cluster_partition_name": partition.name,
    }


def config_workloads(call: Call, config: Stored) -> list[Workload]:
    """List what runs, or waits, on the machines of an instance configuration."""
    partition = objects.fetch(call.connection, PARTITION, config.parent_id or 0)
    if _configs(call, partition)[0].id != config.id:  # the first one takes all of the partition's work
        return []
    return of_partition(call, ensure_cluster(call), partition, [*ran(call), *deployed(call)])


def _view(call: Call, cluster: Stored) -> dict[str, Any]:
    """Show a cluster."""
    return {
        "id": cluster.id,
        "organization_id": str(ORGANIZATION["id"]),
        "organization_name": ORGANIZATION["name"],
        "organization_slug": ORGANIZATION["slug"],
        "raw_cluster_slug": cluster.name,
        "custom_partitions": bool(cluster.document.get("custom_partitions")),
        "cluster_partitions": [_partition(call, cluster, each) for each in partitions_of(call, cluster)],
        "is_nat_enabled": False,
    }


def _partition(call: Call, cluster: Stored, partition: Stored) -> dict[str, Any]:
    """Show a partition with its machines."""
    configs = _configs(call, partition)
    return {
        "cluster_partition_id": partition.id,
        "name": partition.name,
        "labels": partition.document["labels"],
        "instance_configs": [_config(call, each, cluster, partition) for each in configs],
        "default_instance_config_id": configs[0].id if configs else None,
    }


def _config(call: Call, config: Stored, cluster: Stored, partition: Stored) -> dict[str, Any]:
    """Show an instance configuration; what is used of it only if that is asked for."""
    usage: Mapping[str, Any] = {}
    if call.params.get("include_usage_stats"):
        usage = usage_of(config_workloads(call, config))
    return {
        "instance_config_id": config.id,
        **config.document,
        **capacity(call),
        "usage_stats": usage,
    }


def _configs(call: Call, partition: Stored) -> list[Stored]:
    """Read a partition's instance configurations, the oldest first."""
    return objects.select_objects(
        call.connection, "instance_config", parent_id=partition.id, descending=False
    )


def _set_configs(call: Call, partition: Stored, given: Sequence[Mapping[str, Any]]) -> None:
    """Replace a partition's instance configurations.

    Raises
    ------
    BadRequest
        If there is none, or one with fewer machines at most than at least.
    """
    if not given:
        raise BadRequest("instanceConfigs must hold at least one instance configuration.")
    known = [
        {
            "instance_type": each.get("instance_type", each.get("instanceType")),
            "min_instances": each.get("min_instances", each.get("minInstances")) or 0,
            "max_instances": each.get("max_instances", each.get("maxInstances")) or 0,
        }
        for each in given
    ]
    for each in known:
        if not 0 <= each["min_instances"] <= each["max_instances"]:
            raise BadRequest(
                f"minInstances must be from 0 to maxInstances, not {each['min_instances']} "
                f"of {each['max_instances']}."
            )
    for before in _configs(call, partition):
        objects.remove(call.connection, before.id)
    for each in known:
        add_config(call, partition, each)


def _managed(call: Call) -> Stored:
    """Read the cluster that a path names, for an administrator."""
    cluster = find_cluster(call, _NOUN)
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may change the partitions of a cluster.")
    if not cluster.document.get("custom_partitions"):
        objects.update(call.connection, cluster.id, now=call.now, document={"custom_partitions": True})
    return cluster


def _found(call: Call, cluster: Stored) -> Stored:
    """Read the partition that a path names."""
    id = call.params["cluster_partition_id"]
    found = objects.select_objects(call.connection, PARTITION, parent_id=cluster.id, id=id)
    if not found:
        raise NotFound(f"The cluster {cluster.id} has no partition with ID {id}.")
    return found[0]


def _name(given: str) -> str:
    """Refuse a blank name."""
    if not given.strip():
        raise BadRequest("name must not be empty.")
    return given.strip()

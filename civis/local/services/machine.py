"""The machine that the platform runs on, as the API knows clusters: one cluster of one machine, with parts.

The cluster and its partitions are objects without an author, made when somebody first asks for them.
"""

from __future__ import annotations

import shutil
from typing import Any

from civis.local.api import Call, NotFound
from civis.local.jobs.usage import machine_cpu, machine_memory_mb
from civis.local.state import Stored, objects

__all__ = [
    "CLUSTER",
    "CONFIG",
    "INSTANCE_TYPE",
    "PARTITION",
    "add_config",
    "add_partition",
    "capacity",
    "ensure_cluster",
    "find_cluster",
    "find_config",
    "partitions_of",
]

CLUSTER = "cluster"
PARTITION = "cluster_partition"
CONFIG = "instance_config"
INSTANCE_TYPE = "local"

#: The partitions of a new cluster, and what goes to them.
_PARTITIONS = (("jobs", ["Job"]), ("notebook_services", ["Notebook", "Service"]))
_GIGABYTE = 1024**3


def capacity(call: Call) -> dict[str, int]:
    """Tell what the machine has: thousandths of processors, MB of memory, GB of disk space."""
    disk = shutil.disk_usage(call.platform.settings.data_dir).total // _GIGABYTE
    return {
        "instance_max_cpu": machine_cpu(),
        "instance_max_memory": machine_memory_mb(),
        "instance_max_disk": disk,
    }


def ensure_cluster(call: Call) -> Stored:
    """Give the cluster that stands for this machine, made if there is none."""
    found = objects.select_objects(call.connection, CLUSTER, descending=False, limit=1)
    if found:
        return found[0]
    cluster = objects.insert(call.connection, CLUSTER, {}, now=call.now, name="local")
    for name, labels in _PARTITIONS:
        partition = add_partition(call, cluster, name, labels)
        add_config(call, partition, {"instance_type": INSTANCE_TYPE, "min_instances": 1, "max_instances": 1})
    return cluster


def add_partition(call: Call, cluster: Stored, name: str, labels: list[str]) -> Stored:
    """Store a partition of a cluster."""
    document = {"labels": labels}
    return objects.insert(call.connection, PARTITION, document, now=call.now, name=name, parent_id=cluster.id)


def add_config(call: Call, partition: Stored, given: dict[str, Any]) -> Stored:
    """Store which machines a partition has."""
    return objects.insert(call.connection, CONFIG, given, now=call.now, parent_id=partition.id)


def find_cluster(call: Call, noun: str) -> Stored:
    """Read the cluster that a request's path names.

    Raises
    ------
    NotFound
        If it is not this machine's.
    """
    cluster = ensure_cluster(call)
    if cluster.id != call.params["id"]:
        raise NotFound(
            f"There is no {noun} with ID {call.params['id']}; the local platform's is {cluster.id}."
        )
    return cluster


def find_config(call: Call, name: str) -> Stored:
    """Read the instance configuration that a request's path names.

    Raises
    ------
    NotFound
        If there is none.
    """
    ensure_cluster(call)
    id = call.params[name]
    found = objects.select_objects(call.connection, CONFIG, id=id)
    if not found:
        raise NotFound(f"There is no instance configuration with ID {id}.")
    return found[0]


def partitions_of(call: Call, cluster: Stored) -> list[Stored]:
    """Read a cluster's partitions, the oldest first."""
    return objects.select_objects(call.connection, PARTITION, parent_id=cluster.id, descending=False)

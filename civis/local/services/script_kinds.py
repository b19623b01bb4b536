"""The kinds of scripts: what each is called in paths, lists, jobs and answers; a table and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["KINDS", "SCRIPT_KINDS", "ScriptKind"]


@dataclass(frozen=True)
class ScriptKind:
    """One kind of script.

    Parameters
    ----------
    kind : str
        The objects' kind in the state, such as ``"python_script"``.
    segment : str
        In paths and in the filter `type`: ``"python3"``.
    label : str
        The field `type` of its answers: ``"Python"``.
    job_type : str
        The field `type` of ``/jobs`` and ``/scripts/{id}``.
    run_field : str
        The field of its runs that holds the script's ID, in snake_case.
    fields : mapping
        What a request can set beyond what all scripts have, with the defaults.
    """

    kind: str
    segment: str
    label: str
    job_type: str
    run_field: str
    fields: dict[str, Any]


_CONTAINER_FIELDS: dict[str, Any] = {
    "required_resources": {"cpu": 256, "memory": 1024, "disk_space": 4.0},
    "instance_type": None,
    "cancel_timeout": 0,
    "docker_image_tag": None,
    "partition_label": None,
}
#: Kinds that a request need not give resources for have none until it does.
_INTERPRETER_FIELDS: dict[str, Any] = {
    **_CONTAINER_FIELDS,
    "required_resources": {"cpu": None, "memory": None, "disk_space": None},
}
_WAREHOUSE_FIELDS: dict[str, Any] = {"remote_host_id": None, "credential_id": None}
_REPOSITORY_FIELDS: dict[str, Any] = {"repo_http_uri": None, "repo_ref": None}

_ALL = (
    ScriptKind(
        "sql_script",
        "sql",
        "SQL",
        "JobTypes::SqlRunner",
        "sql_id",
        {"sql": "", "csv_settings": {}, **_WAREHOUSE_FIELDS},
    ),
    ScriptKind(
        "python_script",
        "python3",
        "Python",
        "JobTypes::PythonDocker",
        "python_id",
        {"source": "", **_INTERPRETER_FIELDS},
    ),
    ScriptKind(
        "javascript_script",
        "javascript",
        "JavaScript",
        "JobTypes::NodeRunner",
        "javascript_id",
        {"source": "", **_WAREHOUSE_FIELDS},
    ),
    ScriptKind("r_script", "r", "R", "JobTypes::RDocker", "r_id", {"source": "", **_INTERPRETER_FIELDS}),
    ScriptKind(
        "container_script",
        "containers",
        "Container",
        "JobTypes::ContainerDocker",
        "container_id",
        {
            **_CONTAINER_FIELDS,
            **_REPOSITORY_FIELDS,
            "remote_host_credential_id": None,
            "git_credential_id": None,
            "docker_command": None,
            "docker_image_name": None,
        },
    ),
    ScriptKind(
        "dbt_script",
        "dbt",
        "dbt",
        "JobTypes::Dbt",
        "dbt_id",
        {**_INTERPRETER_FIELDS, **_REPOSITORY_FIELDS, "dbt_project": None, "target_database": None},
    ),
)

KINDS: tuple[ScriptKind, ...] = _ALL
"""All kinds, in the order in which ``/scripts/types`` lists them."""

SCRIPT_KINDS: dict[str, ScriptKind] = {each.kind: each for each in _ALL}
"""By the objects' kind."""

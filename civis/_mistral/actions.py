"""The actions that a task can name, and what each is given; who performs them, and how, is not known here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["ACTIONS", "Action", "find_action"]

Does = Literal[
    "run a job", "make a job", "make an import", "run a workflow", "nothing", "echo", "fail", "wait"
]


@dataclass(frozen=True)
class Action:
    """One action.

    Attributes
    ----------
    name : str
    does : str
        What kind of action it is.
    required, optional : frozenset of str
        The inputs it has to be given, and those it may be, in snake_case.
    path : str
        For those that make a job: the API's path at which jobs of that kind are made.
    """

    name: str
    does: Does
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    path: str = ""

    @property
    def inputs(self) -> frozenset[str]:
        """All inputs."""
        return self.required | self.optional


_COMMON = "name parent_id arguments schedule notifications time_zone hidden target_project_id running_as_id"
_SCRIPT = f"{_COMMON} user_context params next_run_at"
_SIZED = "required_resources instance_type cancel_timeout docker_image_tag partition_label"
_GIT = "repo_http_uri repo_ref remote_host_credential_id git_credential_id"

#: What makes a job: the action, the path, the required inputs, the optional ones.
_MAKING = (
    ("civis.scripts.python3", "/scripts/python3", "source", f"{_SCRIPT} {_SIZED}"),
    ("civis.scripts.r", "/scripts/r", "source", f"{_SCRIPT} {_SIZED}"),
    ("civis.scripts.sql", "/scripts/sql", "sql remote_host_id credential_id", f"{_SCRIPT} csv_settings"),
    ("civis.scripts.javascript", "/scripts/javascript", "source remote_host_id credential_id", _SCRIPT),
    (
        "civis.scripts.container",
        "/scripts/containers",
        "required_resources",
        f"{_SCRIPT} {_SIZED} {_GIT} docker_command docker_image_name",
    ),
    (
        "civis.scripts.custom",
        "/scripts/custom",
        "from_template_id",
        f"{_COMMON} remote_host_id credential_id required_resources partition_label",
    ),
    (
        "civis.scripts.dbt",
        "/scripts/dbt",
        "repo_http_uri",
        f"{_SCRIPT} {_SIZED} {_GIT} repo_ref dbt_project target_database",
    ),
    (
        "civis.enhancements.cass_ncoa",
        "/enhancements/cass-ncoa",
        "source",
        "name schedule notifications destination column_mapping use_default_column_mapping perform_ncoa "
        "ncoa_credential_id output_level limiting_sql batch_size parent_id",
    ),
    (
        "civis.enhancements.geocode",
        "/enhancements/geocode",
        "remote_host_id credential_id source_schema_and_table",
        "name schedule notifications multipart_key limiting_sql target_schema target_table country provider "
        "output_address existing_table_rows parent_id",
    ),
    (
        "civis.enhancements.civis_data_match",
        "/enhancements/civis-data-match",
        "input_field_mapping input_table match_target_id output_table",
        "name schedule notifications max_matches threshold archived parent_id",
    ),
    (
        "civis.enhancements.identity_resolution",
        "/enhancements/identity-resolution",
        "sources",
        "name schedule notifications threshold match_target_id enforced_links customer_graph golden_table "
        "link_scores legacy_id",
    ),
    (
        "civis.exports",
        "/exports/files/csv",
        "source destination",
        "name include_header compression column_delimiter hidden force_multifile max_file_size",
    ),
)
#: Names that older definitions have for the same.
_OLDER = {
    "civis.python3_script": "civis.scripts.python3",
    "civis.r_script": "civis.scripts.r",
    "civis.sql_script": "civis.scripts.sql",
    "civis.javascript_script": "civis.scripts.javascript",
    "civis.container_script": "civis.scripts.container",
    "civis.custom_script": "civis.scripts.custom",
    "civis.import": "civis.imports",
    "civis.export": "civis.exports",
    "civis.run_workflow": "civis.workflows.execute",
    "civis.workflows.run": "civis.workflows.execute",
}


def _words(text: str) -> frozenset[str]:
    """Take a list of words apart."""
    return frozenset(text.split())


def _make_actions() -> dict[str, Action]:
    """Put the table together."""
    made = [
        Action("std.noop", "nothing"),
        Action("std.echo", "echo", _words("output"), _words("delay")),
        Action("std.fail", "fail", optional=_words("error_data")),
        Action("std.async_noop", "wait"),
        Action("civis.run_job", "run a job", _words("job_id")),
        Action(
            "civis.workflows.execute",
            "run a workflow",
            _words("workflow_id"),
            _words("input target_task included_tasks"),
        ),
        Action(
            "civis.imports",
            "make an import",
            _words("sync_type is_outbound"),
            _words(
                "name source destination syncs parent_id schedule next_run_at notifications time_zone hidden"
            ),
            "/imports",
        ),
    ]
    for name, path, required, optional in _MAKING:
        made.append(Action(name, "make a job", _words(required), _words(optional) - _words(required), path))
    table = {action.name: action for action in made}
    return table | {older: table[name] for older, name in _OLDER.items()}


ACTIONS: Mapping[str, Action] = MappingProxyType(_make_actions())
"""All actions by the names that definitions may give them."""


def find_action(name: str) -> Action | None:
    """Give the action of a name, or None.

    Examples
    --------
    >>> find_action("civis.python3_script").name
    'civis.scripts.python3'
    """
    return ACTIONS.get(name)

"""The commands that are not operations: where each is found, and a line on it.

They are named here so that a list of commands imports none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["AT_ROOT", "IN_RESOURCES", "RESOURCE_HELP", "OwnCommand"]


class OwnCommand(NamedTuple):
    """Where a command is.

    Parameters
    ----------
    place
        Module and name: ``"civis.cli.files:upload"``.
    help
        What it does, in a line of at most 60 characters.
    """

    place: str
    help: str


#: ``civis NAME``.
AT_ROOT: Mapping[str, OwnCommand] = {
    "sql": OwnCommand("civis.cli.sql:sql", "Run SQL, and show, save or pipe the rows."),
    "open": OwnCommand("civis.cli.opening:open_page", "Open an object's page in the browser."),
    "config": OwnCommand("civis.cli.config:config", "Show and set key, address and profile."),
    "spec": OwnCommand("civis.cli.spec:spec", "Look at the API's description, and refresh it."),
    "completion": OwnCommand(
        "civis.cli.completion:completion", "Print what makes a shell complete commands."
    ),
    "local": OwnCommand("civis.cli.local:local", "Run a Civis Platform on this machine."),
}

#: ``civis RESOURCE NAME``.
IN_RESOURCES: Mapping[str, Mapping[str, OwnCommand]] = {
    "files": {
        "upload": OwnCommand("civis.cli.files:upload", "Upload a file, or what comes on standard input."),
        "download": OwnCommand(
            "civis.cli.files:download", "Download a file, or write it to standard output."
        ),
    },
    "jobs": {
        "run": OwnCommand("civis.cli.jobs:run", "Start a job, and wait for it or follow its log."),
        "wait": OwnCommand("civis.cli.jobs:wait", "Wait until a run has ended."),
        "cancel": OwnCommand("civis.cli.jobs:cancel", "Cancel a run."),
        "follow-log": OwnCommand(
            "civis.cli.jobs:follow_log", "Print the log of a job's last run as it grows."
        ),
        "follow-run-log": OwnCommand("civis.cli.jobs:follow_run_log", "Print the log of a run as it grows."),
    },
    "tables": {
        "import": OwnCommand("civis.cli.tables:import_table", "Load a CSV file into a table."),
        "export": OwnCommand("civis.cli.tables:export_table", "Write a table to a CSV or Parquet file."),
    },
    "models": {
        "list-trained": OwnCommand("civis.cli.models:list_trained", "List models that CivisML trained."),
        "show": OwnCommand("civis.cli.models:show", "Show what a model is, and how good."),
        "train": OwnCommand("civis.cli.models:train", "Train a model on a table or a CSV file."),
        "predict": OwnCommand("civis.cli.models:predict", "Predict by a model."),
        "report": OwnCommand("civis.cli.models:report", "Write a page about how good a model is."),
        "download": OwnCommand("civis.cli.models:download", "Download a model's fitted estimator."),
    },
    "notebooks": {
        "new": OwnCommand("civis.cli.notebooks:new", "Make a notebook and open it."),
        "up": OwnCommand("civis.cli.notebooks:up", "Start a notebook's server."),
        "down": OwnCommand("civis.cli.notebooks:down", "Stop a notebook's server."),
        "open": OwnCommand("civis.cli.notebooks:open_notebook", "Open a notebook in the browser."),
        "download": OwnCommand("civis.cli.notebooks:download", "Download a notebook as a file."),
    },
    "workflows": {
        "validate": OwnCommand(
            "civis.cli.workflows:validate", "Check a workflow's definition, without sending it."
        ),
        "run": OwnCommand("civis.cli.workflows:run", "Start a workflow, and wait for it."),
    },
}

#: What resources are about, in a line.
RESOURCE_HELP: Mapping[str, str] = {
    "admin": "Settings of the whole organization.",
    "aliases": "Names that stand for objects.",
    "announcements": "News from the platform.",
    "apps": "Apps and their instances.",
    "channels": "Channels on which the platform announces changes.",
    "clusters": "Clusters that jobs run on.",
    "codes": "Pieces of code, kept by name.",
    "credentials": "User names and keys for databases and services.",
    "databases": "Databases, their schemas and tables.",
    "endpoints": "The API's own description.",
    "enhancements": "Jobs that clean, geocode or match data.",
    "exports": "Exports of data to files.",
    "files": "Files kept on the platform.",
    "git_repos": "Git repositories that jobs use.",
    "groups": "Groups of users.",
    "imports": "Imports of data, and transfers of tables.",
    "jobs": "Jobs of every kind, and their runs.",
    "json_values": "Small values that jobs hand on.",
    "match_targets": "What person records are matched against.",
    "media": "Media optimization and spot orders.",
    "models": "Predictive models.",
    "notebooks": "Notebooks and their servers.",
    "notifications": "Notifications for the user.",
    "ontology": "Terms that columns can mean.",
    "organizations": "Organizations.",
    "permission_sets": "Sets of permissions for apps.",
    "predictions": "Scores made by models.",
    "projects": "Projects that hold objects.",
    "queries": "SQL run for its effect or a preview.",
    "remote_hosts": "Databases and services that data come from.",
    "reports": "Reports and dashboards.",
    "results": "Results, as reports were called.",
    "roles": "Roles of users.",
    "scripts": "Scripts in SQL, Python, R, containers and more.",
    "search": "Search over all objects.",
    "services": "Services that stay up.",
    "storage_hosts": "Places that files are stored in.",
    "studios": "Studios.",
    "table_tags": "Tags for tables.",
    "tables": "Tables of databases: columns, statistics, tags.",
    "templates": "Templates of scripts and reports.",
    "usage": "What was used, and by whom.",
    "usage_limits": "Limits on what may be used.",
    "users": "Users, their keys and settings.",
    "workflows": "Workflows and their executions.",
}

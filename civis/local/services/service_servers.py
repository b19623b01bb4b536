"""How a service is served: its code from its repository, its command in this machine's shell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from civis.local.deployments import Deployable, Launch, Served, declare_deployable
from civis.local.jobs import JobFailed
from civis.local.jobs.processes import Program
from civis.local.services.deployed_environment import deployed_environment
from civis.local.services.script_checkout import check_out
from civis.local.services.service_objects import KIND, plan_of, token_admits

__all__ = ["COMMAND", "serve_service", "service_command"]

COMMAND = "CIVIS_SERVICE_COMMAND"
"""The environment variable of a service that holds its command, where its repository has no Procfile."""

_WEB = re.compile(r"^web:[ \t]*(\S.*)$", re.MULTILINE)
_END_SECONDS = 5.0


def serve_service(launch: Launch) -> Served:
    """Fetch a service's code and say how it is started.

    Raises
    ------
    JobFailed
        If the code cannot be fetched, or nothing says which command is to be started.
    """
    document = launch.base.document
    folder = launch.folder
    if document.get("git_repo_url"):
        folder = _code(launch, document)
    command = service_command(document, folder)
    environment = deployed_environment(launch)
    memory = launch.context.job.document.get("memory")
    launch.context.log(f"Starting {command!r} on port {launch.port}.", "system")
    return Served(
        Program(
            ["sh", "-c", command],
            folder,
            environment,
            cancel_seconds=_END_SECONDS,
            memory_mb=int(memory) if memory else None,
        )
    )


def service_command(document: Mapping[str, Any], folder: Path) -> str:
    """Find the command that starts a service.

    Parameters
    ----------
    document : mapping
        The service's.
    folder : Path
        Its code.

    Raises
    ------
    JobFailed
        If there is none.

    Examples
    --------
    >>> service_command({"environment_variables": {"CIVIS_SERVICE_COMMAND": "exec serve"}}, Path("."))
    'exec serve'
    """
    given = (document.get("environment_variables") or {}).get(COMMAND)
    if given:
        return str(given)
    procfile = folder / "Procfile"
    found = (
        _WEB.search(procfile.read_text(encoding="utf-8", errors="replace")) if procfile.is_file() else None
    )
    if found is None:
        raise JobFailed(
            "The local platform runs no images, and nothing says which command starts the service: put a "
            "file Procfile with a line 'web: COMMAND' into the folder of its code (git_repo_url, "
            f"git_path_dir), or give it an environment variable {COMMAND}. The command has to listen on "
            "127.0.0.1, at $PORT."
        )
    return found[1]


def _code(launch: Launch, document: Mapping[str, Any]) -> Path:
    """Fetch a service's repository; give the folder in it that the service names."""
    inputs = {"repo_http_uri": document["git_repo_url"], "repo_ref": document.get("git_repo_ref")}
    top = check_out(launch.context, inputs, launch.folder).resolve()
    folder = (top / str(document.get("git_path_dir") or ".").lstrip("/")).resolve()
    if not folder.is_dir() or not folder.is_relative_to(top):
        raise JobFailed(f"The repository has no folder {document['git_path_dir']!r}.")
    return folder


declare_deployable(
    KIND.kind,
    Deployable(serve_service, admits=token_admits, plan=lambda service: plan_of(service.document)),
)

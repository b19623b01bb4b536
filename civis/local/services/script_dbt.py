"""What runs of dbt scripts do: a dbt command in the script's repository, where dbt is installed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services.program_runs import (
    inputs_of,
    program_needs,
    program_path,
    run_program,
    working_folder,
)
from civis.local.services.script_checkout import check_out
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.spelling import snake_keys

__all__ = ["run_dbt_script"]

COMMANDS = ("build", "run", "test", "compile", "retry")
_DEFAULT_BRANCH = "main"


@executor("dbt_script", job_type=SCRIPT_KINDS["dbt_script"].job_type, needs=program_needs)
def run_dbt_script(context: RunContext) -> None:
    """Run a script's dbt command in its repository."""
    inputs = inputs_of(context)
    project: dict[str, Any] = snake_keys(inputs.get("dbt_project") or {})
    if not inputs.get("repo_http_uri"):
        raise JobFailed("The dbt script has no repo_http_uri; give the repository with its dbt_project.yml.")
    if project.get("generate_profiles"):
        raise JobFailed(
            "The local platform cannot generate profiles.yml: no other program can open its databases while "
            "it runs. Put a profiles.yml into the repository and name its folder in profiles_dir."
        )
    command = _command(program_path("dbt", "dbt"), project)
    with working_folder(context) as folder:
        files = check_out(context, inputs, folder, ref=_DEFAULT_BRANCH)
        run_program(context, command, files, _variables(project, files))


def _command(dbt: str, project: Mapping[str, Any]) -> list[str]:
    """Put the command line together."""
    name = project.get("dbt_command") or "build"
    if name not in COMMANDS:
        raise JobFailed(f"The dbt command must be one of {', '.join(COMMANDS)}, not {name!r}.")
    if name == "retry":
        return [dbt, name]
    target = ["--target", str(project["target"])] if project.get("target") else []
    try:
        return [dbt, name, *target, *shlex.split(project.get("dbt_command_line_args") or "")]
    except ValueError as error:
        raise JobFailed(f"The arguments of dbt cannot be read: {error}.") from None


def _variables(project: Mapping[str, Any], files: Path) -> dict[str, str]:
    """Give the variables that tell dbt where things are."""
    found = {"DBT_PROJECT_DIR": str(files / (project.get("project_dir") or "."))}
    if project.get("profiles_dir"):
        found["DBT_PROFILES_DIR"] = str(files / project["profiles_dir"])
    if project.get("dbt_version"):
        found["DBT_VERSION"] = str(project["dbt_version"])
    return found

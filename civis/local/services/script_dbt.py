"""What runs of dbt scripts do: a dbt command in the script's repository, where dbt is installed.

dbt reaches the warehouse, where the script has profiles generated, through the platform's gateway: no other
program can open the warehouse's files while the platform runs.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from civis.local.gateway import Gateway
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
from civis.local.services.script_values import fetch_credential, fetch_named
from civis.local.services.spelling import snake_keys

__all__ = ["run_dbt_script"]

COMMANDS = ("build", "run", "test", "compile", "retry")
_DEFAULT_BRANCH = "main"
_DEFAULT_SCHEMA = "public"
#: dbt writes no value of a variable with this beginning into its log.
_PASSWORD = "DBT_ENV_SECRET_CIVIS_PASSWORD"  # noqa: S105 - the name of a variable
_THREADS = 4


@executor("dbt_script", job_type=SCRIPT_KINDS["dbt_script"].job_type, needs=program_needs)
def run_dbt_script(context: RunContext) -> None:
    """Run a script's dbt command in its repository."""
    inputs = inputs_of(context)
    project: dict[str, Any] = snake_keys(inputs.get("dbt_project") or {})
    if not inputs.get("repo_http_uri"):
        raise JobFailed("The dbt script has no repo_http_uri; give the repository with its dbt_project.yml.")
    command = _command(program_path("dbt", "dbt"), project)
    with working_folder(context) as folder:
        files = check_out(context, inputs, folder, ref=_DEFAULT_BRANCH)
        variables = _variables(project, files)
        if not project.get("generate_profiles"):
            run_program(context, command, files, variables)
            return
        with _profiles(context, inputs, project, folder, Path(variables["DBT_PROJECT_DIR"])) as further:
            run_program(context, command, files, {**variables, **further})


def _command(dbt: str, project: Mapping[str, Any]) -> list[str]:
    """Put the command line together."""
    name = project.get("dbt_command") or "build"
    if name not in COMMANDS:
        raise JobFailed(f"The dbt command must be one of {', '.join(COMMANDS)}, not {name!r}.")
    if name == "retry":
        return [dbt, name]
    has_target = project.get("target") and not project.get("generate_profiles")
    target = ["--target", str(project["target"])] if has_target else []
    try:
        return [dbt, name, *target, *shlex.split(project.get("dbt_command_line_args") or "")]
    except ValueError as error:
        raise JobFailed(f"The arguments of dbt cannot be read: {error}.") from None


def _variables(project: Mapping[str, Any], files: Path) -> dict[str, str]:
    """Give the variables that tell dbt where things are, and to tell nobody about its runs."""
    found = {
        "DBT_PROJECT_DIR": str(files / (project.get("project_dir") or ".")),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    if project.get("profiles_dir"):
        found["DBT_PROFILES_DIR"] = str(files / project["profiles_dir"])
    if project.get("dbt_version"):
        found["DBT_VERSION"] = str(project["dbt_version"])
    return found


@contextmanager
def _profiles(
    context: RunContext, inputs: Mapping[str, Any], project: Mapping[str, Any], folder: Path, files: Path
) -> Iterator[dict[str, str]]:
    """Open the way to the script's database, and write the profiles that lead there; give their variables."""
    target = snake_keys(inputs.get("target_database") or {})
    if not target.get("remote_host_id") or not target.get("credential_id"):
        raise JobFailed(
            "The dbt script has generate_profiles but no target_database; "
            "give that with remote_host_id and credential_id."
        )
    fetch_credential(context, target["credential_id"])
    name = str(fetch_named(context, "database", target["remote_host_id"]).document["name"])
    database = context.platform.warehouse.database(name)
    password = secrets.token_urlsafe(24)
    scratch = f"dbt_temporary_{context.run.id}"
    with Gateway(database, user=context.user, password=password, scratch=scratch) as gateway:
        output = {
            "type": "postgres",
            "host": "127.0.0.1",
            "port": gateway.port,
            "user": context.user,
            "password": f"{{{{ env_var('{_PASSWORD}') }}}}",
            "dbname": name,
            "schema": str(project.get("schema") or _DEFAULT_SCHEMA),
            "threads": _THREADS,
        }
        profile = {_profile_name(files): {"target": "civis", "outputs": {"civis": output}}}
        profiles = folder / "profiles"
        profiles.mkdir()
        (profiles / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
        context.interruption.attach(gateway.interrupt)
        try:
            yield {"DBT_PROFILES_DIR": str(profiles), _PASSWORD: password}
        finally:
            context.interruption.detach(gateway.interrupt)


def _profile_name(files: Path) -> str:
    """Read which profile a dbt project wants."""
    path = files / "dbt_project.yml"
    try:
        described = yaml.safe_load(path.read_text(encoding="utf-8"))
        return str(described["profile"])
    except OSError:
        raise JobFailed(
            "There is no dbt_project.yml in the repository; name its folder in project_dir."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        raise JobFailed(
            "The repository's dbt_project.yml names no profile; add `profile: NAME` to it."
        ) from None

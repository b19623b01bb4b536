"""What runs of scripts that are programs do: their code as a child process of the platform.

Unless the platform runs containers (`script_containers`), a container script's command runs in the shell of
this machine, in an empty directory of its own, whatever its image is; that of a program which comes with the
platform always does. The program gets an API key of its own for the time of the run.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.engine import Connection

from civis.local.jobs import JobFailed, Needs, RunContext, executor
from civis.local.jobs.processes import Program, run_process
from civis.local.jobs.run_keys import give_key
from civis.local.services.script_checkout import check_out
from civis.local.services.script_containers import run_in_container
from civis.local.services.script_environment import argument_variables, own_variables, passed_variables
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.state import Stored

__all__ = [
    "comes_with_the_platform",
    "inputs_of",
    "program_needs",
    "program_path",
    "run_container_script",
    "run_javascript_script",
    "run_program",
    "run_python_script",
    "run_r_script",
    "working_folder",
]

#: Not the author tells: data directories of earlier versions hold scripts of the platform's, too.
_OWN_PROGRAM = re.compile(r"(?:[A-Z_]+=\w+ )*python -m civis\.local\.[a-z_.]+(?: [a-z_]+)?")
_DEFAULT_CPU = 256  # thousandths of a processor, where a script says nothing


def program_needs(connection: Connection, job: Stored) -> Needs:
    """Tell what a script that is a program takes of the machine."""
    resources = job.document.get("required_resources") or {}
    return Needs(int(resources.get("cpu") or _DEFAULT_CPU), int(resources.get("memory") or 0))


@executor("python_script", job_type=SCRIPT_KINDS["python_script"].job_type, needs=program_needs)
def run_python_script(context: RunContext) -> None:
    """Run a script's source with the Python that runs the platform."""
    _run_source(context, [sys.executable, "-u"], "script.py")


@executor("r_script", job_type=SCRIPT_KINDS["r_script"].job_type, needs=program_needs)
def run_r_script(context: RunContext) -> None:
    """Run a script's source with R, where that is installed."""
    _run_source(context, [program_path("Rscript", "R"), "--vanilla"], "script.R")


@executor("javascript_script", job_type=SCRIPT_KINDS["javascript_script"].job_type, needs=program_needs)
def run_javascript_script(context: RunContext) -> None:
    """Run a script's source with Node.js, where that is installed."""
    _run_source(context, [program_path("node", "Node.js")], "script.js")


@executor("container_script", job_type=SCRIPT_KINDS["container_script"].job_type, needs=program_needs)
def run_container_script(context: RunContext) -> None:
    """Run a script's command in this machine's shell, or in a container of its image."""
    inputs = inputs_of(context)
    engine = context.platform.container_engine
    if engine is not None and not comes_with_the_platform(inputs):
        with working_folder(context) as folder:
            run_in_container(context, engine, inputs, folder)
        return
    command = inputs.get("docker_command")
    if not command:
        raise JobFailed(
            "The container script has no docker_command, and without --containers docker or podman the local "
            "platform runs no images, which would bring one."
        )
    with working_folder(context) as folder:
        if inputs.get("repo_http_uri"):
            check_out(context, inputs, folder)
        run_program(context, ["sh", "-c", command], folder)


def comes_with_the_platform(inputs: Mapping[str, Any]) -> bool:
    """Tell whether a script's program is the platform's own, as that of CivisML is: no image has it."""
    return _OWN_PROGRAM.fullmatch(str(inputs.get("docker_command") or "").strip()) is not None


def inputs_of(context: RunContext) -> dict[str, Any]:
    """Give the script as it was when the run was queued."""
    inputs: dict[str, Any] = context.run.document.get("inputs") or context.job.document
    return inputs


def program_path(name: str, product: str) -> str:
    """Find a program that is to run a script.

    Raises
    ------
    JobFailed
        If it is not installed.
    """
    found = shutil.which(name, path=passed_variables()["PATH"])
    if found is None:
        raise JobFailed(
            f"{product} is not installed: there is no {name!r} on the platform's PATH. "
            "Install it, and start the platform with it on the PATH."
        )
    return found


@contextmanager
def working_folder(context: RunContext) -> Iterator[Path]:
    """Make an empty directory for a run; it goes with the run, or at the next start after a kill."""
    # What a program left without permissions must not make its run fail.
    parent = context.platform.settings.runs_dir
    with TemporaryDirectory(prefix=f"{context.run.id}-", dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def run_program(
    context: RunContext, command: Sequence[str], folder: Path, further: Mapping[str, str] | None = None
) -> None:
    """Run a program for a script: with its arguments and a key in its environment, within its limits.

    Parameters
    ----------
    context : RunContext
    command : sequence of str
    folder : Path
        Where it runs.
    further : mapping, optional
        More environment variables.

    Raises
    ------
    JobFailed
        If it cannot be run or fails.
    Interrupted
        If the run was cancelled.
    """
    inputs = inputs_of(context)
    arguments = argument_variables(context, inputs)
    memory = (inputs.get("required_resources") or {}).get("memory")
    environment = {
        **passed_variables(),
        **(further or {}),
        **arguments,
        **own_variables(context, give_key(context)),
    }
    run_process(
        context,
        Program(
            command,
            folder,
            environment,
            cancel_seconds=float(inputs.get("cancel_timeout") or 0),
            memory_mb=int(memory) if memory else None,
        ),
    )


def _run_source(context: RunContext, command: Sequence[str], name: str) -> None:
    """Run a script's source with an interpreter."""
    with working_folder(context) as folder:
        source = folder / name
        source.write_text(inputs_of(context).get("source") or "", encoding="utf-8")
        run_program(context, [*command, str(source)], folder)

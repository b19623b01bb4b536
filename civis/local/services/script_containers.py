"""A container script in a container: what of the script says which image, which files, which limits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from civis.local.containers import Container, ContainerEngine, image_reference, run_container
from civis.local.jobs import RunContext
from civis.local.jobs.run_keys import give_key
from civis.local.services.script_checkout import check_out
from civis.local.services.script_environment import argument_variables, own_variables

__all__ = ["run_in_container"]


def run_in_container(
    context: RunContext, engine: ContainerEngine, inputs: Mapping[str, Any], folder: Path
) -> None:
    """Run a container script in a container of its image; its repository is in ``/app``.

    Parameters
    ----------
    context : RunContext
    engine : ContainerEngine
    inputs : mapping
        The script as it was when the run was queued.
    folder : Path
        The run's working directory.

    Raises
    ------
    JobFailed
        If it cannot be run or fails.
    Interrupted
        If the run was cancelled.
    """
    image = image_reference(inputs.get("docker_image_name"), inputs.get("docker_image_tag"))
    files = check_out(context, inputs, folder) if inputs.get("repo_http_uri") else None
    arguments = argument_variables(context, inputs)
    resources = inputs.get("required_resources") or {}
    url = engine.reachable(context.platform.url)
    run_container(
        context,
        engine,
        Container(
            image,
            inputs.get("docker_command") or None,
            # Nothing of this machine's environment: the image has its own.
            {**arguments, **own_variables(context, give_key(context), url)},
            folder,
            files,
            cancel_seconds=float(inputs.get("cancel_timeout") or 0),
            memory_mb=int(resources["memory"]) if resources.get("memory") else None,
            cpu=int(resources["cpu"]) if resources.get("cpu") else None,
        ),
    )

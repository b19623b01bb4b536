"""The packages that a notebook requires: its requirements.txt, installed into a folder of its deployment."""

from __future__ import annotations

from pathlib import Path

from civis.local.civisml.dependencies import installer
from civis.local.civisml.problems import ModelProblem
from civis.local.deployments import Launch
from civis.local.jobs import JobFailed
from civis.local.jobs.processes import Program, run_process
from civis.local.services.deployed_environment import deployed_environment
from civis.local.services.notebook_contents import copy_file_to

__all__ = ["provide_requirements"]

_PACKAGES, _FILE = "packages", "requirements.txt"


def provide_requirements(launch: Launch, work: Path) -> Path | None:
    """Put a notebook's requirements beside it, and install them for its Python kernels.

    What cannot be installed, for example without a network, is said in the deployment's log, and the notebook
    starts all the same.

    Parameters
    ----------
    launch : Launch
    work : Path
        The notebook's folder.

    Returns
    -------
    Path or None
        Where the packages are; None if there are none.
    """
    document, target, context = launch.base.document, work / _FILE, launch.context
    if document.get("requirements"):
        target.write_text(document["requirements"], encoding="utf-8")
    elif document.get("requirements_file_id"):
        copy_file_to(context.platform, document["requirements_file_id"], target)
    if not target.exists():
        return None
    if document.get("language") == "r":
        context.log(f"{_FILE} is there and not installed: it lists packages of Python.", "system")
        return None
    packages = launch.folder / _PACKAGES
    context.log(f"Installing what {_FILE} lists.", "system")
    try:
        options = ["--quiet", "--target", str(packages), "--requirement", str(target)]
        run_process(context, Program([*installer(), *options], work, deployed_environment(launch)))
    except (JobFailed, ModelProblem) as error:
        context.log(
            f"{_FILE} could not be installed, and the notebook starts without it: {error} "
            f"In a cell, %pip install -r {_FILE} tries again.",
            "error",
        )
    return packages if packages.is_dir() else None

"""How a notebook is served: a Jupyter server with the notebook's file, stored whenever it changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis.local.deployments import Deployable, Keep, Launch, Plan, Served, declare_deployable
from civis.local.jobs import JobFailed
from civis.local.jobs.processes import Program
from civis.local.services.deployed_environment import deployed_environment
from civis.local.services.notebook_contents import copy_notebook_to, store_notebook
from civis.local.services.notebook_kernels import kernel_activity, kernel_variables
from civis.local.services.notebook_requirements import provide_requirements
from civis.local.services.notebooks import KIND
from civis.local.services.script_checkout import FOLDER, check_out
from civis.local.state import Stored

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["serve_notebook"]

#: Programs that serve notebooks, the one with the most to offer first, and the page of a file in each.
_SERVERS = {
    "jupyter-lab": "/lab/tree/{name}",
    "jupyter-notebook": "/notebooks/{name}",
    "jupyter-server": "/files/{name}",
}
_KERNELS = {
    "python3": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "r": {"name": "ir", "display_name": "R", "language": "R"},
}
_WORK, _CONFIG, _NAME = "work", "jupyter", "notebook.ipynb"
_END_SECONDS = 5.0
_HOUR = 3600


def serve_notebook(launch: Launch) -> Served:
    """Put a notebook's file where a Jupyter server finds it, and say how the server is started.

    Raises
    ------
    JobFailed
        If no such server is installed, or the notebook's repository cannot be fetched.
    """
    base, context = launch.base, launch.context
    environment = deployed_environment(launch)
    program, page = _server(environment["PATH"])
    work = _work(launch.folder)
    work.mkdir()
    if base.document.get("git_repo_url"):
        ref = base.document.get("git_ref")
        inputs = {"repo_http_uri": base.document["git_repo_url"], "repo_ref": ref}
        check_out(context, inputs, work)
    path = _notebook_path(base, launch.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    is_there = copy_notebook_to(context.platform, base, path)
    if not is_there and not path.exists():
        path.write_text(json.dumps(_empty_notebook(str(base.document.get("language")))), encoding="utf-8")
    packages = provide_requirements(launch, work)
    arguments = _arguments(launch, work, page.format(name=path.relative_to(work).as_posix()))
    memory = context.job.document.get("memory")
    context.log(f"Starting {Path(program).name} on port {launch.port}.", "system")
    return Served(
        Program(
            [program, *arguments],
            work,
            {**environment, **_own_environment(launch, packages, environment)},
            cancel_seconds=_END_SECONDS,
            memory_mb=int(memory) if memory else None,
        ),
        strips_prefix=False,  # Jupyter writes its own links
        headers={"authorization": f"token {launch.secret}"},
        ended="The notebook's server was shut down.",
        activity=partial(kernel_activity, launch.port, launch.prefix, launch.secret),
    )


def _server(path: str) -> tuple[str, str]:
    """Find a program that serves notebooks, and its page of a file."""
    for name, page in _SERVERS.items():
        found = shutil.which(name, path=path)
        if found is not None:
            return found, page
    raise JobFailed(
        "Jupyter is not installed: there is no jupyter-lab, jupyter-notebook or jupyter-server on the "
        "platform's PATH. Install one beside the platform (pip install jupyterlab), and deploy again."
    )


def _arguments(launch: Launch, work: Path, page: str) -> list[str]:
    """Give a Jupyter server's options."""
    options = {
        "ip": "127.0.0.1",
        "port": launch.port,
        "port_retries": 0,
        "base_url": launch.prefix,
        "root_dir": work,
        "default_url": page,
        "open_browser": False,
        "quit_button": False,
        "allow_root": True,  # in containers everybody is
        "allow_remote_access": True,  # the platform's address is what visitors ask for
    }
    return [f"--ServerApp.{name}={value}" for name, value in options.items()]


def _plan(base: Stored) -> Plan:
    """Say that a notebook ends when no kernel of it has been at work for some hours."""
    hours = int(base.document.get("idle_timeout") or 0)
    return Plan(idle_seconds=float(hours * _HOUR), sleeps=False) if hours else Plan()


def _own_environment(launch: Launch, packages: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that keep a server apart from others of the same account."""
    config = launch.folder / _CONFIG
    own = {} if packages is None else kernel_variables(packages, config / "data", environment)
    return {
        **own,
        "JUPYTER_TOKEN": launch.secret,
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_RUNTIME_DIR": str(config / "runtime"),
    }


def _empty_notebook(language: str) -> Mapping[str, Any]:
    """Give a notebook without cells."""
    kernel = _KERNELS.get(language, _KERNELS["python3"])
    metadata = {"kernelspec": kernel, "language_info": {"name": kernel["language"]}}
    return {"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _work(folder: Path) -> Path:
    """Give the folder that a server shows."""
    return folder / _WORK


def _notebook_path(base: Stored, folder: Path) -> Path:
    """Give where a notebook's file is: in its repository, or by itself."""
    work = _work(folder).resolve()
    given = base.document.get("git_path")
    if not (base.document.get("git_repo_url") and given):
        return work / _NAME
    path = (work / FOLDER / str(given).lstrip("/")).resolve()
    if not path.is_relative_to(work):
        raise JobFailed(f"git_path must be a path within the repository, not {given!r}.")
    return path


def _keeping(platform: Platform, base: Stored, folder: Path) -> Keep:
    """Give what stores the notebook's file whenever it has changed."""
    path = _notebook_path(base, folder)
    seen: list[tuple[int, int]] = []

    def keep() -> None:
        try:
            found = path.stat()
        except OSError:  # not there yet, or removed: what was stored stays
            return
        now = (found.st_mtime_ns, found.st_size)
        if now in seen:
            return
        if store_notebook(platform, base.id, path.read_bytes()):
            seen[:] = [now]

    return keep


declare_deployable(KIND.kind, Deployable(serve_notebook, level="write", keeping=_keeping, plan=_plan))

"""How a container comes about: as a container script of its own, or as a custom script of a template.

A launcher makes scripts and starts their runs; it knows the platform's calls and nothing of what is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from civis._errors import CivisConnectionError, CivisRateLimitError, CivisServerError
from civis.futures import CivisFuture, ContainerFuture
from civis.futures.script_arguments import declare_parameters, parent_arguments

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["FILE_VARIABLE", "ContainerLauncher", "Launcher", "TemplateLauncher"]

#: The environment variable that tells the worker which file to take, where its command line does not.
FILE_VARIABLE = "JOBLIB_FUNC_FILE_ID"
#: The program that runs calls in a container.
WORKER = "civis_joblib_worker"
#: What a container gets where nothing else is said: CPU in thousandths of a core, memory in MiB.
REQUIRED_RESOURCES: Mapping[str, Any] = {"cpu": 1024, "memory": 1024}
#: Installs the repository that the platform put into the container; what follows is run also if that fails. A
#: platform without containers has it beside the command, and an environment that is not ours to install into.
INSTALL_REPOSITORY = """\
if [ -d /app ]; then (cd /app && python -m pip install .) || true
elif [ -d app ]; then export PYTHONPATH="$PWD/app:$PYTHONPATH"
fi"""
#: After these the platform may have done what was asked, though it did not say so.
_UNCERTAIN = (CivisConnectionError, CivisServerError, CivisRateLimitError)


class Launcher(Protocol):
    """Makes scripts that run a file with calls, and starts them."""

    @property
    def kind(self) -> str:
        """The kind of script, as the names of the platform's methods have it."""

    def make_script(self, client: APIClient, file_id: int, name: str) -> int:
        """Make a script, and give its ID."""

    def follow(self, client: APIClient, script_id: int, run_id: int, interval: float | None) -> CivisFuture:
        """Give the future of a run."""


@dataclass(frozen=True)
class ContainerLauncher:
    """Makes container scripts.

    Parameters
    ----------
    docker_image_name : str
    setup_cmd : str or None
        Shell commands that run before the worker; if they fail, so does the run.
    hidden : bool
    settings : mapping
        Further arguments of ``client.scripts.post_containers``.
    """

    docker_image_name: str
    setup_cmd: str | None = None
    hidden: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    kind: str = field(default="containers", init=False)

    def make_script(self, client: APIClient, file_id: int, name: str) -> int:
        """Make a script, and give its ID."""
        settings = {"name": name, "required_resources": dict(REQUIRED_RESOURCES), **self.settings}
        arguments = {**parent_arguments(), **(settings.pop("arguments", None) or {})}
        script = client.scripts.post_containers(
            docker_image_name=self.docker_image_name,
            docker_command=self._command(file_id),
            hidden=self.hidden,
            arguments=arguments,
            params=declare_parameters(settings.pop("params", None) or (), arguments),
            **settings,
        )
        return int(script.id)

    def _command(self, file_id: int) -> str:
        """Give the command line of a container."""
        setup = self.setup_cmd
        if setup is None and self.settings.get("repo_http_uri"):
            setup = INSTALL_REPOSITORY
        # Braces, not parentheses: what the commands set is for the worker.
        before = f"{{\n{setup}\n}} && " if setup else ""
        return f"{before}exec {WORKER} {file_id}"

    def follow(self, client: APIClient, script_id: int, run_id: int, interval: float | None) -> CivisFuture:
        """Give the future of a run."""
        return ContainerFuture(script_id, run_id, polling_interval=interval, client=client)


@dataclass(frozen=True)
class TemplateLauncher:
    """Makes custom scripts of a template whose script runs the worker.

    Parameters
    ----------
    from_template_id : int
    arguments : mapping
        Arguments of every script, beside the one that names the file.
    hidden : bool
    settings : mapping
        Further arguments of ``client.scripts.post_custom``.
    """

    from_template_id: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    hidden: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)
    kind: str = field(default="custom", init=False)

    def make_script(self, client: APIClient, file_id: int, name: str) -> int:
        """Make a script, and give its ID."""
        script = client.scripts.post_custom(
            self.from_template_id,
            arguments={**self.arguments, FILE_VARIABLE: file_id},
            hidden=self.hidden,
            **{"name": name, **self.settings},
        )
        return int(script.id)

    def follow(self, client: APIClient, script_id: int, run_id: int, interval: float | None) -> CivisFuture:
        """Give the future of a run."""
        return CivisFuture(client.scripts.get_custom_runs, (script_id, run_id), interval, client)


def start_run(client: APIClient, kind: str, script_id: int) -> int:
    """Start a script of our own that has never run; give the ID of its one run.

    Where no answer came the platform may have started it all the same: then that run is the one.
    """
    try:
        return int(getattr(client.scripts, f"post_{kind}_runs")(script_id).id)
    except _UNCERTAIN:
        found = find_run(client, kind, script_id)
        if found is None:
            raise
        return found


def find_run(client: APIClient, kind: str, script_id: int) -> int | None:
    """Give the run of a script of our own, None if it never ran."""
    runs = list(getattr(client.scripts, f"list_{kind}_runs")(script_id, limit=1))
    return int(runs[0].id) if runs else None

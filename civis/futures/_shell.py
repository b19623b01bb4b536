"""The executor that runs shell commands in containers on the platform."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from civis.futures._container import ContainerFuture
from civis.futures._executors import JobExecutor
from civis.futures.script_arguments import declare_parameters, parent_arguments

if TYPE_CHECKING:
    from civis.client import APIClient

#: What a container gets where its executor names no resources: CPU in thousandths of a core, memory in MiB.
REQUIRED_RESOURCES = {"cpu": 1024, "memory": 1024}


class _ContainerShellExecutor(JobExecutor):
    """Runs shell commands as container scripts.

    Parameters
    ----------
    docker_image_name : str, optional
        The image; its tag goes into `docker_image_tag`.
    name : str, optional
        The name of the scripts. By default the executor's kind and the time.
    required_resources : dict, optional
        `cpu` in thousandths of a core, `memory` in MiB, `disk_space` in GiB. By default 1024 of the first
        two.
    hidden : bool, optional
        Whether the scripts are hidden (the default).
    max_n_retries : int, optional
        How often a failed run is started again. By default never.
    client : civis.APIClient, optional
        By default one made from the environment.
    polling_interval : int or float, optional
        Seconds between polls. By default it grows from 1 to 15 seconds.
    inc_script_names : bool, optional
        Whether a number is appended to the name of each script. By default it is not.
    **kwargs
        Passed on to ``client.scripts.post_containers``; `arguments` and `params` among them hold for every
        script.

    Examples
    --------
    >>> with _ContainerShellExecutor() as executor:  # doctest: +SKIP
    ...     future = executor.submit("python -c 'print(1)'")
    """

    def __init__(
        self,
        docker_image_name: str = "civisanalytics/datascience-python",
        name: str | None = None,
        required_resources: Mapping[str, Any] | None = None,
        hidden: bool = True,
        max_n_retries: int = 0,
        client: APIClient | None = None,
        polling_interval: float | None = None,
        inc_script_names: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, hidden, max_n_retries, client, polling_interval, inc_script_names)
        self.docker_image_name = docker_image_name
        self.required_resources: Any = dict(
            REQUIRED_RESOURCES if required_resources is None else required_resources
        )
        self.arguments = dict(kwargs.pop("arguments", None) or {})
        self.params = list(kwargs.pop("params", None) or [])
        self._script_settings = kwargs

    def submit(self, fn: str | Callable[..., str], *args: Any, **kwargs: Any) -> ContainerFuture:  # type: ignore[override]  # a run's future
        """Run a command in a container.

        Parameters
        ----------
        fn : str or callable
            The command, or what returns it when it is called with `args` and `kwargs`.
        *args
            Appended to a command, quoted for the shell.
        **kwargs
            For a callable. `arguments` (a dict) are arguments of the script, on top of those of the executor.

        Returns
        -------
        ContainerFuture

        Raises
        ------
        RuntimeError
            After `shutdown`.
        TypeError
            For other keywords beside a command, which would have no effect.
        """
        arguments = {**parent_arguments(), **self.arguments, **(kwargs.pop("arguments", None) or {})}
        script = self.client.scripts.post_containers(
            required_resources=self.required_resources,
            docker_image_name=self.docker_image_name,
            docker_command=_command(fn, args, kwargs),
            name=self._next_name(),
            hidden=self.hidden,
            arguments=arguments,
            params=declare_parameters(self.params, arguments),
            **self._script_settings,
        )
        run = self.client.scripts.post_containers_runs(script.id)
        future = ContainerFuture(script.id, run.id, self.max_n_retries, self.polling_interval, self.client)
        self._follow(future)
        return future


def _command(fn: str | Callable[..., str], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Give the command line for a task."""
    if callable(fn):
        return fn(*args, **kwargs)
    if kwargs:
        raise TypeError(
            f"a command takes no keywords but 'arguments', so {sorted(kwargs)} would have no effect"
        )
    return " ".join([fn, *(shlex.quote(str(arg)) for arg in args)])

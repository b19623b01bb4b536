"""What makes backends: how containers are to be started, and what all backends of one maker share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]  # it ships no types
from joblib import register_parallel_backend

from civis.parallel._backend import MOST_JOBS, CivisBackend
from civis.parallel._costs import Costs
from civis.parallel._launching import ContainerLauncher, Launcher, TemplateLauncher
from civis.parallel._limits import WorkerLimit, nested_share
from civis.parallel._pickling import PROTOCOL
from civis.parallel._pool import Pool
from civis.parallel._submission import Ways

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["BackendFactory", "make_backend_factory", "make_backend_template_factory", "register"]

#: The image in which containers run where nothing else is said.
DOCKER_IMAGE = "civisanalytics/datascience-python"


@dataclass
class BackendFactory:
    """Makes joblib backends; pickles as its settings, without its client.

    Parameters
    ----------
    ways : Ways
        How containers are started.
    remote_backend : object
        What nested calls of joblib use in the container.
    max_workers : int or None
        How many containers there may be at once, over all backends made here, those of nested calls included.
    client : civis.APIClient or None
    """

    ways: Ways
    remote_backend: Any = "sequential"
    max_workers: int | None = None
    client: APIClient | None = field(default=None, repr=False)
    costs: Costs = field(default_factory=Costs, init=False, repr=False)
    limit: WorkerLimit = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("max_submit_retries", "max_job_retries"):
            value = getattr(self.ways, name)
            if value < 0:
                raise ValueError(f"{name} must be 0 or more, not {value!r}")
        if self.max_workers is not None and self.max_workers < 1:
            raise ValueError(f"max_workers must be 1 or more, not {self.max_workers!r}")
        self.limit = WorkerLimit(MOST_JOBS * 1000 if self.max_workers is None else self.max_workers)

    def __call__(self, **settings: Any) -> CivisBackend:
        """Make a backend. `settings` are those of ``joblib.parallel_config("civis", …)``."""
        if settings:
            raise TypeError(
                f"the backend takes no settings from joblib, not {', '.join(sorted(settings))}; "
                "give them to the function that makes its factory"
            )
        return CivisBackend(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.ways, self.remote_backend, self.max_workers)

    def make_pool(self, n_jobs: int, shared_size: int | None) -> Pool:
        """Make containers for the calls of one `Parallel` object or executor."""
        if self.client is None:
            from civis.client import APIClient  # noqa: PLC0415 - who passes a client needs none made

            self.client = APIClient()
        ways = replace(self.ways, backend=self._backend_there(n_jobs))
        return Pool(self.client, ways, n_jobs, self.costs, self.limit, shared_size)

    def _backend_there(self, n_jobs: int) -> str | bytes:
        """Give the backend of nested calls, as it travels."""
        if self.remote_backend != "civis":
            if isinstance(self.remote_backend, str):
                return self.remote_backend
            return bytes(cloudpickle.dumps(self.remote_backend, protocol=PROTOCOL))
        share = self.max_workers
        if share is not None:
            share = nested_share(share, n_jobs)
            if share < 1:
                return "sequential"
        nested = BackendFactory(self.ways, "civis", share)
        return bytes(cloudpickle.dumps(nested, protocol=PROTOCOL))


def make_backend_factory(
    docker_image_name: str = DOCKER_IMAGE,
    client: APIClient | None = None,
    polling_interval: float | None = None,
    setup_cmd: str | None = None,
    max_submit_retries: int = 0,
    max_job_retries: int = 0,
    hidden: bool = True,
    remote_backend: Any = "sequential",
    *,
    max_workers: int | None = None,
    check_environment: bool = True,
    **kwargs: Any,
) -> BackendFactory:
    """Give what makes joblib backends that run calls in containers.

    Parameters
    ----------
    docker_image_name : str, optional
        The image of the containers; its tag goes into `docker_image_tag`. It has to have this package and
        everything that the calls import, in the versions that are installed here.
    client : civis.APIClient, optional
        By default one made from the environment.
    polling_interval : int or float, optional
        Seconds between polls of a run. By default it grows from 1 to 15 seconds.
    setup_cmd : str, optional
        Shell commands to run in the container first, such as ``"pip install lightgbm==4.6.0"``; if they fail,
        so does the run. By default none; with `repo_http_uri` the repository in ``/app`` is installed by pip,
        and if that fails the run goes on.
    max_submit_retries : int, optional
        How often the start of a container is tried again; `n` means at most `n` + 1 attempts. By default 0.
    max_job_retries : int, optional
        How often a call whose run failed is run again, in a new container. By default 0. Only for calls that
        may be run more than once.
    hidden : bool, optional
        Whether the scripts are hidden on the platform (the default).
    remote_backend : str or object, optional
        What calls of joblib within the container use: the name of a joblib backend, or a backend. By default
        ``"sequential"``. ``"civis"`` starts further containers in the same way.
    max_workers : int, optional
        How many containers there may be at once over everything that this factory's backends start, nested
        ones included: those get what is left, in equal shares, and run without containers where that is less
        than one. By default `n_jobs` alone counts, for each call of `Parallel`.
    check_environment : bool, optional
        Refuse to run where Python or a package that the call uses has another version (the default).
    **kwargs
        Passed on to ``client.scripts.post_containers``: `required_resources`, `docker_image_tag`,
        `repo_http_uri`, `repo_ref`, `params`, `arguments`, ….

    Returns
    -------
    callable
        For ``joblib.register_parallel_backend("civis", factory)``.

    Raises
    ------
    ValueError
        When a number of retries is below 0, or `max_workers` below 1.

    See Also
    --------
    register : Make a factory and register it, in one call.

    Examples
    --------
    >>> import joblib
    >>> factory = make_backend_factory(docker_image_tag="7.4.2", max_submit_retries=2)
    >>> joblib.register_parallel_backend("civis", factory)
    >>> with joblib.parallel_config("civis"):  # doctest: +SKIP
    ...     roots = joblib.Parallel(n_jobs=5)(joblib.delayed(pow)(n, 0.5) for n in range(100))
    """
    launcher = ContainerLauncher(docker_image_name, setup_cmd, hidden, kwargs)
    ways = _ways(launcher, max_submit_retries, max_job_retries, polling_interval, check_environment)
    return BackendFactory(ways, remote_backend, max_workers, client)


def make_backend_template_factory(
    from_template_id: int,
    arguments: Mapping[str, Any] | None = None,
    client: APIClient | None = None,
    polling_interval: float | None = None,
    max_submit_retries: int = 0,
    max_job_retries: int = 0,
    hidden: bool = True,
    *,
    max_workers: int | None = None,
    check_environment: bool = True,
    **kwargs: Any,
) -> BackendFactory:
    """Give what makes joblib backends that run calls in custom scripts of a template.

    For users who may run a template, but make no containers. The template's script has the parameter
    ``JOBLIB_FUNC_FILE_ID`` and runs ``civis_joblib_worker``.

    Parameters
    ----------
    from_template_id : int
        The ID of the template.
    arguments : dict, optional
        Further arguments that the template asks for.
    client, polling_interval, max_submit_retries, max_job_retries, hidden, max_workers, check_environment
        As for `make_backend_factory`.
    **kwargs
        Passed on to ``client.scripts.post_custom``.

    Returns
    -------
    callable
        For ``joblib.register_parallel_backend``.

    Examples
    --------
    >>> import joblib
    >>> joblib.register_parallel_backend("civis", make_backend_template_factory(from_template_id=400))
    """
    launcher = TemplateLauncher(from_template_id, dict(arguments or {}), hidden, kwargs)
    ways = _ways(launcher, max_submit_retries, max_job_retries, polling_interval, check_environment)
    return BackendFactory(ways, "sequential", max_workers, client)


def register(name: str = "civis", **settings: Any) -> BackendFactory:
    """Let joblib know the backend.

    Parameters
    ----------
    name : str, optional
        What ``joblib.parallel_config(name)`` is to be given. By default ``"civis"``.
    **settings
        Arguments of `make_backend_factory`.

    Returns
    -------
    callable
        The factory.

    Examples
    --------
    >>> import civis.parallel, joblib
    >>> factory = civis.parallel.register(docker_image_tag="7.4.2")
    >>> with joblib.parallel_config(backend="civis", n_jobs=5):  # doctest: +SKIP
    ...     roots = joblib.Parallel()(joblib.delayed(pow)(n, 0.5) for n in range(100))
    """
    factory = make_backend_factory(**settings)
    register_parallel_backend(name, factory)
    return factory


def _ways(
    launcher: Launcher,
    max_submit_retries: int,
    max_job_retries: int,
    polling_interval: float | None,
    is_checked: bool,
) -> Ways:
    """Put together how containers are started."""
    return Ways(
        launcher,
        max_submit_retries=max_submit_retries,
        max_job_retries=max_job_retries,
        polling_interval=polling_interval,
        is_checked=is_checked,
    )

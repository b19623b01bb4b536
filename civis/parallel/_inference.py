"""The factory for a program that is itself run by a job: its containers are like the one it runs in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis._env import job_id
from civis._errors import CivisNotFoundError
from civis.parallel._factories import DOCKER_IMAGE, BackendFactory, make_backend_factory

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["infer_backend_factory"]

#: What containers take over from the job as it is.
_INHERITED = (
    "docker_image_name",
    "docker_image_tag",
    "repo_http_uri",
    "repo_ref",
    "remote_host_credential_id",
    "git_credential_id",
    "cancel_timeout",
    "time_zone",
)
_RESOURCES = ("cpu", "memory", "disk_space")


def infer_backend_factory(
    required_resources: Mapping[str, Any] | None = None,
    params: Sequence[Mapping[str, Any]] | None = None,
    arguments: Mapping[str, Any] | None = None,
    client: APIClient | None = None,
    polling_interval: float | None = None,
    setup_cmd: str | None = None,
    max_submit_retries: int = 0,
    max_job_retries: int = 0,
    hidden: bool = True,
    remote_backend: Any = "sequential",
    **kwargs: Any,
) -> BackendFactory:
    """Give what makes joblib backends whose containers are like the one that this program runs in.

    Image, repository, credentials, cancel timeout, time zone, resources, parameters and arguments are those
    of the running container script, or of the script behind the template where it is a custom script.

    Parameters
    ----------
    required_resources : dict, optional
        `cpu` in thousandths of a core, `memory` in MiB, `disk_space` in GiB. What is missing is the job's.
    params : list of dict, optional
        Parameters, beside those of the job; where both have a name, these hold.
    arguments : dict, optional
        Arguments, beside those of the job; where both have a name, these hold.
    client, polling_interval, setup_cmd, max_submit_retries, max_job_retries, hidden, remote_backend
        As for `make_backend_factory`.
    **kwargs
        Further arguments of `make_backend_factory`; these hold in place of what the job has.

    Returns
    -------
    callable
        For ``joblib.register_parallel_backend``.

    Raises
    ------
    RuntimeError
        When the program is not run by a job, or by one that has no container.

    Examples
    --------
    >>> import joblib
    >>> factory = infer_backend_factory(required_resources={"cpu": 2048})  # doctest: +SKIP
    >>> joblib.register_parallel_backend("civis", factory)  # doctest: +SKIP
    """
    running = job_id()
    if not running:
        raise RuntimeError(
            "infer_backend_factory works within a job of the platform only, and CIVIS_JOB_ID is not set; "
            "use make_backend_factory elsewhere"
        )
    if client is None:
        from civis.client import APIClient  # noqa: PLC0415 - who passes a client needs none made

        client = APIClient()
    script, own_arguments = _script(client, int(running))
    settings = {name: script.get(name) for name in _INHERITED if script.get(name) is not None}
    given = {**_fields(script.get("required_resources"), _RESOURCES), **(required_resources or {})}
    if given:
        settings["required_resources"] = given
    declared = _merged(script.get("params") or (), params or ())
    names = {param["name"] for param in declared}
    known = {name: value for name, value in own_arguments.items() if name in names and value is not None}
    settings.update(params=declared, arguments={**known, **(arguments or {})})
    settings.setdefault("docker_image_name", DOCKER_IMAGE)
    return make_backend_factory(
        client=client,
        polling_interval=polling_interval,
        setup_cmd=setup_cmd,
        max_submit_retries=max_submit_retries,
        max_job_retries=max_job_retries,
        hidden=hidden,
        remote_backend=remote_backend,
        **{**settings, **kwargs},
    )


def _script(client: APIClient, id: int) -> tuple[Any, dict[str, Any]]:
    """Give the container script that runs, or is behind the custom script that runs, and its arguments."""
    try:
        script = client.scripts.get_containers(id)
        return script, dict(script.get("arguments") or {})
    except CivisNotFoundError:
        pass
    try:
        custom = client.scripts.get_custom(id)
        template = client.templates.get_scripts(custom.from_template_id)
        script = client.scripts.get_containers(template.script_id)
    except CivisNotFoundError as error:
        raise RuntimeError(
            f"job {id} runs in no container that can be read, so nothing can be inferred from it; "
            "use make_backend_factory"
        ) from error
    arguments = {**(script.get("arguments") or {}), **(custom.get("arguments") or {})}
    return script, arguments


def _fields(source: Any, names: Iterable[str]) -> dict[str, Any]:
    """Give the fields of an answer that are set."""
    found = {name: source.get(name) for name in names} if source is not None else {}
    return {name: value for name, value in found.items() if value is not None}


def _merged(inherited: Iterable[Any], given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put given parameters over inherited ones of the same names."""
    plain = [{key: value for key, value in dict(each).items() if value is not None} for each in inherited]
    by_name = {each["name"]: each for each in plain}
    by_name.update({each["name"]: dict(each) for each in given})
    return list(by_name.values())

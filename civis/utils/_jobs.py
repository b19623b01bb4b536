"""Running a job or a template that exists on the platform."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis._deprecation import warn_deprecated
from civis.futures import CivisFuture

if TYPE_CHECKING:
    from civis.client import APIClient

RETURN_AS = ("files", "JSONValue", "future")


def run_job(
    job_id: int, client: APIClient | None = None, polling_interval: float | None = None
) -> CivisFuture:
    """Start a run of a job.

    Parameters
    ----------
    job_id : int
        The ID of the job, of whatever kind.
    client : civis.APIClient, optional
        By default one made from the environment.
    polling_interval : int or float, optional
        Seconds between polls. By default it grows from 1 to 15 seconds.

    Returns
    -------
    civis.futures.CivisFuture
        The future of the run.

    Raises
    ------
    civis.base.CivisAPIError
        When there is no such job, or it cannot be run.

    Examples
    --------
    >>> import civis
    >>> civis.utils.run_job(3000).result().state  # doctest: +SKIP
    'succeeded'
    """
    client = client or make_client()
    run = client.jobs.post_runs(job_id)
    return CivisFuture(client.jobs.get_runs, (job_id, run.id), polling_interval, client)


def run_template(
    id: int,  # the platform's word, which users write
    arguments: Mapping[str, Any],
    client: APIClient | None = None,
    return_as: str = "files",
    *,
    JSONValue: bool | None = None,  # noqa: N803 - an older spelling that stays valid
    **kwargs: Any,
) -> Any:
    """Run a script template.

    Parameters
    ----------
    id : int
        The ID of the template.
    arguments : dict
        The arguments that the template asks for.
    client : civis.APIClient, optional
        By default one made from the environment.
    return_as : {"files", "JSONValue", "future"}, optional
        What to return: the run's output files (the default), its JSON value, or at once its future.
    JSONValue : bool, optional
        Older spelling: True is ``return_as="JSONValue"``, False ``return_as="files"``.
    **kwargs
        Passed on to ``client.scripts.post_custom``.

    Returns
    -------
    dict or object or civis.futures.CivisFuture
        For "files" the IDs of the output files by their names; for "JSONValue" the first JSON value of the
        outputs, None (with a warning) where there is none.

    Raises
    ------
    ValueError
        For another `return_as`.
    civis.base.CivisJobFailure
        When the run failed.

    Examples
    --------
    >>> import civis
    >>> civis.utils.run_template(400, arguments={"NAME": "Ada"})  # doctest: +SKIP
    {'greeting.txt': 5001}
    """
    if JSONValue is not None:
        return_as = "JSONValue" if JSONValue else "files"
        warn_deprecated("run_template(JSONValue=)", since="2.0", instead=f'return_as="{return_as}"')
    if return_as not in RETURN_AS:
        raise ValueError(f"return_as must be one of {', '.join(map(repr, RETURN_AS))}, not {return_as!r}")
    client = client or make_client()
    script = client.scripts.post_custom(id, arguments=dict(arguments), **kwargs)
    run = client.scripts.post_custom_runs(script.id)
    future = CivisFuture(client.scripts.get_custom_runs, (script.id, run.id), client=client)
    if return_as == "future":
        return future
    outputs = future.outputs()
    if return_as == "files":
        return {output.name: output.object_id for output in outputs if output.object_type == "File"}
    return _json_value(outputs, id)


def _json_value(outputs: list[Any], template_id: int) -> Any:
    """Give the first JSON value among outputs; a warning where there are none or several."""
    values = [output.value for output in outputs if output.object_type == "JSONValue"]
    if len(values) != 1:
        number = (
            "no JSON value" if not values else f"{len(values)} JSON values, of which the first is returned"
        )
        warnings.warn(f"the run of template {template_id} has {number}", RuntimeWarning, stacklevel=3)
    return values[0] if values else None

"""Running a script that exists, with other arguments; and which kind of script a job is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis.futures import CivisFuture
from civis.utils._jobs import run_job

if TYPE_CHECKING:
    from civis.client import APIClient

#: What the methods of ``client.scripts`` call the kinds that jobs show by these types.
METHOD_WORDS = {
    "JobTypes::SqlRunner": "sql",
    "JobTypes::PythonDocker": "python3",
    "JobTypes::RDocker": "r",
    "JobTypes::NodeRunner": "javascript",
    "JobTypes::ContainerDocker": "containers",
    "JobTypes::CustomScript": "custom",
    "JobTypes::Dbt": "dbt",
    "JobTypes::DbtDocker": "dbt",
}


def run_script(
    id: int,  # the platform's word, which users write
    arguments: Mapping[str, Any] | None = None,
    client: APIClient | None = None,
    polling_interval: float | None = None,
) -> CivisFuture:
    """Run a script of whatever kind, with arguments.

    Parameters
    ----------
    id : int
        The ID of the script.
    arguments : dict, optional
        Values of the script's parameters. The platform keeps arguments with the script: those given here take
        the place of the ones there, and stay for the runs after this one. By default the script runs with
        what it has.
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
    ValueError
        When arguments are given to a job that takes none.
    civis.base.CivisAPIError
        When there is no such script, or it does not take these arguments.

    Notes
    -----
    Two programs that run one script with different arguments at the same moment can get each other's. Make
    the script a template and use `run_template` there: each run is then a script of its own.

    Examples
    --------
    >>> import civis
    >>> civis.utils.run_script(3000, {"YEAR": 2026}).result().state  # doctest: +SKIP
    'succeeded'
    """
    client = client or make_client()
    if arguments is not None:
        word = script_word(client, id)
        if word is None:
            raise ValueError(
                f"job {id} is no script and takes no arguments; start it with civis.utils.run_job"
            )
        known = getattr(client.scripts, f"get_{word}")(id).arguments or {}
        before = known.json(snake_case=False) if hasattr(known, "json") else dict(known)
        getattr(client.scripts, f"patch_{word}")(id, arguments={**before, **arguments})
    return run_job(id, client, polling_interval)


def script_word(client: APIClient, job_id: int) -> str | None:
    """Say what the methods of ``client.scripts`` call a job's kind; None where it is no script."""
    job = client.jobs.get(job_id)
    return "custom" if job.get("from_template_id") else METHOD_WORDS.get(str(job.type))

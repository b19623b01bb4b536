"""What is asked of the platform about one run: its outputs, its ID, its end, its page.

Plain functions of a client and IDs; they know no future.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from civis._env import api_endpoint

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.response import Response

#: Outputs a page: the most that the platform gives.
OUTPUTS_PAGE = 50


def as_id(value: object) -> int | None:
    """Give an ID among a poller's arguments, or None where it is something else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def read_outputs(client: APIClient, job_id: int, run_id: int) -> list[Response]:
    """All outputs of a run, over all pages, in the order in which they were made."""
    pages = client.jobs.list_runs_outputs(
        job_id, run_id, limit=OUTPUTS_PAGE, order="id", order_dir="asc", iterator=True
    )
    return list(pages)


def last_run_id(client: APIClient, job_id: int, response: object) -> int | None:
    """Give the ID of a job's last run, by an answer that names it or by the list; None if it never ran."""
    for known in (
        getattr(response, "last_run_id", None),
        getattr(getattr(response, "last_run", None), "id", None),
    ):
        if known is not None:
            return int(known)
    runs = list(client.jobs.list_runs(job_id, limit=1, order="id", order_dir="desc"))
    return int(runs[0].id) if runs else None


def request_cancel(client: APIClient, poller: Callable[..., Any], job_id: int, run_id: int) -> None:
    """Ask the platform to cancel one run; executions of workflows have a request of their own."""
    if getattr(poller, "__name__", "") == "get_executions":
        client.workflows.post_executions_cancel(job_id, run_id)
    else:
        client.jobs.delete_runs(job_id, run_id)


def page_url(client: APIClient | None, job_id: int | None, run_id: int | None = None) -> str | None:
    """Give the address of the page of a job or run; elsewhere than on the hosted platform that of the API."""
    if job_id is None:
        return None
    # Not a public name, which a client would look for among the resources of the platform.
    endpoint = getattr(client, "_endpoint", None)
    parts = urlsplit(endpoint if isinstance(endpoint, str) else api_endpoint(None))
    if parts.netloc.startswith("api."):
        site = f"{parts.scheme}://platform.{parts.netloc[len('api.') :]}/spa/#"
    else:
        site = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return f"{site}/jobs/{job_id}" + ("" if run_id is None else f"/runs/{run_id}")

"""What is asked of the platform about one run: its outputs, its ID, its end, its page.

Plain functions of a client and IDs; they know no future.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from civis._env import web_address

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
    """Give the address of the page of a job or run on the platform of the client."""
    if job_id is None:
        return None
    # Not the public name, which a stand-in for a client would look for among the resources of the platform.
    known = getattr(client, "_web_address", None)
    site = known if isinstance(known, str) else web_address()
    return f"{site}/jobs/{job_id}" + ("" if run_id is None else f"/runs/{run_id}")

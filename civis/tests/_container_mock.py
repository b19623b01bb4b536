"""A mock of a client whose container scripts and custom scripts run to an end that the test chooses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from civis.response import ListResponse, Response
from civis.tests._client_mock import create_client_mock

__all__ = ["create_client_mock_for_container_tests"]


def create_client_mock_for_container_tests(
    script_id: int = -10,
    run_id: int = 100,
    state: str = "succeeded",
    run_outputs: Sequence[Any] | None = None,
    log_outputs: Sequence[Any] | None = None,
) -> Any:
    """Make a mock of a client for code that runs container scripts or custom scripts.

    Parameters
    ----------
    script_id : int, default -10
        The ID of each script that is made.
    run_id : int, default 100
        The ID of each run that is started.
    state : str, default "succeeded"
        The state that runs are in when they are asked for; when one is cancelled, ``"cancelled"``.
    run_outputs : sequence, optional
        The outputs of a run: dicts or Responses. By default there are none.
    log_outputs : sequence, optional
        The entries of a run's log: dicts or Responses. By default there are none.

    Returns
    -------
    unittest.mock.NonCallableMagicMock
        As `create_client_mock` gives it, with answers for ``scripts.post_containers``,
        ``scripts.post_custom``, their runs, outputs and logs, and the same under ``jobs``.

    Examples
    --------
    >>> from civis.futures import ContainerFuture
    >>> from civis.tests import create_client_mock_for_container_tests
    >>> client = create_client_mock_for_container_tests(script_id=3, run_id=7)
    >>> ContainerFuture(3, 7, client=client).result().state
    'succeeded'
    """
    client = create_client_mock()
    outputs = _all_responses(run_outputs or ())
    entries = _all_responses(log_outputs or ())
    script = {"id": script_id, "name": "script", "arguments": {}, "params": []}
    now = {"state": state}

    def start(job_id: int, **settings: Any) -> Response:
        return _run(job_id, run_id, "queued")

    def show(job_id: int, asked_run_id: int) -> Response:
        return _run(job_id, asked_run_id, now["state"])

    def cancel(job_id: int, *asked_run_id: int) -> Response:
        now["state"] = "cancelled"
        return _run(job_id, run_id, "cancelled")

    def read_log(job_id: int, asked_run_id: int, last_id: int = 0, **paging: Any) -> ListResponse:
        return ListResponse([each for each in entries if (each.get("id") or last_id + 1) > last_id])

    def read_outputs(job_id: int, asked_run_id: int, **paging: Any) -> ListResponse:
        # One page holds all: where pages are asked for by their number, there is no second one.
        return ListResponse(outputs if paging.get("page_num", 1) == 1 else [])

    for kind in ("containers", "custom"):
        scripts = client.scripts
        getattr(scripts, f"post_{kind}").return_value = Response(script)
        getattr(scripts, f"get_{kind}").return_value = Response(script)
        getattr(scripts, f"post_{kind}_runs").side_effect = start
        getattr(scripts, f"get_{kind}_runs").side_effect = show
        getattr(scripts, f"delete_{kind}_runs").side_effect = cancel
        getattr(scripts, f"list_{kind}_runs_outputs").side_effect = read_outputs
        getattr(scripts, f"list_{kind}_runs_logs").side_effect = read_log
    client.scripts.post_cancel.side_effect = cancel
    client.jobs.get.return_value = Response({**script, "state": state, "from_template_id": None})
    client.jobs.post_runs.side_effect = start
    client.jobs.get_runs.side_effect = show
    client.jobs.delete_runs.side_effect = cancel
    client.jobs.list_runs.return_value = ListResponse([_run(script_id, run_id, state)])
    client.jobs.list_runs_outputs.side_effect = read_outputs
    client.jobs.list_runs_logs.side_effect = read_log
    client.channels.list.return_value = Response({"channels": []})
    return client


def _run(job_id: int, run_id: int, state: str) -> Response:
    """Show a run as the platform does."""
    error = "The run failed." if state == "failed" else None
    return Response(
        {"id": run_id, "containerId": job_id, "state": state, "isCancelRequested": False, "error": error}
    )


def _all_responses(items: Sequence[Any]) -> list[Response]:
    """Make Responses of what a test gave."""
    return [item if isinstance(item, Response) else Response(item) for item in items]

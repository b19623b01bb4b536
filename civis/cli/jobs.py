"""``civis jobs run|wait|cancel|follow-log|follow-run-log``: runs, followed until they have ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from civis.cli.failures import FAILED_JOB, Failure
from civis.cli.state import state_of

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["cancel", "follow_log", "follow_run_log", "run", "wait"]

_timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait at most; by default as long as it takes.",
)


@click.command()
@click.argument("job_id", metavar="ID", type=int)
@click.option("--wait", "is_waiting", is_flag=True, help="Wait until the run has ended.")
@click.option("--follow", is_flag=True, help="Print the log until the run has ended.")
@click.option("--cancel-on-interrupt", is_flag=True, help="Ctrl-C cancels the run; without this it goes on.")
@click.pass_context
def run(
    context: click.Context, job_id: int, is_waiting: bool, follow: bool, cancel_on_interrupt: bool
) -> None:
    """Start the job ID and print the ID of its run.

    With --wait or --follow the status is 3 when the run fails or is cancelled.
    """
    client = state_of(context).client
    run_id = int(client.jobs.post_runs(job_id).id)
    click.echo(run_id, err=follow)  # standard output is the log's
    if not (is_waiting or follow):
        return
    try:
        if follow:
            _print_log(client, job_id, run_id)
        _wait_for(client, job_id, run_id)
    except KeyboardInterrupt:
        if cancel_on_interrupt:
            client.jobs.delete_runs(job_id, run_id)
            click.echo("the run was cancelled", err=True)
        else:
            click.echo(f"the run goes on; civis jobs cancel {job_id} {run_id} ends it", err=True)
        raise


@click.command()
@click.argument("job_id", metavar="ID", type=int)
@click.argument("run_id", metavar="[RUN_ID]", type=int, required=False)
@_timeout
@click.pass_context
def wait(context: click.Context, job_id: int, run_id: int | None, timeout: float | None) -> None:
    """Wait until a run of the job ID has ended; by default its last run.

    The status is 0 when it succeeded, 3 when it failed or was cancelled.
    """
    client = state_of(context).client
    _wait_for(client, job_id, run_id or _last_run(client, job_id), timeout)


@click.command()
@click.argument("job_id", metavar="ID", type=int)
@click.argument("run_id", metavar="[RUN_ID]", type=int, required=False)
@click.pass_context
def cancel(context: click.Context, job_id: int, run_id: int | None) -> None:
    """Cancel a run of the job ID; by default its last run."""
    from civis._states import is_done  # noqa: PLC0415 - help does without

    client = state_of(context).client
    run_id = run_id or _last_run(client, job_id)
    state = str(client.jobs.get_runs(job_id, run_id).state)
    if is_done(state):
        raise Failure(f"run {run_id} of job {job_id} has ended already: {state}")
    client.jobs.delete_runs(job_id, run_id)
    click.echo(f"asked to cancel run {run_id} of job {job_id}", err=True)


@click.command(name="follow-log")
@click.argument("job_id", metavar="ID", type=int)
@click.pass_context
def follow_log(context: click.Context, job_id: int) -> None:
    """Print the log of the job ID's last run, until that has ended."""
    client = state_of(context).client
    _print_log(client, job_id, _last_run(client, job_id))


@click.command(name="follow-run-log")
@click.argument("job_id", metavar="ID", type=int)
@click.argument("run_id", type=int)
@click.pass_context
def follow_run_log(context: click.Context, job_id: int, run_id: int) -> None:
    """Print the log of one run of the job ID, until that has ended."""
    _print_log(state_of(context).client, job_id, run_id)


def _last_run(client: APIClient, job_id: int) -> int:
    """Find the last run of a job."""
    runs = list(client.jobs.list_runs(job_id, limit=1, order="id", order_dir="desc"))
    if not runs:
        raise Failure(f"job {job_id} has never run; civis jobs run {job_id} starts it")
    return int(runs[0].id)


def _print_log(client: APIClient, job_id: int, run_id: int) -> None:
    """Print a log, an entry a line, as it grows."""
    from civis.utils import job_logs  # noqa: PLC0415 - help does without

    for entry in job_logs(job_id, run_id, client=client):
        click.echo(_line(entry))
        sys.stdout.flush()


def _line(entry: Any) -> str:
    """Write an entry of a log: when, and what; the level where it is none of the usual."""
    level = str(entry.get("level") or "").lower()
    shown = f"{level.upper()} " if level not in ("", "info", "debug") else ""
    message = str(entry.message).rstrip("\n")
    return f"{entry.created_at} {shown}{message}"


def _wait_for(client: APIClient, job_id: int, run_id: int, timeout: float | None = None) -> None:
    """Wait for a run; what went wrong with it is raised."""
    from civis.futures import CivisFuture  # noqa: PLC0415 - help does without

    future = CivisFuture.attach(job_id, run_id, client)
    try:
        future.result(timeout, progress=sys.stderr.isatty())
    except TimeoutError:
        if future.done():
            raise
        raise Failure(
            f"run {run_id} of job {job_id} had not ended after {timeout:g} seconds; it goes on"
        ) from None
    if not future.succeeded():
        raise Failure(f"run {run_id} of job {job_id} ended as {future.state}", FAILED_JOB)

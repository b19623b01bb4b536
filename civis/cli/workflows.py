"""``civis workflows validate`` and ``civis workflows run``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from civis.cli.failures import FAILED_JOB, REFUSED, WRONG_USAGE, Failure
from civis.cli.state import state_of

__all__ = ["run", "validate"]


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def validate(path: str) -> None:
    """Check the definition of a workflow in the file PATH; '-' is standard input.

    Nothing is sent. The status is 1 when something is wrong with it.
    """
    from civis.workflows import WorkflowValidationError, validate_workflow_yaml  # noqa: PLC0415 - help does without

    content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    where = "standard input" if path == "-" else path
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failure(f"{where} is not UTF-8 at byte {error.start}", WRONG_USAGE) from None
    try:
        validate_workflow_yaml(text)
    except WorkflowValidationError as error:
        raise Failure(f"{where}: {error}", REFUSED) from None
    click.echo(f"{where} is a valid workflow", err=True)


@click.command()
@click.argument("workflow_id", metavar="ID", type=int)
@click.option("--input", "given", metavar="OBJECT", help="What it starts with, in JSON or YAML, or @FILE.")
@click.option("--target-task", metavar="NAME", help="The task to reach, in a reverse workflow.")
@click.option("--wait", "is_waiting", is_flag=True, help="Wait until the execution has ended.")
@click.pass_context
def run(
    context: click.Context, workflow_id: int, given: str | None, target_task: str | None, is_waiting: bool
) -> None:
    """Start the workflow ID and print the ID of its execution.

    With --wait the status is 3 when the execution fails or is cancelled.
    """
    options: dict[str, Any] = {}
    if given is not None:
        options["input"] = _object(context, given)
    if target_task is not None:
        options["target_task"] = target_task
    client = state_of(context).client
    execution_id = int(client.workflows.post_executions(workflow_id, **options).id)
    click.echo(execution_id)
    if not is_waiting:
        return
    from civis.futures import CivisFuture  # noqa: PLC0415 - help does without

    future = CivisFuture(client.workflows.get_executions, (workflow_id, execution_id), client=client)
    try:
        future.result()
    except KeyboardInterrupt:
        cancel = f"civis workflows post-executions-cancel {workflow_id} {execution_id}"
        click.echo(f"the execution goes on; {cancel} ends it", err=True)
        raise
    if not future.succeeded():
        raise Failure(f"execution {execution_id} ended as {future.state}", FAILED_JOB)


def _object(context: click.Context, text: str) -> Any:
    """Read an object."""
    from civis._spec import Schema  # noqa: PLC0415 - only where there is an input
    from civis.cli.values import value_of  # noqa: PLC0415 - as above

    try:
        return value_of(text, Schema({"type": "object"}))
    except ValueError as error:
        raise click.UsageError(f"--input: {error}", context) from None

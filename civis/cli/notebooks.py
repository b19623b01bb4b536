"""``civis notebooks new|up|down|open|download``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from civis.cli.failures import Failure
from civis.cli.opening import show_page
from civis.cli.state import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from civis.cli.state import State
    from civis.client import APIClient

__all__ = ["down", "download", "new", "open_notebook", "up"]

_memory = click.option("--memory", "--mem", type=click.IntRange(min=1), metavar="MIB", help="MiB of memory.")
_cpu = click.option("--cpu", type=click.IntRange(min=1), metavar="N", help="Thousandths of a CPU.")
_notebook_id = click.argument("notebook_id", metavar="ID", type=int)


@click.command()
@click.argument("language", type=click.Choice(("python3", "r")), default="python3")
@click.option("--name", help="What it is called.")
@_memory
@_cpu
@click.option("--open/--no-open", "is_opened", default=True, help="Open it in the browser; on by default.")
@click.pass_context
def new(
    context: click.Context,
    language: str,
    name: str | None,
    memory: int | None,
    cpu: int | None,
    is_opened: bool,
) -> None:
    """Make a notebook, start its server, print its ID and open it.

    LANGUAGE is python3, the default, or r.
    """
    state = state_of(context)
    given = {"name": name, "memory": memory, "cpu": cpu}
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    notebook = state.client.notebooks.post(language=language, **options)
    click.echo(notebook.id)
    deployment = state.client.notebooks.post_deployments(notebook.id)
    if is_opened:
        show_page(_page(state, int(notebook.id), deployment))


@click.command()
@_notebook_id
@_memory
@_cpu
@click.option("--open/--no-open", "is_opened", default=False, help="Open it in the browser; off by default.")
@click.pass_context
def up(
    context: click.Context, notebook_id: int, memory: int | None, cpu: int | None, is_opened: bool
) -> None:
    """Start the server of the notebook ID, with other memory or CPU if that is given."""
    state = state_of(context)
    given = {"memory": memory, "cpu": cpu}
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if options:
        state.client.notebooks.patch(notebook_id, **options)
    deployment = state.client.notebooks.post_deployments(notebook_id)
    click.echo(f"deployment {deployment.deployment_id} is {deployment.state}", err=True)
    if is_opened:
        show_page(_page(state, notebook_id, deployment))


@click.command()
@_notebook_id
@click.pass_context
def down(context: click.Context, notebook_id: int) -> None:
    """Stop the server of the notebook ID."""
    client = state_of(context).client
    deployment = client.notebooks.get(notebook_id).get("most_recent_deployment")
    if not deployment or str(deployment.get("state")) in ("terminated", "failed", "removed"):
        raise Failure(f"notebook {notebook_id} has no server that runs")
    client.notebooks.delete_deployments(notebook_id, deployment["deployment_id"])
    click.echo(f"stopped notebook {notebook_id}", err=True)


@click.command(name="open")
@_notebook_id
@click.option("--print", "is_printed", is_flag=True, help="Print the address and open nothing.")
@click.pass_context
def open_notebook(context: click.Context, notebook_id: int, is_printed: bool) -> None:
    """Open the notebook ID in the browser.

    On a local platform, which has no pages, that is its server, if one runs.
    """
    state = state_of(context)
    deployment = None
    if not _has_pages(state):
        deployment = state.client.notebooks.get(notebook_id).get("most_recent_deployment")
    show_page(_page(state, notebook_id, deployment), is_printed)


@click.command()
@_notebook_id
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def download(context: click.Context, notebook_id: int, path: Path) -> None:
    """Download the notebook ID to PATH.

    What is at PATH stays as it is until the new file is complete.
    """
    client = state_of(context).client
    _download(client, notebook_id, path)


def _download(client: APIClient, notebook_id: int, path: Path) -> None:
    """Download a notebook's file."""
    from civis._http import download as fetch  # noqa: PLC0415 - help does without

    notebook = client.notebooks.get(notebook_id)
    url = notebook.get("notebook_url")
    if not url:
        raise Failure(f"notebook {notebook_id} has no file yet")
    fetch(str(url), path)


def _page(state: State, notebook_id: int, deployment: Mapping[str, Any] | None) -> str:
    """Give the address of a notebook's page, or of its server where the platform has no pages."""
    server = None if deployment is None or _has_pages(state) else deployment.get("display_url")
    return str(server or f"{state.web_address}/notebooks/{notebook_id}")


def _has_pages(state: State) -> bool:
    """Tell whether the platform shows pages: a local one is the address of its API and nothing else."""
    return state.web_address.rstrip("/") != state.endpoint.rstrip("/")

"""``civis open``: pages of the platform in the browser."""

from __future__ import annotations

import sys

import click

from civis.cli.state import state_of

__all__ = ["open_page", "show_page"]

_KINDS = (
    "jobs",
    "files",
    "notebooks",
    "projects",
    "reports",
    "scripts",
    "services",
    "tables",
    "templates",
    "workflows",
)


@click.command(name="open")
@click.argument("object_id", metavar="ID", type=click.IntRange(min=1))
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    default="jobs",
    metavar="KIND",
    help=f"What ID is the ID of, jobs by default: {', '.join(_KINDS[1:])}.",
)
@click.option("--run", "run_id", type=int, metavar="RUN_ID", help="Open the page of one run of the job.")
@click.option("--print", "is_printed", is_flag=True, help="Print the address and open nothing.")
@click.pass_context
def open_page(
    context: click.Context, object_id: int, kind: str, run_id: int | None, is_printed: bool
) -> None:
    """Open the page of the object ID in the browser."""
    if run_id is not None and kind != "jobs":
        raise click.UsageError("--run goes with jobs only", context)
    page = f"{state_of(context).web_address}/{kind}/{object_id}" + (
        "" if run_id is None else f"/runs/{run_id}"
    )
    show_page(page, is_printed)


def show_page(page: str, is_printed: bool = False) -> None:
    """Open a page in the browser, or print its address where there is no browser, or nobody to see it."""
    if is_printed or not sys.stdout.isatty() or click.launch(page) != 0:
        click.echo(page)
    else:
        click.echo(f"opened {page}", err=True)

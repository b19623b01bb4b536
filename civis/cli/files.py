"""``civis files upload`` and ``civis files download``."""

from __future__ import annotations

import os
import sys

import click

from civis.cli.state import state_of

__all__ = ["download", "upload"]

_progress = click.option(
    "--progress/--no-progress", default=True, help="Show a bar, where there is a terminal; on by default."
)


@click.command(no_args_is_help=False)
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--name", help="The file's name on the platform; by default the path's last element.")
@click.option(
    "--expires-at", metavar="TIME", help="When it expires, in ISO 8601, or 'never'; by default in 30 days."
)
@click.option("--description", help="A description of at most 512 characters.")
@_progress
@click.pass_context
def upload(
    context: click.Context,
    path: str,
    name: str | None,
    expires_at: str | None,
    description: str | None,
    progress: bool,
) -> None:
    """Upload the file PATH and print its ID.

    PATH may be '-' for standard input, which needs --name.
    """
    if path == "-" and not name:
        raise click.UsageError("what comes on standard input needs a name: give --name NAME", context)
    from civis.io import file_to_civis  # noqa: PLC0415 - help does without

    expiry = {} if expires_at is None else {"expires_at": None if expires_at == "never" else expires_at}
    file_id = file_to_civis(
        sys.stdin.buffer if path == "-" else path,
        name,
        description=description,
        client=state_of(context).client,
        progress=progress,
        **expiry,  # type: ignore[arg-type] # the default stands where nothing is given
    )
    click.echo(file_id)


@click.command()
@click.argument("file_id", metavar="ID", type=int)
@click.argument("path", type=click.Path(allow_dash=True))
@_progress
@click.pass_context
def download(context: click.Context, file_id: int, path: str, progress: bool) -> None:
    """Download the file ID to PATH; '-' is standard output.

    What is at PATH stays as it is until the new file is complete. Where PATH is a directory, the file goes
    into it under its own name.
    """
    from civis.io import civis_to_file  # noqa: PLC0415 - help does without

    client = state_of(context).client
    if path == "-":
        civis_to_file(file_id, sys.stdout.buffer, client=client)
        sys.stdout.buffer.flush()
        return
    if os.path.isdir(path):
        # The last element only: a name from elsewhere must not lead out of the directory.
        name = os.path.basename(str(client.files.get(file_id).name).replace("\\", "/"))
        if name in ("", ".", ".."):
            raise click.UsageError(
                f"file {file_id} has no name that can be used; give one with PATH", context
            )
        path = os.path.join(path, name)
    civis_to_file(file_id, path, client=client, progress=progress)

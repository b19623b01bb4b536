"""``civis sql``: run SQL; show some rows, or write all of them."""

from __future__ import annotations

import os
import select
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from civis.cli.output import STYLES, standard_output, write
from civis.cli.plain_output import note
from civis.cli.state import state_of

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["sql"]

#: The most rows that the platform gives without an export.
MOST_PREVIEWED = 100
#: Seconds after which a prompt looks whether there was a Ctrl-C.
_LOOK_SECONDS = 0.2


class Query(NamedTuple):
    """What is run, where, and as whom."""

    text: str
    database: str
    credential_id: int | None


@click.command(context_settings={"allow_extra_args": True})
@click.option(
    "-d", "--database", "--dbname", required=True, metavar="NAME", help="Name or ID of the database."
)
@click.option("-c", "--command", "command", metavar="SQL", help="The SQL.")
@click.option(
    "-f",
    "--filename",
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="A file with the SQL; '-' is standard input.",
)
@click.option(
    "-n",
    "--rows",
    type=click.IntRange(0, MOST_PREVIEWED),
    metavar="N",
    help=f"How many rows to show; by default {MOST_PREVIEWED}, which is the most.",
)
@click.option(
    "-o",
    "--output-file",
    "target",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write all rows to a file: Parquet where its name ends so, else CSV; '-' is standard output.",
)
@click.option(
    "--output",
    "style",
    type=click.Choice((*STYLES, "parquet")),
    help="The form of the rows: a table by default. csv without -n gives all rows.",
)
@click.option("-q", "--quiet", is_flag=True, help="Run it and show no rows.")
@click.option("--credential-id", type=int, metavar="ID", help="The credential to use; by default the user's.")
@click.pass_context
def sql(
    context: click.Context,
    database: str,
    command: str | None,
    file: str | None,
    rows: int | None,
    target: str | None,
    style: str | None,
    quiet: bool,
    credential_id: int | None,
) -> None:
    """Run SQL: that of -c or -f, else all that comes on standard input.

    Nothing is run before the input has ended. Ctrl-C at the prompt runs nothing; later it cancels the query.

    \b
    civis sql -d local -c 'SELECT 1 AS one'
    civis sql -d local -f report.sql -o report.csv
    echo 'SELECT 1' | civis sql -d local --output json
    """  # noqa: D301 - click's mark for lines that stay as they are
    if context.args:
        raise click.UsageError(f"SQL is given by -c or -f: -c {shlex.quote(' '.join(context.args))}", context)
    _check(context, command, file, rows, target, style, quiet)
    text = _read(command, file)
    if not text.strip():
        raise click.UsageError("there is no SQL to run", context)
    state = state_of(context)
    query = Query(text, database, credential_id)
    style = style or state.output
    is_export = target is not None or style == "parquet" or (style == "csv" and rows is None)
    if is_export and not quiet:
        from civis.cli.exporting import export  # noqa: PLC0415 - not for previews

        export(state.client, query, target or "-", style)
    else:
        _preview(state.client, query, 0 if quiet else rows, style)


def _check(
    context: click.Context,
    command: str | None,
    file: str | None,
    rows: int | None,
    target: str | None,
    style: str | None,
    quiet: bool,
) -> None:
    """Refuse options that contradict each other."""
    if command is not None and file is not None:
        raise click.UsageError("-c and -f contradict each other; give one", context)
    if target is not None and rows is not None:
        raise click.UsageError(
            "-o writes all rows, so -n does not go with it; write LIMIT into the SQL", context
        )
    if quiet and (target is not None or rows is not None):
        raise click.UsageError("-q shows no rows, so neither -o nor -n go with it", context)
    if target is not None and style not in (None, "csv", "parquet"):
        raise click.UsageError(f"-o writes csv or parquet, not {style}", context)
    if style == "parquet" and (target in (None, "-")) and sys.stdout.isatty():
        raise click.UsageError("Parquet is nothing for a terminal; give -o FILE", context)


def _read(command: str | None, file: str | None) -> str:
    """Give the SQL, byte for byte as it was written."""
    if command is not None:
        return command
    if file is not None and file != "-":
        return _decoded(Path(file).read_bytes(), file)
    if sys.stdin.isatty():
        click.echo("Enter SQL; Ctrl-D on a line of its own runs it, Ctrl-C does not.", err=True)
        return _decoded(_read_typed(), "what was typed")
    return _decoded(sys.stdin.buffer.read(), "standard input")


def _read_typed() -> bytes:
    """Read what is typed, to its end; Ctrl-C is noticed whenever it comes.

    A signal that comes right before a plain read begins to wait is not seen before that ends.
    """
    if sys.platform == "win32":  # where only sockets can be waited for
        return sys.stdin.buffer.read()
    number, pieces = sys.stdin.fileno(), [b""]
    while True:
        if select.select([number], [], [], _LOOK_SECONDS)[0]:
            piece = os.read(number, 1 << 16)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)


def _decoded(content: bytes, where: str) -> str:
    """Decode SQL."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{where} is not UTF-8 at byte {error.start}") from None


def _preview(client: APIClient, query: Query, rows: int | None, style: str | None) -> None:
    """Run SQL and show the first rows of its result."""
    from civis.io import query_civis  # noqa: PLC0415 - help does without

    limit = MOST_PREVIEWED if rows is None else rows
    future = query_civis(
        query.text, query.database, client, query.credential_id, limit, polling_interval=None
    )
    result = future.result(cancel_on_interrupt=True)
    columns, found = result.get("result_columns"), result.get("result_rows")
    if limit == 0 or not columns:
        return
    _show(list(columns), [list(row) for row in found or ()], style)
    if rows is None and len(found or ()) == limit and sys.stderr.isatty():
        note(f"The first {limit} rows; -o FILE writes all.")


def _show(columns: list[str], rows: list[list[Any]], style: str | None) -> None:
    """Write rows in the form that was asked for."""
    from civis.cli.tabular import write_csv_rows, write_grid  # noqa: PLC0415 - help does without

    stream = standard_output()
    if style in (None, "table"):
        write_grid(columns, rows, stream)
        stream.flush()
    elif style == "csv":
        write_csv_rows(columns, rows, stream)  # columns may share a name, as they cannot in an object
        stream.flush()
    else:
        write((dict(zip(columns, row, strict=True)) for row in rows), style)

"""``civis tables import`` and ``civis tables export``."""

from __future__ import annotations

import sys
from typing import Any

import click

from civis.cli.state import state_of

__all__ = ["export_table", "import_table"]

_database = click.option(
    "-d", "--database", "--dbname", required=True, metavar="NAME", help="Name or ID of the database."
)
_credential = click.option(
    "--credential-id", type=int, metavar="ID", help="The credential to use; by default the user's."
)
_EXISTING = ("fail", "truncate", "append", "drop", "upsert")


@click.command(name="import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.argument("table", metavar="SCHEMA.TABLE")
@_database
@click.option(
    "--existing-rows",
    type=click.Choice(_EXISTING),
    default="fail",
    show_default=True,
    help="What to do if the table is there.",
)
@click.option("--delimiter", type=click.Choice((",", "|", "tab")), default=",", show_default=True)
@click.option(
    "--headers/--no-headers",
    default=None,
    help="Whether the first line names the columns; by default the platform looks.",
)
@click.option("--primary-key", multiple=True, metavar="COLUMN", help="For upsert; repeatable.")
@click.option("--last-modified-key", multiple=True, metavar="COLUMN", help="For upsert; repeatable.")
@click.option("--max-errors", type=click.IntRange(min=0), metavar="N", help="Rows that may be refused.")
@_credential
@click.pass_context
def import_table(
    context: click.Context,
    path: str,
    table: str,
    database: str,
    existing_rows: str,
    delimiter: str,
    headers: bool | None,
    primary_key: tuple[str, ...],
    last_modified_key: tuple[str, ...],
    max_errors: int | None,
    credential_id: int | None,
) -> None:
    """Load the CSV file PATH into SCHEMA.TABLE; '-' is standard input."""
    from civis.io import civis_file_to_table, csv_to_civis, file_to_civis  # noqa: PLC0415 - help does without

    client = state_of(context).client
    options: dict[str, Any] = {
        "existing_table_rows": existing_rows,
        "delimiter": "\t" if delimiter == "tab" else delimiter,
        "headers": headers,
        "primary_keys": list(primary_key) or None,
        "last_modified_keys": list(last_modified_key) or None,
        "max_errors": max_errors,
        "credential_id": credential_id,
    }
    if path == "-":
        file_id = file_to_civis(sys.stdin.buffer, "standard-input.csv", client=client)
        future = civis_file_to_table(file_id, database, table, client=client, **options)
    else:
        future = csv_to_civis(path, database, table, client=client, progress=True, **options)
    future.result(cancel_on_interrupt=True)
    click.echo(f"loaded into {table}", err=True)


@click.command(name="export")
@click.argument("table", metavar="SCHEMA.TABLE")
@click.argument("path", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@_database
@click.option(
    "--output", type=click.Choice(("csv", "parquet")), help="By default what PATH ends in, else csv."
)
@click.option("--columns", metavar="A,B", help="The columns, with commas between; by default all.")
@click.option("--delimiter", type=click.Choice((",", "|", "tab")), default=",", show_default=True)
@click.option(
    "--headers/--no-headers", default=True, help="Name the columns in the first line; on by default."
)
@_credential
@click.pass_context
def export_table(
    context: click.Context,
    table: str,
    path: str,
    database: str,
    output: str | None,
    columns: str | None,
    delimiter: str,
    headers: bool,
    credential_id: int | None,
) -> None:
    """Write SCHEMA.TABLE to the file PATH, or to standard output."""
    from civis.cli.exporting import export  # noqa: PLC0415 - help does without
    from civis.cli.sql import Query  # noqa: PLC0415 - help does without
    from civis.io import split_schema_tablename  # noqa: PLC0415 - help does without

    schema, name = split_schema_tablename(table)
    if not schema:
        raise click.UsageError(f"{table!r} has no schema; write SCHEMA.TABLE", context)
    chosen = ", ".join(map(_quoted, columns.split(","))) if columns else "*"
    text = f"SELECT {chosen} FROM {_quoted(schema)}.{_quoted(name)}"  # noqa: S608 - every part is quoted
    export(
        state_of(context).client,
        Query(text, database, credential_id),
        path,
        output,
        delimiter="\t" if delimiter == "tab" else delimiter,
        include_header=headers,
    )


def _quoted(name: str) -> str:
    """Quote a name for SQL."""
    doubled = name.strip().replace('"', '""')
    return f'"{doubled}"'

"""All rows of a query to a file or to standard output, in CSV or Parquet; whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from civis.cli.failures import Failure

if TYPE_CHECKING:
    from civis.cli.sql import Query
    from civis.client import APIClient

__all__ = ["export"]


def export(client: APIClient, query: Query, target: str, style: str | None, **csv: object) -> None:
    """Run SQL and write all its rows.

    Parameters
    ----------
    client : civis.APIClient
        The client.
    query : Query
        The SQL.
    target : str
        A path, which keeps what it has until all rows are there; ``"-"`` is standard output.
    style : str or None
        ``"csv"`` or ``"parquet"``; by default what the path ends in.
    **csv
        Further arguments of `civis.io.civis_to_csv`.
    """
    is_parquet = style == "parquet" or (style is None and target.lower().endswith((".parquet", ".pq")))
    is_piped = target == "-"
    folder = None if is_piped else os.path.dirname(os.path.abspath(target))
    if folder is not None and not os.path.isdir(folder):
        raise click.UsageError(f"there is no directory {folder}")
    # In the target's own folder, from which a file takes its place at one blow.
    with tempfile.TemporaryDirectory(prefix=".civis-", dir=folder) as made:
        file = Path(made) / "rows"
        if is_parquet:
            _write_parquet(client, query, file)
        else:
            _write_csv(client, query, file, csv)
        if is_piped:
            with file.open("rb") as source:
                shutil.copyfileobj(source, sys.stdout.buffer, 1 << 20)
            sys.stdout.buffer.flush()
        else:
            os.replace(file, target)


def _write_csv(client: APIClient, query: Query, file: Path, options: dict[str, object]) -> None:
    """Export to CSV."""
    from civis.io import civis_to_csv  # noqa: PLC0415 - help does without

    future = civis_to_csv(
        file,
        query.text,
        query.database,
        client=client,
        credential_id=query.credential_id,
        progress=True,
        **options,  # type: ignore[arg-type] # the callers name arguments that it has
    )
    future.result(cancel_on_interrupt=True)


def _write_parquet(client: APIClient, query: Query, file: Path) -> None:
    """Export to Parquet, by way of a data frame."""
    try:
        import pandas  # noqa: F401, PLC0415 - optional
        import pyarrow  # noqa: F401, PLC0415 - optional
    except ImportError as error:
        raise Failure(
            f"Parquet needs the package {error.name!r}; run: pip install 'civis[pandas]'", 2
        ) from error
    from civis.io import read_civis_sql  # noqa: PLC0415 - help does without

    frame = read_civis_sql(
        query.text,
        query.database,
        return_as="pandas",
        client=client,
        credential_id=query.credential_id,
        progress=True,
    )
    frame.to_parquet(file, index=False)

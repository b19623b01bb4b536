"""SQL run for its effect or a preview, and tables carried from one database to another."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, cast

from civis.futures import CivisFuture
from civis.io._archiving import archive_import_when_done
from civis.io._file_clients import pick_client
from civis.io._sql_jobs import use_credential

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.resources.types import ImportAdvancedSyncOptionsRequest, ImportDataSourceNewRequest

__all__ = ["query_civis", "transfer_table"]


def query_civis(
    sql: str,
    database: str | int,
    client: APIClient | None = None,
    credential_id: int | None = None,
    preview_rows: int = 10,
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    api_key: str | None = None,
) -> CivisFuture:
    """Run SQL and show the first rows.

    Parameters
    ----------
    sql : str
        One or more statements.
    database : str or int
        Name or ID of the database.
    client : civis.APIClient, optional
        By default one made from the environment.
    credential_id : int, optional
        The credential to use; by default the user's default.
    preview_rows : int, default 10
        How many rows of the last statement that returns any come back, at most 100.
    polling_interval : float, optional
        Seconds between looks at the query.
    hidden : bool, default True
        Whether the query stays out of lists.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.

    Returns
    -------
    CivisFuture
        Its result has ``result_columns`` (list of str) and ``result_rows`` (list of lists of str).

    Raises
    ------
    TypeError
        If `sql` is no text.
    ValueError
        If there is no such database.

    Examples
    --------
    >>> import civis
    >>> civis.io.query_civis("SELECT 1 AS one", "local").result().result_rows  # doctest: +SKIP
    [['1']]
    """
    if not isinstance(sql, str):
        raise TypeError(f"sql has to be a str, not {type(sql).__name__}")
    client = pick_client(client, api_key)
    query = client.queries.post(
        database=client.get_database_id(database),
        sql=sql,
        preview_rows=preview_rows,
        credential=use_credential(client, credential_id),
        hidden=hidden,
    )
    return CivisFuture(client.queries.get, (query.id,), polling_interval, client)


def transfer_table(
    source_db: str | int,
    dest_db: str | int,
    source_table: str,
    dest_table: str,
    job_name: str | None = None,
    client: APIClient | None = None,
    source_credential_id: int | None = None,
    dest_credential_id: int | None = None,
    polling_interval: float | None = None,
    *,
    api_key: str | None = None,
    archive: bool = False,
    **advanced_options: Any,
) -> CivisFuture:
    """Copy a table from one database to another.

    Parameters
    ----------
    source_db, dest_db : str or int
        Names or IDs of the databases.
    source_table, dest_table : str
        ``"schema.table"``.
    job_name : str, optional
        The name of the import.
    client : civis.APIClient, optional
        By default one made from the environment.
    source_credential_id, dest_credential_id : int, optional
        The credentials to use; by default the user's default.
    polling_interval : float, optional
        Seconds between looks at the import.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the import afterwards.
    **advanced_options
        As ``advanced_options`` of ``client.imports.post_syncs``, e.g. ``existing_table_rows="truncate"``.

    Returns
    -------
    CivisFuture

    Raises
    ------
    ValueError
        If there is no such database.

    Examples
    --------
    >>> import civis
    >>> civis.io.transfer_table("local", "copy", "public.a", "public.b").result()  # doctest: +SKIP
    """
    client = pick_client(client, api_key)
    source: ImportDataSourceNewRequest = {
        "remote_host_id": client.get_database_id(source_db),
        "credential_id": use_credential(client, source_credential_id),
    }
    destination: ImportDataSourceNewRequest = {
        "remote_host_id": client.get_database_id(dest_db),
        "credential_id": use_credential(client, dest_credential_id),
    }
    name = job_name or f"Civis transfer {secrets.token_hex(4)}"
    job = client.imports.post(name, "Dbsync", True, source=source, destination=destination)
    client.imports.post_syncs(
        job.id,
        source={"path": source_table},
        destination={"path": dest_table},
        advanced_options=cast("ImportAdvancedSyncOptionsRequest", advanced_options),
    )
    run = client.imports.post_runs(job.id)
    future = CivisFuture(client.imports.get_files_runs, (job.id, run.run_id), polling_interval, client)
    if archive:
        archive_import_when_done(client, future, job.id)
    return future

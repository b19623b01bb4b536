"""Queries exported to files: one CSV file here, several on the platform, or one kept there."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis._http import download, open_download
from civis.futures import CivisFuture
from civis.io._archiving import archive_script_when_done, script_archived_afterwards, warn_of_archive
from civis.io._arguments import check_choice, delimiter_name
from civis.io._file_clients import pick_client, transport_of
from civis.io._progress import show_progress
from civis.io._sql_jobs import CsvSettings, SqlJob, first_output, run_to_output, start_export

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient

__all__ = ["civis_to_csv", "civis_to_multifile_csv", "export_to_civis_file"]

COMPRESSIONS = ("none", "gzip", "zip")


class _FileFuture(CivisFuture):
    """A future that is done when the run's file has arrived, not before."""

    def __init__(self, save: Callable[[Any], None], *args: Any, **kwargs: Any) -> None:
        self._save = save
        super().__init__(*args, **kwargs)
        self._acts_when_done = True
        self._keep()

    def _on_success(self, response: Any) -> None:
        """Fetch the file first; what goes wrong with it is what the future raises."""
        self._save(response)
        super()._on_success(response)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a future of the run alone: the file is fetched here, once, not by every receiver."""
        rebuild = partial(
            CivisFuture,
            self._poller,
            self._poller_args,
            polling_interval=self._interval,
            client=self._client,
            poll_on_creation=self._poll_on_creation,
        )
        return rebuild, ()


def civis_to_csv(
    filename: str | os.PathLike[str],
    sql: str,
    database: str | int,
    sql_params_arguments: Mapping[str, Any] | None = None,
    job_name: str | None = None,
    client: APIClient | None = None,
    credential_id: int | None = None,
    include_header: bool = True,
    compression: str = "none",
    delimiter: str = ",",
    unquoted: bool = False,
    hidden: bool = True,
    polling_interval: float | None = None,
    *,
    progress: bool | Progress | None = None,
    api_key: str | None = None,
    archive: bool = False,
) -> CivisFuture:
    """Export a query's rows to a CSV file on this machine.

    Parameters
    ----------
    filename : path
        The file to write. It appears when it is complete and verified; until then an older one stays.
    sql : str
        One or more statements; the rows of the last one that returns any are exported.
    database : str or int
        Name or ID of the database.
    sql_params_arguments : mapping, optional
        ``{"params": [...], "arguments": {...}}`` for a query with parameters.
    job_name : str, optional
        The name of the script that exports.
    client : civis.APIClient, optional
        By default one made from the environment.
    credential_id : int, optional
        The credential to use; by default the user's default.
    include_header : bool, default True
        Whether the first row holds the names.
    compression : {"none", "gzip", "zip"}, default "none"
        What the file is.
    delimiter : str, default ","
        What stands between values: a comma, a tab or a pipe.
    unquoted : bool, default False
        Whether to leave out quotes.
    hidden : bool, default True
        Whether the script stays out of lists.
    polling_interval : float, optional
        Seconds between looks at the script.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes received.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the script afterwards.

    Returns
    -------
    CivisFuture
        The file is complete when its ``.result()`` returns. Without rows it warns and writes no file.

    Raises
    ------
    ValueError
        If an argument cannot be what it is.
    FileNotFoundError
        If the folder of `filename` does not exist.

    Examples
    --------
    >>> import civis
    >>> future = civis.io.civis_to_csv("one.csv", "SELECT 1 AS one", "local")  # doctest: +SKIP
    >>> future.result()  # doctest: +SKIP
    """
    check_choice("compression", compression, COMPRESSIONS)
    warn_of_archive(archive)
    target = Path(os.path.abspath(filename))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(target.parent)!r} to write {target.name!r} to")
    # What arrives plain travels as gzip.
    settings = CsvSettings(
        include_header=bool(include_header),
        compression="gzip" if compression == "none" else compression,
        delimiter=delimiter_name(delimiter),
        unquoted=unquoted,
    )
    job = SqlJob(sql, database, job_name, credential_id, sql_params_arguments, hidden)
    client = pick_client(client, api_key)
    ids = start_export(client, job, settings)

    def save(run: Any) -> None:
        output = first_output(run)
        if output is None:
            warnings.warn(
                f"the query returned no rows; {target} was not written", RuntimeWarning, stacklevel=2
            )
            return
        with show_progress(progress, None, "download") as advance:
            download(
                output.path,
                target,
                inflate=compression == "none",
                progress=advance,
                refresh_url=lambda: str(client.scripts.get_sql_runs(*ids).output[0].path),
                transport=transport_of(client),
            )

    future = _FileFuture(save, client.scripts.get_sql_runs, ids, polling_interval, client)
    if archive:
        archive_script_when_done(client, future, ids[0])
    return future


def civis_to_multifile_csv(
    sql: str,
    database: str | int,
    sql_params_arguments: Mapping[str, Any] | None = None,
    job_name: str | None = None,
    client: APIClient | None = None,
    credential_id: int | None = None,
    include_header: bool = True,
    compression: str = "none",
    delimiter: str = "|",
    max_file_size: int | None = None,
    unquoted: bool = False,
    prefix: str | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    api_key: str | None = None,
    archive: bool = False,
) -> dict[str, Any]:
    """Export a query's rows to several CSV files on the platform.

    Parameters
    ----------
    sql : str
        One or more statements; the rows of the last one that returns any are exported.
    database : str or int
        Name or ID of the database.
    sql_params_arguments : mapping, optional
        ``{"params": [...], "arguments": {...}}`` for a query with parameters.
    job_name : str, optional
        The name of the script that exports.
    client : civis.APIClient, optional
        By default one made from the environment.
    credential_id : int, optional
        The credential to use; by default the user's default.
    include_header : bool, default True
        Whether the manifest names the columns.
    compression : {"none", "gzip", "zip"}, default "none"
        What the files are.
    delimiter : str, default "|"
        What stands between values: a comma, a tab or a pipe.
    max_file_size : int, optional
        The most megabytes of a file.
    unquoted : bool, default False
        Whether to leave out quotes.
    prefix : str, optional
        How the files' names begin.
    polling_interval : float, optional
        Seconds between looks at the script.
    hidden : bool, default True
        Whether the script stays out of lists.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the script afterwards.

    Returns
    -------
    dict
        The manifest: ``query``, ``header``, ``entries`` (each ``id``, ``name``, ``size``, ``url``,
        ``url_signed``), ``unquoted``, ``compression``, ``delimiter``.

    Raises
    ------
    EmptyResultError
        If the query returned no rows.
    CivisJobFailure
        If the SQL failed.

    Examples
    --------
    >>> import civis
    >>> manifest = civis.io.civis_to_multifile_csv("SELECT * FROM public.flights", "local")  # doctest: +SKIP
    >>> [entry["name"] for entry in manifest["entries"]]  # doctest: +SKIP
    """
    check_choice("compression", compression, COMPRESSIONS)
    warn_of_archive(archive)
    settings = CsvSettings(
        bool(include_header), compression, delimiter_name(delimiter), unquoted, prefix, True, max_file_size
    )
    job = SqlJob(sql, database, job_name, credential_id, sql_params_arguments, hidden)
    client = pick_client(client, api_key)
    with script_archived_afterwards(client, archive) as started:
        ids = start_export(client, job, settings)
        started += ids
        output = run_to_output(client, ids, polling_interval)
    with open_download(output.path, transport=transport_of(client)) as stream:
        manifest: dict[str, Any] = json.load(stream)
    return {**manifest, "unquoted": unquoted, "compression": compression, "delimiter": delimiter}


def export_to_civis_file(
    sql: str,
    database: str | int,
    sql_params_arguments: Mapping[str, Any] | None = None,
    job_name: str | None = None,
    client: APIClient | None = None,
    credential_id: int | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    csv_settings: Mapping[str, Any] | None = None,
    *,
    api_key: str | None = None,
) -> CivisFuture:
    """Export a query's rows to a file that stays on the platform.

    Parameters
    ----------
    sql : str
        One or more statements; the rows of the last one that returns any are exported.
    database : str or int
        Name or ID of the database.
    sql_params_arguments : mapping, optional
        ``{"params": [...], "arguments": {...}}`` for a query with parameters.
    job_name : str, optional
        The name of the script that exports.
    client : civis.APIClient, optional
        By default one made from the environment.
    credential_id : int, optional
        The credential to use; by default the user's default.
    polling_interval : float, optional
        Seconds between looks at the script.
    hidden : bool, default True
        Whether the script stays out of lists.
    csv_settings : mapping, optional
        As ``client.scripts.post_sql`` takes it; by default gzip with a header.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.

    Returns
    -------
    CivisFuture
        The ``output[0]`` of its result has ``file_id``, ``path`` and ``output_name``.

    Raises
    ------
    ValueError
        If an argument cannot be what it is.

    Examples
    --------
    >>> import civis
    >>> future = civis.io.export_to_civis_file("SELECT 1 AS one", "local")  # doctest: +SKIP
    >>> future.result().output[0].file_id  # doctest: +SKIP
    """
    job = SqlJob(sql, database, job_name, credential_id, sql_params_arguments, hidden)
    client = pick_client(client, api_key)
    ids = start_export(client, job, CsvSettings() if csv_settings is None else csv_settings)
    return CivisFuture(client.scripts.get_sql_runs, ids, polling_interval, client)

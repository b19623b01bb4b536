"""What a query returns, batch by batch: for results that are larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from civis.io._arguments import check_choice
from civis.io._dtypes import Dtypes, read_options
from civis.io._file_clients import pick_client
from civis.io._query_results import Export, iterate_export
from civis.io._readers import check_arrow
from civis.io._sql_jobs import SqlJob

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient

__all__ = ["iter_civis_sql"]


def iter_civis_sql(
    sql: str,
    database: str | int,
    *,
    batch_rows: int = 100_000,
    return_as: str = "arrow",
    sql_params_arguments: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    job_name: str | None = None,
    client: APIClient | None = None,
    credential_id: int | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    dtypes: Dtypes = None,
    dtype_backend: str | None = None,
    progress: bool | Progress | None = None,
) -> Iterator[Any]:
    """Read what a query returns in batches, while it is being downloaded.

    Memory holds a few batches at a time, however large the result is. The query runs when the first batch is
    asked for. All batches have the same columns and types.

    Parameters
    ----------
    sql : str
        One or more statements; the rows of the last one that returns any are read.
    database : str or int
        Name or ID of the database.
    batch_rows : int, default 100,000
        Rows of a batch; the last one has what is left.
    return_as : {"arrow", "pandas", "polars"}, default "arrow"
        What a batch is: a `pyarrow.RecordBatch` or a frame.
    sql_params_arguments : mapping, optional
        ``{"params": [...], "arguments": {...}}`` for a query with parameters.
    encoding : str, optional
        The character set of the result; by default UTF-8.
    job_name : str, optional
        The name of the script that reads.
    client : civis.APIClient, optional
        By default one made from the environment.
    credential_id : int, optional
        The credential to use; by default the user's default.
    polling_interval : float, optional
        Seconds between looks at the script.
    hidden : bool, default True
        Whether the script stays out of lists.
    dtypes : {"database", "infer", "string"} or mapping of str to str, optional
        As for `read_civis_sql`. Where the database does not tell a column's type, the first rows (1 MiB of
        them) decide whether it holds numbers.
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        The dtypes of pandas frames; nullable ones by default, so that they are the same in all batches.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes received.

    Yields
    ------
    pyarrow.RecordBatch, pandas.DataFrame or polars.DataFrame

    Raises
    ------
    EmptyResultError
        If the query returned no rows.
    CivisJobFailure
        If the SQL failed.
    ImportError
        If the library for `return_as` is not installed.
    ValueError
        If an argument cannot be what it is, or a later value does not fit the type of its column; give its
        type in `dtypes` then, e.g. ``{"code": "varchar"}``.

    Examples
    --------
    >>> import civis
    >>> sql = "SELECT * FROM public.flights"
    >>> for batch in civis.io.iter_civis_sql(sql, "local", batch_rows=50_000):  # doctest: +SKIP
    ...     print(batch.num_rows)
    """
    check_choice("return_as", return_as, ("arrow", "pandas", "polars"))
    if isinstance(batch_rows, bool) or not isinstance(batch_rows, int) or batch_rows < 1:
        raise ValueError(f"batch_rows has to be a whole number from 1 on, not {batch_rows!r}")
    if return_as == "pandas":
        dtype_backend = dtype_backend or "numpy_nullable"
    options = read_options(return_as, encoding, dtypes, dtype_backend, {})
    check_arrow(options)
    job = SqlJob(sql, database, job_name, credential_id, sql_params_arguments, hidden)
    return iterate_export(pick_client(client), Export(job, polling_interval), options, batch_rows, progress)

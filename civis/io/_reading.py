"""Tables and queries read into lists, frames and Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis._errors import CivisAPIError
from civis._http import open_download
from civis.io._archiving import archive_script
from civis.io._arguments import resolve_return_as
from civis.io._file_clients import pick_client, transport_of
from civis.io._progress import show_progress
from civis.io._readers import ReadOptions, check_reader, read_result
from civis.io._sql_jobs import CsvSettings, SqlJob, run_to_output, start_export
from civis.io._tablenames import quote_name, split_schema_tablename, table_reference

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient

__all__ = ["read_civis", "read_civis_sql"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def read_civis(
    table: str,
    database: str | int,
    columns: Sequence[str] | None = None,
    return_as: str = "list",
    use_pandas: bool | None = None,
    encoding: str | None = None,
    job_name: str | None = None,
    client: APIClient | None = None,
    credential_id: int | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    dtypes: str | Mapping[str, str] | None = None,
    progress: bool | Progress | None = None,
    api_key: str | None = None,
    archive: bool = False,
    **kwargs: Any,
) -> Any:
    """Read a table.

    Columns have the types that the table has on the platform, so that ``02116`` in a VARCHAR column stays a
    text and a BIGINT keeps every digit.

    Parameters
    ----------
    table : str
        ``"schema.table"``; a part that holds a dot or capitals that matter stands in double quotes.
    database : str or int
        Name or ID of the database.
    columns : sequence of str, optional
        The columns to read, in that order; by default all. A text that is no column of the table is taken as
        an expression.
    return_as : {"list", "pandas", "polars", "arrow"}, default "list"
        A list of lists of str whose first row is the header, a pandas or polars frame, or a `pyarrow.Table`.
    use_pandas : bool, optional
        Older spelling of ``return_as="pandas"``.
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
    dtypes : {"string"} or mapping of str to str, optional
        ``"string"`` leaves every value a text; a mapping gives SQL types by column, before those of the
        table.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes received.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the script afterwards.
    **kwargs
        Passed to `pandas.read_csv` or `polars.read_csv`, which then decide about types.

    Returns
    -------
    list of list of str, pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    EmptyResultError
        If there are no rows.
    CivisJobFailure
        If the SQL failed, e.g. because there is no such table.
    ImportError
        If the library for `return_as` is not installed.
    ValueError
        If an argument cannot be what it is.

    Examples
    --------
    >>> import civis
    >>> rows = civis.io.read_civis("public.flights", "local")  # doctest: +SKIP
    >>> frame = civis.io.read_civis("public.flights", "local", return_as="pandas")  # doctest: +SKIP
    """
    kind = resolve_return_as(return_as, use_pandas)
    options = _options(kind, encoding, dtypes, kwargs)
    client = pick_client(client, api_key)
    known = (
        {} if kind == "list" and columns is None else _column_types(client, table, database, credential_id)
    )
    if not options.all_text:
        options = _options(kind, encoding, {**_lowered(known), **_lowered(options.sql_types)}, kwargs)
    sql = f"SELECT {_selection(columns, known)} FROM {table_reference(table)}"  # noqa: S608 - quoted names
    job = SqlJob(sql, database, job_name, credential_id, None, hidden)
    return _read(client, job, options, polling_interval, progress, archive)


def read_civis_sql(
    sql: str,
    database: str | int,
    return_as: str = "list",
    use_pandas: bool | None = None,
    sql_params_arguments: Mapping[str, Any] | None = None,
    encoding: str | None = None,
    job_name: str | None = None,
    client: APIClient | None = None,
    credential_id: int | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    dtypes: str | Mapping[str, str] | None = None,
    progress: bool | Progress | None = None,
    api_key: str | None = None,
    archive: bool = False,
    **kwargs: Any,
) -> Any:
    """Read what a query returns.

    A result of a query carries no types: in a frame, a column becomes numbers where each number can be
    written back as it was read, and texts otherwise. Name types in `dtypes` where that is not what you need.

    Parameters
    ----------
    sql : str
        One or more statements; the rows of the last one that returns any are read.
    database : str or int
        Name or ID of the database.
    return_as : {"list", "pandas", "polars", "arrow"}, default "list"
        A list of lists of str whose first row is the header, a pandas or polars frame, or a `pyarrow.Table`.
    use_pandas : bool, optional
        Older spelling of ``return_as="pandas"``.
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
    dtypes : {"string"} or mapping of str to str, optional
        ``"string"`` leaves every value a text; a mapping gives SQL types such as ``{"zip": "varchar"}``.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes received.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the script afterwards.
    **kwargs
        Passed to `pandas.read_csv` or `polars.read_csv`, which then decide about types.

    Returns
    -------
    list of list of str, pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    EmptyResultError
        If the query returned no rows.
    CivisJobFailure
        If the SQL failed.
    ImportError
        If the library for `return_as` is not installed.
    ValueError
        If an argument cannot be what it is.

    Examples
    --------
    >>> import civis
    >>> civis.io.read_civis_sql("SELECT 1 AS one", "local")  # doctest: +SKIP
    [['one'], ['1']]
    """
    kind = resolve_return_as(return_as, use_pandas)
    options = _options(kind, encoding, dtypes, kwargs)
    job = SqlJob(sql, database, job_name, credential_id, sql_params_arguments, hidden)
    return _read(pick_client(client, api_key), job, options, polling_interval, progress, archive)


def _options(
    return_as: str, encoding: str | None, dtypes: str | Mapping[str, str] | None, arguments: Mapping[str, Any]
) -> ReadOptions:
    """Gather how to read, and refuse what cannot be read so."""
    if isinstance(dtypes, str) and dtypes != "string":
        raise ValueError(f"dtypes is 'string' or a mapping of columns to SQL types, not {dtypes!r}")
    types = _lowered(dtypes) if isinstance(dtypes, Mapping) else {}
    options = ReadOptions(return_as, encoding, types, dtypes == "string", arguments)
    check_reader(options)
    return options


def _lowered(types: Mapping[str, str]) -> dict[str, str]:
    """Key by names in small letters."""
    return {name.lower(): sql_type for name, sql_type in types.items()}


def _read(
    client: APIClient,
    job: SqlJob,
    options: ReadOptions,
    polling_interval: float | None,
    progress: bool | Progress | None,
    archive: bool,
) -> Any:
    """Run the export, then read its output as it comes."""
    job_id, run_id = start_export(client, job, CsvSettings())
    try:
        output = run_to_output(client, (job_id, run_id), polling_interval)
    finally:
        if archive:
            archive_script(client, job_id)

    def fresh_url() -> str:
        run = client.scripts.get_sql_runs(job_id, run_id)
        return str(run.output[0].path)

    with (
        show_progress(progress, None, "download") as advance,
        open_download(
            output.path,
            inflate=True,
            progress=advance,
            refresh_url=fresh_url,
            transport=transport_of(client),
        ) as stream,
    ):
        return read_result(stream, options)


def _column_types(
    client: APIClient, table: str, database: str | int, credential_id: int | None
) -> dict[str, str]:
    """Ask for the table's columns; nothing is known of one that the platform has not looked at yet."""
    schema, name = split_schema_tablename(table)
    if schema is None:
        return {}
    database_id = client.get_database_id(database)
    extra = {} if credential_id is None else {"credential_id": credential_id}
    try:
        found = client.databases.get_schemas_tables(database_id, schema, name, **extra)
    except CivisAPIError:
        # A view, a new table, a key that may not look: the query itself will tell what is wrong, if anything
        # is.
        return {}
    return {
        str(column.name): str(column.sql_type) for column in found.get("columns") or () if column.sql_type
    }


def _selection(columns: Sequence[str] | None, known: Mapping[str, str]) -> str:
    """Write what follows SELECT; the table's own columns are quoted where they are no plain name."""
    if columns is None:
        return "*"
    if isinstance(columns, str):
        raise TypeError(f"columns has to be a list of names, not the text {columns!r}; write [{columns!r}]")
    if not columns:
        raise ValueError("columns is empty; leave it out to read all")
    names = {name.lower(): name for name in known}
    return ", ".join(_column(column, names) for column in columns)


def _column(column: str, names: Mapping[str, str]) -> str:
    """Quote a column of the table; leave everything else, which is an expression, as written."""
    name = names.get(column.lower())
    if name is not None:
        return quote_name(name)
    return column if not _PLAIN.fullmatch(column) or not names else quote_name(column)

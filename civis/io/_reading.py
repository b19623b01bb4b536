"""Tables and queries read into lists, frames and Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from civis._errors import CivisAPIError
from civis.io._archiving import warn_of_archive
from civis.io._arguments import resolve_return_as
from civis.io._dtypes import Dtypes, read_options
from civis.io._file_clients import pick_client
from civis.io._query_results import Export, check_parallel, read_export
from civis.io._readers import ReadOptions
from civis.io._results import types_by_name
from civis.io._sql_jobs import SqlJob
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
    dtypes: Dtypes = None,
    dtype_backend: str | None = None,
    parallel: bool = False,
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
        The columns to read, in that order; by default all. A text that is no column of the table is taken
        as an expression.
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
    dtypes : {"database", "infer", "string"} or mapping of str to str, optional
        Where the columns' types come from: the database as far as it tells them (the default), the values, or
        nowhere (``"string"``: every value stays a text). A mapping gives SQL types by column, such as
        ``{"zip": "varchar"}``, and leaves the other columns to the database.
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        The dtypes of a pandas frame, as for `pandas.read_csv`. By default those of NumPy, and nullable ones
        where NumPy's would change a value.
    parallel : bool, default False
        Have the result written to several files, and fetch and parse these together: for results of some
        hundred megabytes. Rows come in the files' order.
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
    options = read_options(resolve_return_as(return_as, use_pandas), encoding, dtypes, dtype_backend, kwargs)
    warn_of_archive(archive)
    check_parallel(parallel, options)
    client = pick_client(client, api_key)
    is_plain_list = options.return_as == "list" and columns is None
    known = {} if is_plain_list else _column_types(client, table, database, credential_id)
    if options.needs_types:
        types = types_by_name(known.items())
        # Types of all that is read are known then, unless there are expressions.
        options = replace(
            options,
            sql_types={**types, **options.sql_types},
            uses_database=not known or columns is not None,
            placed_types=tuple(known.items()) if columns is None else (),
        )
    selection = _selection(columns, known)
    if _needs_marker(columns, known, options):
        # In a lone column NULL and "" look alike; beside another one they do not.
        selection, options = f"{selection}, 1 AS civis_row", replace(options, drops_last=True)
    sql = f"SELECT {selection} FROM {table_reference(table)}"  # noqa: S608 - quoted names
    export = Export(
        SqlJob(sql, database, job_name, credential_id, None, hidden), polling_interval, archive, parallel
    )
    return read_export(client, export, options, progress)


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
    dtypes: Dtypes = None,
    dtype_backend: str | None = None,
    parallel: bool = False,
    progress: bool | Progress | None = None,
    api_key: str | None = None,
    archive: bool = False,
    **kwargs: Any,
) -> Any:
    """Read what a query returns.

    Columns have the types that the platform gives for the result. Where it gives none, a column becomes
    numbers if each number can be written back as it was read, and texts otherwise; name types in `dtypes`
    where that is not what you need.

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
    dtypes : {"database", "infer", "string"} or mapping of str to str, optional
        Where the columns' types come from: the database as far as it tells them (the default), the values, or
        nowhere (``"string"``: every value stays a text). A mapping gives SQL types by column, such as
        ``{"zip": "varchar"}``, and leaves the other columns to the database.
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        The dtypes of a pandas frame, as for `pandas.read_csv`. By default those of NumPy, and nullable ones
        where NumPy's would change a value.
    parallel : bool, default False
        Have the result written to several files, and fetch and parse these together: for results of some
        hundred megabytes. Rows come in the files' order.
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
    options = read_options(resolve_return_as(return_as, use_pandas), encoding, dtypes, dtype_backend, kwargs)
    warn_of_archive(archive)
    check_parallel(parallel, options)
    job = SqlJob(sql, database, job_name, credential_id, sql_params_arguments, hidden)
    export = Export(job, polling_interval, archive, parallel)
    return read_export(pick_client(client, api_key), export, options, progress)


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
        # A view, a new table, a key that may not look: the query itself will tell what is wrong, if anything.
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
    # A name as it is written comes before those that differ from it in case.
    names = {**{name.lower(): name for name in known}, **{name: name for name in known}}
    return ", ".join(_column(column, names) for column in columns)


def _column(column: str, names: Mapping[str, str]) -> str:
    """Quote a column of the table; leave everything else, which is an expression, as written."""
    name = names.get(column) or names.get(column.lower())
    if name is not None:
        return quote_name(name)
    return column if not _PLAIN.fullmatch(column) or not names else quote_name(column)


def _needs_marker(columns: Sequence[str] | None, known: Mapping[str, str], options: ReadOptions) -> bool:
    """Whether the one column that is read is a text, whose NULL and ``""`` are exported alike."""
    if options.return_as == "list" or options.arguments:
        return False
    types = {name.lower(): sql_type.lower() for name, sql_type in known.items()}
    names = list(types) if columns is None else [column.lower() for column in columns]
    return len(names) == 1 and any(word in types.get(names[0], "") for word in ("char", "text"))

"""Files and frames written into tables."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis._deprecation import warn_deprecated
from civis.io._archiving import archive_import_when_done, warn_of_archive
from civis.io._arguments import delimiter_name
from civis.io._declaring import declare, declare_keys
from civis.io._file_clients import pick_client
from civis.io._files import file_to_civis
from civis.io._frame_csv import frame_buffer, write_frame
from civis.io._frames import as_frame
from civis.io._loading import TableLoad, check_load, load_files, start_import
from civis.io._preprocessing import PreparedFiles, soon

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient
    from civis.futures import CivisFuture

__all__ = ["civis_file_to_table", "csv_to_civis", "dataframe_to_civis"]


def civis_file_to_table(
    file_id: int | Sequence[int],
    database: str | int,
    table: str,
    client: APIClient | None = None,
    max_errors: int | None = None,
    existing_table_rows: str = "fail",
    diststyle: str | None = None,
    distkey: str | None = None,
    sortkey1: str | None = None,
    sortkey2: str | None = None,
    table_columns: Sequence[Mapping[str, str]] | None = None,
    primary_keys: Sequence[str] | None = None,
    last_modified_keys: Sequence[str] | None = None,
    escaped: bool = False,
    execution: str = "immediate",
    delimiter: str | None = None,
    headers: bool | None = None,
    credential_id: int | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    api_key: str | None = None,
    archive: bool = False,
) -> CivisFuture:
    """Load CSV files that are on the platform into a table.

    Parameters
    ----------
    file_id : int or sequence of int
        The file, or several that agree in columns, header, delimiter and compression.
    database : str or int
        Name or ID of the database.
    table : str
        ``"schema.table"``; it is made if it does not exist.
    client : civis.APIClient, optional
        By default one made from the environment.
    max_errors : int, optional
        How many rows may be left out before the import fails.
    existing_table_rows : {"fail", "truncate", "append", "drop", "upsert"}, default "fail"
        What becomes of the rows of a table that exists.
    diststyle, distkey, sortkey1, sortkey2 : str, optional
        Of a new table, on Redshift.
    table_columns : sequence of mapping, optional
        ``{"name", "sql_type"}`` a column; all or none with a type. By default found out. Names that are those
        of the files' header mean these columns, in whatever order; other names rename, in the files' order.
    primary_keys, last_modified_keys : sequence of str, optional
        The columns by which an upsert matches rows, and by which it tells the newer one.
    escaped : bool, default False
        Whether quotes in the files are escaped by a backslash.
    execution : {"immediate", "delayed", "incremental"}, default "immediate"
        When rows are deduplicated in an upsert.
    delimiter : str, optional
        A comma, a tab or a pipe. By default found out.
    headers : bool, optional
        Whether the first row holds names; by default found out.
    credential_id : int, optional
        The credential to use; by default the user's default.
    polling_interval : float, optional
        Seconds between looks at the jobs.
    hidden : bool, default True
        Whether the jobs stay out of lists.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the import afterwards.

    Returns
    -------
    CivisFuture
        The import. The table holds the rows when its ``.result()`` returns; if it fails, the table is as
        it was before.

    Raises
    ------
    CivisImportError
        If the table exists and `existing_table_rows` is "fail", a file is no CSV, or files do not agree.
    ValueError
        If an argument cannot be what it is, or there is no such database.

    Examples
    --------
    >>> import civis
    >>> civis.io.civis_file_to_table(99, "local", "public.flights").result()  # doctest: +SKIP
    """
    given: Iterable[Any] = (file_id,) if isinstance(file_id, (int, str)) else file_id
    file_ids = [int(each) for each in given]
    if not file_ids:
        raise ValueError("there is no file to load: file_id is an empty list")
    load = TableLoad(
        database, table, max_errors, existing_table_rows, diststyle, distkey, sortkey1, sortkey2,
        table_columns,
        delimiter, headers, credential_id, primary_keys, last_modified_keys, escaped, execution,
        polling_interval,
        hidden,
    )  # fmt: skip
    warn_of_archive(archive)
    client = pick_client(client, api_key)
    destination = check_load(client, load)
    return _started(client, load_files(client, file_ids, load, destination), archive)


def csv_to_civis(
    filename: str | os.PathLike[str],
    database: str | int,
    table: str,
    client: APIClient | None = None,
    max_errors: int | None = None,
    existing_table_rows: str = "fail",
    diststyle: str | None = None,
    distkey: str | None = None,
    sortkey1: str | None = None,
    sortkey2: str | None = None,
    table_columns: Sequence[Mapping[str, str]] | None = None,
    delimiter: str = ",",
    headers: bool | None = None,
    primary_keys: Sequence[str] | None = None,
    last_modified_keys: Sequence[str] | None = None,
    escaped: bool = False,
    execution: str = "immediate",
    credential_id: int | None = None,
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    progress: bool | Progress | None = None,
    api_key: str | None = None,
    archive: bool = False,
) -> CivisFuture:
    """Load a CSV file of this machine into a table.

    Parameters
    ----------
    filename : path
        The file; it may be gzip or zip.
    database : str or int
        Name or ID of the database.
    table : str
        ``"schema.table"``; it is made if it does not exist.
    client : civis.APIClient, optional
        By default one made from the environment.
    max_errors : int, optional
        How many rows may be left out before the import fails.
    existing_table_rows : {"fail", "truncate", "append", "drop", "upsert"}, default "fail"
        What becomes of the rows of a table that exists.
    diststyle, distkey, sortkey1, sortkey2 : str, optional
        Of a new table, on Redshift.
    table_columns : sequence of mapping, optional
        ``{"name", "sql_type"}`` a column; all or none with a type. By default found out. Names that are those
        of the file's header mean these columns, in whatever order; other names rename, in the file's order.
    delimiter : str, default ","
        What stands between values: a comma, a tab or a pipe.
    headers : bool, optional
        Whether the first row holds names; by default found out.
    primary_keys, last_modified_keys : sequence of str, optional
        The columns by which an upsert matches rows, and by which it tells the newer one.
    escaped : bool, default False
        Whether quotes in the file are escaped by a backslash.
    execution : {"immediate", "delayed", "incremental"}, default "immediate"
        When rows are deduplicated in an upsert.
    credential_id : int, optional
        The credential to use; by default the user's default.
    polling_interval : float, optional
        Seconds between looks at the jobs.
    hidden : bool, default True
        Whether the jobs stay out of lists.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes sent.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the import afterwards.

    Returns
    -------
    CivisFuture
        The import. The table holds the rows when its ``.result()`` returns; if it fails, the table is as
        it was before.

    Raises
    ------
    CivisImportError
        If the table exists and `existing_table_rows` is "fail", or the file is no CSV.
    FileNotFoundError
        If there is no such file.
    ValueError
        If an argument cannot be what it is, or there is no such database.

    Examples
    --------
    >>> import civis
    >>> future = civis.io.csv_to_civis("flights.csv", "local", "public.flights")  # doctest: +SKIP
    >>> future.result().state  # doctest: +SKIP
    'succeeded'
    """
    load = TableLoad(
        database, table, max_errors, existing_table_rows, diststyle, distkey, sortkey1, sortkey2,
        table_columns,
        delimiter, headers, credential_id, primary_keys, last_modified_keys, escaped, execution,
        polling_interval,
        hidden,
    )  # fmt: skip
    path = Path(filename)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    warn_of_archive(archive)
    client = pick_client(client, api_key)
    destination = check_load(client, load)
    file_id = file_to_civis(path, path.name, soon(), client=client, progress=progress)
    return _started(client, load_files(client, [file_id], load, destination), archive)


def dataframe_to_civis(
    df: Any,
    database: str | int,
    table: str,
    client: APIClient | None = None,
    max_errors: int | None = None,
    existing_table_rows: str = "fail",
    diststyle: str | None = None,
    distkey: str | None = None,
    sortkey1: str | None = None,
    sortkey2: str | None = None,
    table_columns: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
    credential_id: int | None = None,
    primary_keys: Sequence[str] | None = None,
    last_modified_keys: Sequence[str] | None = None,
    execution: str = "immediate",
    polling_interval: float | None = None,
    hidden: bool = True,
    *,
    headers: bool | None = None,
    delimiter: str | None = None,
    progress: bool | Progress | None = None,
    api_key: str | None = None,
    archive: bool = False,
    **kwargs: Any,
) -> CivisFuture:
    """Load a frame into a table.

    A new table's types are those of the frame's columns (see the page on data); NULL and the empty text stay
    apart; lists and dicts become JSON. Columns are appended to a table by their names, in whatever order.

    Parameters
    ----------
    df : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Or a series of pandas, or what offers itself to Arrow, such as a batch, a reader of batches or a
        relation of DuckDB. The index of a pandas frame is left out unless ``index=True`` is passed.
    database : str or int
        Name or ID of the database.
    table : str
        ``"schema.table"``; it is made if it does not exist.
    client : civis.APIClient, optional
        By default one made from the environment.
    max_errors : int, optional
        How many rows may be left out before the import fails.
    existing_table_rows : {"fail", "truncate", "append", "drop", "upsert"}, default "fail"
        What becomes of the rows of a table that exists.
    diststyle, distkey, sortkey1, sortkey2 : str, optional
        Of a new table, on Redshift.
    table_columns : mapping or sequence of mapping, optional
        ``{column: sql_type}`` for the columns whose type is not to be that of the frame; or all columns as
        ``{"name", "sql_type"}``, all or none with a type. By default those of the frame. Names that are those
        of the frame mean these columns, in whatever order; other names rename, in the frame's order.
    credential_id : int, optional
        The credential to use; by default the user's default.
    primary_keys, last_modified_keys : sequence of str, optional
        The columns by which an upsert matches rows, and by which it tells the newer one. These and the other
        keys may be spelled as in the frame or as in the table.
    execution : {"immediate", "delayed", "incremental"}, default "immediate"
        When rows are deduplicated in an upsert.
    polling_interval : float, optional
        Seconds between looks at the jobs.
    hidden : bool, default True
        Whether the jobs stay out of lists.
    headers : bool, optional
        Older argument; the file that is made always says itself whether it has a header.
    delimiter : str, optional
        What stands between values on the way: a comma (the default), a tab or a pipe.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes sent.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key=...)``.
    archive : bool, default False
        Older spelling: archive the import afterwards.
    **kwargs
        Passed to `pandas.DataFrame.to_csv` or `polars.DataFrame.write_csv`: those that say what is written,
        such as ``index``, ``columns``, ``date_format``. A formatted column of a new table keeps its type, or
        that of another day or time, if its texts have the form of one; else it becomes a text.

    Returns
    -------
    CivisFuture
        The import. The table holds the rows when its ``.result()`` returns; if it fails, the table is as
        it was before.

    Raises
    ------
    CivisImportError
        If the table exists and `existing_table_rows` is "fail".
    TypeError
        If `df` is no frame, a column holds what no table can, or the CSV writer cannot be told so.
    ValueError
        If an argument cannot be what it is, the frame has no columns, two of them would get one name in the
        table, a key is no column, or there is no such database.

    Examples
    --------
    >>> import civis
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"id": [1, 2], "zip": ["02116", None]})
    >>> future = civis.io.dataframe_to_civis(frame, "local", "public.zips")  # doctest: +SKIP
    >>> future.result().state  # doctest: +SKIP
    'succeeded'
    """
    if headers is not None:
        warn_deprecated("headers=", since="2.0.0", instead="nothing: the header is known", stacklevel=2)
    df = as_frame(df)
    if delimiter is not None:
        kwargs.setdefault("sep" if hasattr(df, "to_csv") else "separator", delimiter)
    overrides = table_columns if isinstance(table_columns, Mapping) else {}
    load = TableLoad(
        database, table, max_errors, existing_table_rows, diststyle, distkey, sortkey1, sortkey2,
        None if isinstance(table_columns, Mapping) else table_columns,
        None, None, credential_id, primary_keys, last_modified_keys, False, execution, polling_interval,
        hidden,
    )  # fmt: skip
    warn_of_archive(archive)
    client = pick_client(client, api_key)
    destination = check_load(client, load)
    with frame_buffer(df) as content:
        written = write_frame(df, content, kwargs)
        declared = declare(written, load, destination, overrides)
        load = declare_keys(replace(load, table_columns=declared), written.names, destination)
        file_id = file_to_civis(content, f"{table}.csv", soon(), client=client, progress=progress)
    files = PreparedFiles((file_id,), written.has_header, delimiter_name(written.delimiter), "none", None)
    return _started(client, start_import(client, files, load), archive)


def _started(client: APIClient, future: CivisFuture, archive: bool) -> CivisFuture:
    """Give the future of an import, to be archived if that was asked for."""
    if archive and future.job_id is not None:
        archive_import_when_done(client, future, future.job_id)
    return future

"""What runs produced already, read without running anything again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from civis._errors import EmptyResultError
from civis._http import SignedUrl, open_download
from civis._names import suggestion
from civis.futures import CivisFuture
from civis.io._arguments import DELIMITERS, delimiter_name, resolve_return_as
from civis.io._dtypes import Dtypes, read_options
from civis.io._file_clients import pick_client, transport_of
from civis.io._file_downloads import find_file, fresh_url
from civis.io._file_values import file_to_dataframe
from civis.io._frame_formats import columnar_format
from civis.io._progress import show_progress
from civis.io._readers import read_result
from civis.io._results import Part, manifest_parts, open_parts, with_types

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient

__all__ = ["read_run", "read_script"]

_SQL = "JobTypes::SqlRunner"
_RUNS_PAGE = 50


def read_run(
    job_id: int,
    run_id: int,
    *,
    output: str | None = None,
    return_as: str = "list",
    encoding: str | None = None,
    dtypes: Dtypes = None,
    dtype_backend: str | None = None,
    delimiter: str | None = None,
    client: APIClient | None = None,
    polling_interval: float | None = None,
    progress: bool | Progress | None = None,
    **kwargs: Any,
) -> Any:
    """Read the table that a run produced, of a SQL script or any other job whose output is a file.

    Nothing is started; a run that is still going on is waited for.

    Parameters
    ----------
    job_id, run_id : int
        The IDs of the job and of the run.
    output : str, optional
        The name of the output; needed where the run has several files. One whose name ends in ``.parquet`` or
        ``.feather`` is read as that, every other one as CSV, plain or gzip.
    return_as : {"list", "pandas", "polars", "arrow"}, default "list"
        A list of lists of str whose first row is the header, a pandas or polars frame, or a `pyarrow.Table`.
    encoding : str, optional
        The character set of the file; by default UTF-8.
    dtypes : {"database", "infer", "string"} or mapping of str to str, optional
        As for `read_civis_sql`.
    dtype_backend : {"numpy_nullable", "pyarrow"}, optional
        The dtypes of a pandas frame.
    delimiter : str, optional
        A comma, a tab or a pipe. By default what the platform knows of the file, else a comma.
    client : civis.APIClient, optional
        By default one made from the environment.
    polling_interval : float, optional
        Seconds between looks at a run that is going on.
    progress : bool or callable, optional
        Show a bar, or call this with the number of further bytes received.
    **kwargs
        Passed to the library's reader, which then decides about types.

    Returns
    -------
    list of list of str, pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    EmptyResultError
        If the run has no output file.
    CivisJobFailure
        If the run failed.
    ValueError
        If there are several files and none was named, or none is called so.

    Examples
    --------
    >>> import civis
    >>> civis.io.read_run(3000, 3001, return_as="pandas")  # doctest: +SKIP
    """
    options = read_options(resolve_return_as(return_as, None), encoding, dtypes, dtype_backend, kwargs)
    if delimiter is not None:
        delimiter_name(delimiter)
    client = pick_client(client)
    outputs = CivisFuture.attach(job_id, run_id, client, polling_interval).outputs()
    file_id, name = _choose([each for each in outputs if each.object_type == "File"], output, job_id, run_id)
    if columnar_format(name, None) is not None:
        if options.return_as == "list":
            raise ValueError(f"{name!r} is no CSV file; ask for return_as='pandas', 'polars' or 'arrow'")
        return file_to_dataframe(file_id, options.return_as, client=client, **kwargs)
    shape = _shape(client, job_id, file_id)
    with show_progress(progress, None, "download") as advance:
        parts, names = _parts(client, file_id, shape)
        options = replace(
            with_types(client, options, parts[0].file_id),
            delimiter=delimiter or shape.delimiter,
            names=names,
            has_header=shape.has_header,
        )
        return read_result(open_parts(client, parts, advance), options)


def read_script(
    script_id: int,
    *,
    output: str | None = None,
    return_as: str = "list",
    encoding: str | None = None,
    dtypes: Dtypes = None,
    dtype_backend: str | None = None,
    delimiter: str | None = None,
    client: APIClient | None = None,
    progress: bool | Progress | None = None,
    **kwargs: Any,
) -> Any:
    """Read the table that the last successful run of a script produced. Nothing is started.

    Parameters
    ----------
    script_id : int
        The ID of the script, or of any other job.
    output, return_as, encoding, dtypes, dtype_backend, delimiter, client, progress, **kwargs
        As for `read_run`.

    Returns
    -------
    list of list of str, pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    EmptyResultError
        If no run of it has succeeded, or the last one that did has no output file.

    Examples
    --------
    >>> import civis
    >>> civis.io.read_script(3000, return_as="polars")  # doctest: +SKIP
    """
    client = pick_client(client)
    runs = client.jobs.list_runs(script_id, limit=_RUNS_PAGE, order="id", order_dir="desc", iterator=True)
    run_id = next((int(run.id) for run in runs if run.state == "succeeded"), None)
    if run_id is None:
        raise EmptyResultError(f"no run of script {script_id} has succeeded yet, so there is nothing to read")
    return read_run(
        script_id,
        run_id,
        output=output,
        return_as=return_as,
        encoding=encoding,
        dtypes=dtypes,
        dtype_backend=dtype_backend,
        delimiter=delimiter,
        client=client,
        progress=progress,
        **kwargs,
    )


@dataclass(frozen=True)
class _Shape:
    """What the platform knows of a CSV file: delimiter, header, and whether it lists others."""

    delimiter: str = ","
    names: list[str] | None = None
    is_manifest: bool = False
    has_header: bool | None = None


def _choose(files: list[Any], output: str | None, job_id: int, run_id: int) -> tuple[int, str]:
    """Pick the output that is meant."""
    names = [str(file.name) for file in files]
    where = f"job {job_id} / run {run_id}"
    if not files:
        raise EmptyResultError(f"{where} has no output file: it returned no rows")
    if output is None:
        if len(files) > 1:
            raise ValueError(f"{where} has several output files; name one with output=: {', '.join(names)}")
        return int(files[0].object_id), names[0]
    if output not in names:
        raise ValueError(f"{where} has no output file {output!r}.{suggestion(output, names)}")
    return int(files[names.index(output)].object_id), output


def _shape(client: APIClient, job_id: int, file_id: int) -> _Shape:
    """Find out how a file is written: by what was detected of it, else by the settings of the SQL script."""
    found: Mapping[str, Any] = client.files.get(file_id).get("detected_info") or {}
    settings: Mapping[str, Any] = {}
    if client.jobs.get(job_id).type == _SQL:
        settings = client.scripts.get_sql(job_id).get("csv_settings") or {}
    word = found.get("column_delimiter") or settings.get("column_delimiter") or "comma"
    delimiters = {name: character for character, name in DELIMITERS.items()}
    has_header = found.get("include_header")
    if has_header is None:
        has_header = settings.get("include_header")
    names = [str(column["name"]) for column in found.get("table_columns") or ()]
    is_bare = has_header is False
    return _Shape(
        delimiters.get(str(word), ","),
        names if is_bare else None,
        bool(settings.get("force_multifile")),
        # Nobody says whether each of several files begins with the names; only that none does is sure.
        False if is_bare else None,
    )


def _parts(client: APIClient, file_id: int, shape: _Shape) -> tuple[list[Part], list[str] | None]:
    """Give the files of a result, and the columns where the files may not name them."""
    url = SignedUrl(find_file(client, file_id).file_url)
    if shape.is_manifest:
        parts, names = manifest_parts(client, url)
        is_gzip = _is_gzip(client, parts[0].url)
        return [replace(part, inflates=is_gzip) for part in parts], names or shape.names
    return [Part(url, file_id, fresh_url(client, file_id), _is_gzip(client, url))], shape.names


def _is_gzip(client: APIClient, url: str) -> bool:
    """Look at the first bytes of a file.

    Raises
    ------
    ValueError
        If it is a ZIP archive, which cannot be read as it comes.
    """
    with open_download(url, transport=transport_of(client)) as stream:
        start = stream.read(4)
    if start == b"PK\x03\x04":
        raise ValueError("the output is a ZIP archive; fetch it with civis.io.civis_to_file")
    return start.startswith(b"\x1f\x8b")

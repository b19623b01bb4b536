"""Files of the platform: up, down, and found among the outputs of a run."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis._errors import CivisAPIError
from civis._http import Progress
from civis._names import suggestion
from civis.io._file_clients import pick_client
from civis.io._file_downloads import check_binary, download_to_handle, download_to_path, find_file
from civis.io._file_sources import FileLike, is_path, name_of, open_source
from civis.io._file_uploads import DEFAULT_EXPIRY, file_details, upload
from civis.io._keyword_names import also_named
from civis.io._progress import show_progress

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["civis_to_file", "file_id_from_run_output", "file_to_civis"]

OUTPUTS_PAGE = 50


@also_named("buf", "buf_or_path")
def file_to_civis(
    buf_or_path: FileLike,
    name: str | None = None,
    expires_at: str | datetime.datetime | None = DEFAULT_EXPIRY,
    description: str | None = None,
    client: APIClient | None = None,
    *,
    api_key: str | None = None,
    progress: bool | Progress | None = None,
    size: int | None = None,
    **kwargs: Any,
) -> int:
    """Upload a file.

    Parameters
    ----------
    buf_or_path : str or os.PathLike or file-like
        A path, or a handle; ``buf=`` is the same. A handle that can be rewound is sent from its beginning,
        whatever its position; a text handle is sent as the bytes under it, and an `io.StringIO` as UTF-8. A
        pipe of more than 50 MiB goes through a temporary file (in the folder that ``TMPDIR`` names, and gone
        with this call however it ends), unless `size` says how long it is: the platform is told the number
        of parts before the first one.
    name : str, optional
        The file's name on the platform. By default the last element of the path, or of the handle's `name`.
    expires_at : str or datetime.datetime or None, optional
        When the file expires, as an ISO 8601 string or a time (in UTC unless it says otherwise). By default
        in 30 days; None keeps it for ever.
    description : str, optional
        At most 512 characters.
    client : civis.APIClient, optional
        By default one made from the environment.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.
    progress : bool or callable, optional
        True shows a bar on a terminal, a callable is called with the number of further bytes sent. By default
        nothing is shown.
    size : int, optional
        How many bytes a pipe holds: it is then sent as it comes, in less than 100 MiB of memory. Of anything
        else it is checked.
    **kwargs
        Passed on to ``client.files.post``, or to ``client.files.post_multipart`` over 50 MiB.

    Returns
    -------
    int
        The ID of the file, which is complete on the platform.

    Raises
    ------
    TypeError
        When there is no name, or the handle cannot be read as bytes.
    ValueError
        When the description is too long, or `size` is not the size.
    civis.base.CivisTransferError
        When the bytes could not be sent; nothing was completed then.
    OSError
        When the source cannot be read, or there is no room for a pipe's temporary file.

    Examples
    --------
    >>> import civis
    >>> civis.io.file_to_civis("report.pdf", expires_at=None)  # doctest: +SKIP
    5001
    """
    details = file_details(name_of(buf_or_path, name), expires_at, description, kwargs)
    client = pick_client(client, api_key, wrappers=1)
    # What has a path and is no file, such as ``/dev/stdin``, is read once, as any pipe.
    path = buf_or_path if is_path(buf_or_path) and os.path.isfile(buf_or_path) else None
    with (
        open_source(buf_or_path, size) as source,
        show_progress(progress, source.size, details.name) as update,
    ):
        return upload(client, source, details, update, path=path)


@also_named("buf", "buf_or_path")
def civis_to_file(
    file_id: int,
    buf_or_path: FileLike,
    client: APIClient | None = None,
    *,
    api_key: str | None = None,
    progress: bool | Progress | None = None,
) -> None:
    """Download a file.

    Parameters
    ----------
    file_id : int
        The ID of the file.
    buf_or_path : str or os.PathLike or file-like
        Where to: a path, at which the file appears when it is complete (what was there before stays until
        then), or a handle that takes bytes.
    client : civis.APIClient, optional
        By default one made from the environment.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.
    progress : bool or callable, optional
        True shows a bar on a terminal, a callable is called with the number of further bytes received. By
        default nothing is shown.

    Raises
    ------
    civis.base.EmptyResultError
        When there is no such file or it has expired.
    civis.base.CivisTransferError
        When the file could not be received whole.

    Examples
    --------
    >>> import civis
    >>> civis.io.civis_to_file(5001, "report.pdf")  # doctest: +SKIP
    """
    path = Path(buf_or_path) if is_path(buf_or_path) else None
    handle = None if path else check_binary(buf_or_path)
    client = pick_client(client, api_key, wrappers=1)
    file = find_file(client, file_id)
    with show_progress(progress, file.get("file_size"), str(file.name)) as update:
        if path is not None:
            download_to_path(client, file, path, update)
        elif handle is not None:
            download_to_handle(client, file, handle, update)


def file_id_from_run_output(
    name: str,
    job_id: int,
    run_id: int,
    regex: bool = False,
    client: APIClient | None = None,
    *,
    api_key: str | None = None,
) -> int:
    """Find the ID of a file among the outputs of a run.

    Parameters
    ----------
    name : str
        The name of the output.
    job_id, run_id : int
        The IDs of the job and of the run.
    regex : bool, optional
        Whether `name` is a regular expression, which is searched for in the names. By default it is not.
    client : civis.APIClient, optional
        By default one made from the environment.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.

    Returns
    -------
    int
        The ID of the newest file whose name is the one wanted.

    Raises
    ------
    OSError
        When there is no such job or run.
    FileNotFoundError
        When the run has no such output; the message names some that are near.

    Examples
    --------
    >>> import civis
    >>> civis.io.file_id_from_run_output("model.pkl", 3000, 3001)  # doctest: +SKIP
    5001
    """
    client = pick_client(client, api_key)
    files = _output_files(client, job_id, run_id)
    matches = re.compile(name).search if regex else re.compile(re.escape(name)).fullmatch
    for file in files:
        if matches(str(file.name)):
            return int(file.object_id)
    kind = "matches" if regex else "is"
    raise FileNotFoundError(
        f"no output file of job {job_id} / run {run_id} {kind} {name!r}; it has {len(files)} output files."
        f"{suggestion(name, [str(file.name) for file in files])}"
    )


def _output_files(client: APIClient, job_id: int, run_id: int) -> list[Any]:
    """Give the output files of a run, over all pages, the newest first."""
    try:
        outputs = list(client.jobs.list_runs_outputs(job_id, run_id, limit=OUTPUTS_PAGE, iterator=True))
    except CivisAPIError as error:
        if error.status_code != 404:
            raise
        raise OSError(
            f"there is no job {job_id} / run {run_id} on the platform, or it is not shared with you"
        ) from error
    return [output for output in outputs if output.object_type == "File"]

"""Files of the platform as a filesystem of fsspec: ``civis://file/123``.

fsspec loads it, `import civis` never does. It knows names and listings; bytes come by ranges from
`civis._http`. Nothing can be written by it.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]

from civis._errors import CivisAPIError, EmptyResultError
from civis._http import Link, PieceReader, open_download, shared_transport
from civis._names import suggestion
from civis.io._file_clients import pick_client, transport_of
from civis.io._file_downloads import find_file, fresh_url
from civis.io._files import civis_to_file, file_id_from_run_output

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["CivisFile", "CivisFileSystem"]

#: What a path names, and the groups of it that say which one. What follows a file's ID is for readers that
#: look at the end of a name, and means nothing here.
_FILE = re.compile(r"file/(\d+)(?:/.*)?")
_IN_PROJECT = re.compile(r"project/(\d+)/(.+)")
_IN_RUN = re.compile(r"run/(\d+)/(\d+)/(.+)")
_FOLDERS = re.compile(r"|file|run(/\d+){0,2}|project(/\d+)?")
_FORMS = "file/ID, project/ID/NAME or run/JOB_ID/RUN_ID/NAME"


class CivisFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Files of Civis Platform, read by ranges.

    ``civis://file/123`` is a file by its ID (anything may follow: ``civis://file/123/flights.parquet``),
    ``civis://project/45/flights.csv`` the newest file of that name in a project, and
    ``civis://run/3000/3001/flights.csv`` an output of a run, by the IDs of job and run.

    Parameters
    ----------
    client : civis.APIClient, optional
        By default one made from the environment, when it is first needed.
    **storage_options
        Passed on to `fsspec.AbstractFileSystem`.

    Examples
    --------
    >>> import pandas
    >>> pandas.read_parquet("civis://file/5001", columns=["origin"])  # doctest: +SKIP
    >>> import fsspec
    >>> fsspec.filesystem("civis").ls("project/45")  # doctest: +SKIP
    ['project/45/flights.csv']
    """

    protocol = "civis"
    # Instances are cheap, and two clients must not be taken for one because they look alike.
    cachable = False

    def __init__(self, client: APIClient | None = None, **storage_options: Any) -> None:
        super().__init__(**storage_options)
        self._given = client

    @cached_property
    def client(self) -> APIClient:
        """The client by which files are found."""
        return pick_client(self._given)

    @property
    def fsid(self) -> str:
        """A name for all that is reached by this client."""
        return f"civis_{getattr(self.client, 'endpoint', '')}"

    def file_id(self, path: str) -> int:
        """Find the ID of the file at a path.

        Parameters
        ----------
        path : str
            With or without ``civis://``.

        Returns
        -------
        int

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        path = self._strip_protocol(path)
        if found := _FILE.fullmatch(path):
            return int(found[1])
        if found := _IN_RUN.fullmatch(path):
            return file_id_from_run_output(found[3], int(found[1]), int(found[2]), client=self.client)
        if found := _IN_PROJECT.fullmatch(path):
            files = self._project_files(int(found[1]))
            if found[2] in files:
                return int(files[found[2]]["id"])
            raise FileNotFoundError(
                f"project {found[1]} has no file {found[2]!r}; it has {len(files)} files."
                f"{suggestion(found[2], list(files))}"
            )
        raise FileNotFoundError(f"civis://{path} names no file: give {_FORMS}")

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Describe a file or a folder: ``name``, ``size`` in bytes, ``type``, and of a file ``id``.

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        path = self._strip_protocol(path)
        if _FOLDERS.fullmatch(path):
            return {"name": path, "size": 0, "type": "directory"}
        return self._info(path, self.file_id(path))

    def ls(self, path: str, detail: bool = False, **kwargs: Any) -> list[Any]:
        """List the files of a project or the outputs of a run; other folders do not tell what they hold."""
        path = self._strip_protocol(path)
        if not _FOLDERS.fullmatch(path):
            found = [self.info(path)]
        elif path == "":
            found = [self.info(name) for name in ("file", "project", "run")]
        elif path.startswith("project/"):
            found = self._project_entries(path)
        elif path.count("/") == 2:
            found = self._run_entries(path)
        else:
            found = []
        return found if detail else [entry["name"] for entry in found]

    def created(self, path: str) -> datetime.datetime:
        """Give when a file was made."""
        text = str(self.info(path)["created"])
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))

    def modified(self, path: str) -> datetime.datetime:
        """Give when a file's content was changed for the last time: it never is."""
        return self.created(path)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        """Give the bytes of a file, or those from `start` to before `end` (negative: from its end)."""
        if start is not None or end is not None:
            content: bytes = super().cat_file(path, start, end, cache_type="none", **kwargs)
            return content
        file = self._find(self.file_id(path))
        again = fresh_url(self.client, int(file.id))
        with open_download(file.file_url, refresh_url=again, transport=transport_of(self.client)) as stream:
            return stream.read()

    def get_file(self, rpath: str, lpath: Any, callback: Any = None, **kwargs: Any) -> None:
        """Download a file, which appears under its name here when it is complete."""
        if self.isdir(rpath):
            super().get_file(rpath, lpath, **kwargs)
            return
        progress = None if callback is None else callback.relative_update
        civis_to_file(self.file_id(rpath), lpath, client=self.client, progress=progress)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        **kwargs: Any,
    ) -> CivisFile:
        """Open a file for reading."""
        if mode != "rb":
            raise io.UnsupportedOperation(
                f"civis:// is for reading, and mode is {mode!r}: write with civis.io.file_to_civis"
            )
        file_id = self.file_id(path)
        file = self._find(file_id)
        transport = transport_of(self.client) or shared_transport()
        reader = PieceReader(Link(str(file.file_url), fresh_url(self.client, file_id)), transport)
        size = file.get("file_size")
        if size is None:
            reader.fetch(0, 1)
            size = reader.version.length
        kwargs = {key: value for key, value in kwargs.items() if value is not None}
        return CivisFile(self, path, reader.fetch, int(size or 0), block_size, **kwargs)

    def _find(self, file_id: int) -> Any:
        """Give a file that has content."""
        try:
            return find_file(self.client, file_id)
        except EmptyResultError as error:
            raise FileNotFoundError(str(error)) from error

    def _info(self, path: str, file_id: int) -> dict[str, Any]:
        """Describe a file."""
        file = self._find(file_id)
        return _entry(path, file_id, file.get("file_size"), file.get("created_at"))

    def _project_files(self, project_id: int) -> dict[str, Any]:
        """Give the files of a project by their names; of those with one name, the newest."""
        try:
            files = self.client.projects.get(project_id).files
        except CivisAPIError as error:
            raise _not_there(error, f"project {project_id}") from error
        return {file["file_name"]: file for file in sorted(files, key=lambda file: int(file["id"]))}

    def _project_entries(self, path: str) -> list[dict[str, Any]]:
        """Describe the files of a project."""
        files = self._project_files(int(path.partition("/")[2]))
        return [
            _entry(f"{path}/{name}", file["id"], file["file_size"], file["created_at"])
            for name, file in files.items()
        ]

    def _run_entries(self, path: str) -> list[dict[str, Any]]:
        """Describe the output files of a run, whose sizes are asked for one by one."""
        _, job_id, run_id = path.split("/")
        try:
            outputs = list(self.client.jobs.list_runs_outputs(int(job_id), int(run_id), iterator=True))
        except CivisAPIError as error:
            raise _not_there(error, f"job {job_id} / run {run_id}") from error
        newest = {
            str(each.name): int(each.object_id) for each in reversed(outputs) if each.object_type == "File"
        }
        return [self._info(f"{path}/{name}", file_id) for name, file_id in newest.items()]


class CivisFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """A file of the platform, opened for reading; what is read comes by ranges.

    Parameters
    ----------
    filesystem : CivisFileSystem
        Where it was opened.
    path : str
        Its path.
    fetch : callable
        Gives the bytes from one place to before another.
    size : int
        Bytes that it holds.
    block_size : int, optional
        Bytes fetched beyond what is asked for, for what is asked next. By default 1 MiB.
    **kwargs
        Passed on to `fsspec.spec.AbstractBufferedFile`.

    Examples
    --------
    >>> import fsspec
    >>> with fsspec.open("civis://file/5001") as file:  # doctest: +SKIP
    ...     file.seek(-4, 2), file.read()
    """

    DEFAULT_BLOCK_SIZE = 1 << 20

    def __init__(
        self,
        filesystem: CivisFileSystem,
        path: str,
        fetch: Callable[[int, int], bytes],
        size: int,
        block_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._fetch = fetch
        super().__init__(filesystem, path, "rb", block_size or "default", size=size, **kwargs)

    def _fetch_range(self, start: int, end: int) -> bytes:
        """Fetch the bytes from one place to before another."""
        end = min(end, self.size)
        return self._fetch(start, end) if start < end else b""


def _entry(path: str, file_id: int, size: int | None, created: Any) -> dict[str, Any]:
    """Describe a file as fsspec does."""
    return {"name": path, "size": size, "type": "file", "id": int(file_id), "created": created}


def _not_there(error: CivisAPIError, what: str) -> Exception:
    """Make the error for what the platform does not know; other errors stay what they are."""
    if error.status_code != 404:
        return error
    return FileNotFoundError(f"there is no {what} on the platform, or it is not shared with you")

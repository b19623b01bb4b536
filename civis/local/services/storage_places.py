"""The files of storage hosts: a bucket is a folder of this machine, or what fsspec reaches by a URL."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from civis.local.jobs import JobFailed, RunContext
from civis.local.services.credentials import credential_password
from civis.local.services.script_values import fetch_credential, fetch_visible
from civis.local.state import Stored

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["StoragePlace", "bucket_problem", "open_storage"]

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII)
_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<path>.+)", re.ASCII)
#: What fsspec calls the two halves of a login, where its argument names are not these.
_LOGIN = {"s3": ("key", "secret"), "s3a": ("key", "secret"), "az": ("account_name", "account_key")}


def bucket_problem(bucket: str, *, is_admin: bool) -> str | None:
    """Say what is wrong with a bucket, or None.

    Parameters
    ----------
    bucket : str
        A name, which is a folder in the data directory, or a URL of fsspec.
    is_admin : bool
        Whether an administrator names it: a URL may reach whatever the platform's account does.

    Examples
    --------
    >>> bucket_problem("my-bucket", is_admin=False) is None
    True
    >>> bucket_problem("file:///etc", is_admin=False)
    "Only an administrator may name a bucket by a URL such as 'file:///etc'."
    """
    match = _URL.fullmatch(bucket)
    if match is None:
        if _BUCKET.fullmatch(bucket):
            return None
        return f"bucket must be a name of letters, digits, '.', '_' and '-', or a URL, not {bucket!r}."
    if not is_admin:
        return f"Only an administrator may name a bucket by a URL such as {bucket!r}."
    import fsspec  # type: ignore[import-untyped]  # noqa: PLC0415 - a tenth of a second that few need

    if match["scheme"] not in fsspec.available_protocols():
        return f"bucket has the scheme {match['scheme']!r}, which fsspec does not know."
    return None


class StoragePlace:
    """A folder within a bucket.

    Parameters
    ----------
    filesystem : fsspec.AbstractFileSystem
    root : str
        The bucket, as the filesystem calls it.
    shown : str
        What messages call the bucket.
    """

    def __init__(self, filesystem: Any, root: str, shown: str) -> None:
        self._filesystem, self._root, self._shown = filesystem, root.rstrip("/"), shown

    def __repr__(self) -> str:
        return f"StoragePlace({self._shown!r})"

    def files(self, folder: str) -> list[str]:
        """List the names of the files directly in a folder; none where there is no such folder."""
        path = self._path(folder)
        self._filesystem.invalidate_cache()
        if not self._filesystem.isdir(path):
            return []
        found = self._filesystem.ls(path, detail=True)
        return sorted(each["name"].rsplit("/", 1)[-1] for each in found if each["type"] == "file")

    def put(self, source: Path, folder: str, name: str) -> str:
        """Put a file there, whole or not at all; give what it is called."""
        path = f"{self._path(folder)}/{name}"
        self._filesystem.makedirs(self._path(folder), exist_ok=True)
        if self._filesystem.protocol in ("file", "local") or "file" in self._filesystem.protocol:
            try:
                self._filesystem.put_file(str(source), f"{path}.part")
                os.replace(f"{path}.part", path)
            except BaseException:
                Path(f"{path}.part").unlink(missing_ok=True)
                raise
        else:
            self._filesystem.put_file(str(source), path)
        return self.name_of(folder, name)

    def get(self, path: str, target: Path) -> None:
        """Fetch a file; `FileNotFoundError` where there is none."""
        self._filesystem.get_file(self._path(path), str(target))

    def remove(self, folder: str, name: str) -> None:
        """Remove a file."""
        self._filesystem.rm_file(f"{self._path(folder)}/{name}")

    def name_of(self, folder: str, name: str) -> str:
        """Write a file's whole name for people."""
        return "/".join(part.strip("/") for part in (self._shown, _plain(folder), name) if part.strip("/"))

    def _path(self, path: str) -> str:
        """Give a path as the filesystem knows it."""
        plain = _plain(path)
        return f"{self._root}/{plain}" if plain else self._root


def open_storage(context: RunContext, host_id: Any, credential_id: Any) -> StoragePlace:
    """Open the bucket of a storage host for a job.

    Parameters
    ----------
    context : RunContext
    host_id, credential_id : int
        As the job names them; a bucket of this machine needs no credential.

    Raises
    ------
    JobFailed
        If one is gone or may not be used, or what reaches the bucket is not installed.
    """
    import fsspec  # noqa: PLC0415 - as above

    host = fetch_visible(context, "storage_host", host_id)
    bucket = str(host.document["bucket"])
    credential = None if credential_id is None else fetch_credential(context, credential_id)
    match = _URL.fullmatch(bucket)
    if match is None:
        folder = context.platform.data_dir / "storage" / bucket
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return StoragePlace(fsspec.filesystem("file"), str(folder), bucket)
    options = {} if credential is None else _login(context.platform, match["scheme"], credential)
    if match["scheme"] in ("s3", "s3a"):
        options["client_kwargs"] = {"region_name": (host.document.get("s3_options") or {}).get("region")}
    try:
        filesystem, root = fsspec.core.url_to_fs(bucket, **options)
    except (ImportError, ValueError) as error:
        raise JobFailed(f"The storage host {host.name!r} ({bucket}) cannot be reached: {error}") from None
    return StoragePlace(filesystem, root, bucket)


def _login(platform: Platform, scheme: str, credential: Stored) -> dict[str, Any]:
    """Give a credential as the arguments of a filesystem; local ones take none."""
    names = _LOGIN.get(scheme)
    if names is None:
        return {}
    username = credential.document.get("username") or ""
    return dict(zip(names, (username, credential_password(platform, credential) or ""), strict=True))


def _plain(path: str) -> str:
    """Give a path within a bucket, without slashes at its ends.

    Raises
    ------
    JobFailed
        If it leads out of the bucket.
    """
    parts = PurePosixPath(path.strip("/")).parts
    if ".." in parts:
        raise JobFailed(f"A path within a bucket must not hold '..': {path!r}.")
    return "/".join(parts)

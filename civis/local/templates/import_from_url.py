"""The program behind "Import from URL": fetches a file and makes it a table, or a file of the platform.

It is a script like any user's: its parameters are in its environment, and it works through the client, which
is loaded by name, since the local platform's own code does not depend on it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

__all__ = ["fetch", "file_name", "main"]

_RETRIES = urllib3.Retry(total=5, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
_TIMEOUT = urllib3.Timeout(connect=30, read=300)  # seconds


class _Problem(Exception):  # noqa: N818 - it reads as a sentence
    """What the user can do something about; the message ends the run."""


def file_name(url: str, given: str = "") -> str:
    """Name the file of a URL.

    Parameters
    ----------
    url : str
    given : str, optional
        The name that is wanted.

    Examples
    --------
    >>> file_name("https://example.org/data/people%20of%202026.csv?raw=1")
    'people of 2026.csv'
    """
    return given or PurePosixPath(unquote(urlsplit(url).path)).name or "download"


def fetch(url: str, target: Path, login: tuple[str, str] | None = None) -> int:
    """Fetch a file; give its length in bytes.

    Parameters
    ----------
    url : str
        ``http`` or ``https``.
    target : Path
    login : (str, str), optional
        The user name and the password to send.

    Raises
    ------
    ValueError
        If the URL is none of these two, or holds a password.
    OSError
        If it cannot be fetched; urllib3's own errors are turned into it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"URL must begin with http:// or https://, not with {parts.scheme!r}.")
    if parts.username or parts.password:
        raise ValueError("URL must not hold a login; choose a CREDENTIAL instead.")
    headers = urllib3.make_headers(basic_auth=":".join(login)) if login else {}
    with urllib3.PoolManager(retries=_RETRIES, timeout=_TIMEOUT) as pool:
        try:
            answer = pool.request("GET", url, headers=headers, preload_content=False)
            try:
                if answer.status != 200:
                    raise OSError(f"{parts.hostname} answers with the status {answer.status}.")
                with target.open("wb") as file:
                    shutil.copyfileobj(answer, file, 1 << 20)
            finally:
                answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            # The whole error repeats the URL, whose query may let in whoever reads the log.
            reason = getattr(error, "reason", None) or type(error).__name__
            raise OSError(f"{parts.hostname} cannot be read: {reason}") from None
    return target.stat().st_size


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Do what a run's parameters say.

    Parameters
    ----------
    environment : mapping
        ``URL``; ``DATABASE_ID``, ``TABLE`` and ``EXISTING_TABLE_ROWS``, or none of them; ``FILE_NAME``;
        ``CREDENTIAL_USERNAME`` and ``CREDENTIAL_PASSWORD``.
    """
    url, table = environment.get("URL", "").strip(), environment.get("TABLE", "").strip()
    if table and not environment.get("DATABASE_ID"):
        raise _Problem("A TABLE needs a DATABASE in which it is.")
    name = file_name(url, environment.get("FILE_NAME", "").strip())
    login = None
    if environment.get("CREDENTIAL_USERNAME"):
        login = environment["CREDENTIAL_USERNAME"], environment.get("CREDENTIAL_PASSWORD", "")
    civis = import_module("civis")
    client = civis.APIClient()
    with tempfile.TemporaryDirectory(prefix="civis-import-") as folder:
        path = Path(folder) / "content"
        try:
            size = fetch(url, path, login)
        except (ValueError, OSError) as error:
            raise _Problem(str(error)) from error
        print(f"Fetched {name}: {size} bytes.", flush=True)  # noqa: T201 - the run's log
        lasting = {} if table else {"expires_at": None}
        with path.open("rb") as file:
            file_id = civis.io.file_to_civis(file, name, client=client, **lasting)
    if table:
        _load(civis, client, file_id, table, environment)
    else:
        _note(client, environment, "File", file_id)


def _load(civis: Any, client: Any, file_id: int, table: str, environment: Mapping[str, str]) -> None:
    """Load a file into a table."""
    database = int(environment["DATABASE_ID"])
    rows = environment.get("EXISTING_TABLE_ROWS") or "fail"
    try:
        civis.io.civis_file_to_table(
            file_id, database, table, client=client, existing_table_rows=rows
        ).result()
    except (import_module("civis.base").CivisClientError, ValueError) as error:
        raise _Problem(str(error)) from error
    print(f"Loaded it into {table}.", flush=True)  # noqa: T201 - the run's log
    _note(client, environment, "Table", client.get_table_id(table, database))


def _note(client: Any, environment: Mapping[str, str], kind: str, id: int) -> None:
    """Note what came of it as the run's output."""
    job, run = (environment.get(f"CIVIS_{each}_ID") for each in ("JOB", "RUN"))
    if job and run:
        client.scripts.post_containers_runs_outputs(int(job), int(run), kind, int(id))


if __name__ == "__main__":
    try:
        main()
    except _Problem as problem:
        sys.exit(str(problem))

"""The older keyword ``archive=``: put a job away when it is done, whatever came of it.

That its job stays in the lists is never a reason to lose a result: what goes wrong is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from civis._deprecation import warn_deprecated
from civis._errors import CivisError

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.futures import CivisFuture

__all__ = [
    "archive_import_when_done",
    "archive_script_when_done",
    "script_archived_afterwards",
    "warn_of_archive",
]

logger = logging.getLogger(__name__)


def warn_of_archive(archive: bool) -> None:
    """Say that the keyword is old. Only public functions call this: their caller is warned."""
    if archive:
        warn_deprecated("archive=True", since="1.9.0", instead="hidden=True, the default", stacklevel=3)


@contextmanager
def script_archived_afterwards(client: APIClient, archives: bool) -> Iterator[list[int]]:
    """Archive a SQL script that was started in this block, if `archives`, also where its run failed.

    The block puts the script's ID first into the list that it is given.
    """
    ids: list[int] = []
    try:
        yield ids
    finally:
        if archives and ids:
            _archive(client.scripts.put_sql_archive, ids[0])


def archive_script_when_done(client: APIClient, future: CivisFuture, job_id: int) -> None:
    """Archive a SQL script when its future is done."""
    future.add_done_callback(lambda _: _archive(client.scripts.put_sql_archive, job_id))


def archive_import_when_done(client: APIClient, future: CivisFuture, job_id: int) -> None:
    """Archive an import when its future is done."""
    future.add_done_callback(lambda _: _archive(client.imports.put_archive, job_id))


def _archive(put: Callable[..., Any], job_id: int) -> None:
    """Archive a job now."""
    try:
        put(job_id, True)
    except CivisError as error:
        logger.warning("the job %d could not be archived: %s", job_id, error)

"""The older keyword ``archive=``: put a job away when it is done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from civis._deprecation import warn_deprecated
from civis._errors import CivisError

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.futures import CivisFuture

__all__ = ["archive_import_when_done", "archive_script", "archive_script_when_done"]

logger = logging.getLogger(__name__)


def archive_script(client: APIClient, job_id: int) -> None:
    """Archive a SQL script now."""
    _warn()
    try:
        client.scripts.put_sql_archive(job_id, True)
    except CivisError as error:
        # The result is there; that its job stays in the lists is not worth losing it.
        logger.warning("the script %d could not be archived: %s", job_id, error)


def archive_script_when_done(client: APIClient, future: CivisFuture, job_id: int) -> None:
    """Archive a SQL script when its future is done."""
    _warn()
    future.add_done_callback(lambda _: client.scripts.put_sql_archive(job_id, True))


def archive_import_when_done(client: APIClient, future: CivisFuture, job_id: int) -> None:
    """Archive an import when its future is done."""
    _warn()
    future.add_done_callback(lambda _: client.imports.put_archive(job_id, True))


def _warn() -> None:
    """Say that the keyword is old."""
    warn_deprecated("archive=True", since="1.9.0", instead="hidden=True, the default", stacklevel=5)

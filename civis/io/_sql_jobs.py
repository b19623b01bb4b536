"""SQL scripts that export: started on the platform, waited for, their output found. Knows no frames."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civis._errors import EmptyResultError
from civis.futures import CivisFuture

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["CsvSettings", "SqlJob", "first_output", "run_to_output", "start_export", "use_credential"]


@dataclass(frozen=True)
class CsvSettings:
    """How an export is written; `delimiter` is the platform's word for it, `max_file_size` in megabytes."""

    include_header: bool = True
    compression: str = "gzip"
    delimiter: str = "comma"
    unquoted: bool = False
    filename_prefix: str | None = None
    force_multifile: bool = False
    max_file_size: int | None = None

    def as_body(self) -> dict[str, Any]:
        """Give what the API takes; what was not set is left out."""
        body: dict[str, Any] = {
            "include_header": self.include_header,
            "compression": self.compression,
            "column_delimiter": self.delimiter,
            "unquoted": self.unquoted,
            "force_multifile": self.force_multifile,
        }
        if self.filename_prefix is not None:
            body["filename_prefix"] = self.filename_prefix
        if self.max_file_size is not None:
            body["max_file_size"] = self.max_file_size
        return body


@dataclass(frozen=True)
class SqlJob:
    """A query to be run as a script.

    Parameters
    ----------
    sql : str
    database : str or int
    name : str or None
        None makes one up.
    credential_id : int or None
        None is the user's default.
    params_arguments : mapping or None
        ``{"params": [...], "arguments": {...}}``.
    hidden : bool
    """

    sql: str
    database: str | int
    name: str | None = None
    credential_id: int | None = None
    params_arguments: Mapping[str, Any] | None = None
    hidden: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.sql, str):
            raise TypeError(f"sql has to be a str, not {type(self.sql).__name__}")
        unknown = set(self.params_arguments or ()) - {"params", "arguments"}
        if unknown:
            raise ValueError(
                f"sql_params_arguments takes the keys 'params' and 'arguments', not {sorted(unknown)}"
            )


def use_credential(client: APIClient, credential_id: int | None) -> int:
    """Give the credential to use: the one given, else the user's default.

    Raises
    ------
    ValueError
        If there is no default, as with keys that a job runs with.
    """
    found = credential_id if credential_id is not None else client.default_database_credential_id
    if found is None:
        raise ValueError(
            "the owner of this API key has no default database credential, or the key may not look it "
            "up (keys of jobs may not): pass credential_id="
        )
    return int(found)


def start_export(
    client: APIClient, job: SqlJob, settings: CsvSettings | Mapping[str, Any]
) -> tuple[int, int]:
    """Make a script and start it.

    Returns
    -------
    job_id, run_id : int
    """
    body: Any = settings.as_body() if isinstance(settings, CsvSettings) else dict(settings)
    script = client.scripts.post_sql(
        job.name or f"Civis export {secrets.token_hex(4)}",
        remote_host_id=client.get_database_id(job.database),
        credential_id=use_credential(client, job.credential_id),
        sql=job.sql,
        hidden=job.hidden,
        csv_settings=body,
        **dict(job.params_arguments or {}),
    )
    run = client.scripts.post_sql_runs(script.id)
    return int(script.id), int(run.id)


def run_to_output(client: APIClient, ids: tuple[int, int], polling_interval: float | None) -> Any:
    """Wait for an export and give its first output; an interrupt (Ctrl-C) cancels the run.

    Raises
    ------
    CivisJobFailure
        If the SQL failed.
    EmptyResultError
        If it returned no rows.
    """
    future = CivisFuture(client.scripts.get_sql_runs, ids, polling_interval=polling_interval, client=client)
    try:
        run = future.result()
    except KeyboardInterrupt:
        future.cancel()
        raise
    output = first_output(run)
    if output is None:
        raise EmptyResultError(f"the query returned no rows (job {ids[0]}, run {ids[1]})")
    return output


def first_output(run: Any) -> Any:
    """Give the first output of a finished run, or None."""
    outputs = list(run.get("output") or [])
    return outputs[0] if outputs else None

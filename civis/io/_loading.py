"""Files that are on the platform loaded into a table: the import's options, its body and its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from civis._errors import CivisImportError, CivisNotFoundError
from civis.futures import CivisFuture
from civis.io._arguments import check_choice, delimiter_name
from civis.io._column_order import order_columns
from civis.io._preprocessing import CsvQuestion, PreparedFiles, prepare_files
from civis.io._sql_jobs import use_credential
from civis.io._tablenames import split_schema_tablename

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["Destination", "TableLoad", "check_load", "is_new", "load_files", "start_import"]

EXISTING_TABLE_ROWS = ("fail", "truncate", "append", "drop", "upsert")
EXECUTIONS = ("immediate", "delayed", "incremental")


@dataclass(frozen=True)
class TableLoad:
    """What is to become of files: the arguments that the functions which load have in common."""

    database: str | int
    table: str
    max_errors: int | None = None
    existing_table_rows: str = "fail"
    diststyle: str | None = None
    distkey: str | None = None
    sortkey1: str | None = None
    sortkey2: str | None = None
    table_columns: Sequence[Mapping[str, str]] | None = None
    delimiter: str | None = None
    headers: bool | None = None
    credential_id: int | None = None
    primary_keys: Sequence[str] | None = None
    last_modified_keys: Sequence[str] | None = None
    escaped: bool = False
    execution: str = "immediate"
    polling_interval: float | None = None
    hidden: bool = True

    def __post_init__(self) -> None:
        check_choice("existing_table_rows", self.existing_table_rows, EXISTING_TABLE_ROWS)
        check_choice("execution", self.execution, EXECUTIONS)
        if self.delimiter is not None:
            delimiter_name(self.delimiter)
        if self.diststyle is not None:
            check_choice("diststyle", self.diststyle, ("all", "even", "key", "auto"))
        if self.sortkey2 is not None and self.sortkey1 is None:
            raise ValueError(f"sortkey2={self.sortkey2!r} needs a sortkey1")
        for name in ("primary_keys", "last_modified_keys"):
            if isinstance(getattr(self, name), str):
                raise TypeError(f"{name} has to be a list of column names, not {getattr(self, name)!r}")
        _check_columns(self.table_columns)
        if split_schema_tablename(self.table)[0] is None:
            raise ValueError(
                f"{self.table!r} names no schema; write 'schema.table', e.g. 'public.{self.table}'"
            )


def _check_columns(columns: Sequence[Mapping[str, str]] | None) -> None:
    """Refuse columns without names, and types for some only."""
    if columns is None:
        return
    for column in columns:
        if not isinstance(column, Mapping) or not column.get("name") or set(column) - {"name", "sql_type"}:
            raise ValueError(f'table_columns has {column!r}; each is {{"name": …, "sql_type": …}}')
    without = [column["name"] for column in columns if not column.get("sql_type")]
    if without and len(without) < len(columns):
        raise ValueError(
            f"table_columns gives some columns a sql_type but not {without}; give it to all or to none"
        )


@dataclass(frozen=True)
class Destination:
    """The table as it is before the import: whether it exists, and its columns as far as they are known."""

    exists: bool
    columns: tuple[str, ...] = ()


def find_table(client: APIClient, load: TableLoad) -> Destination:
    """Look the table up."""
    schema, name = split_schema_tablename(load.table)
    assert schema is not None  # or there would be no TableLoad
    try:
        found = client.databases.get_schemas_tables(client.get_database_id(load.database), schema, name)
    except CivisNotFoundError:
        return Destination(False)
    return Destination(True, tuple(str(column["name"]) for column in found.get("columns") or ()))


def check_load(client: APIClient, load: TableLoad) -> Destination:
    """Refuse what cannot succeed before anything is uploaded; tell what the table is.

    Raises
    ------
    CivisImportError
        If the table exists and its rows are not to be touched.
    ValueError
        If there is no such database, or no credential.
    """
    use_credential(client, load.credential_id)
    found = find_table(client, load)
    if found.exists and load.existing_table_rows == "fail":
        raise CivisImportError(
            f"the table {load.table} exists; pass existing_table_rows='append', 'truncate', 'drop' "
            f"or 'upsert' to say what is to become of its rows"
        )
    return found


def is_new(load: TableLoad, destination: Destination) -> bool:
    """Whether the import makes the table, so that it has to know the columns' types."""
    return not destination.exists or load.existing_table_rows == "drop"


def load_files(
    client: APIClient, file_ids: Sequence[int], load: TableLoad, destination: Destination
) -> CivisFuture:
    """Have the platform look at files, then start their import.

    Raises
    ------
    CivisImportError
        If a file is no CSV, or files do not agree.
    """
    detects = load.table_columns is None and is_new(load, destination)
    question = CsvQuestion(
        delimiter_name(load.delimiter) if load.delimiter is not None else None,
        load.headers,
        detect_columns=detects,
        hidden=load.hidden,
    )
    files = prepare_files(client, file_ids, question, load.polling_interval)
    if load.table_columns is not None:
        load = replace(load, table_columns=order_columns(client, files, load.table_columns))
    elif detects:
        load = replace(load, table_columns=files.columns)
    return start_import(client, files, load)


def start_import(client: APIClient, files: PreparedFiles, load: TableLoad) -> CivisFuture:
    """Start the import of files that are ready for it."""
    job = client.imports.post_files_csv(**_body(client, files, load))
    run = client.jobs.post_runs(job.id)
    return CivisFuture(client.jobs.get_runs, (job.id, run.id), load.polling_interval, client)


def _body(client: APIClient, files: PreparedFiles, load: TableLoad) -> dict[str, Any]:
    """Write the import as the API takes it."""
    schema, table = split_schema_tablename(load.table)
    body: dict[str, Any] = {
        "source": {"file_ids": list(files.file_ids)},
        "destination": {
            "schema": schema,
            "table": table,
            "remote_host_id": client.get_database_id(load.database),
            "credential_id": use_credential(client, load.credential_id),
            "primary_keys": _listed(load.primary_keys),
            "last_modified_keys": _listed(load.last_modified_keys),
        },
        "first_row_is_header": files.has_header,
        "name": f"CSV import to {load.table}",
        "max_errors": load.max_errors,
        "existing_table_rows": load.existing_table_rows,
        "column_delimiter": files.delimiter,
        "compression": files.compression,
        "escaped": load.escaped,
        "execution": load.execution,
        "loosen_types": load.table_columns is None,
        "table_columns": None
        if load.table_columns is None
        else [dict(column) for column in load.table_columns],
        "redshift_destination_options": {
            "diststyle": load.diststyle,
            "distkey": load.distkey,
            "sortkeys": [key for key in (load.sortkey1, load.sortkey2) if key is not None],
        },
        "hidden": load.hidden,
    }
    return body


def _listed(names: Sequence[str] | None) -> list[str] | None:
    """Give a list, or None."""
    return None if names is None else list(names)

"""CSV imports: jobs of kind ``"csv_import"`` that load files into one table of a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Routes, Unprocessable
from civis.local.jobs import RunContext, executor
from civis.local.services.credentials import resolve_credential
from civis.local.services.csv_loading import csv_sources, load_files, open_database
from civis.local.services.databases import resolve_database
from civis.local.services.files import find_file
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.storage_imports import storage_sources
from civis.local.state import Stored, objects
from civis.local.warehouse import CsvColumn, TableLoad

__all__ = ["csv_import_inputs", "routes", "run_csv_import"]

routes = Routes()

_KIND = "csv_import"
_DEFAULTS: Mapping[str, Any] = {
    "first_row_is_header": None,
    "column_delimiter": "comma",
    "escaped": False,
    "compression": "none",
    "existing_table_rows": "fail",
    "max_errors": None,
    "table_columns": [],
    "loosen_types": False,
    "execution": "delayed",
    "redshift_destination_options": {"diststyle": None, "distkey": None, "sortkeys": []},
}
_CHOICES = {
    "column_delimiter": ("comma", "tab", "pipe"),
    "compression": ("none", "gzip"),
    "existing_table_rows": ("fail", "truncate", "append", "drop", "upsert"),
    "execution": ("delayed", "immediate", "incremental"),
}
_DESTINATION: Mapping[str, Any] = {
    "schema": None,
    "table": None,
    "remote_host_id": None,
    "credential_id": None,
    "primary_keys": [],
    "last_modified_keys": [],
}


@routes("POST", "/imports/files/csv")
def post_csv_import(call: Call) -> dict[str, Any]:
    """Create a CSV import; it loads nothing until it is run."""
    document = _settings(call, {**_DEFAULTS, "source": None, "destination": dict(_DESTINATION)})
    job = objects.insert(
        call.connection,
        _KIND,
        document,
        now=call.now,
        author_id=call.user.id,
        hidden=bool(call.params.get("hidden")),
    )
    name = call.params.get("name") or f"CSV Import #{job.id}"
    return _view(objects.update(call.connection, job.id, now=call.now, name=name))


@routes("GET", "/imports/files/csv/{id}")
def get_csv_import(call: Call) -> dict[str, Any]:
    """Describe a CSV import."""
    return _view(_job(call))


@routes("PUT", "/imports/files/csv/{id}")
def put_csv_import(call: Call) -> dict[str, Any]:
    """Replace a CSV import's attributes; those not sent get their defaults."""
    job = _job(call)
    document = _settings(call, {**_DEFAULTS, "source": None, "destination": dict(_DESTINATION)})
    return _view(_stored(call, job, document))


@routes("PATCH", "/imports/files/csv/{id}")
def patch_csv_import(call: Call) -> dict[str, Any]:
    """Change some of a CSV import's attributes."""
    job = _job(call)
    return _view(_stored(call, job, _settings(call, job.document)))


@routes("DELETE", "/imports/files/csv/{id}")
def delete_csv_import(call: Call) -> None:
    """Archive a CSV import."""
    objects.update(call.connection, _job(call).id, now=call.now, archived=True)


@routes("PUT", "/imports/files/csv/{id}/archive")
def archive_csv_import(call: Call) -> dict[str, Any]:
    """Archive a CSV import, or bring it back."""
    status = bool(call.params["status"])
    return _view(objects.update(call.connection, _job(call).id, now=call.now, archived=status))


@executor(_KIND, job_type="JobTypes::CsvImport")
def run_csv_import(context: RunContext) -> None:
    """Load the job's files, in its order, into its table."""
    document = context.job.document
    destination = document["destination"]
    database = open_database(context, destination["remote_host_id"])
    load = _table_load(document)
    with storage_sources(context, document["source"].get("storage_path")) as stored:
        sources = [*csv_sources(context, document["source"]["file_ids"]), *stored]
        load_files(context, database, destination["schema"], destination["table"], sources, load)


def csv_import_inputs(job: Stored) -> dict[str, Any]:
    """Give what a run of the job works with."""
    return _view(job)


def _table_load(document: Mapping[str, Any]) -> TableLoad:
    """Turn a job's attributes into what the warehouse's load takes."""
    destination, options = document["destination"], document["redshift_destination_options"]
    columns = [CsvColumn(each["name"], each.get("sql_type")) for each in document["table_columns"]]
    return TableLoad(
        existing_table_rows=document["existing_table_rows"],
        columns=columns or None,
        first_row_is_header=document["first_row_is_header"],
        delimiter=document["column_delimiter"],
        compression=document["compression"],
        escaped=document["escaped"],
        max_errors=document["max_errors"] or 0,
        primary_keys=tuple(destination["primary_keys"]),
        last_modified_keys=tuple(destination["last_modified_keys"]),
        diststyle=options["diststyle"],
        distkey=options["distkey"],
        # The public client sends both of its sort keys, also those that are not set.
        sortkeys=tuple(key for key in options["sortkeys"] if key is not None),
        loosen_types=document["loosen_types"],
    )


def _job(call: Call) -> Stored:
    """Find the import that the path names."""
    return find_object(call.connection, _KIND, call.params["id"], "CSV import")


def _stored(call: Call, job: Stored, document: Mapping[str, Any]) -> Stored:
    """Store changed attributes."""
    return objects.update(
        call.connection, job.id, now=call.now, document=document, name=call.params.get("name")
    )


def _settings(call: Call, current: Mapping[str, Any]) -> dict[str, Any]:
    """Lay what a request sends over the current attributes, and check the outcome; null is a default."""
    document = dict(current)
    for name, default in _DEFAULTS.items():
        if name in call.params:
            sent = call.params[name]
            document[name] = default if sent is None else sent
    options = {**_DEFAULTS["redshift_destination_options"], **document["redshift_destination_options"]}
    document["redshift_destination_options"] = {**options, "sortkeys": options["sortkeys"] or []}
    if call.params.get("source") is not None:
        document["source"] = _source(call, call.params["source"])
    if call.params.get("destination") is not None:
        document["destination"] = _destination(
            call, {**document["destination"], **call.params["destination"]}
        )
    if document["source"] is None:
        raise BadRequest("source must name the files to import: {'file_ids': [...]}.")
    _check(document)
    return document


def _source(call: Call, source: Mapping[str, Any]) -> dict[str, Any]:
    """Read and check what is to be imported."""
    if source.get("storage_path"):
        return {"file_ids": [], "storage_path": _storage_path(call, source["storage_path"])}
    ids = source.get("file_ids") or []
    if not ids:
        raise BadRequest("source.file_ids must name one file or more.")
    if len(set(ids)) != len(ids):
        raise BadRequest(f"source.file_ids names a file twice: {ids}.")
    for id in ids:
        find_file(call.connection, id, call.now)
    return {"file_ids": list(ids), "storage_path": None}


def _storage_path(call: Call, path: Mapping[str, Any]) -> dict[str, Any]:
    """Read and check what of a storage host is to be imported."""
    if not path.get("file_paths"):
        raise BadRequest("source.storage_path.file_paths must name one file or more.")
    find_object(call.connection, "storage_host", path.get("storage_host_id") or 0, "storage host")
    if path.get("credential_id") is not None:
        resolve_credential(call.connection, path["credential_id"])
    names = ("storage_host_id", "credential_id", "file_paths")
    return {name: path.get(name) for name in names}


def _destination(call: Call, destination: Mapping[str, Any]) -> dict[str, Any]:
    """Read and check where the rows are to go."""
    for name in ("schema", "table", "remote_host_id", "credential_id"):
        if destination.get(name) in (None, ""):
            raise BadRequest(f"destination.{name} is missing.")
    resolve_database(call.connection, destination["remote_host_id"])
    resolve_credential(call.connection, destination["credential_id"])
    keys = {name: list(destination.get(name) or []) for name in ("primary_keys", "last_modified_keys")}
    return {**{name: destination.get(name) for name in _DESTINATION}, **keys}


def _check(document: Mapping[str, Any]) -> None:
    """Refuse attributes that cannot be, or not together."""
    for name, choices in _CHOICES.items():
        require_choice(document[name], choices, name)
    options, errors = document["redshift_destination_options"], document["max_errors"]
    require_choice(options["diststyle"], ("even", "all", "key"), "redshift_destination_options.diststyle")
    if len(options["sortkeys"]) > 2:
        raise BadRequest(f"There may be two sortkeys, not {len(options['sortkeys'])}: {options['sortkeys']}.")
    if options["diststyle"] == "key" and not options["distkey"]:
        raise Unprocessable("A diststyle of 'key' needs a distkey.")
    if errors is not None and errors < 0:
        raise BadRequest(f"max_errors must be 0 or more, not {errors}.")
    if document["existing_table_rows"] == "upsert" and not document["destination"]["primary_keys"]:
        raise Unprocessable("existing_table_rows 'upsert' needs destination.primary_keys.")
    names = [str(each.get("name") or "") for each in document["table_columns"]]
    if "" in names:
        raise BadRequest("Each of table_columns needs a name.")
    twice = sorted({name for name in names if [each.lower() for each in names].count(name.lower()) > 1})
    if twice:
        raise Unprocessable(f"table_columns names a column twice: {', '.join(map(repr, twice))}.")


def _view(job: Stored) -> dict[str, Any]:
    """Describe an import as the answers do."""
    return {
        "id": job.id,
        "name": job.name,
        **job.document,
        "hidden": job.hidden,
        "my_permission_level": "manage",
    }

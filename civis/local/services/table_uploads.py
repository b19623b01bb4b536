"""Loading a text into a table, as an earlier API did it: a file and a CSV import that is started at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest, Call, Routes
from civis.local.services.credentials import ensure_default_credential
from civis.local.services.csv_imports import csv_import_inputs, post_csv_import
from civis.local.services.databases import resolve_database
from civis.local.services.files import create_file
from civis.local.services.run_views import start
from civis.local.state import objects

__all__ = ["routes"]

routes = Routes()


@routes("POST", "/tables")
def post_table(call: Call) -> dict[str, Any]:
    """Load a CSV text, whose first line names the columns, into a table: a new one, or behind its rows.

    Raises
    ------
    BadRequest
        If there is no text.
    """
    params = call.params
    database = resolve_database(call.connection, params["database_id"])
    if not params["data"].strip():
        raise BadRequest("data must not be empty.")
    credential = ensure_default_credential(
        call.platform, call.connection, call.user.id, call.user.username, database.id, call.now
    )
    blobs, name = call.platform.blobs, f"{params['name']}.csv"
    key = blobs.new_key(name)
    with blobs.writer(key) as target:
        target.write(params["data"].encode("utf-8", "surrogatepass"))
    file = create_file(
        call.platform, call.connection, name=name, author_id=call.user.id, blob_key=key, now=call.now
    )
    target_table = {
        "schema": params["schema"],
        "table": params["name"],
        "remote_host_id": database.id,
        "credential_id": credential.id,
    }
    wanted = {
        "name": f"Import into {params['schema']}.{params['name']}",
        "source": {"file_ids": [file.id]},
        "destination": target_table,
        "first_row_is_header": True,
        "existing_table_rows": "append",
    }
    made = post_csv_import(Call(**{**vars(call), "params": wanted}))
    assert isinstance(made, Mapping)
    job = objects.fetch(call.connection, None, made["id"])
    run = start(call, job, inputs=csv_import_inputs(job))
    return {
        "database_id": database.id,
        "schema": params["schema"],
        "name": params["name"],
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }

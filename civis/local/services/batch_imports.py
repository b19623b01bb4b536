"""Batch imports: several files into one table, loaded at once; each is a CSV import that is started here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import Call, Page, Routes, page_of
from civis.local.services.csv_imports import csv_import_inputs, post_csv_import
from civis.local.services.lookups import find_object, ordering
from civis.local.services.permissions import visible
from civis.local.services.run_views import start
from civis.local.state import Stored, objects, runs

__all__ = ["routes"]

routes = Routes()

_KIND = "csv_import"
#: The mark by which a CSV import is known as one that a batch made.
_MARK = {"is_batch": True}


@routes("POST", "/imports/batches")
def post_batch(call: Call) -> dict[str, Any]:
    """Load files into a table: a new one, or one that is there already, behind its rows."""
    params = call.params
    target = {name: params[name] for name in ("schema", "table", "remote_host_id", "credential_id")}
    wanted = {
        "name": f"Batch import into {params['schema']}.{params['table']}",
        "source": {"file_ids": params["file_ids"]},
        "destination": target,
        "first_row_is_header": params.get("first_row_is_header", True),
        "column_delimiter": params.get("column_delimiter") or "comma",
        "compression": params.get("compression") or "none",
        "existing_table_rows": "append",
        "hidden": bool(params.get("hidden")),
    }
    made = post_csv_import(Call(**{**vars(call), "params": wanted}))
    assert isinstance(made, Mapping)
    job = objects.update(call.connection, made["id"], now=call.now, document=_MARK)
    start(call, job, inputs=csv_import_inputs(job))
    return _view(call, job)


@routes("GET", "/imports/batches")
def list_batches(call: Call) -> Page:
    """List batch imports, the one changed last first."""
    order, descending = ordering(call, ("updated_at", "created_at"), "updated_at", descending=True)
    filters: dict[str, Any] = {
        "hidden": bool(call.params.get("hidden")),
        "document": _MARK,
        "among": visible(call.connection),
    }

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        found = objects.select_objects(
            call.connection,
            _KIND,
            order_by=order,
            descending=descending,
            limit=limit,
            offset=offset,
            **filters,
        )
        return [_view(call, each) for each in found]

    total = objects.count_objects(call.connection, _KIND, **filters)
    return page_of(call, total, fetch, default=20, maximum=50)


@routes("GET", "/imports/batches/{id}")
def get_batch(call: Call) -> dict[str, Any]:
    """Show a batch import and how far it is."""
    return _view(call, find_object(call.connection, _KIND, call.params["id"], "batch import"))


def _view(call: Call, job: Stored) -> dict[str, Any]:
    """Show a batch import."""
    run = runs.last_run(call.connection, job.id)
    return {
        **{name: job.document["destination"][name] for name in ("schema", "table", "remote_host_id")},
        "id": job.id,
        "state": run.state if run else "idle",
        "started_at": run.started_at if run else None,
        "finished_at": run.finished_at if run else None,
        "error": run.error if run else None,
        "hidden": job.hidden,
    }

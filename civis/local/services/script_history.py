"""Operations on SQL scripts as an earlier API had them: a change of one, and its runs with their files."""

from __future__ import annotations

from typing import Any

from civis.local.api import Call, Routes
from civis.local.services.lookups import find_object
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.script_views import script_view
from civis.local.services.scripts import change
from civis.local.state import Output, Stored, objects, runs

__all__ = ["routes"]

routes = Routes()

_KIND = SCRIPT_KINDS["sql_script"]
_LINK_SECONDS = 36 * 3600


@routes("PATCH", "/scripts/{id}")
def change_script(call: Call) -> dict[str, Any]:
    """Change some of what an SQL script is."""
    change(call, _KIND)
    return {**script_view(call, _script(call)), "type": _KIND.job_type}


@routes("GET", "/scripts/{id}/history")
def list_history(call: Call) -> list[dict[str, Any]]:
    """List an SQL script's runs, the latest first, each with links to its files."""
    script = _script(call)
    return [
        {
            "id": run.id,
            "sql_id": script.id,
            "state": run.state,
            "is_cancel_requested": run.is_cancel_requested,
            "finished_at": run.finished_at,
            "error": run.error,
            "output": [_output(call, each) for each in runs.outputs(call.connection, run.id)],
        }
        for run in runs.select_runs(call.connection, script.id)
    ]


def _script(call: Call) -> Stored:
    """Read the SQL script that a path names."""
    return find_object(call.connection, _KIND.kind, call.params["id"], f"{_KIND.label} script")


def _output(call: Call, output: Output) -> dict[str, Any]:
    """Show a file of a run; one that is gone has no link."""
    blobs, path = call.platform.blobs, None
    for file in objects.select_objects(call.connection, "file", id=output.object_id):
        key = file.document.get("blob_key")
        if key and blobs.exists(key):
            path = blobs.download_url(key, filename=file.name, seconds=_LINK_SECONDS)
    return {"output_name": output.name, "file_id": output.object_id, "path": path}

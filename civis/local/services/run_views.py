"""Runs, logs and outputs as answers show them; shared by all services whose objects can be run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from civis.local.api import BadRequest, Call, NotFound, Page, page_of
from civis.local.jobs import OVER, cancel_run, submit_run
from civis.local.services.lookups import find_object, ordering, parse_moment, require_choice
from civis.local.state import ObjectNotFound, Output, Run, Stored, objects, runs

__all__ = [
    "LogPage",
    "add_log_messages",
    "cancel",
    "find_run",
    "list_runs",
    "log_page",
    "output_page",
    "output_view",
    "record_output",
    "run_view",
    "start",
]

LEVELS = ("debug", "info", "warn", "error", "fatal", "unknown")
LOG_LIMIT = 10_000
RUN_LIMITS = {"default": 20, "maximum": 100}
OUTPUT_LIMITS = {"default": 50, "maximum": 50}

#: Where the API shows an output's object, by its type.
_OUTPUT_PATHS = {
    "File": "files",
    "Table": "tables",
    "Report": "reports",
    "Project": "projects",
    "Credential": "credentials",
    "JSONValue": "json_values",
    "Model": "models",
}
#: The kinds of objects in the state that can be an output of a type.
_OUTPUT_KINDS = {each: "json_value" if each == "JSONValue" else each.lower() for each in _OUTPUT_PATHS}


@dataclass(frozen=True)
class LogPage(Page):
    """Lines of a log; their answer has other headers than a page of a list."""

    is_complete: bool = False
    last_id: int = 0

    def headers(self) -> dict[str, str]:
        """Return whether no further line will come, and from which ID to go on."""
        return {
            "Civis-Cache-Control": "store" if self.is_complete else "no-store",
            "Civis-Max-Id": str(self.items[-1]["id"] if self.items else self.last_id),
        }


def run_view(run: Run, **fields: Any) -> dict[str, Any]:
    """Show a run; `fields` are what its kind of job adds."""
    return {
        "id": run.id,
        "state": run.state,
        "is_cancel_requested": run.is_cancel_requested,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": run.error,
        "max_memory_usage": run.document.get("max_memory_usage"),
        "max_cpu_usage": run.document.get("max_cpu_usage"),
        **fields,
    }


def find_run(call: Call, job: Stored) -> Run:
    """Read the run that a request names.

    Raises
    ------
    NotFound
        If the job has no such run.
    """
    id = call.params["run_id"]
    try:
        return runs.fetch_run(call.connection, job.id, id)
    except ObjectNotFound:
        raise NotFound(f"The job {job.id} has no run with ID {id}.") from None


def list_runs(call: Call, job: Stored, view: Callable[[Run], dict[str, Any]]) -> Page:
    """Show a page of a job's runs, by default the latest first."""
    order, descending = ordering(call, ("id",), "id", descending=True)
    connection = call.connection

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        found = runs.select_runs(connection, job.id, limit, offset, order_by=order, descending=descending)
        return [view(run) for run in found]

    return page_of(call, runs.count_runs(connection, job.id), fetch, **RUN_LIMITS)


def start(call: Call, job: Stored, **document: Any) -> Run:
    """Queue a run on behalf of the user who asks.

    Raises
    ------
    Conflict
        If the job is active or archived.
    """
    return submit_run(call, call.connection, job, {"run_by_id": call.user.id, **document})


def cancel(call: Call, job: Stored) -> None:
    """Cancel the run that a request names; one that is over stays as it is."""
    cancel_run(call, call.connection, find_run(call, job))


def log_page(call: Call, job: Stored) -> LogPage:
    """Show a run's log: what follows `last_id` in its order, or else the last lines.

    Raises
    ------
    BadRequest
        If `limit` or `last_id` is out of range.
    """
    run = find_run(call, job)
    given, last_id = call.params.get("limit"), call.params.get("last_id") or 0
    limit = LOG_LIMIT if given is None else min(given, LOG_LIMIT)
    if limit < 1 or last_id < 0:
        raise BadRequest(f"limit must be 1 or more and last_id 0 or more, not {limit} and {last_id}.")
    lines = runs.logs(call.connection, run.id, last_id, limit, latest=not last_id)
    if not last_id:
        lines.sort(key=lambda line: line.created_at)  # which a program may have given; ties stay by ID
    items = [
        {"id": line.id, "created_at": line.created_at, "message": line.message, "level": line.level}
        for line in lines
    ]
    # A full page that goes on after a line may not be the last one, even if the run is over.
    is_last = not last_id or len(lines) < limit
    return LogPage(items, len(items), is_complete=run.state in OVER and is_last, last_id=last_id)


def add_log_messages(call: Call, job: Stored) -> None:
    """Add what a request sends to a run's log: one message, or several.

    Raises
    ------
    BadRequest
        If it sends none, or a level there is not.
    """
    run = find_run(call, job)
    messages = call.params.get("messages")
    if messages is None:
        messages = [{"message": call.params.get("message"), "level": call.params.get("level")}]
    entries: list[tuple[datetime, str, str]] = []
    for each in messages:
        text, level = each.get("message"), each.get("level") or "info"
        if text is None:
            raise BadRequest("message or messages must be given, each message with its text.")
        require_choice(level, LEVELS, "level")
        moment = parse_moment(each.get("created_at"), "created_at") or call.now
        entries.append((moment, level, str(text)))
    for moment, level, text in sorted(entries, key=lambda entry: entry[0]):
        runs.add_log(call.connection, run.id, text, moment, level)


def output_view(call: Call, output: Output) -> dict[str, Any]:
    """Show an output; one that is a JSON value with the value."""
    path = _OUTPUT_PATHS.get(output.object_type, output.object_type.lower())
    value = None
    if output.object_type == "JSONValue":
        found = objects.select_objects(call.connection, "json_value", id=output.object_id)
        value = found[0].document["value"] if found else None
    return {
        "object_type": output.object_type,
        "object_id": output.object_id,
        "name": output.name,
        "link": f"{call.platform.url}{path}/{output.object_id}",
        "value": value,
    }


def output_page(call: Call, job: Stored) -> Page:
    """Show a page of what a run put out, by default in the order it did."""
    run = find_run(call, job)
    found = runs.outputs(call.connection, run.id)
    # One after the other as they were recorded, whether by time or by ID.
    if ordering(call, ("created_at", "id"), "created_at", descending=False)[1]:
        found.reverse()

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [output_view(call, each) for each in found[offset : offset + limit]]

    return page_of(call, len(found), fetch, **OUTPUT_LIMITS)


def record_output(call: Call, job: Stored) -> dict[str, Any]:
    """Note an object as a run's output, under the object's name.

    Raises
    ------
    BadRequest
        If there is no such type of output.
    NotFound
        If there is no such object.
    """
    run = find_run(call, job)
    object_type, object_id = call.params["object_type"], call.params["object_id"]
    require_choice(object_type, tuple(_OUTPUT_PATHS), "object_type")
    stored = find_object(call.connection, _OUTPUT_KINDS[object_type], object_id, object_type)
    output = runs.add_output(
        call.connection,
        run.id,
        object_type=object_type,
        object_id=stored.id,
        name=stored.name,
        now=call.now,
    )
    return output_view(call, output)

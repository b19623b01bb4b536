"""Queries: SQL that is run once, with a preview of its rows in the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from civis.local.api import BadRequest, Call, Page, Routes
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services import run_views
from civis.local.services.credentials import resolve_credential
from civis.local.services.csv_settings import SUFFIXES
from civis.local.services.databases import resolve_database
from civis.local.services.job_filters import Condition, all_of
from civis.local.services.job_views import STATES, archive_filter
from civis.local.services.lookups import find_object, ordering, parse_moment, require_choice, word_list
from civis.local.services.object_pages import Selection, page_of_objects
from civis.local.services.permissions import levels_of, visible
from civis.local.services.run_views import LogPage, find_run, run_view
from civis.local.state import ObjectNotFound, Run, Stored, objects, runs, schema
from civis.local.state.database import folded
from civis.local.state.people import authors
from civis.local.state.search import ran_within

__all__ = ["routes", "run_query"]

routes = Routes()

MAXIMUM_PREVIEW = 1000
"""So many rows of a result are kept at most."""
_LONGEST_WORD = 5000  # SQLite refuses patterns of more than 50,000 bytes

#: What a request can set beyond database, SQL and preview, with the defaults.
_SETTINGS: dict[str, Any] = {
    "credential": None,
    "interactive": False,
    "include_header": True,
    "compression": "gzip",
    "column_delimiter": "comma",
    "unquoted": None,
    "filename_prefix": None,
}


@executor("query", job_type="JobTypes::Query")
def run_query(context: RunContext) -> None:
    """Run a query's SQL and keep the first rows of what it gives, as text."""
    document = context.job.document
    with context.platform.state.read() as connection:
        try:
            database = objects.fetch(connection, "database", document["database"])
        except ObjectNotFound as error:
            raise JobFailed(str(error)) from None
    result = context.platform.warehouse.database(database.document["name"]).execute(
        document["sql"],
        user=context.user,
        preview_rows=document["preview_rows"],
        interruption=context.interruption,
    )
    context.save(result_columns=[column.name for column in result.columns], result_rows=result.text_rows())
    context.log(f"The query was executed; {len(result.rows)} rows of its result are kept.")


@routes("POST", "/queries")
def post_query(call: Call) -> dict[str, Any]:
    """Submit a query; its first run is queued."""
    database = resolve_database(call.connection, call.params["database"])
    settings = {field: call.params.get(field, default) for field, default in _SETTINGS.items()}
    if settings["credential"] is not None:
        resolve_credential(call.connection, settings["credential"])
    require_choice(settings["compression"], tuple(SUFFIXES), "compression")
    require_choice(settings["column_delimiter"], ("comma", "tab", "pipe"), "column_delimiter")
    rows = call.params["preview_rows"]
    if not 0 <= rows <= MAXIMUM_PREVIEW:
        raise BadRequest(f"preview_rows must be between 0 and {MAXIMUM_PREVIEW}, not {rows}.")
    query = objects.insert(
        call.connection,
        "query",
        {**settings, "database": database.id, "sql": call.params["sql"], "preview_rows": rows},
        now=call.now,
        author_id=call.user.id,
        hidden=bool(call.params.get("hidden")),
    )
    query = objects.update(call.connection, query.id, now=call.now, name=f"Query #{query.id}")
    run_views.start(call, query)
    return _view(call, query)


@routes("GET", "/queries")
def list_queries(call: Call) -> Page:
    """List queries, the newest first."""
    order, descending = ordering(call, ("created_at", "started_at"), "created_at", descending=True)
    states = word_list(call.params.get("state"))
    for state in states:
        require_choice(state, STATES, "state")
    fields = {"database": call.params.get("database_id"), "credential": call.params.get("credential_id")}
    filters: dict[str, Any] = {
        "author_id": call.params.get("author_id"),
        "hidden": bool(call.params.get("hidden")),
        "archived": archive_filter(call),
        "run_state": states or None,
        "among": all_of(visible(call.connection), *_asked_for(call)),
        "document": {field: value for field, value in fields.items() if value is not None},
    }
    order_by = None if order == "started_at" else order
    selection = Selection("query", filters, order_by=order_by, descending=descending, moment="started")
    return page_of_objects(call, selection, partial(_views, call), default=20, maximum=50)


@routes("GET", "/queries/{id}")
def get_query(call: Call) -> dict[str, Any]:
    """Show a query."""
    return _view(call, _query(call))


@routes("DELETE", "/queries/{id}")
def hide_query(call: Call) -> dict[str, Any]:
    """Hide a query; nothing is lost."""
    return _view(call, objects.update(call.connection, _query(call).id, now=call.now, hidden=True))


@routes("PUT", "/queries/{id}/scripts/{script_id}")
def set_script(call: Call) -> dict[str, Any]:
    """Say which script belongs to a query."""
    query = _query(call)
    script = find_object(call.connection, "sql_script", call.params["script_id"], "SQL script")
    return _view(
        call, objects.update(call.connection, query.id, now=call.now, document={"script_id": script.id})
    )


@routes("POST", "/queries/{id}/runs")
def start_run(call: Call) -> dict[str, Any]:
    """Queue another run of a query."""
    return _run_view(run_views.start(call, _query(call)))


@routes("GET", "/queries/{id}/runs")
def list_runs(call: Call) -> Page:
    """List a query's runs."""
    return run_views.list_runs(call, _query(call), _run_view)


@routes("GET", "/queries/{id}/runs/{run_id}", is_quick=True)
def get_run(call: Call) -> dict[str, Any]:
    """Show a run."""
    return _run_view(find_run(call, _query(call)))


@routes("DELETE", "/queries/{id}/runs/{run_id}")
def cancel_run(call: Call) -> None:
    """Cancel a run."""
    run_views.cancel(call, _query(call))


@routes("GET", "/queries/{id}/runs/{run_id}/logs")
def list_logs(call: Call) -> LogPage:
    """Show a run's log."""
    return run_views.log_page(call, _query(call))


def _query(call: Call) -> Stored:
    """Read the query that a request names."""
    return find_object(call.connection, "query", call.params["id"], "query")


def _run_view(run: Run) -> dict[str, Any]:
    """Show a run of a query."""
    return run_view(run, query_id=run.job_id)


def _view(call: Call, query: Stored) -> dict[str, Any]:
    """Show a query with what its last run gave."""
    return _views(call, [query])[0]


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show several queries; without their results where a list is asked for that."""
    latest = runs.last_runs(call.connection, [query.id for query in found])
    people = authors(call.connection, [query.author_id for query in found])
    levels = levels_of(call.connection, found)
    return [
        {
            **query.document,
            **_outcome(latest.get(query.id), shows_result=not call.params.get("exclude_results")),
            "id": query.id,
            "name": query.name,
            "author": people.get(query.author_id),
            "created_at": query.created_at,
            "updated_at": query.updated_at,
            "hidden": query.hidden,
            "archived": query.archived,
            "my_permission_level": levels[query.id],
        }
        for query in found
    ]


def _outcome(run: Run | None, *, shows_result: bool) -> dict[str, Any]:
    """Show what a query's last run gave."""
    result = run.document if run is not None and shows_result else {}
    return {
        "result_rows": result.get("result_rows", []),
        "result_columns": result.get("result_columns", []),
        "error": run.error if run else None,
        "exception": run.error if run else None,
        "started_at": run.started_at if run else None,
        "finished_at": run.finished_at if run else None,
        "state": run.state if run else "idle",
        "last_run_id": run.id if run else None,
    }


def _asked_for(call: Call) -> Iterator[Condition]:
    """Read the filters for a query's SQL and its times."""
    moments = {
        name: parse_moment(call.params.get(name), name)
        for name in ("created_before", "created_after", "started_before", "started_after")
    }
    created = schema.objects.c.created_at
    if moments["created_before"]:
        yield created <= moments["created_before"]
    if moments["created_after"]:
        yield created >= moments["created_after"]
    yield from ran_within(moments["started_after"], moments["started_before"])
    text = folded(schema.objects.c.document["sql"].as_string())
    for word in str(call.params.get("query") or "").split():
        yield text.like(_pattern(word), escape="/")


def _pattern(word: str) -> str:
    """Turn a word with the wildcards ``?`` and ``*`` into a pattern of SQL's."""
    if len(word) > _LONGEST_WORD:
        raise BadRequest(f"query: a word can have up to {_LONGEST_WORD} letters, not {len(word)}.")
    plain = re.sub(r"([/%_])", r"/\1", word.casefold())
    return f"%{plain.replace('?', '_').replace('*', '%')}%"

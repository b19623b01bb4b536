"""Queries: SQL that is run once, with a preview of its rows in the answer."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from civis.local.api import BadRequest, Call, Page, Routes, page_of
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services import run_views
from civis.local.services.credentials import resolve_credential
from civis.local.services.csv_settings import SUFFIXES
from civis.local.services.databases import resolve_database
from civis.local.services.job_views import STATES, archive_filter
from civis.local.services.lookups import find_object, ordering, parse_moment, require_choice, word_list
from civis.local.services.permissions import level_of, visible
from civis.local.services.run_views import LogPage, find_run, run_view
from civis.local.state import ObjectNotFound, Run, Stored, objects, runs
from civis.local.state.people import authors

__all__ = ["routes", "run_query"]

routes = Routes()

MAXIMUM_PREVIEW = 1000
"""So many rows of a result are kept at most."""

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
    found = objects.select_objects(
        call.connection,
        "query",
        order_by="created_at",
        descending=descending,
        author_id=call.params.get("author_id"),
        hidden=bool(call.params.get("hidden")),
        archived=archive_filter(call),
        run_state=states or None,
        among=visible(call.connection),
        document={field: value for field, value in fields.items() if value is not None},
    )
    latest = runs.last_runs(call.connection, [query.id for query in found])
    passing = [query for query in found if _passes(call, query, latest.get(query.id))]
    if order == "started_at":
        passing = _by_start(passing, latest, descending=descending)

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [_view(call, query, listed=True) for query in passing[offset : offset + limit]]

    return page_of(call, len(passing), fetch, default=20, maximum=50)


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


@routes("GET", "/queries/{id}/runs/{run_id}")
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


def _view(call: Call, query: Stored, *, listed: bool = False) -> dict[str, Any]:
    """Show a query with what its last run gave."""
    run = runs.last_run(call.connection, query.id)
    result = run.document if run is not None else {}
    shows_result = not (listed and call.params.get("exclude_results"))
    return {
        **query.document,
        "id": query.id,
        "name": query.name,
        "author": authors(call.connection, [query.author_id]).get(query.author_id),
        "result_rows": result.get("result_rows", []) if shows_result else [],
        "result_columns": result.get("result_columns", []) if shows_result else [],
        "error": run.error if run else None,
        "exception": run.error if run else None,
        "started_at": run.started_at if run else None,
        "finished_at": run.finished_at if run else None,
        "state": run.state if run else "idle",
        "last_run_id": run.id if run else None,
        "created_at": query.created_at,
        "updated_at": query.updated_at,
        "hidden": query.hidden,
        "archived": query.archived,
        "my_permission_level": level_of(call.connection, query),
    }


def _passes(call: Call, query: Stored, run: Run | None) -> bool:
    """Tell whether a query passes the filters for its SQL and its times."""
    started = run.started_at if run else None
    for moment, name in ((query.created_at, "created"), (started, "started")):
        before = parse_moment(call.params.get(f"{name}_before"), f"{name}_before")
        after = parse_moment(call.params.get(f"{name}_after"), f"{name}_after")
        if (before or after) and moment is None:
            return False
        if moment is not None and ((before and moment > before) or (after and moment < after)):
            return False
    words = str(call.params.get("query") or "").split()
    return all(_pattern(word).search(query.document["sql"]) for word in words)


def _pattern(word: str) -> re.Pattern[str]:
    """Turn a word with the wildcards ``?`` and ``*`` into a pattern."""
    wild = partial(re.sub, r"\\([?*])", lambda match: "." if match.group(1) == "?" else ".*")
    return re.compile(wild(re.escape(word)), re.IGNORECASE | re.DOTALL)


def _by_start(queries: list[Stored], latest: dict[int, Run], *, descending: bool) -> list[Stored]:
    """Order queries by when their last run started; those that did not start come last."""
    starts = {id: run.started_at for id, run in latest.items() if run.started_at is not None}
    begun = [query for query in queries if query.id in starts]
    begun.sort(key=lambda query: starts[query.id], reverse=descending)
    return begun + [query for query in queries if query.id not in starts]

"""Reports: pages of HTML, of a service, or of a query; kept and linked to, not served as pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from civis.local.api import BadRequest, Call, NotFound, Page, Routes
from civis.local.jobs import submit_run
from civis.local.services.lookups import find_object, require_choice, run_summary
from civis.local.services.object_kinds import ObjectKind, declare, find
from civis.local.services.object_lists import list_all
from civis.local.services.object_views import show
from civis.local.services.permissions import levels_of
from civis.local.services.script_kinds import SCRIPT_KINDS
from civis.local.services.stored_text import link_to_text
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.people import author

__all__ = ["REPORT", "REPORT_KINDS", "SERVICE_REPORT", "SQL_REPORT", "routes"]

routes = Routes()

REPORT_KINDS = {
    "report": "ReportTypes::HTML",
    "service_report": "ReportTypes::ShinyApp",
    "sql_report": "ReportTypes::SQL",
}
"""The types of reports by the kind of object."""


def _check(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Take over the code of a template where a report is made from one."""
    id = document.get("template_id")
    if id is not None and not document.get("code_body"):
        template = find_object(call.connection, "report_template", id, "report template")
        return {**document, "code_body": template.document["code_body"]}
    return document


def _views(call: Call, found: Sequence[Stored]) -> list[dict[str, Any]]:
    """Show reports with the scripts whose results they show."""
    wanted = [each.document.get("script_id") or 0 for each in found]
    scripts = objects.select_objects(call.connection, tuple(SCRIPT_KINDS), id=wanted)
    known, levels = {each.id: each for each in scripts}, levels_of(call.connection, scripts)
    latest = runs.last_runs(call.connection, list(known))
    return [
        _view(call, each, known.get(id), is_hidden=levels.get(id) is None, run=latest.get(id))
        for each, id in zip(found, wanted, strict=True)
    ]


def _view(
    call: Call, report: Stored, source: Stored | None, *, is_hidden: bool, run: Run | None
) -> dict[str, Any]:
    """Show a report with a link to its code and the script it is from, unless that is hidden."""
    document, script = report.document, None
    if source is not None and not is_hidden:
        script = {"id": source.id, "name": source.name, "sql": source.document.get("sql")}
    return {
        "type": REPORT_KINDS[report.kind],
        "state": run.state if run else "idle",
        "finished_at": run.finished_at if run else None,
        "viz_updated_at": report.updated_at,
        "script": script,
        "job_path": f"/scripts/{source.id}" if source else None,
        "last_run": run_summary(run),
        "auth_code_url": link_to_text(call, document.get("code_body"), "report.html"),
        "valid_output_file": run is not None and run.state == "succeeded",
        "provide_api_key": bool(document.get("provide_api_key")),
    }


REPORT = declare(
    ObjectKind(
        "report",
        "/reports",
        "report",
        defaults={
            "description": None,
            "config": None,
            "app_state": {},
            "use_viewers_tableau_username": False,
        },
        source="code_body",
        project_list="reports",
        check=_check,
        views=_views,
    )
)


@routes("GET", "/reports")
def list_reports(call: Call) -> Page:
    """List reports of all types."""
    wanted = call.params.get("type")
    require_choice(wanted, (*REPORT_KINDS.values(), "html", "service", "sql"), "type")
    kinds = [
        kind
        for kind, label in REPORT_KINDS.items()
        if wanted in (None, label, kind.removesuffix("_report")) or (wanted == "html" and kind == "report")
    ]
    every = ObjectKind(REPORT.kind, REPORT.path, REPORT.noun, among=lambda: kinds, views=_views)
    # The type is no field of a document: it is the kind.
    asked = {name: value for name, value in call.params.items() if name != "type"}
    page = list_all(Call(**{**vars(call), "params": asked}), every)
    assert isinstance(page, Page)
    return page


@routes("POST", "/reports/{id}/grants")
@routes("POST", "/results/{id}/grants")
def grant(call: Call) -> dict[str, Any]:
    """Let a report call the API for its reader; the key itself is never shown."""
    return _set_grant(call, True)


@routes("DELETE", "/reports/{id}/grants")
@routes("DELETE", "/results/{id}/grants")
def revoke(call: Call) -> None:
    """Stop a report calling the API for its reader."""
    _set_grant(call, False)


def _set_grant(call: Call, is_granted: bool) -> dict[str, Any]:
    """Store whether a report may call the API."""
    report = find(call, REPORT)
    changed = objects.update(
        call.connection, report.id, now=call.now, document={"provide_api_key": is_granted}
    )
    return show(call, REPORT, changed)


def _service_view(call: Call, report: Stored) -> dict[str, Any]:
    """Show a report that a service draws."""
    return {
        "type": REPORT_KINDS[report.kind],
        "provide_api_key": bool(report.document.get("provide_api_key")),
    }


def _check_service(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Name a report after its service."""
    if before is None:
        service = find_object(call.connection, "service", document["service_id"], "service")
        return {"name": service.name, **document}
    return document


SERVICE_REPORT = declare(
    ObjectKind(
        "service_report",
        "/reports/services",
        "service report",
        project_list="reports",
        check=_check_service,
        view=_service_view,
    )
)


def _check_sql(call: Call, document: dict[str, Any], before: Stored | None) -> Mapping[str, Any]:
    """Refuse a report without a name."""
    if "name" in document and not str(document["name"] or "").strip():
        raise BadRequest("name must not be empty.")
    return document


def _sql_view(call: Call, report: Stored) -> dict[str, Any]:
    """Show a report of a query with the query's latest results."""
    found = objects.select_objects(call.connection, "query", id=report.document["query_id"])
    return {"type": REPORT_KINDS[report.kind], "query": _query(call, found[0]) if found else None}


SQL_REPORT = declare(
    ObjectKind(
        "sql_report",
        "/reports/sql",
        "SQL report",
        defaults={"description": None},
        project_list="reports",
        check=_check_sql,
        view=_sql_view,
    )
)


@routes("POST", "/reports/sql/{id}/refresh")
def refresh(call: Call) -> dict[str, Any]:
    """Run a report's query again.

    Raises
    ------
    NotFound
        If the query is gone.
    Conflict
        If it is running.
    """
    report = find(call, SQL_REPORT)
    found = objects.select_objects(call.connection, "query", id=report.document["query_id"])
    if not found:
        raise NotFound(f"The query of the SQL report {report.id} is gone.")
    submit_run(call, call.connection, found[0], {"run_by_id": call.user.id})
    return show(call, SQL_REPORT, report)


def _query(call: Call, query: Stored) -> dict[str, Any]:
    """Show a query and what its latest run gave."""
    run = runs.last_run(call.connection, query.id)
    results = run.document if run else {}
    return {
        "id": query.id,
        "database": query.document.get("database"),
        "credential": query.document.get("credential"),
        "sql": query.document.get("sql"),
        "result_rows": results.get("result_rows") or [],
        "result_columns": results.get("result_columns") or [],
        "error": run.error if run else None,
        "started_at": run.started_at if run else None,
        "finished_at": run.finished_at if run else None,
        "state": run.state if run else "idle",
        "running_as": author(call.connection, query.author_id),
    }

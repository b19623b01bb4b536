"""Search over objects of all types that the user sees, by name; and over queries, by their SQL."""

from __future__ import annotations

from collections import Counter
from typing import Any

from civis.local.api import BadRequest, Call, Page, Routes, page_of
from civis.local.services.lookups import id_list, parse_moment, require_choice, run_summary, word_list
from civis.local.services.object_kinds import declared, kind_of, type_of
from civis.local.services.permissions import OPEN_KINDS, visible
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.people import authors

__all__ = ["routes"]

routes = Routes()

_ARCHIVED = {"true": True, "false": False, "all": None}


@routes("GET", "/search/types")
def list_types(call: Call) -> list[dict[str, Any]]:
    """List the types of objects that can be searched."""
    return [{"type": name} for name in sorted(_kinds_by_type())]


@routes("GET", "/search")
def search_objects(call: Call) -> dict[str, Any]:
    """Search objects by words in their names; those with more of the words, or equal to them, come first.

    The answer is an object, although described as an array.
    """
    by_type, types = _kinds_by_type(), word_list(call.params.get("type"))
    for each in types:
        require_choice(each, tuple(sorted(by_type)), "type")
    offset, limit = call.params.get("offset") or 0, call.params.get("limit")
    limit = 25 if limit is None else limit
    if offset < 0 or limit < 1:
        raise BadRequest(f"offset must be 0 or more and limit 1 or more, not {offset} and {limit}.")
    found = objects.select_objects(
        call.connection,
        [kind for each in types or by_type for kind in by_type[each]],
        order_by="updated_at",
        archived=_ARCHIVED[call.params.get("archived") or "all"],
        author_id=id_list(call.params.get("owner"), "owner") or None,
        run_state=word_list(call.params.get("last_run_state")) or None,
        among=visible(call.connection),
    )
    scored = [(score, each) for each in found if (score := _score(each, call.params.get("query")))]
    if call.params.get("order") in (None, "score"):
        scored.sort(key=lambda pair: -pair[0])
    elif call.params["order"] == "name":
        scored.sort(key=lambda pair: pair[1].name)
    shown = scored[offset : offset + min(limit, 1000)]
    return {
        "total_results": len(scored),
        "aggregations": _aggregations(call, [each for _, each in scored]),
        "results": _results(call, shown),
    }


@routes("GET", "/search/queries")
def search_queries(call: Call) -> Page:
    """Search queries that are not hidden, those run last first."""
    params = call.params
    fields = {"database": params.get("database_id"), "credential": params.get("credential_id")}
    found = objects.select_objects(
        call.connection,
        "query",
        hidden=False,
        archived=params.get("archived"),
        author_id=params.get("author_id"),
        run_state=params.get("state") or None,
        document={name: value for name, value in fields.items() if value is not None},
        among=visible(call.connection),
    )
    latest = runs.last_runs(call.connection, [each.id for each in found])
    words = str(params.get("search_string") or "").casefold().split()
    found = [
        each
        for each in found
        if all(word in str(each.document.get("sql")).casefold() for word in words)
        and _is_started(call, latest.get(each.id))
    ]
    found.sort(
        key=lambda each: latest[each.id].id if each.id in latest else 0,
        reverse=params.get("order_dir") != "asc",
    )

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        return [_query(each, latest.get(each.id)) for each in found[offset : offset + limit]]

    return page_of(call, len(found), fetch, default=10, maximum=50)


def _kinds_by_type() -> dict[str, list[str]]:
    """Give the kinds of objects that can be searched by what the API calls them."""
    found: dict[str, list[str]] = {}
    for kind in declared():
        if kind.kind not in OPEN_KINDS and kind.kind != "job":
            found.setdefault(kind.object_type or kind.kind, []).append(kind.kind)
    return found


def _score(stored: Stored, query: str | None) -> float:
    """Tell how well an object's name fits: the share of the words in it, and more for the very words."""
    words = (query or "").casefold().split()
    if not words:
        return 1.0
    name = stored.name.casefold()
    share = sum(word in name for word in words) / len(words)
    return share + (name == " ".join(words)) + (str(stored.id) == words[0])


def _aggregations(call: Call, found: list[Stored]) -> dict[str, Any]:
    """Count what was found, by owner, type, and whether it is archived."""
    archived = sum(each.archived for each in found)
    return {
        "owner": {"mine": sum(each.author_id == call.user.id for each in found), "all": len(found)},
        "archived": {"true": archived, "false": len(found) - archived},
        "type": dict(Counter(type_of(each) for each in found)),
    }


def _results(call: Call, found: list[tuple[float, Stored]]) -> list[dict[str, Any]]:
    """Show what was found."""
    people = authors(call.connection, [each.author_id for _, each in found])
    latest = runs.last_runs(call.connection, [each.id for _, each in found])
    answers = []
    for score, each in found:
        kind, run, person = kind_of(each), latest.get(each.id), people.get(each.author_id)
        answers.append(
            {
                "score": score,
                "type": type_of(each),
                "id": each.id,
                "name": each.name,
                "type_name": kind.noun[:1].upper() + kind.noun[1:] if kind else each.kind,
                "updated_at": each.updated_at,
                "owner": person["name"] if person else None,
                "last_run_id": run.id if run else None,
                "last_run_state": run.state if run else None,
                "last_run_start": run.started_at if run else None,
                "last_run_finish": run.finished_at if run else None,
                "last_run_exception": run.error if run else None,
                "public": False,
                "auto_share": bool(each.document.get("auto_share")),
            }
        )
    return answers


def _is_started(call: Call, run: Run | None) -> bool:
    """Tell whether a query was started within the times asked for."""
    before = parse_moment(call.params.get("started_before"), "started_before")
    after = parse_moment(call.params.get("started_after"), "started_after")
    if before is None and after is None:
        return True
    started = run.started_at if run else None
    return (
        started is not None and (before is None or started <= before) and (after is None or started >= after)
    )


def _query(query: Stored, run: Run | None) -> dict[str, Any]:
    """Show a query that was found."""
    return {
        **query.document,
        "id": query.id,
        "author_id": query.author_id,
        "archived": query.archived,
        "created_at": query.created_at,
        "updated_at": query.updated_at,
        "last_run": run_summary(run),
    }

"""Search over objects of all types that the user sees, by name; and over queries, by their SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from civis.local.api import BadRequest, Call, Page, Routes, page_of
from civis.local.services.lookups import id_list, parse_moment, require_choice, run_summary, word_list
from civis.local.services.object_kinds import declared, kind_of, type_of
from civis.local.services.permissions import OPEN_KINDS, visible
from civis.local.state import Run, Stored, objects, runs
from civis.local.state.people import authors
from civis.local.state.search import (
    Group,
    Scored,
    count_found,
    ran_within,
    search,
    select_by_last_run,
    with_words,
)

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
    kinds = [kind for each in types or by_type for kind in by_type[each]]
    words = (call.params.get("query") or "").casefold().split()
    filters: dict[str, Any] = {
        "archived": _ARCHIVED[call.params.get("archived") or "all"],
        "author_id": id_list(call.params.get("owner"), "owner") or None,
        "run_state": word_list(call.params.get("last_run_state")) or None,
        "among": visible(call.connection),
    }
    groups = count_found(call.connection, kinds, words, mine=call.user.id, **filters)
    total = sum(each.count for each in groups)
    shown = []
    if offset < total:  # a number beyond any list must not reach the database, whose integers end at 2**63
        part: dict[str, Any] = {"limit": min(limit, 1000), "offset": offset}
        order = call.params.get("order") or "score"
        shown = search(call.connection, kinds, words, order_by=order, **part, **filters)
    return {
        "total_results": total,
        "aggregations": _aggregations(groups, by_type),
        "results": _results(call, shown),
    }


@routes("GET", "/search/queries")
def search_queries(call: Call) -> Page:
    """Search queries that are not hidden, those run last first."""
    params = call.params
    fields = {"database": params.get("database_id"), "credential": params.get("credential_id")}
    wanted = [
        *with_words("sql", str(params.get("search_string") or "").casefold().split()),
        *ran_within(
            parse_moment(params.get("started_after"), "started_after"),
            parse_moment(params.get("started_before"), "started_before"),
        ),
    ]
    may_see = visible(call.connection)
    filters: dict[str, Any] = {
        "hidden": False,
        "archived": params.get("archived"),
        "author_id": params.get("author_id"),
        "run_state": params.get("state") or None,
        "document": {name: value for name, value in fields.items() if value is not None},
        "among": sa.and_(sa.true(), *wanted, *([] if may_see is None else [may_see])),
    }

    def fetch(limit: int, offset: int) -> list[dict[str, Any]]:
        part: dict[str, Any] = {"descending": params.get("order_dir") != "asc", "limit": limit}
        found = select_by_last_run(call.connection, "query", offset=offset, **part, **filters)
        latest = runs.last_runs(call.connection, [each.id for each in found])
        return [_query(each, latest.get(each.id)) for each in found]

    total = objects.count_objects(call.connection, "query", **filters)
    return page_of(call, total, fetch, default=10, maximum=50)


def _kinds_by_type() -> dict[str, list[str]]:
    """Give the kinds of objects that can be searched by what the API calls them."""
    found: dict[str, list[str]] = {}
    for kind in declared():
        if kind.kind not in OPEN_KINDS and kind.kind != "job":
            found.setdefault(kind.object_type or kind.kind, []).append(kind.kind)
    return found


def _aggregations(groups: Sequence[Group], by_type: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Count what was found, by owner, type, and whether it is archived."""
    total = sum(each.count for each in groups)
    archived = sum(each.count for each in groups if each.is_archived)
    type_names = {kind: name for name, kinds in by_type.items() for kind in kinds}
    types: Counter[str] = Counter()
    for each in groups:
        types[type_names[each.kind]] += each.count
    return {
        "owner": {"mine": sum(each.count for each in groups if each.is_mine), "all": total},
        "archived": {"true": archived, "false": total - archived},
        "type": dict(types),
    }


def _results(call: Call, found: Sequence[Scored]) -> list[dict[str, Any]]:
    """Show what was found."""
    people = authors(call.connection, [each.stored.author_id for each in found])
    latest = runs.last_runs(call.connection, [each.stored.id for each in found])
    answers = []
    for scored in found:
        each = scored.stored
        kind, run, person = kind_of(each), latest.get(each.id), people.get(each.author_id)
        answers.append(
            {
                "score": scored.score,
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

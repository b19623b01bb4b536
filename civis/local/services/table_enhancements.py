"""Enhancements of one table, as an earlier API had them: jobs of the kinds that /enhancements lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from civis.local.api import BadRequest, Call, NotFound, Routes
from civis.local.services.lookups import find_object, require_choice
from civis.local.services.references import require_references
from civis.local.services.run_views import start
from civis.local.state import Stored, objects, runs

__all__ = ["routes"]

routes = Routes()

_OUTPUT_LEVELS = ("all", "cass", "ncoa", "coalesced")


@dataclass(frozen=True)
class _Way:
    """One way to enhance a table: how paths call it, its kind of job, what its table's name ends in."""

    segment: str
    kind: str
    suffix: str


_WAYS = (
    _Way("cass-ncoa", "cass_ncoa", "cass_ncoa"),
    _Way("geocodings", "geocode", "geocoded"),
    _Way("prepared-matchings", "civis_data_match", "matched"),
    _Way("table-matchings", "civis_data_match", "matched"),
)


def _start(call: Call, way: _Way) -> dict[str, Any]:
    """Create an enhancement of a table, and start it.

    Raises
    ------
    BadRequest
        If its settings do not fit.
    """
    table = find_object(call.connection, "table", call.params["source_table_id"], "table")
    settings = {name: each for name, each in call.params.items() if name != "source_table_id"}
    _check(call, settings)
    schema, name = table.document["schema"], table.document["name"]
    document = {
        **settings,
        **_source(way, table, schema, name),
        "source_table_id": table.id,
        "way": way.segment,
        "enhanced_table_schema": schema,
        "enhanced_table_name": f"{name}_{way.suffix}",
    }
    job = objects.insert(
        call.connection,
        way.kind,
        document,
        now=call.now,
        name=f"{way.segment} of {schema}.{name}",
        author_id=call.user.id,
    )
    start(call, job, inputs=dict(job.document))
    return _view(call, job)


def _get(call: Call, way: _Way) -> dict[str, Any]:
    """Show an enhancement of a table, and how far it is."""
    table = find_object(call.connection, "table", call.params["source_table_id"], "table")
    job = find_object(call.connection, way.kind, call.params["id"], "enhancement")
    if job.document.get("source_table_id") != table.id or job.document.get("way") != way.segment:
        raise NotFound(f"There is no enhancement with ID {job.id}.")
    return _view(call, job)


for _way in _WAYS:
    _path = f"/tables/{{source_table_id}}/enhancements/{_way.segment}"
    routes("POST", _path)(partial(_start, way=_way))
    routes("GET", f"{_path}/{{id}}")(partial(_get, way=_way))


def _check(call: Call, settings: Mapping[str, Any]) -> None:
    """Refuse settings that do not fit together."""
    require_choice(settings.get("output_level"), _OUTPUT_LEVELS, "output_level")
    require_references(call.connection, settings)
    if settings.get("perform_ncoa") and settings.get("ncoa_credential_id") is None:
        raise BadRequest("ncoaCredentialId must be given where performNcoa is true.")
    threshold = settings.get("threshold")
    if threshold is not None and not 0 <= threshold <= 1:
        raise BadRequest(f"threshold must be from 0 to 1, not {threshold}.")
    if (settings.get("max_matches") or 0) < 0:
        raise BadRequest(f"maxMatches must be 0 or more, not {settings['max_matches']}.")
    if settings.get("match_table_id") is not None:
        find_object(call.connection, "table", settings["match_table_id"], "table")


def _source(way: _Way, table: Stored, schema: str, name: str) -> dict[str, Any]:
    """Name the table as jobs of the kind do."""
    host = table.parent_id or table.document.get("database_id")
    if way.kind == "geocode":
        return {"remote_host_id": host, "source_schema_and_table": f"{schema}.{name}"}
    if way.kind == "cass_ncoa":
        return {"source": {"database_table": {"schema": schema, "table": name, "remote_host_id": host}}}
    return {"input_table": {"schema": schema, "table": name}}


def _view(call: Call, job: Stored) -> dict[str, Any]:
    """Show an enhancement."""
    run = runs.last_run(call.connection, job.id)
    return {**job.document, "id": job.id, "state": run.state if run else "queued"}

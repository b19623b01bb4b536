"""Enhancements: jobs that add to tables what the hosted platform knows of addresses and people.

They are created, listed and changed here; a run fails and says so, for that knowledge is not on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from civis.local.api import Call, Page, Routes
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services.lookups import require_choice, run_summary
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_lists import list_all
from civis.local.services.run_views import run_view
from civis.local.state import Stored, runs

__all__ = ["KINDS", "routes"]

routes = Routes()

#: Kinds of objects by what the API calls them in paths and in the field `type`.
KINDS = {
    "cass-ncoa": "cass_ncoa",
    "civis-data-match": "civis_data_match",
    "geocode": "geocode",
    "identity-resolution": "identity_resolution",
}
_NEEDS = {
    "cass_ncoa": "the postal addresses of the country",
    "civis_data_match": "the people to match with",
    "geocode": "the map to look addresses up in",
    "identity_resolution": "the models that tell people apart",
}
#: The fields that matching jobs can map columns to, as their settings name them.
_FIELDS = (
    ("address1", "the first line of the postal address"),
    ("address2", "the second line of the postal address"),
    ("city", "the city"),
    ("company", "the company"),
    ("name", "the full name"),
    ("state", "the state"),
    ("zip", "the ZIP code"),
)
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "cass_ncoa": {"use_default_column_mapping": True, "perform_ncoa": False, "output_level": "all"},
    "civis_data_match": {"max_matches": 1, "threshold": 0.5},
    "geocode": {"country": "us", "provider": "postgis", "output_address": False, "multipart_key": []},
    "identity_resolution": {"threshold": 0.5, "sources": [], "enforced_links": []},
}


def _refusal(kind: str) -> Callable[[RunContext], None]:
    """Make what a run of a kind does: it fails, and says what it would need."""

    def refuse(context: RunContext) -> None:
        raise JobFailed(f"The local platform does not have {_NEEDS[kind]}; run this on the hosted platform.")

    return refuse


def _view(label: str) -> Callable[[Call, Stored], Mapping[str, Any]]:
    """Make what shows the fields that enhancements of a kind have beyond those of all jobs."""

    def view(call: Call, stored: Stored) -> Mapping[str, Any]:
        last = runs.last_run(call.connection, stored.id)
        # The list of identity resolutions and the job itself show more of a run than others do.
        shown = run_view(last) if last and stored.kind == "identity_resolution" else run_summary(last)
        return {"type": label, "last_run": shown}

    return view


for _segment, _kind in KINDS.items():
    executor(_kind)(_refusal(_kind))
    declare(
        ObjectKind(
            _kind,
            f"/enhancements/{_segment}",
            "enhancement",
            defaults={"schedule": {}, "notifications": {}, **_DEFAULTS[_kind]},
            is_job=True,
            run_field=f"{_kind}_id",
            project_list="enhancements",
            view=_view(_segment),
        )
    )


@routes("GET", "/enhancements/types")
def list_types(call: Call) -> list[dict[str, Any]]:
    """List the types of enhancements."""
    return [{"name": name} for name in KINDS]


@routes("GET", "/enhancements/field-mapping")
def list_fields(call: Call) -> list[dict[str, Any]]:
    """List the fields that columns can be mapped to."""
    return [{"field": name, "description": words} for name, words in _FIELDS]


@routes("GET", "/enhancements")
def list_enhancements(call: Call) -> Page:
    """List enhancements of all types."""
    wanted = call.params.get("type")
    require_choice(wanted, tuple(KINDS), "type")
    kinds = [kind for segment, kind in KINDS.items() if wanted in (None, segment)]
    labels = {kind: segment for segment, kind in KINDS.items()}
    every = ObjectKind(
        "enhancement",
        "/enhancements",
        "enhancement",
        among=lambda: kinds,
        is_job=True,
        view=lambda call, stored: {"type": labels[stored.kind]},
    )
    asked = {name: value for name, value in call.params.items() if name != "type"}
    page = list_all(Call(**{**vars(call), "params": asked}), every)
    assert isinstance(page, Page)
    return page

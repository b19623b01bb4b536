"""Results: reports by the name that they had before; reports of solutions, which are those of services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from civis.local.api import Call, Page, Routes
from civis.local.services.lookups import require_choice, word_list
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.object_lists import list_all
from civis.local.services.reports import REPORT, REPORT_KINDS, SERVICE_REPORT
from civis.local.state import Stored

__all__ = ["RESULT", "routes"]

routes = Routes()

RESULT = declare(replace(REPORT, path="/results"))


def _solution_view(call: Call, report: Stored) -> Mapping[str, Any]:
    """Show where a solution's report would be: nowhere, since no service runs here."""
    return {"host": None, "display_url": None}


for _path in ("/reports/solutions", "/results/solutions"):
    declare(replace(SERVICE_REPORT, path=_path, noun="solution report", view=_solution_view))


@routes("GET", "/results")
def list_results(call: Call) -> Page:
    """List reports of all types; none is Tableau's here."""
    types = word_list(call.params.get("type"))
    for each in types:
        require_choice(each, ("tableau", "other"), "type")
    kinds = list(REPORT_KINDS) if not types or "other" in types else []
    every = ObjectKind(RESULT.kind, RESULT.path, RESULT.noun, among=lambda: kinds, views=RESULT.views)
    # The type is no field of a document: it is the kind.
    asked = {name: value for name, value in call.params.items() if name != "type"}
    page = list_all(Call(**{**vars(call), "params": asked}), every)
    assert isinstance(page, Page)
    return page

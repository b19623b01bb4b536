"""Media buying: rate cards, spot orders and optimizations are kept; nothing is optimized on one machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import Call, Routes
from civis.local.jobs import JobFailed, RunContext, executor
from civis.local.services.object_kinds import ObjectKind, declare
from civis.local.services.permissions import visible
from civis.local.services.stored_text import link_to_text
from civis.local.state import Stored, objects, runs

__all__ = ["routes", "run_optimization"]

routes = Routes()


@executor("media_optimization")
def run_optimization(context: RunContext) -> None:
    """Refuse: the programs and prices of television are with the hosted platform."""
    raise JobFailed("The local platform has no data of media markets; optimizations run on the hosted one.")


def _optimization_view(call: Call, stored: Stored) -> Mapping[str, Any]:
    """Show an optimization's latest run, and its spot order."""
    last = runs.last_run(call.connection, stored.id)
    orders = objects.select_objects(
        call.connection, "spot_order", document={"optimization_id": stored.id}, limit=1
    )
    return {"last_run_id": last.id if last else None, "spot_order_id": orders[0].id if orders else None}


def _order_view(call: Call, stored: Stored) -> Mapping[str, Any]:
    """Show a spot order with a link to its text."""
    return {"json_s3_uri": link_to_text(call, stored.document.get("body"), "spot_order.json")}


declare(
    ObjectKind(
        "media_optimization",
        "/media/optimizations",
        "media optimization",
        is_job=True,
        run_field="optimization_id",
        view=_optimization_view,
    )
)
declare(ObjectKind("spot_order", "/media/spot_orders", "spot order", view=_order_view))
declare(ObjectKind("ratecard", "/media/ratecards", "rate card", name="filename"))


@routes("GET", "/media/dmas")
def list_dmas(call: Call) -> list[dict[str, Any]]:
    """List market areas: those that rate cards name, without their names, which no rate card has."""
    cards = objects.select_objects(call.connection, "ratecard", among=visible(call.connection))
    numbers = sorted({each.document["dma_number"] for each in cards})
    wanted = call.params.get("number")
    if call.params.get("name"):
        return []
    return [{"name": None, "number": number} for number in numbers if wanted in (None, number)]


@routes("GET", "/media/targets")
def list_targets(call: Call) -> list[dict[str, Any]]:
    """List targets: those that optimizations here name."""
    found = objects.select_objects(call.connection, "media_optimization", among=visible(call.connection))
    names = {
        target
        for each in found
        for run in each.document.get("runs") or ()
        for constraint in run.get("constraints") or ()
        for target in constraint.get("targets") or ()
    }
    asked = {call.params.get(name) for name in ("name", "identifier")} - {None}
    if call.params.get("data_source"):
        return []
    return [
        {"name": name, "identifier": name, "data_source": None}
        for name in sorted(names)
        if not asked or asked == {name}
    ]

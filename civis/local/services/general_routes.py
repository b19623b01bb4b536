"""The operations that no module answers itself: from declarations, the catalogue and the families' tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from civis.local import catalog
from civis.local.api import Call, Routes
from civis.local.api.routes import Handler, Result
from civis.local.services.families import (
    dependencies,
    deployments,
    git_versions,
    membership,
    running,
    sharing,
)
from civis.local.services.object_kinds import ObjectKind, declared
from civis.local.services.object_requests import OBJECT_OPERATIONS, WHOLE_OPERATIONS, KindHandler

__all__ = ["FAMILIES", "general_routes"]

FAMILIES: Mapping[tuple[str, str], KindHandler] = {
    **OBJECT_OPERATIONS,
    **sharing.family.handlers,
    **dependencies.family.handlers,
    **membership.family.handlers,
    **running.family.handlers,
    **deployments.family.handlers,
    **git_versions.family.handlers,
}
"""What one object can be asked, by method and how the path goes on behind its ID."""

#: Asked again and again while a run goes on, and answered from two rows of the state.
_QUICK = ("GET", "/runs/{run_id}")
_ON_ONE = re.compile(r"(?P<path>/(?:[^{]|\{slug\})*)/\{(?!slug\})\w+\}(?P<rest>.*)")


def general_routes(special: Routes) -> Routes:
    """Make handlers for what the catalogue has at the path of a declaration and no module answers.

    Parameters
    ----------
    special : Routes
        What modules answer themselves.

    Returns
    -------
    Routes
        The others; operations that nothing answers are in neither.
    """
    kinds = {kind.path: kind for kind in declared()}
    table = Routes()
    for outline in catalog.outlines():
        key = (outline.method, outline.path)
        found = None if key in special else _handler(kinds, *key)
        if found is not None:
            is_quick = key[0] == _QUICK[0] and key[1].endswith(_QUICK[1])
            table(*key, is_quick=is_quick)(_bound(*found))
    return table


def _handler(
    kinds: Mapping[str, ObjectKind], method: str, path: str
) -> tuple[KindHandler, ObjectKind] | None:
    """Find the general handler of an operation, and the kind it is about."""
    if path in kinds:
        handler = WHOLE_OPERATIONS.get(method)
        return (handler, kinds[path]) if handler else None
    match = _ON_ONE.fullmatch(path)
    if match is None or match["path"] not in kinds:
        return None
    handler = FAMILIES.get((method, match["rest"]))
    return (handler, kinds[match["path"]]) if handler else None


def _bound(handler: KindHandler, kind: ObjectKind) -> Handler:
    """Make a handler that knows its kind."""

    def answer(call: Call) -> Result:
        return handler(call, kind)

    answer.__name__ = f"{handler.__name__} of {kind.kind}"
    return answer

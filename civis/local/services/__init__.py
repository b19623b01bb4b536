"""What the platform does, one module an area.

A module has the handlers of its own in a table called `routes`; what its objects have alike with others it
declares (`object_kinds`). A module that is put here is found: the platform asks `all_routes` when it starts.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from civis.local.api.routes import Routes
from civis.local.services.general_routes import general_routes
from civis.local.services.guard import guarded

__all__ = ["all_routes", "module_names"]


def module_names() -> list[str]:
    """List the modules of this package, in alphabetical order."""
    return sorted(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__))


def all_routes() -> Routes:
    """Import all services, which also registers what runs their jobs, and gather their handlers.

    Operations that no module answers are answered from its declarations, as far as these go. All handlers are
    guarded: they find no object that the user may not see, and change none that the user may not change.

    Raises
    ------
    ValueError
        When two services answer the same operation.
    """
    tables: list[Routes] = []
    for name in module_names():
        table = getattr(import_module(name), "routes", None)
        # Several modules may fill one table.
        if isinstance(table, Routes) and not any(table is each for each in tables):
            tables.append(table)
    gathered = Routes()
    gathered.include(tables)
    gathered.include([general_routes(gathered)])
    return guarded(gathered)

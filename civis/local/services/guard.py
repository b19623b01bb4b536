"""Before a handler is called: who acts, what that needs of objects, no schedule or runner that cannot be."""

from __future__ import annotations

import re
from functools import wraps

from civis.local.api import Call, NotFound
from civis.local.api.routes import Handler, Result, Routes
from civis.local.catalog import CatalogOperation
from civis.local.services.job_views import note_time
from civis.local.services.permissions import act_as
from civis.local.services.schedule_rules import check_schedule
from civis.local.state.people import author

__all__ = ["guarded", "level_needed"]

#: What stands in braces in a path; a slug is a name, and what follows it is the object.
_FIRST = re.compile(r"/\{(?!slug\})(\w+)\}")
#: What only those may do who manage an object, as the path goes on from it.
_MANAGED = ("/shares", "/transfer", "/archive", "/auto_share")
#: What those may do who see an object: to copy it, to put it into a project of their own.
_READ = ("/clone", "/projects/{project_id}")


def guarded(routes: Routes) -> Routes:
    """Give a table of the same handlers, each told who acts before it looks for anything.

    Parameters
    ----------
    routes : Routes
    """
    table = Routes()
    for key in routes:
        register = table(*key, is_reading=routes.is_reading(key), is_quick=routes.is_quick(key))
        register(_guarded(routes[key]))
    return table


def level_needed(operation: CatalogOperation) -> str:
    """Tell the level that an operation needs of the first object in its path.

    Parameters
    ----------
    operation : CatalogOperation

    Returns
    -------
    str
        ``"read"``, ``"write"`` or ``"manage"``.
    """
    if operation.method == "GET":
        return "read"
    rest = _FIRST.split(operation.path, maxsplit=1)[-1]
    if rest.startswith(_MANAGED) or (operation.method == "DELETE" and not rest):
        return "manage"
    return "read" if rest in _READ else "write"


def _guarded(handler: Handler) -> Handler:
    """Wrap one handler."""

    @wraps(handler)
    def answer(call: Call) -> Result:
        act_as(call.connection, call.user, _needs(call))
        note_time(call.connection, call.now)
        check_schedule(call)
        _check_runner(call)
        return handler(call)

    return answer


def _check_runner(call: Call) -> None:
    """Refuse a job that is to run as a user whom there is not."""
    runner = call.params.get("running_as_id")
    if runner is not None and author(call.connection, runner) is None:
        raise NotFound(f"There is no user with ID {runner} (running_as_id).")


def _needs(call: Call) -> dict[int, str]:
    """Work out what a request needs: of the first object what the operation says, of projects `write`."""
    if call.operation.method == "GET":
        return {}
    names = _FIRST.findall(call.operation.path)
    needs = {_number(call, name): "write" for name in names[1:] if name.endswith("project_id")}
    if names:
        needs[_number(call, names[0])] = level_needed(call.operation)
    return needs


def _number(call: Call, name: str) -> int:
    """Give a path's value as an ID; 0, which is none, for other text."""
    value = str(call.params[name])
    return int(value) if value.isascii() and value.isdigit() else 0

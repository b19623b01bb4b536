"""What the platform answers with a reason instead of doing it; the marks by which the coverage page knows."""

from __future__ import annotations

from collections.abc import Callable

from civis.local.api import Call, Routes, Unprocessable
from civis.local.api.routes import Handler
from civis.local.services.lookups import find_object
from civis.local.services.object_kinds import declared

__all__ = ["is_refusal", "refusal", "routes"]

routes = Routes()

_MARK = "civis_refusal"


def refusal(handler: Handler) -> Handler:
    """Mark a handler as one that only ever refuses.

    Parameters
    ----------
    handler : callable
    """
    setattr(handler, _MARK, True)
    return handler


def is_refusal(handler: Handler) -> bool:
    """Tell whether a handler only ever refuses.

    Parameters
    ----------
    handler : callable
    """
    return bool(getattr(handler, _MARK, False))


def _refusing(path: str, reason: str) -> Callable[[Call], None]:
    """Make a handler that refuses with a reason, after it has looked for the object that the path names."""

    def refuse(call: Call) -> None:
        kind = next(each for each in declared() if each.path == path)
        stored = find_object(call.connection, kind.kinds, call.params["id"], kind.noun)
        raise Unprocessable(f"{reason} ({kind.noun} {stored.id})")

    return refuse


for _method, _operation, _path, _reason in (
    (
        "POST",
        "/reports/{id}/refresh",
        "/reports",
        "The local platform has no Tableau whose data it could refresh.",
    ),
    (
        "GET",
        "/reports/{id}/refresh/{job_id}",
        "/reports",
        "The local platform has no Tableau whose data it could refresh.",
    ),
    (
        "POST",
        "/jobs/{id}/trigger_email",
        "/jobs",
        "The local platform receives no mail that could start a job; call POST /jobs/{id}/runs.",
    ),
):
    routes(_method, _operation)(refusal(_refusing(_path, _reason)))

"""Who is told, inside the transaction, that a run is over: what follows is stored with its end, or not.

Functions are registered by those who need to know; a run's end knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis.local.state import Run

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["tell_of_end", "when_over"]

Told = Callable[[Any, Connection, Run], None]

_TOLD: list[Told] = []


def when_over(function: Told) -> Told:
    """Have a function called with the platform, the write transaction and each run that is over.

    Parameters
    ----------
    function : callable
        It must not raise: the run's end would be undone.
    """
    if function not in _TOLD:
        _TOLD.append(function)
    return function


def tell_of_end(platform: Platform, connection: Connection, run: Run) -> None:
    """Tell all that a run is over; does nothing for one that is not."""
    if run.state not in ("succeeded", "failed", "cancelled"):
        return
    for function in list(_TOLD):
        function(platform, connection, run)

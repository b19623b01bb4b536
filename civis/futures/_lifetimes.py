"""Which futures there are, which must stay, and what is said of them when the program ends.

It knows futures only as objects that can be asked; it polls nothing and sends nothing.
"""

from __future__ import annotations

import atexit
import warnings
import weakref
from typing import Protocol

from civis.futures._failures import UnfinishedJobWarning
from civis.futures._scheduler import call_after_fork

#: Jobs that the warning at the program's end names.
MOST_NAMED = 10


class Living(Protocol):
    """What a future is to this module."""

    def _is_forgotten(self) -> bool:
        """Whether it is not done and nobody ever asked for its result."""

    def _page(self) -> str:
        """Give what it is about, for a message."""

    def _warn_unseen(self) -> None:
        """Say once that it failed and was never looked at."""

    def _start_over_in_child(self) -> None:
        """Become usable in a forked process."""


#: Every future that still exists, for the end of the process and for forked children.
_living: weakref.WeakSet[Living] = weakref.WeakSet()
#: Futures that do something when their job is done, and therefore live until then.
_kept: set[Living] = set()


def enter(future: Living) -> None:
    """Know a future for as long as somebody holds it."""
    _living.add(future)


def keep(future: Living) -> None:
    """Hold a future, so that it is polled though nobody else holds it."""
    _kept.add(future)


def let_go(future: Living) -> None:
    """Hold a future no longer."""
    _kept.discard(future)


def _start_over_in_child() -> None:
    """Make the futures that a fork copied usable; what they do when done is left to the parent."""
    _kept.clear()
    for future in list(_living):
        future._start_over_in_child()


def _report_at_exit() -> None:
    """Say what the program never looked at; no request is made, since a program's end must be quick."""
    forgotten = []
    for future in list(_living):
        future._warn_unseen()
        if future._is_forgotten():
            forgotten.append(future._page())
    if forgotten:
        rest = len(forgotten) - MOST_NAMED
        warnings.warn(
            f"the program ends while this is still running and nobody asked for the result: "
            f"{', '.join(sorted(forgotten)[:MOST_NAMED])}{f' and {rest} more' if rest > 0 else ''}",
            UnfinishedJobWarning,
            stacklevel=2,
        )


call_after_fork(_start_over_in_child)
atexit.register(_report_at_exit)

"""What subscribers are told of runs: that one has come to another state."""

from __future__ import annotations

from collections.abc import Callable

from civis.local.notify import Notifier, run_message
from civis.local.state import Run

__all__ = ["announce"]


def _at_once(callback: Callable[[], object]) -> object:
    """Do something now: the run's state is committed already."""
    return callback()


def announce(
    notifier: Notifier | None, run: Run, later: Callable[[Callable[[], object]], object] = _at_once
) -> None:
    """Tell subscribers which state a run has come to.

    Parameters
    ----------
    notifier : Notifier or None
        None where a platform has no subscribers.
    run : Run
        In its new state.
    later : callable, optional
        What has something done after the commit; by default it is told at once.
    """
    if notifier is not None:
        message = run_message(run.job_id, run.id, run.state)
        later(lambda: notifier.publish(message))

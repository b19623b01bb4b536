"""The states of a run, as the platform names them."""

from __future__ import annotations

__all__ = ["CANCELLED", "DONE", "FAILED", "FINISHED", "NOT_FINISHED", "is_done"]

# Lists and not tuples: user code compares and concatenates them with lists.
FINISHED = ["success", "succeeded"]
FAILED = ["failed"]
NOT_FINISHED = ["queued", "running"]
CANCELLED = ["cancelled"]
DONE = FINISHED + FAILED + CANCELLED


def is_done(state: str) -> bool:
    """Tell whether a run in that state will stay in it."""
    return state in DONE

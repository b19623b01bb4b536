"""What the logs of runs begin with, by kind: stored with the start of a run, which saves a commit."""

from __future__ import annotations

__all__ = ["begin_log_with", "opening_of"]

_OPENINGS: dict[str, str] = {}


def begin_log_with(kind: str, text: str) -> None:
    """Have the logs of all runs of a kind begin with a line.

    Parameters
    ----------
    kind : str
        The objects' kind, such as ``"sql_script"``.
    text : str
    """
    _OPENINGS[kind] = text


def opening_of(kind: str) -> str | None:
    """Give the line that the logs of runs of a kind begin with, or None."""
    return _OPENINGS.get(kind)

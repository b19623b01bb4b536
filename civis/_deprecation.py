"""The one way to say that a spelling is old."""

from __future__ import annotations

import warnings

__all__ = ["warn_deprecated"]


def warn_deprecated(what: str, *, since: str, instead: str, stacklevel: int = 2) -> None:
    """Warn the caller's caller that it uses an older spelling.

    Parameters
    ----------
    what : str
        The older spelling, e.g. ``"use_pandas="``.
    since : str
        The release from which on it is old.
    instead : str
        What to write.
    stacklevel : int, default 2
        Frames between the user's line and the function that calls this one, counted as `warnings.warn` does
        from that function (2: the user calls it directly).
    """
    warnings.warn(
        f"{what} is an older spelling (since release {since}); write {instead} instead",
        FutureWarning,
        stacklevel=stacklevel + 1,
    )

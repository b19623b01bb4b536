"""Regular expressions that users give, matched in linear time: none of them can hold the platform up.

Python's own engine may take longer than the world lasts for `(a+)+b` and a short path, and lets no other
thread work meanwhile. RE2, which Arrow and DuckDB contain, reads a path once; it has no look-around and no
references back, the price of that.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["check_pattern", "covers_path"]

_LONGEST_PATTERN, _LONGEST_PATH = 1_000, 4_000


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that `covers_path` could not look for.

    Raises
    ------
    ValueError
        If it is too long, or no regular expression of RE2.

    Examples
    --------
    >>> check_pattern("^/files/[0-9]+$")
    """
    if len(pattern) > _LONGEST_PATTERN:
        raise ValueError(f"it has {len(pattern)} characters, and may have {_LONGEST_PATTERN}")
    _search(pattern, "/")


def covers_path(pattern: str, path: str) -> bool:
    """Tell whether a pattern is found in a path; one that is too long or cannot be read is found nowhere.

    Examples
    --------
    >>> covers_path("^/files/[0-9]+$", "/files/7"), covers_path("^/files/[0-9]+$", "/files/7/preview")
    (True, False)
    """
    # No path of the API is nearly that long, and the time that a search takes grows with it.
    if len(pattern) > _LONGEST_PATTERN or len(path) > _LONGEST_PATH:
        return False
    try:
        return _search(pattern, path)
    except ValueError:  # a key of before, when other patterns were permitted
        return False


@lru_cache(maxsize=1024)
def _search(pattern: str, path: str) -> bool:
    """Look for a pattern; a program asks for the same paths again and again."""
    import pyarrow  # noqa: PLC0415 - few keys are restricted by patterns, and it takes long to load
    import pyarrow.compute as compute  # noqa: PLC0415 - as above

    try:
        found = compute.match_substring_regex(pyarrow.array([path]), pattern)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(str(error).removeprefix("Invalid regular expression: ")) from None
    return bool(found[0].as_py())

"""Names of columns made distinct, as pandas and polars do it themselves where they read a file."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["distinct_names"]


def distinct_names(names: Sequence[str], library: str) -> list[str]:
    """Give names of which no two are equal; the first of several stays as it is.

    Parameters
    ----------
    names : sequence of str
    library : {"pandas", "polars"}
        Whose way of telling them apart is meant.

    Examples
    --------
    >>> distinct_names(["a", "b", "a", "a"], "pandas"), distinct_names(["a", "a"], "polars")
    (['a', 'b', 'a.1', 'a.2'], ['a', 'a_duplicated_0'])
    """
    joint, offset = (".", 0) if library == "pandas" else ("_duplicated_", -1)
    taken = set(names)
    seen: dict[str, int] = {}
    made = []
    for name in names:
        count = seen.get(name, -1) + 1
        other = name if not count else f"{name}{joint}{count + offset}"
        while count and other in taken:
            count += 1
            other = f"{name}{joint}{count + offset}"
        seen[name] = count
        taken.add(other)
        made.append(other)
    return made

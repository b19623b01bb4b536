"""The names at the beginning of a result, read from its first rows or known before, and their SQL types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from civis.io._row_blocks import first_row

__all__ = ["check_wanted", "known_types", "split_header"]


def split_header(
    block: bytes, delimiter: str, given: Sequence[str] | None, has_header: bool | None = None
) -> tuple[list[str], bytes]:
    r"""Read the names, and give the rows after them.

    Parameters
    ----------
    block : bytes
        Whole rows.
    delimiter : str
    given : sequence of str or None
        The columns, where the first row may be a row of values; None where it holds the names.
    has_header : bool or None, default None
        Whether the first row holds the names; None where nobody knows: it does then if it is `given`.

    Examples
    --------
    >>> split_header(b"a,b\n1,2\n", ",", None)
    (['a', 'b'], b'1,2\n')
    >>> split_header(b"a,b\n1,2\n", ",", ["a", "b"], has_header=False)
    (['a', 'b'], b'a,b\n1,2\n')
    """
    if given is not None and has_header is False:
        return list(given), block
    names, end = first_row(block, delimiter)
    if given is not None and has_header is None and names != list(given):
        return list(given), block
    return names, block[end:]


def check_wanted(wanted: Collection[str], names: Sequence[str]) -> None:
    """Refuse types for columns that the result does not have."""
    known = [name.lower() for name in names]
    missing = [name for name in wanted if name.lower() not in known]
    if missing:
        raise ValueError(
            f"dtypes names {', '.join(map(repr, missing))}, which the result does not have; "
            f"its columns are {', '.join(map(repr, names))}"
        )


def known_types(
    names: Sequence[str],
    sql_types: Mapping[str, str],
    placed_types: Sequence[tuple[str, str]],
    wanted: Collection[str],
) -> list[str | None]:
    """Give the SQL type of each column: by its name, and by its place where another has that name too.

    Parameters
    ----------
    names : sequence of str
    sql_types : mapping
        Types by name in small letters.
    placed_types : sequence of (str, str)
        Name and type of each column in its place; they hold where names repeat.
    wanted : collection of str
        The columns for which the user named types.
    """
    lowered = [name.lower() for name in names]
    by_name = [sql_types.get(name) for name in lowered]
    if lowered != [name.lower() for name, _ in placed_types]:
        return by_name
    counts = Counter(lowered)
    said = {name.lower() for name in wanted}
    return [
        placed if counts[name] > 1 and name not in said else found
        for name, found, (_, placed) in zip(lowered, by_name, placed_types, strict=True)
    ]

"""Names of tables and columns as users write them, taken apart and quoted. Pure text."""

from __future__ import annotations

import re

__all__ = ["quote_name", "split_schema_tablename", "table_reference"]

_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^".\s][^".]*?))\s*(?:\.|$)')
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")


def split_schema_tablename(table: str) -> tuple[str | None, str]:
    """Take ``schema.table`` apart.

    Parameters
    ----------
    table : str
        Either part may be double-quoted; a quoted part may hold dots and doubled quotes.

    Returns
    -------
    schema : str or None
        None where only a table was named.
    table : str
        Both without their quotes.

    Raises
    ------
    ValueError
        If the text is not one or two names.

    Examples
    --------
    >>> split_schema_tablename('public."my.table"')
    ('public', 'my.table')
    >>> split_schema_tablename("flights")
    (None, 'flights')
    """
    parts = [name for name, _ in _split(table)]
    return (None, parts[0]) if len(parts) == 1 else (parts[0], parts[1])


def quote_name(name: str) -> str:
    """Quote a name for SQL.

    Examples
    --------
    >>> quote_name("my column")
    '"my column"'
    """
    return '"' + name.replace('"', '""') + '"'


def table_reference(table: str) -> str:
    """Write a table's name as SQL needs it: what was quoted or is no plain name gets quotes.

    Examples
    --------
    >>> table_reference('public."Order"'), table_reference("public.flights-2013")
    ('public."Order"', 'public."flights-2013"')
    """
    return ".".join(
        quote_name(name) if was_quoted or not _PLAIN.fullmatch(name) else name
        for name, was_quoted in _split(table)
    )


def _split(table: str) -> list[tuple[str, bool]]:
    """Give each part's name and whether it stood in quotes."""
    if not isinstance(table, str):
        raise TypeError(f"a table is named by a str such as 'schema.table', not by {table!r}")
    parts: list[tuple[str, bool]] = []
    position = 0
    while position < len(table):
        match = _PART.match(table, position)
        if match is None:
            raise ValueError(
                f"{table!r} is no table name; write 'schema.table', each part in double quotes if need be"
            )
        quoted, plain = match.groups()
        parts.append((plain, False) if quoted is None else (quoted.replace('""', '"'), True))
        position = match.end()
    if not 1 <= len(parts) <= 2 or table.rstrip().endswith("."):
        raise ValueError(
            f"{table!r} has {len(parts)} parts; write 'schema.table', "
            "and put a part that holds a dot in double quotes"
        )
    return parts

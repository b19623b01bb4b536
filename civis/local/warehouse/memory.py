"""How much memory the engine may take: as much as its work usually needs, and all there is where it is short.

Left to itself the engine keeps in memory whatever it has read, up to four fifths of the machine, and that in
the process that serves everything else. Sorts and joins go by way of the disk where the limit is reached;
what cannot, such as one text of millions of rows, is tried once more without it.
"""

from __future__ import annotations

import duckdb

__all__ = ["bound_memory", "is_out_of_memory", "limit_memory", "unlimit_memory", "usual_mb"]

_OUT_OF_MEMORY = "Out of Memory Error"


def usual_mb(threads: int) -> int:
    """Tell what the engine usually gets, in MB: each thread beyond four works on rows of its own.

    Examples
    --------
    >>> usual_mb(2), usual_mb(16)
    (400, 1600)
    """
    return 100 * max(4, threads)


def bound_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the engine its usual limit, and permit that it is changed; before its configuration is locked."""
    try:
        connection.execute("set allowed_configs = ['memory_limit']")
    except duckdb.Error:
        return  # an older engine, whose limit could not be raised again: it keeps its own
    limit_memory(connection)


def limit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the usual limit; what the engine keeps beyond it goes.

    Raises
    ------
    duckdb.Error
        If statements that run need more; the limit is what it was.
    """
    row = connection.execute("select current_setting('threads')").fetchone()
    threads = int(row[0]) if row else 1
    connection.execute(f"set global memory_limit = '{usual_mb(threads)}MB'")


def unlimit_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the engine have what it would by itself: four fifths of what there is.

    Raises
    ------
    duckdb.Error
        If it is an older one, which has that already.
    """
    connection.execute("reset global memory_limit")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether a statement failed for want of memory; some errors come as plain text only."""
    return isinstance(error, duckdb.Error) and _OUT_OF_MEMORY in str(error)
